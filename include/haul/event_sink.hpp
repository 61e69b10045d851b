#ifndef HAUL_EVENT_SINK_HPP
#define HAUL_EVENT_SINK_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/event.hpp>

#include <concepts>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace haul {

/// What takes events: a callable with a `const event&` that returns `void`, or an
/// `asio::awaitable<void>` that haul awaits before it delivers the next event.
///
/// A sink is called for one event at a time, in order, on the session's executor, never from two
/// threads at once, and no more after `download_task::run()` has completed. While it is slow the
/// download goes on, and a newer `progress` takes the place of an older one. An exception from it
/// ends the task with `errc::sink_failed`.
template <class S>
concept event_sink = std::move_constructible<S> && requires(S& sink, const event& e) {
  requires std::same_as < std::invoke_result_t<S&, const event&>,
  void > || std::same_as<std::invoke_result_t<S&, const event&>, awaitable<void>>;
};

/// Takes every event and does nothing.
struct null_sink {
  /// Does nothing.
  void operator()(const event&) const noexcept {}
};

/// Keeps events until the program asks for them: for a game loop that polls once a frame.
///
/// Copies share one queue, so that one copy goes to the task and another stays with the loop. While
/// an event of the kind waits, a later `progress` of the same task takes its place, so that the
/// queue does not grow when the loop is slow.
///
/// @par Thread Safety
/// All members may be called from any thread.
class queue_sink {
 public:
  queue_sink() : state_(std::make_shared<state>()) {}

  /// Keeps an event; called by haul.
  void operator()(const event& e) const {
    const std::lock_guard lock{state_->mutex};
    if (const auto* now = std::get_if<progress>(&e); now && !state_->events.empty()) {
      // Only the newest event may be replaced: what has come since must stay behind it.
      auto* last = std::get_if<progress>(&state_->events.back());
      if (last && last->task == now->task) {
        *last = *now;
        return;
      }
    }
    state_->events.push_back(e);
  }

  /// The oldest event that has not been taken yet.
  std::optional<event> poll() const {
    const std::lock_guard lock{state_->mutex};
    if (state_->events.empty()) return std::nullopt;
    std::optional<event> e{std::move(state_->events.front())};
    state_->events.pop_front();
    return e;
  }

  /// How many events wait.
  std::size_t size() const {
    const std::lock_guard lock{state_->mutex};
    return state_->events.size();
  }

 private:
  struct state {
    std::mutex mutex;
    std::deque<event> events;
  };
  std::shared_ptr<state> state_;
};

}  // namespace haul

#endif
