#ifndef HAUL_SYSTEM_PROXY_HPP
#define HAUL_SYSTEM_PROXY_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/url.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace haul::system {

/// A proxy between here and the servers.
struct proxy {
  enum class kind {
    http,   ///< speaks HTTP; a secure origin is reached through CONNECT
    socks5  ///< RFC 1928; host names are always resolved by the proxy, as `socks5h` asks for
  };

  kind how = kind::http;
  std::string host;  ///< in lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  bool has_credentials = false;
  std::string user;
  std::string password;

  friend bool operator==(const proxy&, const proxy&) = default;
};

struct proxy_result {
  proxy value;
  std::error_code error;
};

/// Reads `[scheme://][user[:password]@]host[:port][/]`.
///
/// The scheme is `http`, which is also what none means, `socks5` or `socks5h`, which are the same
/// here: no name is looked up on this side of the proxy. User and password are percent-decoded.
/// The default port is 80 for http (curl takes 1080) and 1080 for SOCKS.
///
/// @par Errors
/// `proxy_unsupported` for another scheme, also `https` and `socks4`; else `invalid_argument`.
HAUL_DECL proxy_result parse_proxy(std::string_view text);

/// The hosts that are reached without a proxy, in the manner of `no_proxy`.
///
/// A list, separated by commas or spaces, of
///
/// - `*`: every host;
/// - `example.com`, `.example.com` or `*.example.com`: the host and those under it;
/// - `10.1.2.3`, `::1` or `[::1]`: an address;
/// - `10.0.0.0/8` or `fd00::/8`: a block of addresses;
/// - any of these but a block followed by `:port`: only on that port (IPv6 in brackets).
///
/// A host is compared as the URL writes it, no name is resolved. What cannot be read matches
/// nothing.
class proxy_bypass {
 public:
  proxy_bypass() = default;
  HAUL_DECL explicit proxy_bypass(std::string_view list);

  HAUL_DECL bool matches(const http::origin& to) const;

 private:
  struct rule {
    std::string host;                // a name or an address; empty for every host
    std::optional<unsigned> prefix;  // of a block: how many bits count
    std::optional<std::uint16_t> port;
  };

  static std::optional<rule> read(std::string_view text);
  static bool matches(const rule& r, const http::origin& to);

  std::vector<rule> rules_;
};

struct proxy_settings_result;

/// Which origin is reached through which proxy.
class proxy_settings {
 public:
  using lookup = std::function<std::optional<std::string>(const char* name)>;

  /// No proxy.
  proxy_settings() = default;

  /// One proxy for every origin but those bypassed.
  explicit proxy_settings(proxy for_all, proxy_bypass bypass = {})
      : plain_{for_all}, secure_{std::move(for_all)}, bypass_{std::move(bypass)} {}

  /// What the environment says, as curl reads it: `http_proxy` for http and `https_proxy` for
  /// https, else `all_proxy`, and `no_proxy`. The lower-case name goes before the one in upper
  /// case; `HTTP_PROXY` is not read at all, because in a CGI program it comes from the client.
  /// An empty variable is as good as none.
  ///
  /// @par Errors
  /// Those of `parse_proxy`, for any of the variables: a proxy that is set but cannot be used must
  /// not be passed by.
  HAUL_DECL static proxy_settings_result from_environment(const lookup& get);

  /// The proxy to reach this origin through, or none.
  std::optional<proxy> choose(const http::origin& to) const {
    const auto& candidate = to.secure ? secure_ : plain_;
    if (!candidate || bypass_.matches(to)) return std::nullopt;
    return candidate;
  }

 private:
  std::optional<proxy> plain_;
  std::optional<proxy> secure_;
  proxy_bypass bypass_;
};

struct proxy_settings_result {
  proxy_settings value;
  std::error_code error;
};

}  // namespace haul::system

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/system_proxy.ipp>
#endif

#endif
