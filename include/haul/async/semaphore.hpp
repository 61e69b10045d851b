#ifndef HAUL_ASYNC_SEMAPHORE_HPP
#define HAUL_ASYNC_SEMAPHORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <utility>

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
    HAUL_DECL permit& operator=(permit&& other) noexcept;
    HAUL_DECL ~permit();

    /// Gives the permit back now.
    HAUL_DECL void release();
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
  HAUL_DECL semaphore(asio::any_io_executor executor, std::size_t limit);

  /// Waits for a permit: `void(std::error_code, semaphore::permit)`.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total; ends with `asio::error::operation_aborted` and an empty permit. A
  /// permit that was granted in the same moment is given back: none is ever lost.
  template <class Token = asio::use_awaitable_t<>>
  auto acquire(Token&& token = {}) {
    return asio::async_initiate<Token, void(std::error_code, permit)>(
        [s = state_, executor = executor_](auto handler) {
          enqueue(*s, detail::make_waiter<permit>(std::move(handler), executor));
        },
        token);
  }

  /// A permit if one is free and nobody waits, else an empty one.
  HAUL_DECL permit try_acquire();

  /// Changes the number of permits. Holders above a lower limit keep theirs; a freed permit is
  /// given on only below the limit.
  HAUL_DECL void set_limit(std::size_t limit);

  /// How many permits there are.
  HAUL_DECL std::size_t limit() const;
  /// Permits that are held.
  HAUL_DECL std::size_t in_use() const;
  /// Whether an operation waits for a permit.
  HAUL_DECL bool contended() const;

 private:
  using waiter = detail::waiter<permit>;

  HAUL_DECL static void enqueue(state& s, std::shared_ptr<waiter> w);

  asio::any_io_executor executor_;
  std::shared_ptr<state> state_;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/async/impl/semaphore.ipp>
#endif

#endif
