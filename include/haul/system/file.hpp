#ifndef HAUL_SYSTEM_FILE_HPP
#define HAUL_SYSTEM_FILE_HPP

#include <haul/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

namespace haul::system {

enum class open_mode : std::uint8_t {
  read,            ///< an existing file
  update,          ///< for reading and writing; made when it is not there
  create,          ///< as `update`, and emptied
  create_private,  ///< a new file that only its owner may read; fails when something is there
};

/// A file that is read and written at offsets. All calls block: they belong on a disk worker.
///
/// @par Thread Safety
/// `read_at` and `write_at` may be called at the same time from several threads.
class file {
 public:
  file() = default;
  file(file&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  file& operator=(file&& other) noexcept {
    if (this != &other) {
      close();
      handle_ = std::exchange(other.handle_, -1);
    }
    return *this;
  }
  ~file() { close(); }

  static file open(const std::filesystem::path& path, open_mode mode, std::error_code& ec);
  /// A new file in the folder that has no name yet, and is gone with this handle unless it is given
  /// one. `std::errc::operation_not_supported` where there is no such thing.
  static file open_unnamed(const std::filesystem::path& folder, std::error_code& ec);
  bool is_open() const noexcept { return handle_ != -1; }
  void close() noexcept;

  /// Reads up to `n` bytes; fewer only at the end of the file.
  std::size_t read_at(std::uint64_t offset, void* to, std::size_t n, std::error_code& ec);
  /// Writes all of `n` bytes, or fails.
  void write_at(std::uint64_t offset, const void* from, std::size_t n, std::error_code& ec);
  /// Makes the file `n` bytes long, with space on disk where the file system can promise it.
  void reserve(std::uint64_t n, std::error_code& ec);
  void resize(std::uint64_t n, std::error_code& ec);
  std::uint64_t size(std::error_code& ec);
  /// Waits until the data is on stable storage.
  void sync(std::error_code& ec);
  /// Gives an unnamed file its name; `std::errc::file_exists` when something has it already.
  void name(const std::filesystem::path& path, std::error_code& ec);
  /// Locks the file for this open handle. False, without an error, when somebody else holds it.
  bool try_lock(std::error_code& ec);

 private:
  std::intptr_t handle_ = -1;
};

/// What stands at a path.
struct path_status {
  bool exists = false;
  bool directory = false;
  std::uint64_t size = 0;
  std::chrono::sys_seconds modified{};  ///< the last time that its bytes changed
};

HAUL_DECL path_status status_of(const std::filesystem::path& path, std::error_code& ec);

/// Names of a folder's entries.
using file_names = std::unordered_set<std::filesystem::path::string_type>;

/// All names in the folder, of which there are `most` at the most; none when the folder is not
/// there. Cheaper than many calls of `status_of`, and only of use where a file has just one name.
///
/// @par Errors
/// `std::errc::value_too_large` when there are more; `std::errc::operation_not_supported` where
/// names that differ may mean the same file (Windows, macOS).
HAUL_DECL file_names names_in(const std::filesystem::path& folder, std::size_t most,
                              std::error_code& ec);
/// Replaces what is at `to`, in one step.
HAUL_DECL void rename_file(const std::filesystem::path& from, const std::filesystem::path& to,
                           std::error_code& ec);
/// As `rename_file`, but what is at `to` stays: then `std::errc::file_exists`. In one step where
/// the file system can.
HAUL_DECL void rename_if_absent(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::error_code& ec);
/// Removes a file; that it is not there is no error.
HAUL_DECL void remove_file(const std::filesystem::path& path, std::error_code& ec);
HAUL_DECL void make_directories(const std::filesystem::path& path, std::error_code& ec);
/// Makes a rename in the folder survive the loss of power.
HAUL_DECL void sync_directory(const std::filesystem::path& path, std::error_code& ec);
/// Bytes that a file in the folder may still take.
HAUL_DECL std::uint64_t free_space(const std::filesystem::path& path, std::error_code& ec);

}  // namespace haul::system

#ifndef HAUL_SEPARATE_COMPILATION
#ifdef _WIN32
#include <haul/system/impl/file_windows.ipp>
#else
#include <haul/system/impl/file_posix.ipp>
#endif
#endif

#endif
