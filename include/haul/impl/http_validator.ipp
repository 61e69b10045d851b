#ifndef HAUL_IMPL_HTTP_VALIDATOR_IPP
#define HAUL_IMPL_HTTP_VALIDATOR_IPP

#include <haul/http/date.hpp>
#include <haul/http/validator.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

namespace haul::http {
namespace detail {

// The one value of a field that is there once, or several times with the same value.
inline std::string_view agreed_value(const field_list& fields, std::string_view name) {
  std::optional<std::string_view> agreed;
  bool differ = false;
  fields.for_each_value(name, [&](std::string_view value) {
    if (agreed && *agreed != value) differ = true;
    agreed = value;
  });
  return agreed && !differ ? *agreed : std::string_view{};
}

// opaque-tag = DQUOTE *etagc DQUOTE, with something in it
inline bool is_strong_tag(std::string_view text) {
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return false;
  const std::string_view inner = text.substr(1, text.size() - 2);
  return std::all_of(inner.begin(), inner.end(),
                     [](char c) { return is_field_char(c) && !is_ows(c) && c != '"'; });
}

}  // namespace detail

HAUL_DECL validator validator_of(const response_head& head) {
  validator v;
  v.etag = detail::agreed_value(head.fields, "ETag");
  v.weak = !v.etag.empty() && !detail::is_strong_tag(v.etag);
  v.last_modified = detail::agreed_value(head.fields, "Last-Modified");
  if (v.strong()) return v;

  const auto modified = parse_date(v.last_modified);
  const auto made = parse_date(detail::agreed_value(head.fields, "Date"));
  v.young = modified && made && *made < *modified + std::chrono::seconds{1};
  return v;
}

HAUL_DECL bool same_version(const validator& known, const validator& seen) {
  if (known.strong()) return seen.strong() && known.etag == seen.etag;
  if (!known.etag.empty() && !seen.etag.empty() && known.etag != seen.etag) return false;
  return known.dated() && known.last_modified == seen.last_modified;
}

}  // namespace haul::http

#endif
