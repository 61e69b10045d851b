#include "text.hpp"

#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>
#include <haul/http/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace haul_command {
namespace {

constexpr char32_t replacement = 0xfffd;

struct interval {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(const std::array<interval, N>& table, char32_t c) {
  return std::any_of(table.begin(), table.end(),
                     [c](const interval& i) { return c >= i.first && c <= i.last; });
}

std::size_t columns_of(char32_t c) {
  // What stands on the character before it.
  constexpr std::array<interval, 5> none{
      {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}}};
  constexpr std::array<interval, 9> wide{{{0x1100, 0x115f},
                                          {0x2e80, 0xa4cf},
                                          {0xac00, 0xd7a3},
                                          {0xf900, 0xfaff},
                                          {0xfe30, 0xfe6f},
                                          {0xff00, 0xff60},
                                          {0xffe0, 0xffe6},
                                          {0x1f300, 0x1faff},
                                          {0x20000, 0x3fffd}}};
  if (is_in(none, c)) return 0;
  return is_in(wide, c) ? 2 : 1;
}

}  // namespace

char32_t take_character(std::string_view& text) {
  const std::size_t size = haul::http::utf8_sequence_size(text);
  const auto at = [text](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  char32_t c = replacement;
  if (size == 1) c = at(0);
  if (size == 2) c = (at(0) & 0x1f) << 6 | (at(1) & 0x3f);
  if (size == 3) c = (at(0) & 0x0f) << 12 | (at(1) & 0x3f) << 6 | (at(2) & 0x3f);
  if (size == 4) {
    c = (at(0) & 0x07) << 18 | (at(1) & 0x3f) << 12 | (at(2) & 0x3f) << 6 | (at(3) & 0x3f);
  }
  text.remove_prefix(std::max<std::size_t>(size, 1));
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

bool is_unprintable(char32_t c) {
  constexpr std::array<interval, 8> table{{{0x00, 0x1f},
                                           {0x7f, 0x9f},
                                           {0x061c, 0x061c},
                                           {0x200b, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0xfeff, 0xfeff},
                                           {0xe0000, 0xe0fff}}};
  return is_in(table, c);
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t c = take_character(text);
    append_utf8(out, is_unprintable(c) ? replacement : c);
  }
  return out;
}

std::filesystem::path path_of(std::string_view text) {
  return std::filesystem::path{std::u8string{text.begin(), text.end()}};
}

std::string printable_url(std::string_view text) {
  constexpr std::size_t longest = 1000;
  const haul::http::url_result parsed = haul::http::parse_url(text);
  std::string out = parsed.error ? std::string{text} : parsed.value.str();
  if (parsed.error) {
    // Whatever it is, what stands before an @ may be a password.
    const std::size_t slashes = out.find("//");
    const std::size_t begin = slashes == std::string::npos ? 0 : slashes + 2;
    const std::size_t end = std::min(out.find_first_of("/?#", begin), out.size());
    const std::size_t at = end == 0 ? std::string::npos : out.rfind('@', end - 1);
    if (at != std::string::npos && at >= begin) out.erase(begin, at + 1 - begin);
  }
  if (out.size() > longest) {
    out.resize(longest);
    out += "...";
  }
  return printable(out);
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += columns_of(take_character(text));
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  const std::size_t whole = width_of(text);
  std::string out;
  if (whole <= width) {
    out = text;
    out.append(width - whole, ' ');
    return out;
  }
  std::size_t used = 0;
  const std::size_t most = width == 0 ? 0 : width - 1;  // the last column is for the ellipsis
  while (!text.empty()) {
    const char32_t c = take_character(text);
    if (used + columns_of(c) > most) break;
    used += columns_of(c);
    append_utf8(out, c);
  }
  if (width > 0) out += "\u2026";
  if (used < most) out.append(most - used, ' ');
  return out;
}

std::string fit_right(std::string_view text, std::size_t width) {
  const std::size_t whole = width_of(text);
  if (whole >= width) return fit(text, width);
  return std::string(width - whole, ' ').append(text);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // What would be rounded to 1024 is one of the next unit.
  while (value >= 1023.5 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> out{};
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::snprintf(out.data(), out.size(), "%.*f %s", decimals, value, units[unit]);
  return out.data();
}

std::string speed_text(std::uint64_t bytes_per_second) {
  return size_text(bytes_per_second) + "/s";
}

std::string duration_text(std::chrono::milliseconds lasted) {
  if (lasted >= std::chrono::milliseconds{9950}) {
    return time_left_text(std::chrono::round<std::chrono::seconds>(lasted));
  }
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.1f s", static_cast<double>(lasted.count()) / 1000);
  return out.data();
}

std::string time_left_text(std::chrono::seconds left) {
  const auto s = static_cast<long long>(left.count());
  std::array<char, 80> out{};
  if (s < 60) {
    std::snprintf(out.data(), out.size(), "%lld s", s);
  } else if (s < 3600) {
    std::snprintf(out.data(), out.size(), "%lld:%02lld", s / 60, s % 60);
  } else if (s < 100 * 3600) {
    std::snprintf(out.data(), out.size(), "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(out.data(), out.size(), "%lld d", s / 86400);
  }
  return out.data();
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  unsigned shift = 0;
  if (!text.empty()) {
    switch (text.back()) {
      case 'K':
      case 'k':
        shift = 10;
        break;
      case 'M':
      case 'm':
        shift = 20;
        break;
      case 'G':
      case 'g':
        shift = 30;
        break;
      default:
        break;
    }
  }
  if (shift > 0) text.remove_suffix(1);
  const auto n = haul::http::parse_decimal(text);
  if (!n || *n > haul::http::max_length >> shift) return std::nullopt;
  return *n << shift;
}

}  // namespace haul_command
