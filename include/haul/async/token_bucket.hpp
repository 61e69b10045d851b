#ifndef HAUL_ASYNC_TOKEN_BUCKET_HPP
#define HAUL_ASYNC_TOKEN_BUCKET_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace haul {

/// A token bucket that may go into debt: what was read is charged afterwards, and the next read
/// waits until the debt is paid. It starts empty, so that there is no burst at the start.
///
/// Pure: the time is an argument.
class token_bucket {
 public:
  using clock = std::chrono::steady_clock;

  /// Bytes per second; 0 means no limit.
  void set_rate(std::uint64_t rate, clock::time_point now) {
    refill(now);
    if (rate_ == 0 || tokens_ > 0) tokens_ = 0;
    // What is owed is owed as time: at the new rate, the wait stays as long as it was.
    if (rate_ != 0 && rate != 0) {
      tokens_ = tokens_ * static_cast<double>(rate) / static_cast<double>(rate_);
    }
    if (rate == 0) tokens_ = 0;
    rate_ = rate;
    last_ = now;
  }
  std::uint64_t rate() const noexcept { return rate_; }

  /// Takes `bytes`, into debt if need be.
  void charge(std::uint64_t bytes, clock::time_point now) {
    if (rate_ == 0) return;
    refill(now);
    tokens_ -= static_cast<double>(bytes);
  }

  /// When the debt is paid; `now` or earlier when there is none.
  clock::time_point ready_at(clock::time_point now) {
    if (rate_ == 0) return now;
    refill(now);
    if (tokens_ >= 0) return now;
    const double seconds = -tokens_ / static_cast<double>(rate_);
    return now + std::chrono::ceil<clock::duration>(std::chrono::duration<double>(seconds));
  }

  /// How much one read should take at most: a few milliseconds' worth, so that the flow is even.
  std::uint64_t slice() const noexcept {
    return rate_ == 0 ? UINT64_MAX : (std::max<std::uint64_t>)(rate_ / slices_per_second, 1024);
  }

 private:
  static constexpr std::uint64_t slices_per_second = 100;

  void refill(clock::time_point now) {
    if (now <= last_) return;
    if (rate_ != 0) {
      const std::chrono::duration<double> passed = now - last_;
      // At most one slice is saved up: a pause in the flow does not allow a burst after it.
      tokens_ = (std::min)(tokens_ + passed.count() * static_cast<double>(rate_),
                           static_cast<double>(slice()));
    }
    last_ = now;
  }

  std::uint64_t rate_ = 0;
  double tokens_ = 0;
  clock::time_point last_{};
};

}  // namespace haul

#endif
