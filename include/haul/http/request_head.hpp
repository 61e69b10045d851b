#ifndef HAUL_HTTP_REQUEST_HEAD_HPP
#define HAUL_HTTP_REQUEST_HEAD_HPP

#include <haul/http/fields.hpp>
#include <haul/http/grammar.hpp>

#include <string>
#include <string_view>

namespace haul::http {

/// Whether the text can stand as a request target: not empty, and nothing but printable ASCII, so
/// that it cannot end the request line or split it (RFC 9112, 3.2).
constexpr bool is_request_target(std::string_view text) noexcept {
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f) return false;
  }
  return !text.empty();
}

/// The request line and the fields of a request, always HTTP/1.1 (RFC 9112, 3).
struct request_head {
  std::string method = "GET";
  std::string target;
  field_list fields;

  /// Whether what `serialize` gives is one well-formed head. Ask before sending anything that a
  /// user or a server had a hand in.
  bool valid() const {
    bool good = is_token(method) && is_request_target(target);
    fields.for_each([&good](std::string_view name, std::string_view value) {
      good = good && is_token(name) && is_field_value(value);
    });
    return good;
  }

  /// The head as it goes over the wire, with its empty line.
  std::string serialize() const {
    std::string out;
    out.reserve(512);
    out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    fields.for_each([&out](std::string_view name, std::string_view value) {
      out.append(name).append(": ").append(value).append("\r\n");
    });
    out.append("\r\n");
    return out;
  }
};

}  // namespace haul::http

#endif
