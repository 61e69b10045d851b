#ifndef HAUL_IMPL_HTTP_FILE_NAME_IPP
#define HAUL_IMPL_HTTP_FILE_NAME_IPP

#include <haul/http/file_name.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/http/utf8.hpp>

#include <array>

namespace haul::http {
namespace detail {

// Control characters, and what is not seen but changes what is: zero-width characters, line
// separators, the marks and overrides of text direction, the byte order mark.
inline bool is_hidden_character(std::string_view sequence) {
  const auto at = [sequence](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return at(0) < 0x20 || at(0) == 0x7f;
  if (sequence.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;  // U+0080 to U+009F
  if (sequence.size() != 3) return false;
  if (sequence == "\xef\xbb\xbf") return true;  // U+FEFF
  if (at(0) != 0xe2) return false;
  if (at(1) == 0x80) return (at(2) >= 0x8b && at(2) <= 0x8f) || (at(2) >= 0xa8 && at(2) <= 0xae);
  return at(1) == 0x81 && at(2) >= 0xa0 && at(2) <= 0xaf;  // U+2060 to U+206F
}

inline std::string_view trim_name(std::string_view name) {
  while (name.ends_with('.') || name.ends_with(' ')) name.remove_suffix(1);
  while (name.starts_with(' ')) name.remove_prefix(1);
  return name;
}

// CON, PRN, AUX, NUL, COM0 to COM9, LPT0 to LPT9 (also with superscript digits), CONIN$, CONOUT$
inline bool is_device_name(std::string_view name) {
  const std::string_view stem = trim_name(name.substr(0, name.find('.')));
  constexpr std::array<std::string_view, 6> plain{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
  for (const std::string_view device : plain) {
    if (equals_ignore_case(stem, device)) return true;
  }
  const std::string_view kind = stem.substr(0, 3);
  if (!equals_ignore_case(kind, "COM") && !equals_ignore_case(kind, "LPT")) return false;
  const std::string_view number = stem.substr(kind.size());
  return (number.size() == 1 && is_digit(number.front())) || number == "\xc2\xb9" ||
         number == "\xc2\xb2" || number == "\xc2\xb3";
}

inline std::string_view cut_utf8(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

inline std::string shorten_name(std::string_view name) {
  if (name.size() <= max_file_name) return std::string{name};
  constexpr std::size_t max_extension = 32;
  const std::size_t dot = name.rfind('.');
  const bool has_extension = dot != std::string_view::npos && name.size() - dot <= max_extension;
  const std::string_view extension = has_extension ? name.substr(dot) : std::string_view{};
  std::string out{trim_name(cut_utf8(name, max_file_name - extension.size()))};
  return out.append(extension);
}

}  // namespace detail

HAUL_DECL std::string safe_file_name(std::string_view name) {
  const std::string text = is_utf8(name) ? std::string{name} : latin1_to_utf8(name);
  std::string_view rest = text;
  if (const auto separator = rest.find_last_of("/\\"); separator != std::string_view::npos) {
    rest.remove_prefix(separator + 1);
  }

  std::string seen;
  while (!rest.empty()) {
    const std::string_view sequence = rest.substr(0, utf8_sequence_size(rest));
    rest.remove_prefix(sequence.size());
    if (detail::is_hidden_character(sequence)) continue;
    const bool forbidden = std::string_view{":<>\"|?*"}.find(sequence) != std::string_view::npos;
    seen += forbidden ? std::string_view{"_"} : sequence;
  }

  std::string out{detail::trim_name(seen)};
  if (out.starts_with('.')) out.front() = '_';
  out = detail::shorten_name(out);
  if (detail::is_device_name(out)) out.insert(out.begin(), '_');
  return detail::shorten_name(out);
}

HAUL_DECL std::string file_name_of_url(const url& u) {
  const std::string_view path = u.path();
  return safe_file_name(percent_decode(path.substr(path.rfind('/') + 1)));
}

}  // namespace haul::http

#endif
