#ifndef HAUL_HTTP_UTF8_HPP
#define HAUL_HTTP_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace haul::http {

/// How many bytes the UTF-8 sequence at the front of the text has: 1 to 4, or 0 if there is no
/// well-formed one (RFC 3629, 4: no overlong form, no surrogate, nothing past U+10FFFF).
constexpr std::size_t utf8_sequence_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;

  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  // Only the second byte has other bounds than 80 to BF.
  const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t n = utf8_sequence_size(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

/// The text with U+FFFD in place of every byte that is not part of well-formed UTF-8.
inline std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t n = utf8_sequence_size(text);
    if (n == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

/// The UTF-8 of a text in ISO-8859-1.
inline std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | u >> 6);
      out += static_cast<char>(0x80 | (u & 0x3f));
    }
  }
  return out;
}

}  // namespace haul::http

#endif
