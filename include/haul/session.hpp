#ifndef HAUL_SESSION_HPP
#define HAUL_SESSION_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/engine/session_core.hpp>
#include <haul/session_options.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/system_environment.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

namespace haul {

/// What downloads share: executor, connections, TLS sessions, addresses, buffers, limits, disk
/// workers. A program usually has one.
///
/// @tparam Environment  The outside world; another one than the real is for tests.
///
/// @par Thread Safety
/// All members may be called from any thread.
///
/// @par Lifetimes
/// Tasks keep what they need of a session; the session object may go before them. The executor's
/// context must outlive both.
template <system::environment Environment>
class basic_session {
 public:
  using environment_type = Environment;  ///< the outside world
  /// Where coroutines and sinks run.
  using executor_type = asio::any_io_executor;

  /// @param executor  Where coroutines and sinks run: of an `asio::io_context` that is run by one
  ///                  thread or many, or of an `asio::thread_pool`.
  /// @param options   What all its downloads share.
  explicit basic_session(executor_type executor, const session_options& options = {}) requires
      std::constructible_from<Environment, const session_options&>
      : core_(std::make_shared<engine::session_core<Environment>>(std::move(executor), options,
                                                                  options)) {}

  /// With an environment that is made from `args`.
  template <class... Args>
  basic_session(std::in_place_t, executor_type executor, const session_options& options,
                Args&&... args)
      : core_(std::make_shared<engine::session_core<Environment>>(std::move(executor), options,
                                                                  std::forward<Args>(args)...)) {}

  /// What the constructor was given.
  executor_type get_executor() const { return core_->executor; }

  /// Changes the limit of all tasks together, in bytes per second; 0 is none.
  void set_rate_limit(std::uint64_t bytes_per_second) {
    core_->limiter.set_rate(bytes_per_second, core_->environment.now());
  }

  /// Closes the connections that are kept but not in use.
  void close_idle_connections() { core_->pool.clear(); }

  /// The outside world; for haul itself and its tests.
  Environment& environment() noexcept { return core_->environment; }
  /// What tasks share; for haul itself.
  const std::shared_ptr<engine::session_core<Environment>>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<engine::session_core<Environment>> core_;
};

/// A session of the real world.
using session = basic_session<system::system_environment>;

}  // namespace haul

#endif
