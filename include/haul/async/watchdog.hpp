#ifndef HAUL_ASYNC_WATCHDOG_HPP
#define HAUL_ASYNC_WATCHDOG_HPP

#include <haul/detail/asio_compat.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace haul {

/// A deadline that can be moved cheaply: one timer for many waits, as for the silence limit of a
/// connection. When the deadline passes, `on_expiry` runs once on the timer's executor; it should
/// close or cancel what is being waited for.
///
/// @tparam Timer  `asio::steady_timer`, or an environment's timer with the same members.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe; use it on the timer's executor only.
template <class Timer>
class watchdog {
 public:
  using clock = std::chrono::steady_clock;

  watchdog(Timer timer, std::function<void()> on_expiry)
      : state_(std::make_shared<state>(std::move(timer), std::move(on_expiry))) {}
  watchdog(watchdog&&) noexcept = default;
  ~watchdog() { disarm(); }

  /// Sets or moves the deadline, and forgets an earlier expiry.
  void arm(clock::time_point at) {
    state_->expired = false;
    state_->armed = true;
    const bool sooner = at < state_->deadline;
    state_->deadline = at;
    // A later deadline is noticed when the timer fires; only an earlier one has to disturb it.
    if (!state_->waiting || sooner) wait(state_);
  }

  /// No deadline until the next `arm`. The timer is left alone, which makes this cheap.
  void rest() noexcept { state_->armed = false; }

  /// No deadline any more; nothing is left pending.
  void disarm() {
    if (!state_) return;
    state_->armed = false;
    if (state_->waiting) state_->timer.cancel();
  }

  /// Gives the timer up, for good. The destructor then touches nothing, wherever it runs.
  void close() {
    disarm();
    state_.reset();
  }

  /// Whether the deadline has passed since it was last set.
  bool expired() const noexcept { return state_->expired; }

 private:
  struct state {
    state(Timer&& t, std::function<void()> f) : timer(std::move(t)), on_expiry(std::move(f)) {}
    Timer timer;
    std::function<void()> on_expiry;
    clock::time_point deadline{};
    unsigned turn = 0;
    bool armed = false;
    bool waiting = false;
    bool expired = false;
  };

  static void wait(const std::shared_ptr<state>& s) {
    s->waiting = true;
    const unsigned turn = ++s->turn;
    s->timer.expires_at(s->deadline);
    const auto set_for = s->deadline;
    s->timer.async_wait([weak = std::weak_ptr{s}, turn, set_for](std::error_code) {
      const auto self = weak.lock();
      if (!self || turn != self->turn) return;
      self->waiting = false;
      if (!self->armed) return;
      if (self->deadline > set_for) return wait(self);
      self->armed = false;
      self->expired = true;
      self->on_expiry();
    });
  }

  std::shared_ptr<state> state_;
};

}  // namespace haul

#endif
