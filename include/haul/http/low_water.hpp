#ifndef HAUL_HTTP_LOW_WATER_HPP
#define HAUL_HTTP_LOW_WATER_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace haul::http {

/// Decides how many bytes of a body a connection should collect before its reader is woken: as many
/// as come in a few milliseconds, so that a fast one wakes it seldom and a slow one at once. Pure.
class low_water {
 public:
  using clock = std::chrono::steady_clock;

  /// Bytes have been read.
  void received(std::size_t n) noexcept { bytes_ += n; }

  /// What to wait for now.
  ///
  /// @param left  Bytes that are sure to come still: never more than these are waited for.
  std::size_t next(clock::time_point now, std::uint64_t left) noexcept {
    if (since_ == clock::time_point{}) since_ = now;
    const std::chrono::duration<double> passed = now - since_;
    if (passed >= window) {
      const double rate = static_cast<double>(bytes_) / passed.count();
      wanted_ =
          static_cast<std::size_t>((std::min)(rate * worth.count(), static_cast<double>(most)));
      since_ = now;
      bytes_ = 0;
    }
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(wanted_, left));
    if (n < least) return mark_ = 1;
    // Small changes are not worth a system call.
    if (n < mark_ || n >= 2 * mark_) mark_ = n;
    return mark_;
  }

  /// Whether so much comes that the reader had better not let it collect: what was received a
  /// moment ago is still in the processor's cache. To be asked after `next`.
  bool streams() const noexcept { return mark_ >= quick; }

  /// Waits for any byte until the rate is known anew: what was to come has not.
  void reset() noexcept {
    wanted_ = mark_ = 1;
    since_ = clock::time_point{};
    bytes_ = 0;
  }

 private:
  static constexpr std::chrono::duration<double> window{0.01};
  static constexpr std::chrono::duration<double> worth{0.016};
  static constexpr std::size_t least = 32u << 10;
  static constexpr std::size_t most = 1u << 20;
  static constexpr std::size_t quick = 512u << 10;  // 32 MiB/s

  clock::time_point since_{};
  std::uint64_t bytes_ = 0;
  std::size_t wanted_ = 1;
  std::size_t mark_ = 1;
};

}  // namespace haul::http

#endif
