#ifndef HAUL_ENGINE_SESSION_CORE_HPP
#define HAUL_ENGINE_SESSION_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/job_service.hpp>
#include <haul/async/rate_limiter.hpp>
#include <haul/engine/buffer_pool.hpp>
#include <haul/engine/forward.hpp>
#include <haul/engine/paths.hpp>
#include <haul/http/client.hpp>
#include <haul/http/connection_pool.hpp>
#include <haul/session_options.hpp>
#include <haul/system/environment.hpp>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>
#include <asio/strand.hpp>

#include <mutex>
#include <unordered_set>
#include <utility>

namespace haul::engine {

/// What the downloads of a session share. Each of them keeps it alive.
///
/// @par Thread Safety
/// Safe.
template <class Environment>
struct session_core {
  static_assert(system::environment<Environment>);

  template <class... Args>
  session_core(asio::any_io_executor ex, const session_options& o, Args&&... args)
      : executor(std::move(ex)),
        options(o),
        limiter(),
        buffers(o.buffer_size),
        environment(std::forward<Args>(args)...),
        pool(environment, executor, o.connections_per_host, o.idle_timeout),
        client(environment, pool, o.user_agent) {
    limiter.set_rate(o.rate_limit, environment.now());
    if constexpr (requires { environment.jobs(); }) {
      asio::use_service<haul::detail::job_service>(asio::query(executor, asio::execution::context))
          .add(environment.jobs());
    }
  }

  /// For what must not run at the same time as other handlers of its own.
  asio::any_io_executor make_strand() const {
    if (options.implicit_strand) return executor;
    return asio::make_strand(executor);
  }

  /// False when the target is being written already. Targets are named by `target_key()`.
  bool claim(const native_text& target) {
    const std::lock_guard lock{mutex};
    return targets.insert(target).second;
  }
  void give_back(const native_text& target) {
    const std::lock_guard lock{mutex};
    targets.erase(target);
  }

  asio::any_io_executor executor;
  session_options options;
  rate_limiter limiter;
  buffer_pool buffers;
  Environment environment;
  http::connection_pool<Environment> pool;
  http::client<Environment> client;
  std::mutex mutex;
  std::unordered_set<native_text> targets;
};

}  // namespace haul::engine

#endif
