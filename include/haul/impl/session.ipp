#ifndef HAUL_IMPL_SESSION_IPP
#define HAUL_IMPL_SESSION_IPP

#include <haul/engine/session_core.hpp>
#include <haul/session.hpp>
#include <haul/system/system_environment.hpp>

#include <memory>
#include <utility>

namespace haul {

template <class Environment>
basic_session<Environment>::basic_session(executor_type executor, const session_options& options)
    : core_(std::make_shared<engine::session_core<Environment>>(std::move(executor), options,
                                                                options)) {}

template <class Environment>
basic_session<Environment>::basic_session(executor_type executor)
    : basic_session(std::move(executor), session_options{}) {}

template <class Environment>
template <class... Args>
basic_session<Environment>::basic_session(std::in_place_t, executor_type executor,
                                          const session_options& options, Args&&... args)
    : core_(std::make_shared<engine::session_core<Environment>>(std::move(executor), options,
                                                                std::forward<Args>(args)...)) {}

template <class Environment>
auto basic_session<Environment>::get_executor() const -> executor_type {
  return core_->executor;
}

template <class Environment>
void basic_session<Environment>::set_rate_limit(std::uint64_t bytes_per_second) {
  core_->limiter.set_rate(bytes_per_second, core_->environment.now());
}

template <class Environment>
void basic_session<Environment>::close_idle_connections() {
  core_->pool.clear();
}

template <class Environment>
Environment& basic_session<Environment>::environment() noexcept {
  return core_->environment;
}

}  // namespace haul

#endif
