#ifndef HAUL_TEST_TEMP_DIR_HPP
#define HAUL_TEST_TEMP_DIR_HPP

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace haul::test {

/// A folder of its own under the system's temporary folder, removed with all that is in it.
class temp_dir {
 public:
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);

/// Makes the parent folders too.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Writes a file of pattern bytes (see pattern.hpp) without holding it in memory.
void write_pattern_file(const std::filesystem::path& path, std::uint64_t seed, std::uint64_t size);

/// Relative names of all that is under a folder, sorted; folders end in a slash.
std::vector<std::string> list_tree(const std::filesystem::path& dir);

/// A TCP port of 127.0.0.1 that nobody listened on a moment ago. Another process may take it before
/// it is used, so who starts a server on it tries again with another one.
std::uint16_t free_port();

}  // namespace haul::test

#endif
