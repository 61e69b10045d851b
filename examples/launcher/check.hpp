#ifndef LAUNCHER_CHECK_HPP
#define LAUNCHER_CHECK_HPP

#include "crew.hpp"
#include "record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// What was found at the place of a file, and in the staging folder for it.
struct finding {
  enum class kind {
    right,
    missing,
    wrong,
    unreadable,
  };
  const manifest_file* file = nullptr;
  kind what = kind::missing;
  stamp now;           ///< when right
  bool rights = true;  ///< whether it can be run, if it should be
  std::string why;     ///< when wrong or unreadable
  // How it can be had, when it is not right:
  bool staged = false;       ///< it is in the staging folder already, complete
  std::string copy_from;     ///< a file of the folder with the same bytes
  std::string seed;          ///< a file of the folder that has some of its pieces
  std::uint64_t common = 0;  ///< bytes of the seed that are right
};

/// How far it is; read by others meanwhile.
struct check_progress {
  std::atomic<std::uint64_t> bytes{0};  ///< of files that have been looked at
  std::atomic<std::size_t> files{0};
  std::atomic<bool> stop{false};
};

struct check_input {
  std::filesystem::path folder;
  const manifest& what;
  const std::vector<std::string>& groups;
  const install_record* before = nullptr;  ///< what is known of the folder
  bool thorough = false;  ///< hash everything; else what looks as when it was right is right
  bool stage = false;     ///< also look at the staging folder, and for what can be used
};

/// Looks at every file of the selection, on the calling thread and on those of the crew.
std::vector<finding> check_folder(const check_input& in, crew& with, check_progress& progress);

/// What a file is called in the staging folder: by its path and its bytes, so that what an
/// unfinished update has fetched serves the next one too.
std::string staged_name(const manifest_file& f);

/// Files of the version before that are none of the new one's.
std::vector<std::string> obsolete_files(const install_record& before, const manifest& next,
                                        const std::vector<std::string>& groups);

}  // namespace launcher

#endif
