#ifndef HAUL_HTTP_URL_HPP
#define HAUL_HTTP_URL_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace haul::http {

/// Who answers for a URL: scheme, host and port (RFC 9110, 4.3.1).
struct origin {
  bool secure = false;     ///< https
  std::string host;        ///< a name or address in lower case; an IPv6 address without brackets
  std::uint16_t port = 0;  ///< never 0 in a parsed URL

  /// Whether the port is the one of the scheme.
  bool default_port() const noexcept { return port == (secure ? 443 : 80); }

  /// Whether the host is an IPv6 address.
  bool ipv6() const noexcept { return host.find(':') != std::string::npos; }

  /// `host[:port]` for the Host field, with brackets around an IPv6 address and without the port
  /// of the scheme.
  HAUL_DECL std::string authority() const;

  /// `host:port` for CONNECT, always with the port.
  HAUL_DECL std::string host_and_port() const;

  friend auto operator<=>(const origin&, const origin&) = default;
};

struct url_result;

/// An absolute http or https URL.
///
/// Keeps the bytes of path and query as they were given, because signatures are made over them;
/// only dot segments are removed and what may not stand in a URL is percent-encoded. User name and
/// password are kept apart from everything that is printed or sent.
class url {
 public:
  url() = default;

  const origin& where() const noexcept { return origin_; }

  /// Path and query as a request names them (RFC 9112, 3.2.1); begins with a slash.
  const std::string& target() const noexcept { return target_; }

  /// The path alone, percent-encoded.
  std::string_view path() const noexcept {
    return std::string_view{target_}.substr(0, target_.find('?'));
  }

  /// Whether the URL names a user, if only an empty one.
  bool has_credentials() const noexcept { return has_credentials_; }
  const std::string& user() const noexcept { return user_; }          ///< percent-decoded
  const std::string& password() const noexcept { return password_; }  ///< percent-decoded

  /// The URL without user, password and fragment: safe to print.
  HAUL_DECL std::string str() const;

  /// The URL that a reference means when it is found at this one (RFC 3986, 5.2). The reference is
  /// read as leniently as `parse_url` does. User and password of this URL go along only to its own
  /// origin, and only if the reference has none.
  HAUL_DECL url_result resolve(std::string_view reference) const;

  friend bool operator==(const url&, const url&) = default;

 private:
  friend HAUL_DECL url_result parse_url(std::string_view text);

  /// Reads what has been made a URL of RFC 3986, but for its host.
  HAUL_DECL static url_result read(std::string_view cleaned);

  origin origin_;
  std::string target_;
  std::string user_;
  std::string password_;
  bool has_credentials_ = false;
};

struct url_result {
  url value;
  std::error_code error;
};

/// Reads an absolute http or https URL (RFC 3986; RFC 9110, 4.2).
///
/// Lenient as people paste URLs: spaces around it are dropped; spaces, bytes past ASCII and other
/// characters that have to be encoded are, in the path, the query and the user; a percent sign that
/// begins no code is encoded too. The fragment is dropped.
///
/// Strict with the host: letters, digits, `-`, `.` and `_`, or an IPv6 address in brackets without
/// a zone. A name of another script must be given in its `xn--` form. A backslash in front of the
/// path is refused, since programs do not agree about what it means there.
///
/// @par Errors
/// `invalid_url`, also for a control character anywhere and for a port of 0 or over 65535;
/// `unsupported_scheme` for a URL of another scheme.
HAUL_DECL url_result parse_url(std::string_view text);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_url.ipp>
#endif

#endif
