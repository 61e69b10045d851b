#ifndef HAUL_HTTP_READ_BUFFER_HPP
#define HAUL_HTTP_READ_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace haul::http {

/// Bytes that have been read and not used yet. Holds memory only while there are any, and does not
/// clear it.
class read_buffer {
 public:
  /// Room for a head and the whole of a small body, so that one read gets both.
  static constexpr std::size_t first_size = 32 * 1024;

  /// Calls `read(char* to, std::size_t n)`, and adds the bytes that it says it has read.
  template <class Read>
  std::size_t fill(Read&& read) {
    make_room();
    const std::size_t got = std::forward<Read>(read)(memory_.get() + end_, size_ - end_);
    end_ += got;
    if (empty()) release();
    return got;
  }

  std::string_view view() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Gives the memory away, and where in it the bytes of the view are.
  std::unique_ptr<char[]> take(std::string_view& bytes) noexcept {
    bytes = view();
    std::unique_ptr<char[]> taken = std::move(memory_);
    release();
    return taken;
  }

  /// Drops the first `n` bytes of the view.
  void consume(std::size_t n) noexcept {
    begin_ += n;
    if (empty()) release();
  }

 private:
  void release() noexcept {
    memory_.reset();
    size_ = begin_ = end_ = 0;
  }

  void make_room() {
    if (!memory_) {
      memory_ = std::make_unique_for_overwrite<char[]>(first_size);
      size_ = first_size;
    } else if (end_ == size_) {
      // All of it is in use, but for interim heads before it.
      auto larger = std::make_unique_for_overwrite<char[]>(size_ * 2);
      std::memcpy(larger.get(), memory_.get() + begin_, end_ - begin_);
      memory_ = std::move(larger);
      size_ *= 2;
      end_ -= begin_;
      begin_ = 0;
    }
  }

  std::unique_ptr<char[]> memory_;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace haul::http

#endif
