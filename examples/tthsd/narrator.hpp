#ifndef TTHSD_NARRATOR_HPP
#define TTHSD_NARRATOR_HPP

#include <haul/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace tthsd {

/// One event as clients get it.
struct wire_event {
  static constexpr std::size_t no_task = SIZE_MAX;

  std::string event;
  std::string msg;
  std::size_t task = no_task;
  bool replaceable = false;  ///< a later one of the same task may be delivered in its place
};

/// One task of a downloader. The client's ids need not be unique, so the engine knows a task by its
/// place.
struct told_task {
  haul::task_ref info;              ///< with the client's id
  std::error_code refused;          ///< why, if it is never given to the engine
  std::optional<std::size_t> twin;  ///< the same URL and target as this one: shares its outcome
};

/// Tells what happens to a downloader as TTHSD's clients expect it: start; for each task startOne,
/// update from 0 to the whole, err if it failed, endOne; then end. Pure; one caller at a time.
class narrator {
 public:
  using clock = std::chrono::steady_clock;

  /// Updates of one task keep this distance, which makes at most ten in any second, the first and
  /// the last one included.
  static constexpr std::chrono::milliseconds spacing{125};

  narrator(std::vector<told_task> tasks, bool parallel, std::function<void(wire_event)> out);

  void begin();
  /// The engine would not take a task that it was given.
  void refuse(std::size_t i, std::error_code why, clock::time_point now);
  /// An event of the engine, whose task ids are places: "0", "1", ...
  void hear(const haul::event& e, clock::time_point now);
  void pause();
  void resume();
  void stop();
  void finish();

  struct totals {
    std::uint64_t downloaded = 0;
    std::uint64_t expected = 0;
    std::uint64_t speed = 0;
    std::uint64_t peak = 0;
    std::size_t tasks = 0;
    std::size_t completed = 0;
    std::size_t failed = 0;
    std::size_t retries = 0;
  };
  totals sum() const;

 private:
  struct state {
    bool started = false;
    bool ended = false;
    bool zero = false;  // the first update has been told
    haul::progress last{};
    std::optional<haul::progress> held;
    std::uint64_t high = 0;
    std::uint64_t told_downloaded = 0;
    std::uint64_t told_total = 0;
    std::uint64_t speed = 0;
    clock::time_point told_at{};
    std::optional<haul::download_result> result;
  };

  void on(std::size_t i, const haul::transfer_started& e, clock::time_point now);
  void on(std::size_t i, const haul::progress& e, clock::time_point now);
  void on(std::size_t i, const haul::retrying& e);
  void on(std::size_t i, const haul::failed& e, clock::time_point now);
  void on(std::size_t i, const haul::task_finished& e, clock::time_point now);
  void begin_one(std::size_t i);
  void end_one(std::size_t i);
  void first_update(std::size_t i, clock::time_point now);
  void flush(std::size_t i, clock::time_point now);
  void set_speed(state& s, std::uint64_t speed);
  bool is_outside(std::size_t i) const;
  void update(std::size_t i, haul::progress p, clock::time_point now);
  void tell_outside(std::size_t i, clock::time_point now);
  void tell_whole(std::size_t i, const haul::download_result& r, clock::time_point now);
  void tell_due(std::size_t ended, clock::time_point now);
  void note(const char* name, const char* text);
  void emit(std::size_t task, const haul::event& e, bool replaceable = false);

  const std::vector<told_task> tasks_;
  const bool parallel_;
  const std::function<void(wire_event)> out_;
  std::vector<state> states_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> twins_;  // of a task
  std::size_t next_ = 0;  // in a sequence: the first task that has not ended
  std::uint64_t speed_ = 0;
  std::uint64_t peak_ = 0;
  std::size_t retries_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace tthsd

#endif
