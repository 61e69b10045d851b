#ifndef HAUL_ASYNC_IMPL_SEMAPHORE_IPP
#define HAUL_ASYNC_IMPL_SEMAPHORE_IPP

#include <haul/async/semaphore.hpp>

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace haul {

struct semaphore::state : std::enable_shared_from_this<state> {
  explicit state(std::size_t n) : limit(n) {}

  std::mutex mutex;
  std::deque<std::shared_ptr<waiter>> waiting;
  std::size_t limit;
  std::size_t in_use = 0;

  void drop_claimed() {
    while (!waiting.empty() && waiting.front()->claimed()) waiting.pop_front();
  }

  void give_back() { grant(1); }

  /// Gives on what is free, with `returned` more permits.
  void grant(std::size_t returned = 0) {
    std::vector<std::shared_ptr<waiter>> granted;
    {
      const std::lock_guard lock{mutex};
      in_use -= returned;
      while (in_use < limit && !waiting.empty()) {
        auto next = std::move(waiting.front());
        waiting.pop_front();
        if (!next->claim()) continue;
        ++in_use;
        granted.push_back(std::move(next));
      }
    }
    for (const auto& w : granted) w->complete({}, permit{shared_from_this()});
  }
};

HAUL_DECL semaphore::permit::~permit() { release(); }

HAUL_DECL semaphore::permit& semaphore::permit::operator=(permit&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

HAUL_DECL void semaphore::permit::release() {
  if (auto s = std::exchange(state_, nullptr)) s->give_back();
}

HAUL_DECL semaphore::semaphore(asio::any_io_executor executor, std::size_t limit)
    : executor_(std::move(executor)), state_(std::make_shared<state>(limit)) {}

HAUL_DECL semaphore::permit semaphore::try_acquire() {
  const std::lock_guard lock{state_->mutex};
  state_->drop_claimed();
  if (!state_->waiting.empty() || state_->in_use >= state_->limit) return permit{};
  ++state_->in_use;
  return permit{state_};
}

HAUL_DECL void semaphore::set_limit(std::size_t limit) {
  {
    const std::lock_guard lock{state_->mutex};
    state_->limit = limit;
  }
  state_->grant();
}

HAUL_DECL std::size_t semaphore::limit() const {
  const std::lock_guard lock{state_->mutex};
  return state_->limit;
}

HAUL_DECL std::size_t semaphore::in_use() const {
  const std::lock_guard lock{state_->mutex};
  return state_->in_use;
}

HAUL_DECL bool semaphore::contended() const {
  const std::lock_guard lock{state_->mutex};
  state_->drop_claimed();
  return !state_->waiting.empty();
}

HAUL_DECL void semaphore::enqueue(state& s, std::shared_ptr<waiter> w) {
  {
    const std::lock_guard lock{s.mutex};
    s.waiting.push_back(std::move(w));
  }
  s.grant();
}

}  // namespace haul

#endif
