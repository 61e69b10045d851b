#ifndef HAUL_DETAIL_HEX_HPP
#define HAUL_DETAIL_HEX_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace haul::detail {

inline constexpr std::string_view lower_hex = "0123456789abcdef";
inline constexpr std::string_view upper_hex = "0123456789ABCDEF";

/// The value of a hexadecimal digit of either case, or -1.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends the last `count` hexadecimal digits of a number, with zeros in front where it has fewer.
inline void append_hex(std::string& out, std::uint64_t n, int count,
                       std::string_view digits = lower_hex) {
  for (int shift = 4 * (count - 1); shift >= 0; shift -= 4) out += digits[n >> shift & 15];
}

}  // namespace haul::detail

#endif
