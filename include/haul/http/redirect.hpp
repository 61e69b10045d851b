#ifndef HAUL_HTTP_REDIRECT_HPP
#define HAUL_HTTP_REDIRECT_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/fields.hpp>
#include <haul/http/url.hpp>

#include <system_error>

namespace haul::http {

/// Which redirects a download goes along with.
struct redirect_policy {
  unsigned max = 10;
  bool allow_insecure = false;  ///< from https to http
};

struct redirect_decision {
  bool follow = false;
  url next;                  ///< where to, when `follow`
  bool same_origin = false;  ///< credentials and Authorization may go along
  std::error_code error;
};

/// What to do about a reply to a GET (RFC 9110, 15.4): nothing when the status is not 301, 302,
/// 303, 307 or 308; else follow, or fail.
///
/// @par Errors
/// `too_many_redirects`; `bad_redirect` without one Location that can be read (two that are equal
/// pass for one); `unsupported_scheme` for
/// another scheme than http and https; `insecure_redirect`.
HAUL_DECL redirect_decision decide_redirect(const url& from, int status, const field_list& fields,
                                            unsigned already_followed,
                                            const redirect_policy& policy);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_redirect.ipp>
#endif

#endif
