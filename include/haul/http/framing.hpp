#ifndef HAUL_HTTP_FRAMING_HPP
#define HAUL_HTTP_FRAMING_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/response_head.hpp>

#include <cstdint>
#include <string_view>
#include <system_error>

namespace haul::http {

/// Where the body of a reply ends.
struct body_framing {
  enum class kind {
    none,        ///< there is no body; what follows the head is the next reply, or a tunnel
    length,      ///< after `length` bytes
    chunked,     ///< where the chunks say
    until_close  ///< where the connection ends; over TLS, by close_notify
  };

  kind how = kind::none;
  std::uint64_t length = 0;  ///< for `kind::length`, at most `max_length`; else 0
};

struct framing_result {
  body_framing framing;
  std::error_code error;
};

/// How the body of a reply to a request of this method is framed (RFC 9112, 6.3).
///
/// Stricter than the RFC where a reply is ambiguous or could not be read anyway:
///
/// - Content-Length beside Transfer-Encoding is an error, and so is Transfer-Encoding in a reply
///   of HTTP/1.0.
/// - The only transfer coding is `chunked`, once. Another one in front of it was never asked for;
///   without it at the end the RFC would read until the connection ends, haul does not.
/// - Content-Length may be repeated, in one field or in many, if all of them are the same number.
///
/// A reply that has no body by its method or status (HEAD, 1xx, 204, 304, 2xx to CONNECT) is not
/// looked at further.
///
/// @par Errors
/// `bad_content_length`; `bad_framing`; `unexpected_encoding` for a coding before `chunked`.
HAUL_DECL framing_result framing_of(std::string_view method, const response_head& head);

/// Whether the connection outlives this reply as far as its head says (RFC 9112, 9.3). It does
/// not if the body is framed `until_close`, or is not read to its end.
HAUL_DECL bool keeps_alive(const response_head& head);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_framing.ipp>
#endif

#endif
