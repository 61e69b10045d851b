#include "tthsd/downloader.hpp"

#include "tthsd/library.hpp"
#include "tthsd/run.hpp"

#include <utility>

namespace tthsd {

std::shared_ptr<run> downloader::current() {
  const std::lock_guard lock{mutex_};
  return run_;
}

bool downloader::start(bool parallel) {
  const std::lock_guard lock{mutex_};
  if (stopped_ || (run_ && !run_->over())) return false;
  auto fresh = std::make_shared<run>(library::get().executor(), order_, controls_, parallel);
  fresh->start();
  run_ = std::move(fresh);
  return true;
}

void downloader::pause() {
  if (const auto r = current()) r->pause();
}

void downloader::resume() {
  if (const auto r = current()) r->resume();
}

void downloader::stop() {
  std::shared_ptr<run> r;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    r = run_;
  }
  if (r) r->stop();
}

void downloader::set_speed_limit(std::uint64_t bytes_per_second) {
  const std::lock_guard lock{mutex_};
  controls_.rate_limit = bytes_per_second;
  if (run_) run_->set_speed_limit(bytes_per_second);
}

void downloader::set_proxy(std::string url) {
  const std::lock_guard lock{mutex_};
  controls_.proxy = std::move(url);
  controls_.proxy_given = true;
  if (run_) run_->set_proxy(controls_.proxy);
}

void downloader::set_retries(unsigned most, std::chrono::milliseconds delay,
                             std::chrono::milliseconds longest) {
  const std::lock_guard lock{mutex_};
  controls_.retries = most;
  controls_.retry_delay = delay;
  controls_.max_retry_delay = longest;
  if (run_) run_->set_retries(most, delay, longest);
}

std::string downloader::stats() {
  if (const auto r = current()) return r->stats();
  const std::lock_guard lock{mutex_};
  // Nothing has happened yet: the numbers of a run that has not begun.
  return "{\"total_bytes\":0,\"Total\":0,\"current_speed_bps\":0,\"average_speed_bps\":0,"
         "\"peak_speed_bps\":0,\"elapsed_time\":0,\"tasks\":" +
         std::to_string(order_.requests.size()) + '}';
}

}  // namespace tthsd
