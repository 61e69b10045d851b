#ifndef HAUL_ASYNC_DETAIL_WAITER_HPP
#define HAUL_ASYNC_DETAIL_WAITER_HPP

#include <haul/detail/asio_compat.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/error.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

namespace haul::detail {

/// A completion handler that waits, as its execution context sees it.
class pending_handler {
 public:
  virtual ~pending_handler() = default;
};

/// The handlers that wait for one of haul's own operations on one execution context.
class waiter_registry {
 public:
  using holder = std::unique_ptr<pending_handler>;
  using place = std::list<holder>::iterator;

  HAUL_DECL place add(holder handler);

  /// Takes the handler out and hands it to `use`; does nothing when the context is going away.
  /// `use` runs under the lock, so that the context cannot go away meanwhile.
  template <class Use>
  void take(place at, Use&& use) {
    std::list<holder> taken;
    const std::lock_guard lock{mutex_};
    if (shut_down_) return;
    taken.splice(taken.begin(), handlers_, at);
    use(*taken.front());
  }

  HAUL_DECL void shut_down();

 private:
  std::mutex mutex_;
  std::list<holder> handlers_;
  bool shut_down_ = false;
};

/// Destroys the waiting handlers, and the coroutines that they own, together with their context:
/// what Asio's own services do for timers and sockets.
class waiter_service : public asio::execution_context::service {
 public:
  using key_type = waiter_service;

  inline static asio::execution_context::id id;

  HAUL_DECL explicit waiter_service(asio::execution_context& context);

  const std::shared_ptr<waiter_registry>& registry() const noexcept { return registry_; }

 private:
  HAUL_DECL void shutdown() override;

  std::shared_ptr<waiter_registry> registry_;
};

/// One operation that waits to be completed with `Args...`, by whoever claims it first: the
/// primitive that it waits for, or its cancellation.
///
/// The completion is always posted to the handler's executor: completing a waiter never runs the
/// program's code on the stack of the one who completes.
///
/// @par Thread Safety
/// Safe.
template <class... Args>
class waiter {
 public:
  virtual ~waiter() = default;

  /// Whether the caller is the first; only the first may complete the operation.
  bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_acq_rel); }
  bool claimed() const noexcept { return claimed_.load(std::memory_order_acquire); }

  virtual void complete(std::error_code ec, Args... args) = 0;

 private:
  std::atomic<bool> claimed_{false};
};

template <class Handler, class... Args>
class waiter_impl final : public waiter<Args...> {
 public:
  using executor = asio::associated_executor_t<Handler, asio::any_io_executor>;

  waiter_impl(Handler handler, const asio::any_io_executor& fallback) {
    executor ex = asio::get_associated_executor(handler, fallback);
    registry_ =
        asio::use_service<waiter_service>(asio::query(ex, asio::execution::context)).registry();
    place_ = registry_->add(std::make_unique<held>(std::move(handler), std::move(ex)));
  }

  void complete(std::error_code ec, Args... args) override {
    registry_->take(place_, [&](pending_handler& taken) {
      auto& h = static_cast<held&>(taken);
      asio::post(h.ex, completion{std::move(h.handler),
                                  std::tuple<std::error_code, Args...>{ec, std::move(args)...}});
    });
  }

 private:
  // Nothing of the context is kept outside: a waiter may outlive the context that it was made on.
  struct held final : pending_handler {
    held(Handler h, executor e)
        : handler(std::move(h)),
          ex(std::move(e)),
          work(asio::prefer(ex, asio::execution::outstanding_work.tracked)) {}
    Handler handler;
    executor ex;
    decltype(asio::prefer(std::declval<executor&>(),
                          asio::execution::outstanding_work.tracked)) work;
  };

  struct completion {
    Handler handler;
    std::tuple<std::error_code, Args...> results;

    void operator()() {
      if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        slot.clear();
      }
      std::apply(std::move(handler), std::move(results));
    }
  };

  std::shared_ptr<waiter_registry> registry_;
  waiter_registry::place place_;
};

/// Makes a waiter that the handler's cancellation slot can complete with `operation_aborted`.
template <class... Args, class Handler>
std::shared_ptr<waiter<Args...>> make_waiter(Handler handler,
                                             const asio::any_io_executor& fallback) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  std::shared_ptr<waiter<Args...>> made =
      std::make_shared<waiter_impl<Handler, Args...>>(std::move(handler), fallback);
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr{made}](asio::cancellation_type) {
      if (auto self = weak.lock(); self && self->claim()) {
        self->complete(asio::error::operation_aborted, Args{}...);
      }
    });
  }
  return made;
}

}  // namespace haul::detail

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/async/detail/impl/waiter.ipp>
#endif

#endif
