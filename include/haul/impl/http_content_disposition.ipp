#ifndef HAUL_IMPL_HTTP_CONTENT_DISPOSITION_IPP
#define HAUL_IMPL_HTTP_CONTENT_DISPOSITION_IPP

#include <haul/http/content_disposition.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/http/utf8.hpp>

#include <cstddef>

namespace haul::http {
namespace detail {

// ext-value = charset "'" [ language ] "'" value-chars
inline std::optional<std::string> decode_extended_value(std::string_view text) {
  const std::size_t language = text.find('\'');
  if (language == std::string_view::npos) return std::nullopt;
  const std::size_t value = text.find('\'', language + 1);
  if (value == std::string_view::npos) return std::nullopt;

  const std::string_view charset = text.substr(0, language);
  const std::string_view coded = text.substr(value + 1);
  for (std::size_t i = 0; i < coded.size(); ++i) {
    if (coded[i] == '%' && !is_percent_encoded(coded, i)) return std::nullopt;
  }
  std::string decoded = percent_decode(coded);
  if (equals_ignore_case(charset, "UTF-8")) {
    return is_utf8(decoded) ? std::optional{decoded} : std::nullopt;
  }
  if (equals_ignore_case(charset, "ISO-8859-1")) return latin1_to_utf8(decoded);
  return std::nullopt;
}

// Takes a parameter's value off the front of the text: up to the next semicolon outside quotes.
inline std::string take_parameter_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const std::size_t end = text.find(';');
    value = trim_ows(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  const std::size_t end = text.find(';');
  text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  return value;
}

}  // namespace detail

HAUL_DECL std::optional<std::string> parse_content_disposition_filename(std::string_view field) {
  std::optional<std::string> extended;
  std::optional<std::string> plain;
  bool has_extended = false;

  // The type in front has no "=", and is passed over like an unknown parameter.
  while (!field.empty()) {
    const std::size_t end = field.find_first_of("=;");
    const std::string_view name = trim_ows(field.substr(0, end));
    const bool has_value = end != std::string_view::npos && field[end] == '=';
    field.remove_prefix(end == std::string_view::npos ? field.size() : end);
    std::string value;
    if (has_value) {
      field.remove_prefix(1);
      while (!field.empty() && is_ows(field.front())) field.remove_prefix(1);
      value = detail::take_parameter_value(field);
    }
    if (!field.empty()) field.remove_prefix(1);  // the semicolon

    if (has_value && !has_extended && equals_ignore_case(name, "filename*")) {
      extended = detail::decode_extended_value(value);
      has_extended = true;
    } else if (has_value && !plain && equals_ignore_case(name, "filename")) {
      plain = is_utf8(value) ? value : latin1_to_utf8(value);
    }
  }
  if (extended && !extended->empty()) return extended;
  if (plain && !plain->empty()) return plain;
  return std::nullopt;
}

}  // namespace haul::http

#endif
