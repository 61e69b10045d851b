#ifndef LAUNCHER_ENGINE_HPP
#define LAUNCHER_ENGINE_HPP

#include "events.hpp"
#include <haul/download_options.hpp>
#include <haul/session_options.hpp>

#include <asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The engine of a launcher: no terminal, no command line. docs/launcher.md shows a program that
/// uses it.
namespace launcher {

enum class action : std::uint8_t {
  install,    ///< also over what is there
  update,     ///< as `install`, from where the manifest came the last time
  repair,     ///< every byte is read; what is wrong is fetched
  verify,     ///< every byte is read, and nothing is changed
  uninstall,  ///< what is the game's goes, what is the user's stays
  play,       ///< runs the game, if it is whole
};

constexpr std::string_view name_of(action a) noexcept {
  constexpr std::string_view names[] = {"install", "update",    "repair",
                                        "verify",  "uninstall", "play"};
  return names[static_cast<std::size_t>(a)];
}

/// What is to be done with one game.
struct game_task {
  std::string id;  ///< what the program calls it; one at a time of each
  action what = action::install;
  std::filesystem::path folder;
  std::string manifest;                            ///< a URL or a path; empty: where it was before
  std::optional<std::vector<std::string>> groups;  ///< none: as before, or the manifest's defaults
  int priority = 0;                                ///< the higher one gets its files first
  std::filesystem::path program;                   ///< to play; empty: what the manifest says
  std::optional<std::vector<std::string>> arguments;  ///< none: what the manifest says
};

struct engine_options {
  haul::session_options session;
  haul::download_options download;
  unsigned files_at_once = 8;
  unsigned threads = 0;             ///< that hash and copy; 0: one for each processor, at most 8
  std::uint64_t limit = 0;          ///< bytes per second; 0 is none
  std::uint64_t playing_limit = 0;  ///< the same while a game runs; 0: as otherwise
};

/// Installs, updates, checks and runs games: all of them over one session, one queue and one crew.
///
/// One thread runs it: `run()`. Events come on that thread; their sink must not throw.
///
/// @par Thread Safety
/// All members may be called from any thread, but the constructor, the destructor and `run()`.
class engine {
 public:
  engine(engine_options options, sink tell);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Before `run()`, or while it runs. A second task for an id that is not over fails.
  void add(game_task task);
  /// Until all tasks are over.
  void run();

  void set_priority(const std::string& id, int priority);
  /// Above all others.
  void play_first(const std::string& id);
  void set_limit(std::uint64_t bytes_per_second);
  void set_playing_limit(std::uint64_t bytes_per_second);
  void pause(const std::string& id);
  void resume(const std::string& id);
  /// Ends all tasks, with what is on the disk kept; a swap that has begun is finished. A game that
  /// runs goes on running.
  void stop();

  overall_status status() const;

  /// For the program's own timers and signals; what waits there keeps `run()` from returning.
  asio::io_context& context();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace launcher

#endif
