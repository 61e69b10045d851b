#ifndef HAUL_SERVICE_ACCESS_HPP
#define HAUL_SERVICE_ACCESS_HPP

#include <haul/config.hpp>

#include <haul/http/fields.hpp>
#include <haul/service/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// Who may use a server.
struct access_rules {
  access_rules() = default;

  /// The server listens on loopback only: then requests must name it as such, so that a page whose
  /// name was made to point here (DNS rebinding) is refused.
  bool loopback = true;
  std::uint16_t port = 0;            ///< where it listens
  std::string token;                 ///< that requests must carry; empty for none
  std::vector<std::string> origins;  ///< foreign pages that may use it; `*` for all of them
  /// Paths that need no token, as far as they are only read: a page's own files. The longest of
  /// these and of `closed` that begins the path counts.
  std::vector<std::string> open;
  std::vector<std::string> closed;  ///< paths that need one all the same
  /// Paths that change something although they are asked for with GET; in lower case.
  std::vector<std::string> changing;
};

/// What becomes of a request before anybody looks at what it asks for.
class access_decision {
 public:
  /// What to answer at once; 0 when the request may go on.
  int status = 0;
  std::string reason;       ///< why, in one line, where it is refused
  http::field_list fields;  ///< for the reply, whoever makes it
  /// Whether the request may go on.
  bool allowed() const noexcept { return status == 0; }
};

/// Decides by what a request says of itself: `Host`, `Origin`, `Sec-Fetch-Site`, and the token in
/// `Authorization: Bearer` or `X-Token`.
///
/// - 400: no path in the target.
/// - 421: on loopback, a `Host` that is not localhost, 127.0.0.1 or [::1] with the server's port.
/// - 403: a foreign page wants to change something, or asks beforehand whether it may.
/// - 204: such a question (preflight) of a page that may.
/// - 401: no token, or another one.
HAUL_DECL access_decision decide_access(const access_rules& rules, const request& r);

/// Whether two texts are the same, in a time that depends on their sizes only.
HAUL_DECL bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// The path of a target as routes see it: percent-decoded, in lower case, without empty segments.
HAUL_DECL std::string normal_path(std::string_view path);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/access.ipp>
#endif

#endif
