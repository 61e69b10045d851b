#ifndef HAUL_ASYNC_DETAIL_IMPL_WAITER_IPP
#define HAUL_ASYNC_DETAIL_IMPL_WAITER_IPP

#include <haul/async/detail/waiter.hpp>

namespace haul::detail {

HAUL_DECL waiter_registry::place waiter_registry::add(holder handler) {
  const std::lock_guard lock{mutex_};
  handlers_.push_front(std::move(handler));
  return handlers_.begin();
}

HAUL_DECL void waiter_registry::shut_down() {
  std::list<holder> gone;
  {
    const std::lock_guard lock{mutex_};
    shut_down_ = true;
    gone.swap(handlers_);
  }
  // Destroying a handler may destroy a coroutine, which may destroy what it was waiting for.
  gone.clear();
}

HAUL_DECL waiter_service::waiter_service(asio::execution_context& context)
    : asio::execution_context::service(context), registry_(std::make_shared<waiter_registry>()) {}

HAUL_DECL void waiter_service::shutdown() { registry_->shut_down(); }

}  // namespace haul::detail

#endif
