#ifndef HAUL_COMMAND_JOB_QUEUE_HPP
#define HAUL_COMMAND_JOB_QUEUE_HPP

#include "job_list.hpp"
#include "options.hpp"
#include <haul/haul.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

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

/// Runs the downloads of a list as a batch, or the unfinished batches of a database. All of the
/// scheduling is here, which is to say in `haul::batch_manager`.
///
/// Everything runs on the one thread of the session's context.
class job_queue {
 public:
  /// @throws std::system_error  when the database cannot be used.
  job_queue(haul::session& session, const job_list& jobs, const command_options& options,
            observer tell);
  ~job_queue();

  /// @param over  Called once when every task is over.
  void start(std::function<void()> over);

  /// Begins nothing more, and stops what runs; the state on disk is kept.
  void stop();

  const run_summary& summary() const noexcept { return summary_; }
  /// What the program itself threw, if it did.
  std::exception_ptr bug() const noexcept { return bug_; }

 private:
  struct sink {
    job_queue* queue;
    void operator()(const haul::event& e) const { queue->take(e); }
  };
  /// The manager, whatever its store is.
  class manager;
  template <class Store>
  class manager_of;

  haul::awaitable<void> run();
  haul::awaitable<void> run_list();
  haul::awaitable<void> run_stored();
  haul::awaitable<void> close();
  void take(const haul::event& e);
  std::string id_of(std::size_t index) const;
  std::size_t place_of(const std::string& id) const;
  void settle(std::size_t index, const haul::submitted_file& f);
  void end(std::exception_ptr bug);

  haul::session& session_;
  const job_list& jobs_;
  const command_options& options_;
  const observer tell_;
  const std::unique_ptr<manager> manager_;
  std::string prefix_;                                   // of the ids of this run
  std::unordered_map<std::string, std::size_t> places_;  // of tasks that have ids of other runs
  std::function<void()> over_;
  run_summary summary_;
  bool stopped_ = false;
  std::exception_ptr bug_;
};

}  // namespace haul_command

#endif
