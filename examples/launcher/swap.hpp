#ifndef LAUNCHER_SWAP_HPP
#define LAUNCHER_SWAP_HPP

#include "record.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// How a staged version takes its place, so that it can be cut short at any step and finished
/// later. The plan is pure; what carries it out knows nothing of games.
namespace launcher {

inline constexpr std::string_view stage_folder = ".launcher/stage";
inline constexpr std::string_view commit_file = ".launcher/commit.json";
inline constexpr std::string_view installed_file = ".launcher/installed.json";

/// The calls of a file system that a swap makes; paths are below the folder of the game, and the
/// folder itself is "". What is done already is no error, so that a plan can be run again.
class swap_disk {
 public:
  virtual ~swap_disk() = default;

  /// Data of files that are complete, to stable storage.
  virtual std::error_code sync_files(const std::vector<std::string>& paths) = 0;
  /// Names in a folder, to stable storage. One that is gone is no error.
  virtual std::error_code sync_folder(const std::string& path) = 0;
  /// A file with this text in place of what was there, in one step, its data synced before.
  virtual std::error_code write(const std::string& path, const std::string& text) = 0;
  virtual std::error_code make_folder(const std::string& path) = 0;
  /// In place of what is there. Nothing at `from`: it was moved before.
  virtual std::error_code move(const std::string& from, const std::string& to) = 0;
  virtual std::error_code remove(const std::string& path) = 0;
  /// One that is not empty stays.
  virtual std::error_code remove_folder(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Of a plain file; nothing of anything else.
  virtual std::optional<stamp> look(const std::string& path) = 0;
};

struct step {
  enum class kind {
    sync_files,
    sync_folder,
    write,
    make_folder,
    move,
    remove,
    remove_folder,
  };
  kind what = kind::sync_folder;
  std::string path;
  std::string other = {};  ///< of a move: where to; of a removal: only while this is still there
  std::string text = {};
  std::vector<std::string> paths = {};
};

/// Makes it certain that the version will be there: from the last of these steps on, every run
/// goes forward. Before it, nothing of the game has been touched.
std::vector<step> steps_to_commit(const commit_record& r);
/// Puts the files in place.
std::vector<step> steps_to_apply(const commit_record& r);
/// Writes down what is there now, and only then forgets that there was anything in between.
std::vector<step> steps_to_finish(const install_record& r);

struct swap_result {
  std::error_code error;
  std::string path;                  ///< that the error is about
  std::vector<std::string> missing;  ///< that were neither staged nor in place: not whole
};

/// From the first of `steps_to_commit` on.
swap_result swap_in(swap_disk& disk, const commit_record& r);
/// From the commit record on, which is on the disk: as `swap_in`, or by a later run.
swap_result finish_swap(swap_disk& disk, const commit_record& r);

/// What is at a path of the folder.
enum class place_kind { nothing, file, folder, link, other };
/// The folder of a game, to be looked at.
class place_view {
 public:
  virtual ~place_view() = default;
  virtual place_kind kind_of(const std::string& path) const = 0;
  /// Whether there is anything in the folder or below it that is not in the list.
  virtual bool has_others(const std::string& folder,
                          const std::vector<std::string>& listed) const = 0;
};

/// Why the files of `r` cannot be put in their places: what is in the way, and what is to be done;
/// empty when they can.
std::string obstacle(const commit_record& r, const place_view& there);

}  // namespace launcher

#endif
