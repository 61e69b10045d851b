#ifndef HAUL_COMMAND_DISPLAY_HPP
#define HAUL_COMMAND_DISPLAY_HPP

#include "bars.hpp"
#include "job_queue.hpp"
#include "screen.hpp"
#include <haul/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace haul_command {

/// The files of a run, as the user sees them: a bar for each that runs and one for all, and a line
/// for each that is finished.
class display final : public screen {
 public:
  display(mode how, bool colour);

  void take(const haul::event& e, std::size_t index, std::size_t total);

  /// To be called once in each `interval()`.
  void tick();

  /// The last words. Nothing is drawn after them.
  void finish(const run_summary& s, bool interrupted, bool resumable);

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

  std::vector<transfer_view> bars(std::size_t most) const override;
  void measure();
  transfer_view all() const;
  std::uint64_t fetched() const;
  std::string count_text() const;

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
};

}  // namespace haul_command

#endif
