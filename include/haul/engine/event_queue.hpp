#ifndef HAUL_ENGINE_EVENT_QUEUE_HPP
#define HAUL_ENGINE_EVENT_QUEUE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/event.hpp>
#include <haul/event_sink.hpp>

#include <asio/co_spawn.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

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

/// Events on their way to a sink: in order, one at a time, and without holding up who reports them.
/// While a `progress` waits that nothing has followed, a later one of the same task takes its
/// place.
///
/// @par Thread Safety
/// `push()` may be called from any thread.
class event_queue : public std::enable_shared_from_this<event_queue> {
 public:
  /// @param failed  Called once, on the executor, when the sink has thrown; later events are
  /// dropped.
  event_queue(asio::any_io_executor executor, std::unique_ptr<any_sink> sink,
              std::function<void()> failed)
      : executor_(executor),
        empty_(std::move(executor)),
        sink_(std::move(sink)),
        failed_(std::move(failed)) {}

  bool wanted() const noexcept { return sink_ != nullptr; }

  void push(event e) {
    if (!sink_) return;
    {
      const std::lock_guard lock{mutex_};
      if (dropped_) return;
      if (const auto* now = std::get_if<progress>(&e); now && !events_.empty()) {
        auto* last = std::get_if<progress>(&events_.back());
        if (last && last->task == now->task) {
          *last = std::move(std::get<progress>(e));
          return;
        }
      }
      events_.push_back(std::move(e));
      if (running_) return;
      running_ = true;
    }
    asio::co_spawn(executor_, pump(shared_from_this()), [](std::exception_ptr) {});
  }

  /// Waits until all events have been delivered. One operation at a time.
  awaitable<void> drained() {
    while (!idle()) co_await empty_.wait();
  }

 private:
  bool idle() const {
    const std::lock_guard lock{mutex_};
    return !running_;
  }

  bool next(event& e) {
    const std::lock_guard lock{mutex_};
    if (dropped_) events_.clear();
    if (events_.empty()) {
      running_ = false;
      return false;
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
    }
    self->empty_.notify();
  }

  void drop() {
    {
      const std::lock_guard lock{mutex_};
      dropped_ = true;
    }
    failed_();
  }

  asio::any_io_executor executor_;
  notifier empty_;
  std::unique_ptr<any_sink> sink_;
  std::function<void()> failed_;
  mutable std::mutex mutex_;
  std::deque<event> events_;
  bool running_ = false;
  bool dropped_ = false;
};

}  // namespace haul::engine

#endif
