#ifndef HAUL_ENGINE_EVENT_QUEUE_HPP
#define HAUL_ENGINE_EVENT_QUEUE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/event.hpp>
#include <haul/event_sink.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace haul::engine {

/// A sink whose type is not known.
class any_sink {
 public:
  virtual ~any_sink() = default;
  /// Whether the sink is awaited; if not, `deliver` calls it and its result is not valid.
  virtual bool deliver(const event& e, awaitable<void>& pending) = 0;
};

template <event_sink Sink>
class any_sink_impl final : public any_sink {
 public:
  explicit any_sink_impl(Sink sink) : sink_(std::move(sink)) {}

  bool deliver(const event& e, awaitable<void>& pending) override {
    if constexpr (std::is_void_v<std::invoke_result_t<Sink&, const event&>>) {
      sink_(e);
      return false;
    } else {
      pending = sink_(e);
      return true;
    }
  }

 private:
  Sink sink_;
};

/// A sink for nobody is none at all.
template <event_sink Sink>
std::unique_ptr<any_sink> erase_sink(Sink sink) {
  if constexpr (std::is_same_v<Sink, null_sink>) {
    return nullptr;
  } else {
    return std::make_unique<any_sink_impl<Sink>>(std::move(sink));
  }
}

/// The task that an event is about; null for the events of batches.
inline const task_info* task_of(const event& e) noexcept {
  return std::visit(
      [](const auto& x) -> const task_info* {
        if constexpr (requires { x.task; }) {
          return x.task.get();
        } else {
          return nullptr;
        }
      },
      e);
}

/// How events reach their sink.
enum class delivery : std::uint8_t {
  queued,  ///< by a coroutine of the queue's own, so that a slow sink holds nobody up
  direct,  ///< by whoever reports them, at once: for a sink that only passes them on
};

/// Events on their way to a sink: in order, one at a time, and without holding up who reports them.
/// While a `progress` waits that no other event of its task has followed, a later one takes its
/// place.
///
/// @par Thread Safety
/// `push()` may be called from any thread.
class event_queue : public std::enable_shared_from_this<event_queue> {
 public:
  /// @param failed  Called once, on the executor, when the sink has thrown; later events are
  /// dropped.
  event_queue(asio::any_io_executor executor, std::unique_ptr<any_sink> sink, delivery how,
              std::function<void()> failed)
      : executor_(std::move(executor)),
        sink_(std::move(sink)),
        how_(how),
        failed_(std::move(failed)) {}

  bool wanted() const noexcept { return sink_ != nullptr; }

  void push(event e) {
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
      asio::co_spawn(self->executor_, pump(self), [](std::exception_ptr) {});
    });
  }

  /// Waits until all events that have been pushed so far have been delivered. Any number of
  /// operations at a time.
  awaitable<void> drained() {
    const auto mine = std::make_shared<notifier>(executor_);
    const bool pending = enlist(mine);
    if (pending) co_await mine->wait();
  }

 private:
  using notifier_ptr = std::shared_ptr<notifier>;

  /// Whether there is something to wait for.
  bool enlist(const notifier_ptr& n) {
    const std::lock_guard lock{mutex_};
    if (delivered_ == pushed_) return false;
    waiting_.emplace_back(pushed_, n);
    return true;
  }

  /// The event that was taken last has been delivered, or all that are left never will be.
  void count_delivered(bool all) {
    std::vector<notifier_ptr> woken;
    {
      const std::lock_guard lock{mutex_};
      delivered_ = all ? pushed_ : delivered_ + 1;
      while (!waiting_.empty() && waiting_.front().first <= delivered_) {
        woken.push_back(std::move(waiting_.front().second));
        waiting_.pop_front();
      }
    }
    for (const auto& n : woken) n->notify();
  }

  bool replaced(event& e) {
    if (!std::holds_alternative<progress>(e)) return false;
    const auto at = latest_.find(task_of(e));
    if (at == latest_.end()) return false;
    *at->second = std::move(e);
    return true;
  }

  bool next(event& e) {
    const std::lock_guard lock{mutex_};
    if (dropped_) {
      events_.clear();
      latest_.clear();
    }
    if (events_.empty()) {
      running_ = false;
      return false;
    }
    if (std::holds_alternative<progress>(events_.front())) {
      const auto at = latest_.find(task_of(events_.front()));
      if (at != latest_.end() && at->second == events_.begin()) latest_.erase(at);
    }
    e = std::move(events_.front());
    events_.pop_front();
    return true;
  }

  static awaitable<void> pump(std::shared_ptr<event_queue> self) {
    event e;
    while (self->next(e)) {
      bool threw = false;
      try {
        awaitable<void> pending;
        const bool waits = self->sink_->deliver(e, pending);
        if (waits) co_await std::move(pending);
      } catch (...) {
        threw = true;
      }
      if (threw) self->drop();
      self->count_delivered(threw);
    }
  }

  void drop() {
    {
      const std::lock_guard lock{mutex_};
      dropped_ = true;
    }
    failed_();
  }

  asio::any_io_executor executor_;
  std::unique_ptr<any_sink> sink_;
  delivery how_;
  std::function<void()> failed_;
  mutable std::mutex mutex_;
  std::list<event> events_;
  std::unordered_map<const task_info*, std::list<event>::iterator> latest_;  // waiting progress
  std::uint64_t pushed_ = 0;
  std::uint64_t delivered_ = 0;
  std::deque<std::pair<std::uint64_t, notifier_ptr>> waiting_;  // for that many to be delivered
  bool running_ = false;
  bool dropped_ = false;
};

}  // namespace haul::engine

#endif
