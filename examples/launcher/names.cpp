#include "names.hpp"

#include <haul/http/file_name.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/http/utf8.hpp>

#include <algorithm>
#include <cstddef>

namespace launcher {
namespace {

constexpr std::size_t longest_path = 1000;
constexpr std::size_t deepest_path = 32;

std::string quoted(std::string_view text) { return '\'' + std::string{text} + '\''; }

std::string problem_of_segment(std::string_view s) {
  if (s.empty()) return "a folder without a name";
  if (s == "." || s == "..") return quoted(s) + " in it";
  // A dot in front is a name like another to a game.
  const std::string_view seen = s.substr(std::min(s.find_first_not_of('.'), s.size()));
  if (seen.empty() || haul::http::safe_file_name(seen) != seen) {
    return quoted(s) + " is not a name on every system";
  }
  return {};
}

/// Of the two-byte sequences of UTF-8; what has no lower case stays.
char32_t lower(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (in(0xc0, 0xde) && c != 0xd7) return c + 32;
  if ((in(0x100, 0x137) || in(0x14a, 0x177)) && c % 2 == 0 && c != 0x130) return c + 1;
  if ((in(0x139, 0x148) || in(0x179, 0x17e)) && c % 2 == 1) return c + 1;
  if (c == 0x178) return 0xff;
  if (c == 0x386) return 0x3ac;
  if (in(0x388, 0x38a)) return c + 37;
  if (c == 0x38c) return 0x3cc;
  if (c == 0x38e || c == 0x38f) return c + 63;
  if (in(0x391, 0x3ab) && c != 0x3a2) return c + 32;
  if (c == 0x3c2) return 0x3c3;
  if (in(0x400, 0x40f)) return c + 80;
  if (in(0x410, 0x42f)) return c + 32;
  if (in(0x460, 0x481) && c % 2 == 0) return c + 1;
  if (in(0x48a, 0x4bf) && c % 2 == 0) return c + 1;
  if (in(0x4d0, 0x52f) && c % 2 == 0) return c + 1;
  if (in(0x531, 0x556)) return c + 48;
  return c;
}

}  // namespace

std::string problem_of_path(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > longest_path) return "is longer than 1000 bytes";
  if (!haul::http::is_utf8(path)) return "is not UTF-8";
  if (path.front() == '/') return "is absolute";
  std::size_t depth = 0;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (std::string why = problem_of_segment(path.substr(at, end - at)); !why.empty()) return why;
    if (++depth > deepest_path) return "is more than 32 folders deep";
    at = end + 1;
  }
  const std::string_view first = path.substr(0, path.find('/'));
  if (haul::http::equals_ignore_case(first, own_folder)) return "is in the launcher's own folder";
  return {};
}

std::string fold_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t n = std::max<std::size_t>(haul::http::utf8_sequence_size(text), 1);
    const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (n == 1 && text[0] >= 'A' && text[0] <= 'Z') {
      out += static_cast<char>(text[0] - 'A' + 'a');
    } else if (n == 2) {
      const char32_t c = lower(static_cast<char32_t>((at(0) & 0x1f) << 6 | (at(1) & 0x3f)));
      out += static_cast<char>(0xc0 | c >> 6);
      out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n);
  }
  return out;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string percent_encode_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view{"-._~/"}.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      haul::http::append_percent_encoded(out, c);
    }
  }
  return out;
}

bool is_plain_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_.+"}.find(c) != std::string_view::npos;
  });
}

}  // namespace launcher
