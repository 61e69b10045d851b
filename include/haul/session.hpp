#ifndef HAUL_SESSION_HPP
#define HAUL_SESSION_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/engine/forward.hpp>
#include <haul/session_options.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace haul {

/// What downloads share: executor, connections, TLS sessions, addresses, buffers, limits, disk
/// workers. A program usually has one.
///
/// @tparam Environment  The outside world, a `system::environment`; another one than the real is
///                      for tests.
///
/// @par Thread Safety
/// All members may be called from any thread.
///
/// @par Lifetimes
/// Tasks keep what they need of a session; the session object may go before them. The executor's
/// context must outlive both.
template <class Environment>
class basic_session {
 public:
  using environment_type = Environment;  ///< the outside world
  /// Where coroutines and sinks run.
  using executor_type = asio::any_io_executor;

  /// @param executor  Where coroutines and sinks run: of an `asio::io_context` that is run by one
  ///                  thread or many, or of an `asio::thread_pool`.
  /// @param options   What all its downloads share.
  basic_session(executor_type executor, const session_options& options);
  /// With `session_options{}`.
  explicit basic_session(executor_type executor);

  /// With an environment that is made from `args`.
  template <class... Args>
  basic_session(std::in_place_t, executor_type executor, const session_options& options,
                Args&&... args);

  /// What the constructor was given.
  executor_type get_executor() const;

  /// Changes the limit of all tasks together, in bytes per second; 0 is none.
  void set_rate_limit(std::uint64_t bytes_per_second);

  /// Closes the connections that are kept but not in use.
  void close_idle_connections();

  /// The outside world, for haul itself and its tests; of the real one,
  /// <haul/system/system_environment.hpp> tells more.
  Environment& environment() noexcept;
  /// What tasks share; for haul itself.
  const std::shared_ptr<engine::session_core<Environment>>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<engine::session_core<Environment>> core_;
};

/// A session of the real world.
using session = basic_session<system::system_environment>;

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/session.ipp>
#else
namespace haul {
extern template class basic_session<system::system_environment>;
}
#endif

#endif
