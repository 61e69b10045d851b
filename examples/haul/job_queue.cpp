#include "job_queue.hpp"

#include <asio/co_spawn.hpp>

#include <algorithm>
#include <utility>

namespace haul_command {
namespace {

constexpr const char* batch_name = "1";

}  // namespace

job_queue::job_queue(haul::session& session, const job_list& jobs,
                     const haul::download_options& options, observer tell)
    : session_(session), jobs_(jobs), options_(options), tell_(std::move(tell)) {
  summary_.total = jobs.size();
}

void job_queue::start(std::size_t at_once, std::function<void()> over) {
  over_ = std::move(over);
  begun_ = clock::now();
  workers_ = std::min(at_once, summary_.total);
  running_.resize(workers_);
  tell_(haul::batch_started{batch_name, summary_.total}, 0, summary_.total);
  for (std::size_t place = 0; place < running_.size(); ++place) {
    asio::co_spawn(session_.get_executor(), work(place),
                   [this](std::exception_ptr bug) { worker_ended(bug); });
  }
}

void job_queue::stop() {
  stopped_ = true;
  for (task* t : running_) {
    if (t) t->stop();
  }
}

haul::awaitable<void> job_queue::work(std::size_t place) {
  while (!stopped_ && next_ < summary_.total) {
    const std::size_t index = next_++;
    task t{session_, jobs_.request(index), sink{this, index + 1}, options_};
    const held h{running_[place], t};
    const haul::download_result r = co_await t.run();
    count(r);
  }
}

void job_queue::count(const haul::download_result& r) {
  if (!r.error) {
    ++summary_.completed;
  } else if (r.error == haul::errc::stopped) {
    ++summary_.stopped;
  } else {
    ++summary_.failed;
  }
}

void job_queue::worker_ended(std::exception_ptr bug) {
  if (bug) {
    if (!bug_) bug_ = bug;
    stop();
  }
  if (--workers_ > 0) return;
  haul::batch_finished e;
  e.batch = batch_name;
  e.total = summary_.total;
  e.completed = summary_.completed;
  e.failed = summary_.failed;
  e.cancelled = summary_.total - summary_.completed - summary_.failed;
  e.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun_);
  tell_(e, 0, summary_.total);
  over_();
}

}  // namespace haul_command
