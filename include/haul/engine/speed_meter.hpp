#ifndef HAUL_ENGINE_SPEED_METER_HPP
#define HAUL_ENGINE_SPEED_METER_HPP

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

namespace haul::engine {

/// A smoothed speed: an average in which what is older than a few seconds counts little. Pure.
class speed_meter {
 public:
  using clock = std::chrono::steady_clock;

  /// @param total  Bytes so far.
  void update(std::uint64_t total, clock::time_point now) {
    if (!begun_) {
      begun_ = true;
      at_ = now;
      bytes_ = total;
      return;
    }
    const std::chrono::duration<double> passed = now - at_;
    if (passed.count() < 0.02) return;
    const double speed =
        total > bytes_ ? static_cast<double>(total - bytes_) / passed.count() : 0.0;
    const double old = std::exp(-passed.count() / time_constant);
    weight_ = weight_ * old + (1 - old);
    speed_ = speed_ * old + speed * (1 - old);
    at_ = now;
    bytes_ = total;
  }

  /// Forgets the past, as after a pause.
  void reset() { *this = speed_meter{}; }

  /// Bytes per second.
  std::uint64_t speed() const noexcept {
    return weight_ > 0 ? static_cast<std::uint64_t>(speed_ / weight_) : 0;
  }

  std::optional<std::chrono::seconds> time_left(std::uint64_t bytes) const noexcept {
    const std::uint64_t s = speed();
    if (bytes == 0) return std::chrono::seconds{0};
    if (s == 0) return std::nullopt;
    return std::chrono::seconds{static_cast<std::int64_t>((bytes + s - 1) / s)};
  }

 private:
  static constexpr double time_constant = 3;

  clock::time_point at_{};
  std::uint64_t bytes_ = 0;
  double speed_ = 0;
  double weight_ = 0;
  bool begun_ = false;
};

}  // namespace haul::engine

#endif
