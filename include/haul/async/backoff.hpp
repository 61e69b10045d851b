#ifndef HAUL_ASYNC_BACKOFF_HPP
#define HAUL_ASYNC_BACKOFF_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace haul {

/// The wait before a retry: it doubles with each failure in a row, up to a cap, and a random half
/// of it is taken off, so that clients which failed together do not come back together.
///
/// @param failures  Failures in a row, from 1.
/// @param random    Any random number.
inline std::chrono::milliseconds backoff(unsigned failures, std::chrono::milliseconds base,
                                         std::chrono::milliseconds cap, std::uint64_t random) {
  if (failures == 0 || base.count() <= 0) return std::chrono::milliseconds{0};
  const unsigned doublings = (std::min)(failures - 1, 20u);
  const auto full = (std::min)((std::max)(cap, base), base * (std::int64_t{1} << doublings));
  const auto half = full.count() / 2;
  const auto off =
      half > 0 ? static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half + 1)) : 0;
  return std::chrono::milliseconds{full.count() - off};
}

}  // namespace haul

#endif
