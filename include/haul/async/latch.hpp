#ifndef HAUL_ASYNC_LATCH_HPP
#define HAUL_ASYNC_LATCH_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/detail/waiter.hpp>

#include <asio/async_result.hpp>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace haul {

/// Something that happens once and that any number of coroutines may wait for.
///
/// @par Thread Safety
/// All members may be called from any thread.
class latch {
 public:
  explicit latch(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Lets everyone go who waits, or will wait.
  void open() {
    std::vector<std::shared_ptr<detail::waiter<>>> waiting;
    {
      const std::lock_guard lock{mutex_};
      open_ = true;
      waiting.swap(waiting_);
    }
    for (const auto& w : waiting) {
      if (w->claim()) w->complete({});
    }
  }

  bool is_open() const {
    const std::lock_guard lock{mutex_};
    return open_;
  }

  /// Waits until the latch is open.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total; ends with `asio::error::operation_aborted`.
  template <class Token = asio::use_awaitable_t<>>
  auto wait(Token&& token = {}) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [this](auto handler) {
          auto w = detail::make_waiter<>(std::move(handler), executor_);
          {
            const std::lock_guard lock{mutex_};
            if (!open_) {
              waiting_.push_back(std::move(w));
              return;
            }
          }
          if (w->claim()) w->complete({});
        },
        token);
  }

 private:
  asio::any_io_executor executor_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<detail::waiter<>>> waiting_;
  bool open_ = false;
};

}  // namespace haul

#endif
