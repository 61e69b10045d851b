#ifndef HAUL_SYSTEM_SOCKS5_HPP
#define HAUL_SYSTEM_SOCKS5_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/url.hpp>
#include <haul/system/proxy.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace haul::system {

/// The client's side of a SOCKS5 handshake, without the socket (RFC 1928, RFC 1929).
///
/// Send `greeting()`. Then, until the result is `done`, read some bytes, give `feed` all that were
/// read and not yet consumed, drop what it consumed and send what it gives to send. A name is sent
/// as a name, to be resolved by the proxy; an address of either family as an address.
///
/// @par Errors
/// `proxy_unauthorized` if the proxy takes no method offered, or not the password; `proxy_refused`;
/// `connection_refused`, `host_unreachable` and `network_unreachable` of the system, and
/// `connect_timeout`, where the proxy says so of the host; `proxy_malformed`; `invalid_argument`
/// if a name or password does not fit into the protocol.
class socks5_client {
 public:
  struct result {
    std::size_t consumed;  ///< bytes of the input that are done with
    std::string send;      ///< to be sent now; often empty
    bool done;             ///< the connection now leads to the host
    std::error_code error;
  };

  HAUL_DECL socks5_client(const http::origin& to, const proxy& through);

  /// What to send first.
  HAUL_DECL std::string greeting() const;

  /// Goes on with the bytes that the proxy sent, split anywhere.
  HAUL_DECL result feed(std::string_view data);

 private:
  enum class state { method, login, reply, done, failed };

  result feed_method(std::string_view data);
  result feed_login(std::string_view data);
  result feed_reply(std::string_view data);
  result fail(std::error_code error);
  std::string login() const;
  std::string request() const;

  std::string host_;
  std::uint16_t port_;
  bool has_login_;
  std::string user_;
  std::string password_;
  state state_ = state::method;
  std::error_code error_;
};

}  // namespace haul::system

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/system_socks5.ipp>
#endif

#endif
