#ifndef HAUL_ENGINE_CRC32C_HPP
#define HAUL_ENGINE_CRC32C_HPP

#include <array>
#include <cstdint>
#include <string_view>

namespace haul::engine {

namespace detail {

// At namespace scope: a table inside the function may be built anew by every call.
inline constexpr auto crc32c_table = [] {
  std::array<std::uint32_t, 256> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    t[i] = c;
  }
  return t;
}();

}  // namespace detail

/// CRC-32C (Castagnoli; RFC 3720, B.4) of a text.
constexpr std::uint32_t crc32c(std::string_view data) noexcept {
  std::uint32_t crc = ~0u;
  for (const char c : data) {
    crc = detail::crc32c_table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
  }
  return ~crc;
}

static_assert(crc32c("123456789") == 0xe3069283u);

}  // namespace haul::engine

#endif
