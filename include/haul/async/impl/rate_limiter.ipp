#ifndef HAUL_ASYNC_IMPL_RATE_LIMITER_IPP
#define HAUL_ASYNC_IMPL_RATE_LIMITER_IPP

#include <haul/async/rate_limiter.hpp>
#include <haul/async/token_bucket.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace haul {

struct rate_limiter::node {
  std::mutex mutex;
  token_bucket bucket;
  std::atomic<bool> limited{false};
  std::shared_ptr<node> parent;
};

template <class F>
void rate_limiter::each(F&& f) {
  for (node* n = node_.get(); n; n = n->parent.get()) {
    if (!n->limited.load(std::memory_order_relaxed)) continue;
    const std::lock_guard lock{n->mutex};
    f(n->bucket);
  }
}

HAUL_DECL rate_limiter::rate_limiter() : node_(std::make_shared<node>()) {}

HAUL_DECL rate_limiter::rate_limiter(const rate_limiter& parent, std::in_place_t)
    : node_(std::make_shared<node>()) {
  node_->parent = parent.node_;
}

HAUL_DECL void rate_limiter::set_rate(std::uint64_t bytes_per_second, clock::time_point now) {
  const std::lock_guard lock{node_->mutex};
  node_->bucket.set_rate(bytes_per_second, now);
  node_->limited.store(bytes_per_second != 0, std::memory_order_relaxed);
}

HAUL_DECL std::uint64_t rate_limiter::rate() const {
  const std::lock_guard lock{node_->mutex};
  return node_->bucket.rate();
}

HAUL_DECL bool rate_limiter::limited() const noexcept {
  for (const node* n = node_.get(); n; n = n->parent.get()) {
    if (n->limited.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

HAUL_DECL void rate_limiter::charge(std::uint64_t bytes, clock::time_point now) {
  each([&](token_bucket& b) { b.charge(bytes, now); });
}

HAUL_DECL rate_limiter::clock::time_point rate_limiter::ready_at(clock::time_point now) {
  clock::time_point at = now;
  each([&](token_bucket& b) { at = (std::max)(at, b.ready_at(now)); });
  return at;
}

HAUL_DECL std::uint64_t rate_limiter::lowest_rate() {
  std::uint64_t lowest = 0;
  each([&](token_bucket& b) {
    if (b.rate() != 0 && (lowest == 0 || b.rate() < lowest)) lowest = b.rate();
  });
  return lowest;
}

HAUL_DECL std::uint64_t rate_limiter::slice() {
  std::uint64_t bytes = UINT64_MAX;
  each([&](token_bucket& b) { bytes = (std::min)(bytes, b.slice()); });
  return bytes;
}

}  // namespace haul

#endif
