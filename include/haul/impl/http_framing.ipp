#ifndef HAUL_IMPL_HTTP_FRAMING_IPP
#define HAUL_IMPL_HTTP_FRAMING_IPP

#include <haul/http/framing.hpp>

#include <cstddef>
#include <optional>

namespace haul::http {
namespace detail {

inline std::error_code check_transfer_encoding(const response_head& head) {
  std::size_t codings = 0;
  std::size_t chunked = 0;
  bool chunked_is_last = false;
  bool empty_field = false;
  head.fields.for_each_value("Transfer-Encoding", [&](std::string_view value) {
    const std::size_t before = codings;
    for_each_list_element(value, [&](std::string_view coding) {
      ++codings;
      chunked_is_last = equals_ignore_case(coding, "chunked");
      if (chunked_is_last) ++chunked;
    });
    if (codings == before) empty_field = true;
  });
  if (!chunked_is_last || chunked != 1 || empty_field) return errc::bad_framing;
  if (codings != 1) return errc::unexpected_encoding;
  return {};
}

// None if a value is not a number, or two differ.
inline std::optional<std::uint64_t> agreed_content_length(const response_head& head) {
  std::optional<std::uint64_t> agreed;
  bool valid = true;
  head.fields.for_each_value("Content-Length", [&](std::string_view value) {
    for (;;) {
      const std::size_t comma = value.find(',');
      const auto number = parse_decimal(trim_ows(value.substr(0, comma)));
      if (!number || (agreed && *agreed != *number)) valid = false;
      agreed = number;
      if (comma == std::string_view::npos || !valid) return;
      value.remove_prefix(comma + 1);
    }
  });
  return valid ? agreed : std::nullopt;
}

}  // namespace detail

HAUL_DECL framing_result framing_of(std::string_view method, const response_head& head) {
  const bool bodiless = method == "HEAD" || head.status < 200 || head.status == 204 ||
                        head.status == 304 || (method == "CONNECT" && head.status < 300);
  if (bodiless) return {{body_framing::kind::none, 0}, {}};

  const bool has_length = head.fields.find("Content-Length").has_value();
  if (head.fields.find("Transfer-Encoding")) {
    if (has_length || head.minor_version == 0) return {{}, errc::bad_framing};
    if (const auto error = detail::check_transfer_encoding(head)) return {{}, error};
    return {{body_framing::kind::chunked, 0}, {}};
  }
  if (has_length) {
    const auto length = detail::agreed_content_length(head);
    if (!length) return {{}, errc::bad_content_length};
    return {{body_framing::kind::length, *length}, {}};
  }
  return {{body_framing::kind::until_close, 0}, {}};
}

HAUL_DECL bool keeps_alive(const response_head& head) {
  bool close = false;
  bool keep = false;
  head.fields.for_each_value("Connection", [&](std::string_view value) {
    for_each_list_element(value, [&](std::string_view option) {
      if (equals_ignore_case(option, "close")) close = true;
      if (equals_ignore_case(option, "keep-alive")) keep = true;
    });
  });
  return !close && (keep || head.minor_version >= 1);
}

}  // namespace haul::http

#endif
