#ifndef HAUL_ENGINE_STREAM_WRITER_HPP
#define HAUL_ENGINE_STREAM_WRITER_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/engine/buffer_pool.hpp>
#include <haul/system/environment.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace haul::engine {

/// What a stream has received, on its way to the disk: written by a disk worker in the order in
/// which it came, while the stream reads on.
///
/// @par Thread Safety
/// `push()` and `room()` belong to one stream.
template <system::environment Environment>
class stream_writer : public std::enable_shared_from_this<stream_writer<Environment>> {
 public:
  struct block {
    buffer_pool::buffer memory;
    std::size_t size = 0;
    std::uint64_t offset = 0;
  };
  /// Writes a block; called on a disk worker. Everything that it needs must be its own.
  using write_function = std::function<void(const block&)>;

  stream_writer(Environment& environment, const asio::any_io_executor& executor,
                write_function write)
      : environment_(environment), space_(executor), write_(std::move(write)) {}

  void push(block b) {
    {
      const std::lock_guard lock{mutex_};
      blocks_.push_back(std::move(b));
      if (running_) return;
      running_ = true;
    }
    environment_.submit([self = this->shared_from_this()] { self->drain(); });
  }

  /// Waits until few enough blocks are queued for another one.
  awaitable<void> room() {
    while (full()) co_await space_.wait();
  }

 private:
  static constexpr std::size_t most_blocks = 8;

  bool full() const {
    const std::lock_guard lock{mutex_};
    return blocks_.size() >= most_blocks;
  }

  void drain() {
    for (;;) {
      block b;
      {
        const std::lock_guard lock{mutex_};
        if (blocks_.empty()) {
          running_ = false;
          return;
        }
        b = std::move(blocks_.front());
        blocks_.pop_front();
      }
      space_.notify();
      write_(b);
    }
  }

  Environment& environment_;
  notifier space_;
  write_function write_;
  mutable std::mutex mutex_;
  std::deque<block> blocks_;
  bool running_ = false;
};

}  // namespace haul::engine

#endif
