#ifndef HAUL_HTTP_REQUEST_HEAD_HPP
#define HAUL_HTTP_REQUEST_HEAD_HPP

#include <haul/http/grammar.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace haul::http {

/// Whether the text can stand as a request target: not empty, and nothing but printable ASCII, so
/// that it cannot end the request line or split it (RFC 9112, 3.2).
constexpr bool is_request_target(std::string_view text) noexcept {
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f) return false;
  }
  return !text.empty();
}

/// The request line and the fields of a request, always HTTP/1.1 (RFC 9112, 3), as they go over the
/// wire.
class request_head {
 public:
  request_head(std::string_view method, std::string_view target)
      : valid_(is_token(method) && is_request_target(target)) {
    text_.reserve(usual_size);
    text_.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  }

  void append(std::string_view name, std::string_view value) {
    valid_ = valid_ && is_token(name) && is_field_value(value);
    text_.append(name).append(": ").append(value).append("\r\n");
  }

  /// Whether what `finish` gives is one well-formed head. Ask before sending anything that a user
  /// or a server had a hand in.
  bool valid() const noexcept { return valid_; }

  /// The head with its empty line, and the body after it. Nothing can be appended any more.
  std::string finish(std::string_view body = {}) {
    text_.append("\r\n").append(body);
    return std::move(text_);
  }

 private:
  static constexpr std::size_t usual_size = 512;

  std::string text_;
  bool valid_;
};

}  // namespace haul::http

#endif
