#ifndef HAUL_COMMAND_DISPLAY_HPP
#define HAUL_COMMAND_DISPLAY_HPP

#include "bars.hpp"
#include "job_queue.hpp"
#include <haul/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace haul_command {

/// What the user sees on standard error: errors always, and how it goes as the mode says.
class display {
 public:
  enum class mode {
    quiet,  ///< errors only
    lines,  ///< a line for each file that is finished, and one now and then
    bars    ///< a bar for each file that runs, drawn again in place; finished files move up
  };

  display(mode how, bool colour);

  void take(const haul::event& e, std::size_t index, std::size_t total);

  /// How often `tick()` wants to be called.
  std::chrono::milliseconds interval() const;
  void tick();

  /// The last words. Nothing is drawn after them.
  void finish(const run_summary& s, bool interrupted, bool resumable);

  /// A printable line that is always shown.
  void error(const std::string& line);

 private:
  using clock = std::chrono::steady_clock;

  struct running_file {
    transfer_view view;
    std::string url;
    std::uint64_t resumed = 0;
  };

  void on(std::size_t, const haul::batch_started&) {}
  void on(std::size_t, const haul::batch_finished&) {}
  void on(std::size_t index, const haul::task_started& e);
  void on(std::size_t index, const haul::transfer_started& e);
  void on(std::size_t index, const haul::progress& e);
  void on(std::size_t, const haul::paused&) {}
  void on(std::size_t, const haul::resumed&) {}
  void on(std::size_t, const haul::stopped&) {}
  void on(std::size_t index, const haul::retrying& e);
  void on(std::size_t, const haul::failed&) {}
  void on(std::size_t index, const haul::task_finished& e);

  void note(const std::string& line);
  void write_line(const std::string& line, bool is_error);
  void measure();
  transfer_view all() const;
  std::uint64_t fetched() const;
  std::string count_text() const;
  std::string drawn_block();
  std::string erased_block() const;

  const mode mode_;
  const bool colour_;
  const clock::time_point begun_ = clock::now();
  std::map<std::size_t, running_file> running_;
  std::size_t total_ = 0;
  std::size_t started_ = 0;
  std::size_t completed_ = 0;
  std::size_t failed_ = 0;
  std::uint64_t finished_bytes_ = 0;    // of files that are complete
  std::uint64_t finished_fetched_ = 0;  // in this run, of files that are over
  std::deque<std::pair<clock::time_point, std::uint64_t>> samples_;
  std::uint64_t speed_ = 0;
  std::size_t drawn_ = 0;  // lines of the block on the screen
};

}  // namespace haul_command

#endif
