#ifndef HAUL_SYSTEM_HTTP_CONNECT_HPP
#define HAUL_SYSTEM_HTTP_CONNECT_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/basic_auth.hpp>
#include <haul/http/request_head.hpp>
#include <haul/http/response_head.hpp>
#include <haul/http/url.hpp>
#include <haul/system/proxy.hpp>

#include <string>
#include <system_error>

namespace haul::system {

/// The request that has an HTTP proxy open a tunnel to an origin (RFC 9110, 9.3.6). The reply is
/// read with `head_parser`; after a 2xx the bytes behind its head belong to the tunnel.
inline std::string connect_request(const http::origin& to, const proxy& through) {
  const std::string target = to.host_and_port();
  http::request_head head{"CONNECT", target};
  head.append("Host", target);
  if (through.has_credentials) {
    head.append("Proxy-Authorization", http::basic_credentials(through.user, through.password));
  }
  return head.finish();
}

/// What the final reply to CONNECT means; none if the tunnel is open.
///
/// A proxy that could not reach the host for now says so with 502, 503 or 504; these become
/// `host_unreachable` of the system and `connect_timeout`, which are retried. 407 is
/// `proxy_unauthorized`, and everything else `proxy_refused`.
inline std::error_code error_of_connect(const http::response_head& reply) {
  if (reply.status >= 200 && reply.status <= 299) return {};
  switch (reply.status) {
    case 407:
      return errc::proxy_unauthorized;
    case 502:
    case 503:
      return std::make_error_code(std::errc::host_unreachable);
    case 504:
      return errc::connect_timeout;
    default:
      return errc::proxy_refused;
  }
}

}  // namespace haul::system

#endif
