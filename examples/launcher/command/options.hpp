#ifndef LAUNCHER_COMMAND_OPTIONS_HPP
#define LAUNCHER_COMMAND_OPTIONS_HPP

#include "launcher/engine.hpp"
#include "launcher/make_manifest.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace launcher::command {

enum exit_code : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_damaged = 3,
  exit_interrupted = 130,
};

/// What the command line says.
struct command_options {
  std::vector<game_task> tasks;
  engine_options engine;
  std::string control;  ///< --control; empty when not given
  bool json_events = false;
  bool quiet = false;
  bool makes_manifest = false;
  manifest_order order;
  std::filesystem::path output;  ///< of the manifest; empty: standard output
};

/// Reads the command line. What is wrong with it goes to standard error, and the help to standard
/// output; then there is an exit code, and nothing more to do.
std::optional<int> parse_options(int argc, const char* const* argv, command_options& into);

}  // namespace launcher::command

#endif
