#ifndef LAUNCHER_DISK_HPP
#define LAUNCHER_DISK_HPP

#include "crew.hpp"
#include "record.hpp"
#include "swap.hpp"
#include <haul/piece_hashes.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

/// What the launcher does with real files. All of it blocks.
namespace launcher {

/// The whole text of a file; an error when there are more than `most` bytes of it.
std::string read_text(const std::filesystem::path& path, std::size_t most, std::error_code& ec);

/// How a plain file looks; nothing of anything else, also of a link to one.
std::optional<stamp> stamp_of(const std::filesystem::path& path);

/// Makes a copy: on file systems that can, one that takes no space until it is changed.
void clone_file(const std::filesystem::path& from, const std::filesystem::path& to,
                std::error_code& ec);

/// Where a path of a manifest is. The text is UTF-8.
std::filesystem::path below(const std::filesystem::path& root, std::string_view path);

/// Told how much has been read; false: enough, stop.
using reading = std::function<bool(std::uint64_t bytes)>;

/// SHA-256 of a file, in hexadecimal; with `errc::operation_canceled` when it was stopped.
std::string sha256_of(const std::filesystem::path& path, const reading& go_on, std::error_code& ec);

/// As `sha256_of`, and the hashes of the pieces, in one go.
std::string sha256_of(const std::filesystem::path& path, haul::piece_hashes& pieces,
                      const reading& go_on, std::error_code& ec);

/// How many bytes of a file are as the pieces of one of `size` bytes say.
std::uint64_t right_bytes(const std::filesystem::path& path, const haul::piece_hashes& pieces,
                          std::uint64_t size, const reading& go_on, std::error_code& ec);

bool is_executable(const std::filesystem::path& path);
void make_executable(const std::filesystem::path& path, std::error_code& ec);

/// The folder of a game as it really is. Goes through no link below it.
class real_disk final : public swap_disk, public place_view {
 public:
  real_disk(std::filesystem::path root, crew& with) : root_(std::move(root)), crew_(with) {}

  std::error_code sync_files(const std::vector<std::string>& paths) override;
  std::error_code sync_folder(const std::string& path) override;
  std::error_code write(const std::string& path, const std::string& text) override;
  std::error_code make_folder(const std::string& path) override;
  std::error_code move(const std::string& from, const std::string& to) override;
  std::error_code remove(const std::string& path) override;
  std::error_code remove_folder(const std::string& path) override;
  bool exists(const std::string& path) override;
  std::optional<stamp> look(const std::string& path) override;

  place_kind kind_of(const std::string& path) const override;
  bool has_others(const std::string& folder, const std::vector<std::string>& listed) const override;

 private:
  bool through_link(const std::string& path) const;
  std::filesystem::path at(const std::string& path) const;

  std::filesystem::path root_;
  crew& crew_;
};

}  // namespace launcher

#endif
