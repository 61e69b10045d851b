#ifndef HAUL_ASYNC_OFFLOAD_HPP
#define HAUL_ASYNC_OFFLOAD_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace haul {
namespace detail {

/// A job for a worker that does `work` and completes `handler` with its result.
template <class Work, class Handler>
std::function<void()> offloaded(Work work, Handler handler, const asio::any_io_executor& executor) {
  using result = std::invoke_result_t<Work&>;
  struct state {
    state(Work w, Handler h, const asio::any_io_executor& ex)
        : work(std::move(w)), waiting(std::move(h), ex) {}
    std::optional<Work> work;
    waiter_impl<Handler, result> waiting;
  };
  auto shared = std::make_shared<state>(std::move(work), std::move(handler), executor);
  return [s = std::move(shared)] {
    result r = (*s->work)();
    // Whoever waits finds that what the work owned is its own again.
    s->work.reset();
    if (s->waiting.claim()) s->waiting.complete({}, std::move(r));
  };
}

}  // namespace detail

/// Runs `work` on one of the environment's disk workers and completes with its result:
/// `void(std::error_code, R)`, where `R` is what `work` returns. The error is none; what went wrong
/// is for `R` to tell.
///
/// The operation cannot be cancelled: `work` may be half done. `work` must own what it uses,
/// because a worker may still run it when the waiting coroutine has been destroyed with its
/// context.
template <class Environment, class Work, class Token = asio::use_awaitable_t<>>
auto offload(Environment& environment, const asio::any_io_executor& executor, Work work,
             Token&& token = {}) {
  using result = std::invoke_result_t<Work&>;
  return asio::async_initiate<Token, void(std::error_code, result)>(
      [&environment, executor](auto handler, auto job) {
        environment.submit(detail::offloaded(std::move(job), std::move(handler), executor));
      },
      token, std::move(work));
}

}  // namespace haul

#endif
