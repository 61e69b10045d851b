#ifndef HAUL_HTTP_PERCENT_HPP
#define HAUL_HTTP_PERCENT_HPP

#include <haul/detail/hex.hpp>
#include <haul/http/grammar.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace haul::http {

/// Whether a `pct-encoded` of RFC 3986, 2.1 begins at this place.
constexpr bool is_percent_encoded(std::string_view text, std::size_t at) noexcept {
  return at + 2 < text.size() && text[at] == '%' && hex_value(text[at + 1]) >= 0 &&
         hex_value(text[at + 2]) >= 0;
}

inline void append_percent_encoded(std::string& out, char c) {
  out += '%';
  haul::detail::append_hex(out, static_cast<unsigned char>(c), 2, haul::detail::upper_hex);
}

/// The text with its percent-encoded bytes decoded; a percent sign that begins none is itself.
inline std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_percent_encoded(text, i)) {
      out += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace haul::http

#endif
