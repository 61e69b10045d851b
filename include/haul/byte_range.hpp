#ifndef HAUL_BYTE_RANGE_HPP
#define HAUL_BYTE_RANGE_HPP

#include <cstdint>

namespace haul {

/// A half-open range of offsets into a file: from `begin`, up to and without `end`.
struct byte_range {
  std::uint64_t begin = 0;  ///< the first offset
  std::uint64_t end = 0;    ///< behind the last offset

  /// How many bytes it has.
  constexpr std::uint64_t size() const noexcept { return end > begin ? end - begin : 0; }
  /// Whether it has none.
  constexpr bool empty() const noexcept { return end <= begin; }

  /// Whether both ends are the same.
  friend constexpr bool operator==(const byte_range&, const byte_range&) = default;
};

}  // namespace haul

#endif
