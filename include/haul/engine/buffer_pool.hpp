#ifndef HAUL_ENGINE_BUFFER_POOL_HPP
#define HAUL_ENGINE_BUFFER_POOL_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace haul::engine {

/// The buffers through which bytes go from the network to the disk: of one size, and used again,
/// newest first, because what was used last is in the processor's cache still.
///
/// A buffer is held by a job on a worker only while it runs, so that there are never more of them
/// than workers.
///
/// @par Thread Safety
/// Safe.
///
/// @par Lifetimes
/// The pool outlives its buffers.
class buffer_pool {
 public:
  /// A buffer; goes back to the pool when destroyed.
  class buffer {
   public:
    buffer(buffer&&) noexcept = default;
    buffer& operator=(buffer&&) = delete;
    ~buffer() {
      if (memory_) pool_->keep(std::move(memory_));
    }

    char* data() noexcept { return memory_.get(); }
    const char* data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return pool_->size_; }

   private:
    friend class buffer_pool;
    buffer(buffer_pool* pool, std::unique_ptr<char[]> memory)
        : pool_(pool), memory_(std::move(memory)) {}

    buffer_pool* pool_;
    std::unique_ptr<char[]> memory_;
  };

  explicit buffer_pool(std::size_t size) : size_(std::max<std::size_t>(size, 4096)) {}
  buffer_pool(const buffer_pool&) = delete;
  buffer_pool& operator=(const buffer_pool&) = delete;

  buffer take() {
    std::unique_ptr<char[]> memory;
    const std::lock_guard lock{mutex_};
    if (unused_.empty()) {
      unused_.reserve(in_use_ + 1);  // so that giving it back cannot fail
      memory.reset(new char[size_]);
    } else {
      memory = std::move(unused_.back());
      unused_.pop_back();
    }
    ++in_use_;
    return buffer{this, std::move(memory)};
  }

  std::size_t buffer_size() const noexcept { return size_; }
  /// Buffers that are held.
  std::size_t in_use() const {
    const std::lock_guard lock{mutex_};
    return in_use_;
  }

 private:
  void keep(std::unique_ptr<char[]> memory) {
    const std::lock_guard lock{mutex_};
    --in_use_;
    unused_.push_back(std::move(memory));
  }

  const std::size_t size_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<char[]>> unused_;
  std::size_t in_use_ = 0;
};

}  // namespace haul::engine

#endif
