#ifndef HAUL_ENGINE_IMPL_EVENT_QUEUE_IPP
#define HAUL_ENGINE_IMPL_EVENT_QUEUE_IPP

#include <haul/engine/event_queue.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <exception>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

namespace haul::engine {

HAUL_DECL event_queue::event_queue(asio::any_io_executor executor, std::unique_ptr<any_sink> sink,
                                   delivery how, std::function<void()> failed)
    : executor_(std::move(executor)),
      sink_(std::move(sink)),
      how_(how),
      failed_(std::move(failed)) {}

HAUL_DECL void event_queue::push(event&& e) {
  if (!sink_) return;
  if (how_ == delivery::direct) {
    awaitable<void> none;
    sink_->deliver(e, none);
    return;
  }
  {
    const std::lock_guard lock{mutex_};
    if (dropped_ || replaced(e)) return;
    const task_info* task = task_of(e);
    const bool is_progress = std::holds_alternative<progress>(e);
    events_.push_back(std::move(e));
    ++pushed_;
    if (is_progress) {
      latest_[task] = std::prev(events_.end());
    } else if (task) {
      latest_.erase(task);
    }
    if (running_) return;
    running_ = true;
  }
  // Posted: the sink may call the task, which may be holding its lock just now.
  asio::post(executor_, [self = shared_from_this()] {
    awaitable<void> pending;
    if (!self->deliver(pending)) return;
    asio::co_spawn(self->executor_, pump(self, std::move(pending)), [](std::exception_ptr) {});
  });
}

HAUL_DECL bool event_queue::pending() const {
  const std::lock_guard lock{mutex_};
  return delivered_ != pushed_;
}

HAUL_DECL awaitable<void> event_queue::drained() {
  const auto mine = std::make_shared<notifier>(executor_);
  const bool pending = enlist(mine);
  if (pending) co_await mine->wait();
}

HAUL_DECL bool event_queue::enlist(const notifier_ptr& n) {
  const std::lock_guard lock{mutex_};
  if (delivered_ == pushed_) return false;
  waiting_.emplace_back(pushed_, n);
  return true;
}

HAUL_DECL auto event_queue::take_served() -> std::vector<notifier_ptr> {
  std::vector<notifier_ptr> served;
  while (!waiting_.empty() && waiting_.front().first <= delivered_) {
    served.push_back(std::move(waiting_.front().second));
    waiting_.pop_front();
  }
  return served;
}

HAUL_DECL bool event_queue::replaced(event& e) {
  if (!std::holds_alternative<progress>(e)) return false;
  const auto at = latest_.find(task_of(e));
  if (at == latest_.end()) return false;
  *at->second = std::move(e);
  return true;
}

HAUL_DECL bool event_queue::next() {
  std::vector<notifier_ptr> served;
  bool more = false;
  {
    const std::lock_guard lock{mutex_};
    delivered_ += current_.size();
    current_.clear();
    served = take_served();
    more = !events_.empty();
    running_ = more;
    if (more) {
      if (std::holds_alternative<progress>(events_.front())) {
        const auto at = latest_.find(task_of(events_.front()));
        if (at != latest_.end() && at->second == events_.begin()) latest_.erase(at);
      }
      current_.splice(current_.begin(), events_, events_.begin());
    }
  }
  for (const auto& n : served) n->notify();
  return more;
}

HAUL_DECL bool event_queue::deliver(awaitable<void>& pending) {
  while (next()) {
    try {
      if (sink_->deliver(current_.front(), pending)) return true;
    } catch (...) {
      drop();
    }
  }
  return false;
}

HAUL_DECL awaitable<void> event_queue::pump(std::shared_ptr<event_queue> self,
                                            awaitable<void> pending) {
  for (bool more = true; more; more = self->deliver(pending)) {
    bool threw = false;
    try {
      co_await std::move(pending);
    } catch (...) {
      threw = true;
    }
    if (threw) self->drop();
  }
}

HAUL_DECL void event_queue::drop() {
  {
    const std::lock_guard lock{mutex_};
    dropped_ = true;
    delivered_ += events_.size();
    events_.clear();
    latest_.clear();
  }
  failed_();
}

}  // namespace haul::engine

#endif
