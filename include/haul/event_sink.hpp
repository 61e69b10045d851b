#ifndef HAUL_EVENT_SINK_HPP
#define HAUL_EVENT_SINK_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/event.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>

namespace haul {

/// What takes events: a callable with a `const event&` that returns `void`, or an
/// `asio::awaitable<void>` that haul awaits before it delivers the next event. One that keeps
/// events may take an `event`: it is moved to it.
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
  HAUL_DECL queue_sink();

  /// Keeps an event; called by haul.
  HAUL_DECL void operator()(event e) const;

  /// The oldest event that has not been taken yet.
  HAUL_DECL std::optional<event> poll() const;

  /// How many events wait.
  HAUL_DECL std::size_t size() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/event_sink.ipp>
#endif

#endif
