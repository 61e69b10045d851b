#ifndef HAULD_OPTIONS_HPP
#define HAULD_OPTIONS_HPP

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hauld {

enum exit_code : int { exit_ended = 0, exit_failed = 1, exit_usage = 2, exit_forced = 130 };

/// What the command line says.
struct hauld_options {
  std::string address = "127.0.0.1";  ///< --listen, its host as an address
  std::uint16_t port = 23333;
  bool loopback = true;
  std::filesystem::path root;
  std::filesystem::path database;
  std::filesystem::path catalog;  ///< empty when not given
  std::string token;              ///< empty when not given
  std::vector<std::string> origins;
  unsigned max_concurrent = 32;
  unsigned max_connections = 2048;
  bool extended = false;
};

/// Reads the command line. What is wrong with it goes to standard error, and the help to standard
/// output; then there is an exit code, and nothing more to do.
std::optional<int> parse_options(int argc, const char* const* argv, hauld_options& into);

}  // namespace hauld

#endif
