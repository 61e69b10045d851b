#ifndef HAUL_ASYNC_RATE_LIMITER_HPP
#define HAUL_ASYNC_RATE_LIMITER_HPP

#include <haul/config.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
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
  using clock = std::chrono::steady_clock;  ///< steady

  HAUL_DECL rate_limiter();
  /// A limiter below `parent`.
  HAUL_DECL explicit rate_limiter(const rate_limiter& parent, std::in_place_t);
  /// A limiter below this one.
  rate_limiter child() const { return rate_limiter{*this, std::in_place}; }

  /// Changes the limit, at once and for reads that already wait; 0 is none.
  HAUL_DECL void set_rate(std::uint64_t bytes_per_second, clock::time_point now = clock::now());
  /// The limit of this one, in bytes per second; 0 is none.
  HAUL_DECL std::uint64_t rate() const;

  /// Whether this limiter or one above it has a limit.
  HAUL_DECL bool limited() const noexcept;

  /// Charges bytes that have been read.
  HAUL_DECL void charge(std::uint64_t bytes, clock::time_point now);

  /// When the next read may happen: `now` when it may at once.
  HAUL_DECL clock::time_point ready_at(clock::time_point now);

  /// The lowest limit from here upwards, in bytes per second; 0 when there is none.
  HAUL_DECL std::uint64_t lowest_rate();

  /// The most that one read should take.
  HAUL_DECL std::uint64_t slice();

 private:
  struct node;
  template <class F>
  void each(F&& f);

  std::shared_ptr<node> node_;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/async/impl/rate_limiter.ipp>
#endif

#endif
