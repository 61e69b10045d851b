#ifndef HAUL_HTTP_GRAMMAR_HPP
#define HAUL_HTTP_GRAMMAR_HPP

#include <haul/detail/hex.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace haul::http {

/// The largest length or offset that haul works with: what a signed 64-bit file offset holds.
/// Arithmetic on two numbers below it cannot wrap.
inline constexpr std::uint64_t max_length =
    static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());

/// `DIGIT` of RFC 5234, B.1. Unlike `std::isdigit` it knows no locale.
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `ALPHA` of RFC 5234, B.1.
constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

using haul::detail::hex_value;

/// The lower case of an ASCII letter; every other byte as it is.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

namespace detail {

/// A set of characters. To be made at namespace scope: inside a function it would be built anew by
/// every call.
class char_table {
 public:
  template <class Predicate>
  requires std::is_invocable_r_v<bool, Predicate, char>
  constexpr explicit char_table(Predicate contains) noexcept {
    for (int u = 0; u < 256; ++u) in_[static_cast<std::size_t>(u)] = contains(static_cast<char>(u));
  }
  /// Letters, digits and some more.
  constexpr explicit char_table(std::string_view more) noexcept
      : char_table([more](char c) {
          return is_alpha(c) || is_digit(c) || more.find(c) != std::string_view::npos;
        }) {}
  constexpr bool contains(char c) const noexcept { return in_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> in_{};
};

inline constexpr char_table tchars{"!#$%&'*+-.^_`|~"};
inline constexpr char_table field_chars{[](char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == '\t' || (u >= 0x20 && u != 0x7f);
}};

}  // namespace detail

/// `tchar` of RFC 9110, 5.6.2.
constexpr bool is_tchar(char c) noexcept { return detail::tchars.contains(c); }

/// What may stand in a field value or a reason phrase: SP, HTAB, `VCHAR` and `obs-text`
/// (RFC 9110, 5.5). No other control character.
constexpr bool is_field_char(char c) noexcept { return detail::field_chars.contains(c); }

/// `OWS` is made of these (RFC 9110, 5.6.3).
constexpr bool is_ows(char c) noexcept { return c == ' ' || c == '\t'; }

/// Whether the text is a `token` (RFC 9110, 5.6.2): a method or a field name, and not empty.
constexpr bool is_token(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!is_tchar(c)) return false;
  }
  return true;
}

/// Whether the text can be sent as a field value: no CR, LF, NUL or other control character but
/// HTAB, so that a value given by a user cannot end the line it stands on.
constexpr bool is_field_value(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_field_char(c)) return false;
  }
  return true;
}

/// The text without the spaces and tabs around it.
constexpr std::string_view trim_ows(std::string_view text) noexcept {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

/// Compares without regard to the case of ASCII letters.
constexpr bool equals_ignore_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Reads `1*DIGIT` that fills the whole text; none if it does not, or is over `max_length`.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (max_length - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

/// Calls `f` with every element of a comma-separated list, trimmed. Empty elements are left out
/// (RFC 9110, 5.6.1.2). For lists of tokens only: a comma in a quoted string would split.
template <class F>
constexpr void for_each_list_element(std::string_view list, F&& f) {
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim_ows(list.substr(0, comma));
    if (!element.empty()) f(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace haul::http

#endif
