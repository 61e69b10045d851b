#ifndef HAUL_ASYNC_NOTIFIER_HPP
#define HAUL_ASYNC_NOTIFIER_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace haul {

/// Wakes a coroutine. A notification that comes while nobody waits is kept for the next wait;
/// several of them count as one.
///
/// @par Thread Safety
/// `notify()` may be called from any thread. One operation may wait at a time.
class notifier {
 public:
  explicit notifier(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void notify() {
    std::shared_ptr<detail::waiter<>> woken;
    {
      const std::lock_guard lock{mutex_};
      if (!waiting_ || !waiting_->claim()) {
        waiting_.reset();
        notified_ = true;
        return;
      }
      woken = std::exchange(waiting_, nullptr);
    }
    woken->complete({});
  }

  /// Waits for a notification.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total; ends with `asio::error::operation_aborted`. No notification is
  /// lost.
  template <class Token = asio::use_awaitable_t<>>
  auto wait(Token&& token = {}) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [this](auto handler) {
          auto w = detail::make_waiter<>(std::move(handler), executor_);
          {
            const std::lock_guard lock{mutex_};
            if (!notified_) {
              waiting_ = std::move(w);
              return;
            }
            if (!w->claim()) return;
            notified_ = false;
          }
          w->complete({});
        },
        token);
  }

 private:
  asio::any_io_executor executor_;
  std::mutex mutex_;
  std::shared_ptr<detail::waiter<>> waiting_;
  bool notified_ = false;
};

}  // namespace haul

#endif
