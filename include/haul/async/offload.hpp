#ifndef HAUL_ASYNC_OFFLOAD_HPP
#define HAUL_ASYNC_OFFLOAD_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace haul {

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
        using handler_type = decltype(handler);
        auto shared = std::make_shared<decltype(job)>(std::move(job));
        std::shared_ptr<detail::waiter<result>> w =
            std::make_shared<detail::waiter_impl<handler_type, result>>(std::move(handler),
                                                                        executor);
        environment.submit([w = std::move(w), shared = std::move(shared)]() mutable {
          result r = (*shared)();
          // Whoever waits finds that what the work owned is its own again.
          shared.reset();
          if (w->claim()) w->complete({}, std::move(r));
        });
      },
      token, std::move(work));
}

}  // namespace haul

#endif
