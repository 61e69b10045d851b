#ifndef HAUL_COMMAND_JOB_QUEUE_HPP
#define HAUL_COMMAND_JOB_QUEUE_HPP

#include "job_list.hpp"
#include <haul/haul.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <vector>

namespace haul_command {

/// Where the events of a run go: with the number of the task, from 1, and of all tasks.
using observer = std::function<void(const haul::event& e, std::size_t index, std::size_t total)>;

/// What became of a run.
struct run_summary {
  std::size_t total = 0;
  std::size_t completed = 0;
  std::size_t failed = 0;
  std::size_t stopped = 0;  ///< of those that had begun
};

/// Runs the downloads of a list in order, some at a time. All of the scheduling is here.
///
/// A task is made when its turn comes and gone when it is over, so that a long list costs no more
/// than its text. Everything runs on the one thread of the session's context.
class job_queue {
 public:
  job_queue(haul::session& session, const job_list& jobs, const haul::download_options& options,
            observer tell);

  /// @param over  Called once when every task is over.
  void start(std::size_t at_once, std::function<void()> over);

  /// Begins nothing more, and stops what runs; the state on disk is kept.
  void stop();

  const run_summary& summary() const noexcept { return summary_; }
  /// What the program itself threw, if it did.
  std::exception_ptr bug() const noexcept { return bug_; }

 private:
  using clock = std::chrono::steady_clock;

  struct sink {
    job_queue* queue;
    std::size_t index;
    void operator()(const haul::event& e) const { queue->tell_(e, index, queue->summary_.total); }
  };
  using task = haul::download_task<sink>;

  /// Where a task can be found while it lives.
  class held {
   public:
    held(task*& place, task& t) : place_(place) { place_ = &t; }
    ~held() { place_ = nullptr; }
    held(const held&) = delete;
    held& operator=(const held&) = delete;

   private:
    task*& place_;
  };

  haul::awaitable<void> work(std::size_t place);
  void worker_ended(std::exception_ptr bug);
  void count(const haul::download_result& r);

  haul::session& session_;
  const job_list& jobs_;
  const haul::download_options options_;
  const observer tell_;
  std::function<void()> over_;
  std::vector<task*> running_;  // one place for each worker
  run_summary summary_;
  clock::time_point begun_{};
  std::size_t next_ = 0;
  std::size_t workers_ = 0;
  bool stopped_ = false;
  std::exception_ptr bug_;
};

}  // namespace haul_command

#endif
