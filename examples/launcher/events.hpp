#ifndef LAUNCHER_EVENTS_HPP
#define LAUNCHER_EVENTS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace launcher {

/// What a game is doing.
enum class phase : std::uint8_t {
  waiting,
  reading,     ///< its manifest
  checking,    ///< the files that are there
  preparing,   ///< space, and copies of what can be used
  fetching,    ///< into the staging folder
  installing,  ///< moving files in
  removing,    ///< an installation
  playing,
  finished,
};

constexpr std::string_view name_of(phase p) noexcept {
  constexpr std::string_view names[] = {"waiting",   "reading",  "checking",
                                        "preparing", "fetching", "installing",
                                        "removing",  "playing",  "finished"};
  return names[static_cast<std::size_t>(p)];
}

/// How it ended.
struct outcome {
  enum class kind : std::uint8_t {
    whole,    ///< every file is there and right
    damaged,  ///< looked at and not whole
    failed,
    stopped,  ///< the same call goes on where it was
    removed,
    played,  ///< the game has been run and has ended
  };
  kind what = kind::whole;
  std::string message = {};  ///< one line: why, when it is not as wanted
  std::string version = {};
  std::size_t changed = 0;  ///< files that were put in place
  std::size_t removed = 0;
  std::uint64_t received = 0;  ///< bytes of bodies
  std::chrono::milliseconds elapsed{0};
};

constexpr std::string_view name_of(outcome::kind k) noexcept {
  constexpr std::string_view names[] = {"whole",   "damaged", "failed",
                                        "stopped", "removed", "played"};
  return names[static_cast<std::size_t>(k)];
}

struct phase_changed {
  std::string game;
  phase now = phase::waiting;
};
/// What is to be done is known.
struct plan_made {
  std::string game;
  std::string name;
  std::string version;
  std::size_t files = 0;  ///< of the version
  std::size_t to_fetch = 0;
  std::size_t to_remove = 0;
  std::uint64_t bytes = 0;  ///< to fetch, as far as it is known
};
/// A file of an installation is not as it should be; from a check that looks at all bytes.
struct file_bad {
  std::string game;
  std::string path;
  std::string why;
};
struct file_fetched {
  std::string game;
  std::string path;
  std::uint64_t received = 0;
};
struct file_retrying {
  std::string game;
  std::string path;
  std::string message;
};
struct file_failed {
  std::string game;
  std::string path;
  std::string message;
};
struct priority_changed {
  std::string game;
  int priority = 0;
};
/// Bytes per second for all games together; 0 is none.
struct limit_changed {
  std::uint64_t bytes_per_second = 0;
};
struct game_paused {
  std::string game;
  bool now = false;
};
struct game_started {
  std::string game;
  long process = 0;
};
struct game_ended {
  std::string game;
  int code = 0;    ///< -1: it did not exit by itself
  int signal = 0;  ///< what ended it then
};
struct finished {
  std::string game;
  outcome result;
};

using event =
    std::variant<phase_changed, plan_made, file_bad, file_fetched, file_retrying, file_failed,
                 priority_changed, limit_changed, game_paused, game_started, game_ended, finished>;

/// Takes events, one at a time and in order, on the thread that runs the engine.
using sink = std::function<void(const event&)>;

struct game_status {
  std::string game;
  std::string name;  ///< of the manifest, once it is read; else that of the folder
  phase now = phase::waiting;
  int priority = 0;
  bool paused = false;
  std::size_t files_done = 0;  ///< of what the phase is about, as are the next three
  std::size_t files = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes = 0;
  std::uint64_t speed = 0;  ///< bytes per second, when fetching
  std::optional<std::chrono::seconds> time_left;
};

/// All games as one.
struct overall_status {
  std::vector<game_status> games;  ///< those that are not over
  std::size_t files_done = 0;      ///< fetched, of all games since the engine began
  std::size_t files = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes = 0;
  std::uint64_t speed = 0;
  std::optional<std::chrono::seconds> time_left;
  std::uint64_t limit = 0;
};

}  // namespace launcher

#endif
