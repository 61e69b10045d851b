#ifndef HAUL_ENGINE_BUFFER_POOL_HPP
#define HAUL_ENGINE_BUFFER_POOL_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/semaphore.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace haul::engine {

/// The buffers between network and disk: of one size, used again, and under one budget.
///
/// @par Thread Safety
/// Safe.
class buffer_pool {
  struct state;

 public:
  /// A buffer; goes back to the pool when destroyed.
  class buffer {
   public:
    buffer() = default;
    buffer(buffer&&) noexcept = default;
    buffer& operator=(buffer&& other) noexcept {
      if (this != &other) {
        give_back();
        memory_ = std::move(other.memory_);
        state_ = std::move(other.state_);
        permit_ = std::move(other.permit_);
      }
      return *this;
    }
    ~buffer() { give_back(); }

    char* data() noexcept { return memory_.get(); }
    const char* data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return state_ ? state_->size : 0; }
    explicit operator bool() const noexcept { return memory_ != nullptr; }

   private:
    friend class buffer_pool;
    buffer(std::shared_ptr<state> s, semaphore::permit p)
        : state_(std::move(s)), permit_(std::move(p)) {
      {
        const std::lock_guard lock{state_->mutex};
        if (!state_->unused.empty()) {
          memory_ = std::move(state_->unused.back());
          state_->unused.pop_back();
        }
      }
      if (!memory_) memory_.reset(new char[state_->size]);
    }
    void give_back() {
      if (!memory_) return;
      {
        const std::lock_guard lock{state_->mutex};
        if (state_->unused.size() < most_unused) state_->unused.push_back(std::move(memory_));
      }
      memory_.reset();
      permit_.release();
    }

    std::unique_ptr<char[]> memory_;
    std::shared_ptr<state> state_;
    semaphore::permit permit_;
  };

  buffer_pool(asio::any_io_executor executor, std::size_t budget, std::size_t size)
      : slots_(std::move(executor),
               std::max<std::size_t>(2, budget / std::max<std::size_t>(size, 1))),
        state_(std::make_shared<state>()) {
    state_->size = std::max<std::size_t>(size, 4096);
  }

  /// A buffer, or an empty one when the budget is used up.
  buffer try_acquire() {
    semaphore::permit p = slots_.try_acquire();
    return p ? buffer{state_, std::move(p)} : buffer{};
  }

  /// Waits for a buffer.
  awaitable<buffer> acquire() {
    semaphore::permit p = co_await slots_.acquire();
    co_return buffer{state_, std::move(p)};
  }

  std::size_t buffer_size() const noexcept { return state_->size; }

 private:
  static constexpr std::size_t most_unused = 32;

  struct state {
    std::mutex mutex;
    std::vector<std::unique_ptr<char[]>> unused;
    std::size_t size = 0;
  };

  semaphore slots_;
  std::shared_ptr<state> state_;
};

}  // namespace haul::engine

#endif
