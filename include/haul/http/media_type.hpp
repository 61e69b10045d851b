#ifndef HAUL_HTTP_MEDIA_TYPE_HPP
#define HAUL_HTTP_MEDIA_TYPE_HPP

#include <haul/http/grammar.hpp>

#include <cstddef>
#include <string_view>

namespace haul::http {

/// The media type of a Content-Type, without its parameters (RFC 9110, 8.3.1).
constexpr std::string_view media_type_of(std::string_view content_type) noexcept {
  return trim_ows(content_type.substr(0, content_type.find(';')));
}

/// Whether a Content-Type says JSON: `application/json`, or any type that ends in `+json`.
constexpr bool is_json_type(std::string_view content_type) noexcept {
  const std::string_view type = media_type_of(content_type);
  const std::size_t slash = type.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view subtype = type.substr(slash + 1);
  if (!is_token(type.substr(0, slash)) || !is_token(subtype)) return false;
  const std::size_t plus = subtype.rfind('+');
  if (plus != std::string_view::npos) return equals_ignore_case(subtype.substr(plus + 1), "json");
  return equals_ignore_case(type, "application/json");
}

}  // namespace haul::http

#endif
