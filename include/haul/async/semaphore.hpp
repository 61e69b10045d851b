#ifndef HAUL_ASYNC_SEMAPHORE_HPP
#define HAUL_ASYNC_SEMAPHORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace haul {

/// Bounds how many coroutines do a thing at once. First come, first served.
///
/// @code
/// haul::semaphore slots{executor, 3};
/// haul::semaphore::permit permit = co_await slots.acquire();
/// @endcode
///
/// @par Thread Safety
/// All members may be called from any thread.
///
/// @par Lifetimes
/// Permits and waiting operations may outlive the semaphore object.
class semaphore {
  struct state;

 public:
  /// The right to go on; given back when destroyed.
  class permit {
   public:
    permit() = default;
    /// The one that is moved from is empty.
    permit(permit&& other) noexcept = default;
    /// Gives back what it has, and takes over the other.
    permit& operator=(permit&& other) noexcept {
      if (this != &other) {
        release();
        state_ = std::move(other.state_);
      }
      return *this;
    }
    ~permit() { release(); }

    /// Gives the permit back now.
    void release() {
      if (auto s = std::exchange(state_, nullptr)) s->give_back();
    }
    /// Whether it is one, and has not been given back.
    explicit operator bool() const noexcept { return state_ != nullptr; }

   private:
    friend struct state;
    friend class semaphore;
    explicit permit(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}

    std::shared_ptr<state> state_;
  };

  /// @param executor  Where an `acquire` completes whose handler has no executor of its own.
  /// @param limit     How many permits there are.
  semaphore(asio::any_io_executor executor, std::size_t limit)
      : executor_(std::move(executor)), state_(std::make_shared<state>(limit)) {}

  /// Waits for a permit: `void(std::error_code, semaphore::permit)`.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total; ends with `asio::error::operation_aborted` and an empty permit. A
  /// permit that was granted in the same moment is given back: none is ever lost.
  template <class Token = asio::use_awaitable_t<>>
  auto acquire(Token&& token = {}) {
    return asio::async_initiate<Token, void(std::error_code, permit)>(
        [s = state_, executor = executor_](auto handler) {
          auto w = detail::make_waiter<permit>(std::move(handler), executor);
          {
            const std::lock_guard lock{s->mutex};
            s->waiting.push_back(std::move(w));
          }
          s->grant();
        },
        token);
  }

  /// A permit if one is free and nobody waits, else an empty one.
  permit try_acquire() {
    const std::lock_guard lock{state_->mutex};
    state_->drop_claimed();
    if (!state_->waiting.empty() || state_->in_use >= state_->limit) return permit{};
    ++state_->in_use;
    return permit{state_};
  }

  /// Changes the number of permits. Holders above a lower limit keep theirs; a freed permit is
  /// given on only below the limit.
  void set_limit(std::size_t limit) {
    {
      const std::lock_guard lock{state_->mutex};
      state_->limit = limit;
    }
    state_->grant();
  }

  /// How many permits there are.
  std::size_t limit() const {
    const std::lock_guard lock{state_->mutex};
    return state_->limit;
  }
  /// Permits that are held.
  std::size_t in_use() const {
    const std::lock_guard lock{state_->mutex};
    return state_->in_use;
  }
  /// Whether an operation waits for a permit.
  bool contended() const {
    const std::lock_guard lock{state_->mutex};
    state_->drop_claimed();
    return !state_->waiting.empty();
  }

 private:
  using waiter = detail::waiter<permit>;

  struct state : std::enable_shared_from_this<state> {
    explicit state(std::size_t n) : limit(n) {}

    std::mutex mutex;
    std::deque<std::shared_ptr<waiter>> waiting;
    std::size_t limit;
    std::size_t in_use = 0;

    void drop_claimed() {
      while (!waiting.empty() && waiting.front()->claimed()) waiting.pop_front();
    }

    void give_back() {
      {
        const std::lock_guard lock{mutex};
        --in_use;
      }
      grant();
    }

    void grant() {
      std::vector<std::shared_ptr<waiter>> granted;
      {
        const std::lock_guard lock{mutex};
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

  asio::any_io_executor executor_;
  std::shared_ptr<state> state_;
};

}  // namespace haul

#endif
