#ifndef HAUL_HTTP_STATUS_HPP
#define HAUL_HTTP_STATUS_HPP

#include <haul/error.hpp>

#include <system_error>

namespace haul::http {

/// What a final status means to a download; none for 2xx.
///
/// `server_error` and `too_many_requests` may heal and are retried: 408, 425, 429, 500, 502, 503,
/// 504, and a number past 599, which RFC 9110, 15 has treated as a 5xx. The other 4xx and 5xx will
/// not heal. 1xx and 3xx, where they are an error at all, are `unexpected_status`.
inline std::error_code error_of_status(int status) noexcept {
  switch (status) {
    case 401:
      return errc::unauthorized;
    case 403:
      return errc::forbidden;
    case 404:
      return errc::not_found;
    case 407:
      return errc::proxy_unauthorized;
    case 410:
      return errc::gone;
    case 429:
      return errc::too_many_requests;
    case 408:
    case 425:
    case 500:
    case 502:
    case 503:
    case 504:
      return errc::server_error;
    default:
      break;
  }
  if (status >= 200 && status <= 299) return {};
  if (status >= 400 && status <= 599) return errc::request_refused;
  return status >= 600 ? errc::server_error : errc::unexpected_status;
}

}  // namespace haul::http

#endif
