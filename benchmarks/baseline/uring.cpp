// The loop for one large file over one connection, with its writes through io_uring: while one
// block is written, the next is read. What haul's file layer would gain from it.
//
// usage: uring_loop URL FILE [CA]

#include "wire.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <liburing.h>
#include <sys/types.h>
#include <vector>

namespace {

constexpr unsigned depth = 4;  // blocks on their way to the file

/// Writes blocks of a file, a few at a time.
class writer {
 public:
  writer(int file, std::size_t size) : file_(file) {
    if (::io_uring_queue_init(depth, &ring_, 0) < 0) baseline::fail("io_uring");
    for (auto& b : blocks_) b.bytes.resize(size);
  }
  ~writer() { ::io_uring_queue_exit(&ring_); }
  writer(const writer&) = delete;

  /// A buffer that nobody is writing from; waits for one.
  std::vector<char>& buffer() {
    while (blocks_[next_].busy) reap();
    return blocks_[next_].bytes;
  }
  /// Writes the first `n` bytes of the buffer that was given last.
  void write(std::size_t n, std::uint64_t at) {
    block& b = blocks_[next_];
    next_ = (next_ + 1) % depth;
    b.busy = true;
    b.size = n;
    ::io_uring_sqe* const e = ::io_uring_get_sqe(&ring_);
    if (!e) baseline::fail("io_uring_get_sqe");
    ::io_uring_prep_write(e, file_, b.bytes.data(), static_cast<unsigned>(n), at);
    ::io_uring_sqe_set_data(e, &b);
    if (::io_uring_submit(&ring_) != 1) baseline::fail("io_uring_submit");
  }
  void finish() {
    while (std::any_of(blocks_.begin(), blocks_.end(), [](const block& b) { return b.busy; })) {
      reap();
    }
  }

 private:
  struct block {
    std::vector<char> bytes;
    std::size_t size = 0;
    bool busy = false;
  };

  void reap() {
    ::io_uring_cqe* done = nullptr;
    if (::io_uring_wait_cqe(&ring_, &done) < 0) baseline::fail("io_uring_wait_cqe");
    auto* const b = static_cast<block*>(::io_uring_cqe_get_data(done));
    if (done->res != static_cast<int>(b->size)) baseline::fail("write");
    b->busy = false;
    ::io_uring_cqe_seen(&ring_, done);
  }

  int file_;
  ::io_uring ring_{};
  std::array<block, depth> blocks_;
  unsigned next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const baseline::place at{argv[1]};
  SSL_CTX* const tls = at.tls ? baseline::tls_context(argc > 3 ? argv[3] : "") : nullptr;
  const int file = ::open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) baseline::fail(argv[2]);
  baseline::connection c{at, tls};
  c.write(baseline::request(at));
  writer w{file, c.block()};
  std::uint64_t total = 0;
  const std::size_t first = baseline::read_head(c, w.buffer(), total);
  ::posix_fallocate(file, 0, static_cast<off_t>(total));
  if (first > 0) w.write(first, 0);
  for (std::uint64_t done = first; done < total;) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(c.block(), total - done));
    const std::size_t got = c.read(w.buffer().data(), most);
    w.write(got, done);
    done += got;
  }
  w.finish();
  return ::close(file) == 0 ? 0 : 1;
}
