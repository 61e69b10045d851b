#ifndef HAUL_TESTS_LAUNCHER_RIG_HPP
#define HAUL_TESTS_LAUNCHER_RIG_HPP

#include "support/child_process.hpp"
#include "support/nginx.hpp"
#include "support/temp_dir.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Games that are made on the spot, and the launcher command, run as a user runs it.
namespace haul::test {

using arguments = std::vector<std::string>;

run_result launcher_run(arguments args,
                        std::chrono::milliseconds timeout = std::chrono::seconds(400));
child_process launcher_start(arguments args);
/// With one terminal of 100 columns for its output and its errors.
run_result launcher_in_terminal(arguments args);

/// MiB of the large game: HAUL_TEST_GAME_MIB (64).
std::uint64_t game_mib();

/// The events of a run with `--events json`; a line that is cut is left out.
std::vector<boost::json::object> events_of(const std::string& out);
std::string text(const boost::json::object& e, const char* key);
std::uint64_t number(const boost::json::object& e, const char* key);
/// Where the first event of this kind is, of this game if one is named; events.size() if nowhere.
std::size_t find_event(const std::vector<boost::json::object>& events, const std::string& kind,
                       const std::string& game = "", std::size_t from = 0);

/// Waits until what the child has written has the text; false if it has ended without it.
bool wait_for_text(child_process& child, const std::string& part);

/// A server with versions of one game, each in a folder of its own with the manifest beside it.
class game_server {
 public:
  explicit game_server(std::string location_lines = "");

  nginx server;
  std::uint64_t piece_size = 64u << 10;

  std::filesystem::path folder(const std::string& version) const;
  /// Makes the manifest of what is in the folder now.
  void publish(const std::string& version, arguments more = {}, const std::string& game = "game");
  std::string manifest_url(const std::string& version) const;
  /// A new version that has the same files, to be changed with `replace()` and `remove()`.
  void copy(const std::string& from, const std::string& to);
  void replace(const std::string& version, const std::string& path, const std::string& bytes);
  void remove(const std::string& version, const std::string& path);

  /// What was sent of bodies since the log was cleared, but of manifests.
  std::uint64_t sent() const;
};

/// What an installation has that is not as in the folder of a version; empty when they are equal.
std::string difference(const std::filesystem::path& due, const std::filesystem::path& installed);

/// Changes one byte.
void damage(const std::filesystem::path& path, std::uint64_t at);

}  // namespace haul::test

#endif
