#ifndef HAUL_SYSTEM_ROUTE_HPP
#define HAUL_SYSTEM_ROUTE_HPP

#include <haul/http/url.hpp>
#include <haul/system/proxy.hpp>

#include <optional>
#include <string>

namespace haul::system {

/// The way to an origin: straight, or through a proxy. Connections with equal routes are
/// interchangeable.
struct route {
  http::origin origin;
  std::optional<haul::system::proxy> proxy;

  route() = default;
  route(http::origin to, std::optional<haul::system::proxy> through)
      : origin(std::move(to)), proxy(std::move(through)) {}

  /// Whether requests name the whole URL, because an HTTP proxy answers them (RFC 9112, 3.2.2).
  bool absolute_form() const noexcept {
    return proxy && proxy->how == haul::system::proxy::kind::http && !origin.secure;
  }

  /// Equal for routes whose connections are interchangeable.
  std::string key() const {
    std::string text = (origin.secure ? "https://" : "http://") + origin.authority();
    if (proxy) {
      text += proxy->how == haul::system::proxy::kind::http ? " http://" : " socks5://";
      text += proxy->user + ':' + proxy->password + '@' + proxy->host + ':' +
              std::to_string(proxy->port);
    }
    return text;
  }
};

}  // namespace haul::system

#endif
