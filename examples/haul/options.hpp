#ifndef HAUL_COMMAND_OPTIONS_HPP
#define HAUL_COMMAND_OPTIONS_HPP

#include "text.hpp"
#include <haul/checksum.hpp>
#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/session_options.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace haul_command {

enum exit_code : int {
  exit_complete = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_interrupted = 130,
};

/// What the command line says.
struct command_options {
  std::vector<std::string> urls;
  std::filesystem::path output;     ///< --output; empty when not given
  std::filesystem::path directory;  ///< --dir; empty for the current one
  std::string input;                ///< --input; empty when not given
  std::string metalink;             ///< --metalink; empty when not given
  unsigned jobs = 5;
  std::filesystem::path database;  ///< --db; empty when not given
  bool resume_all = false;
  std::optional<haul::checksum> checksum;
  std::vector<std::string> mirrors;
  std::vector<haul::download_request::field> headers;
  haul::session_options session;
  haul::download_options download;
  bool json_events = false;
  bool quiet = false;
};

/// Reads the command line. What is wrong with it goes to standard error, and the help to standard
/// output; then there is an exit code, and nothing more to do.
std::optional<int> parse_options(int argc, const char* const* argv, command_options& into);

}  // namespace haul_command

#endif
