#ifndef HAUL_ASYNC_RATE_LIMITER_HPP
#define HAUL_ASYNC_RATE_LIMITER_HPP

#include <haul/async/token_bucket.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace haul {

/// A limit in bytes per second, in a tree: what is charged to a limiter is charged to all above it,
/// and a read waits for the slowest of them. Copies share one limit. It does not wait itself: who
/// reads asks `ready_at`, waits that long, reads at most `slice()` bytes and charges them.
///
/// @par Thread Safety
/// All members may be called from any thread.
class rate_limiter {
 public:
  using clock = token_bucket::clock;  ///< steady

  rate_limiter() : node_(std::make_shared<node>()) {}
  /// A limiter below `parent`.
  explicit rate_limiter(const rate_limiter& parent, std::in_place_t)
      : node_(std::make_shared<node>()) {
    node_->parent = parent.node_;
  }
  /// A limiter below this one.
  rate_limiter child() const { return rate_limiter{*this, std::in_place}; }

  /// Changes the limit, at once and for reads that already wait; 0 is none.
  void set_rate(std::uint64_t bytes_per_second, clock::time_point now = clock::now()) {
    const std::lock_guard lock{node_->mutex};
    node_->bucket.set_rate(bytes_per_second, now);
    node_->limited.store(bytes_per_second != 0, std::memory_order_relaxed);
  }
  /// The limit of this one, in bytes per second; 0 is none.
  std::uint64_t rate() const {
    const std::lock_guard lock{node_->mutex};
    return node_->bucket.rate();
  }

  /// Whether this limiter or one above it has a limit.
  bool limited() const noexcept {
    for (const node* n = node_.get(); n; n = n->parent.get()) {
      if (n->limited.load(std::memory_order_relaxed)) return true;
    }
    return false;
  }

  /// Charges bytes that have been read.
  void charge(std::uint64_t bytes, clock::time_point now) {
    each([&](token_bucket& b) { b.charge(bytes, now); });
  }

  /// When the next read may happen: `now` when it may at once.
  clock::time_point ready_at(clock::time_point now) {
    clock::time_point at = now;
    each([&](token_bucket& b) { at = (std::max)(at, b.ready_at(now)); });
    return at;
  }

  /// The lowest limit from here upwards, in bytes per second; 0 when there is none.
  std::uint64_t lowest_rate() {
    std::uint64_t lowest = 0;
    each([&](token_bucket& b) {
      if (b.rate() != 0 && (lowest == 0 || b.rate() < lowest)) lowest = b.rate();
    });
    return lowest;
  }

  /// The most that one read should take.
  std::uint64_t slice() {
    std::uint64_t bytes = UINT64_MAX;
    each([&](token_bucket& b) { bytes = (std::min)(bytes, b.slice()); });
    return bytes;
  }

 private:
  struct node {
    std::mutex mutex;
    token_bucket bucket;
    std::atomic<bool> limited{false};
    std::shared_ptr<node> parent;
  };

  template <class F>
  void each(F&& f) {
    for (node* n = node_.get(); n; n = n->parent.get()) {
      if (!n->limited.load(std::memory_order_relaxed)) continue;
      const std::lock_guard lock{n->mutex};
      f(n->bucket);
    }
  }

  std::shared_ptr<node> node_;
};

}  // namespace haul

#endif
