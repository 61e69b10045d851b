#ifndef HAUL_IMPL_SYSTEM_PROXY_IPP
#define HAUL_IMPL_SYSTEM_PROXY_IPP

#include <haul/http/grammar.hpp>
#include <haul/system/address.hpp>
#include <haul/system/proxy.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

namespace haul::system {
namespace detail {

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned n = (std::min)(bits, 8U);
    const unsigned mask = 0xffU << (8 - n) & 0xffU;
    if (((a[i] ^ b[i]) & mask) != 0) return false;
    bits -= n;
  }
  return true;
}

// Whether the first bits of two addresses of one family are the same; without bits, all of them.
inline bool same_block(const asio::ip::address& a, const asio::ip::address& b,
                       std::optional<unsigned> bits) {
  if (a.is_v4() != b.is_v4()) return false;
  if (a.is_v4()) return same_prefix(a.to_v4().to_bytes(), b.to_v4().to_bytes(), bits.value_or(32));
  return same_prefix(a.to_v6().to_bytes(), b.to_v6().to_bytes(), bits.value_or(128));
}

inline bool is_or_under(std::string_view host, std::string_view domain) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (http::equals_ignore_case(host, domain)) return true;
  return host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.' &&
         http::equals_ignore_case(host.substr(host.size() - domain.size()), domain);
}

// Whether `host[:port]`, with or without a user in front, names a port.
inline bool names_port(std::string_view authority) {
  authority = authority.substr(authority.rfind('@') + 1);
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  return colon != std::string_view::npos && colon + 1 < authority.size() &&
         (bracket == std::string_view::npos || bracket < colon);
}

}  // namespace detail

HAUL_DECL proxy_result parse_proxy(std::string_view text) {
  text = http::trim_ows(text);
  proxy p;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
    if (http::equals_ignore_case(scheme, "socks5") || http::equals_ignore_case(scheme, "socks5h")) {
      p.how = proxy::kind::socks5;
    } else if (!http::equals_ignore_case(scheme, "http")) {
      return {{}, errc::proxy_unsupported};
    }
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != std::string_view::npos) return {{}, errc::invalid_argument};

  const auto parsed = http::parse_url(std::string{"http://"}.append(text));
  if (parsed.error) return {{}, errc::invalid_argument};
  p.host = parsed.value.where().host;
  p.port = parsed.value.where().port;
  if (p.how == proxy::kind::socks5 && !detail::names_port(text)) p.port = 1080;
  p.has_credentials = parsed.value.has_credentials();
  p.user = parsed.value.user();
  p.password = parsed.value.password();

  // RFC 1929 has one byte for each length; a colon cannot be told from the one after a user name
  // in Basic authentication.
  const bool fits = p.how == proxy::kind::socks5 ? p.user.size() <= 255 && p.password.size() <= 255
                                                 : p.user.find(':') == std::string::npos;
  if (!fits) return {{}, errc::invalid_argument};
  return {std::move(p), {}};
}

HAUL_DECL proxy_bypass::proxy_bypass(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = (std::min)(list.find_first_of(", \t"), list.size());
    if (auto r = read(list.substr(0, end))) rules_.push_back(std::move(*r));
    list.remove_prefix((std::min)(end + 1, list.size()));
  }
}

HAUL_DECL std::optional<proxy_bypass::rule> proxy_bypass::read(std::string_view text) {
  rule r;
  if (text.empty()) return std::nullopt;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto address = parse_address(text.substr(0, slash));
    const auto bits = http::parse_decimal(text.substr(slash + 1));
    if (!address || !bits || *bits > (address->is_v4() ? 32U : 128U)) return std::nullopt;
    r.host = text.substr(0, slash);
    r.prefix = static_cast<unsigned>(*bits);
    return r;
  }

  const bool bare_ipv6 = parse_address(text) && text.find(':') != std::string_view::npos;
  if (!bare_ipv6 && detail::names_port(text)) {
    const std::size_t colon = text.rfind(':');
    const auto port = http::parse_decimal(text.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    r.port = static_cast<std::uint16_t>(*port);
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text == "*") return r;
  if (text.starts_with("*.")) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  r.host = text;
  return r;
}

HAUL_DECL bool proxy_bypass::matches(const rule& r, const http::origin& to) {
  if (r.port && *r.port != to.port) return false;
  if (r.host.empty()) return true;
  const auto wanted = parse_address(r.host);
  const auto address = parse_address(to.host);
  if (wanted && address) return detail::same_block(*wanted, *address, r.prefix);
  return !wanted && !address && detail::is_or_under(to.host, r.host);
}

HAUL_DECL bool proxy_bypass::matches(const http::origin& to) const {
  return std::any_of(rules_.begin(), rules_.end(), [&to](const rule& r) { return matches(r, to); });
}

HAUL_DECL proxy_settings_result proxy_settings::from_environment(const lookup& get) {
  const auto first_of = [&get](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      auto value = get(name);
      if (value && !value->empty()) return *value;
    }
    return std::string{};
  };

  proxy_settings settings;
  const auto set = [](std::optional<proxy>& slot, const std::string& text) -> std::error_code {
    if (text.empty()) return {};
    auto parsed = parse_proxy(text);
    if (!parsed.error) slot = std::move(parsed.value);
    return parsed.error;
  };
  const std::string plain = first_of({"http_proxy", "all_proxy", "ALL_PROXY"});
  const std::string secure = first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (const auto error = set(settings.plain_, plain)) return {{}, error};
  if (const auto error = set(settings.secure_, secure)) return {{}, error};
  settings.bypass_ = proxy_bypass{first_of({"no_proxy", "NO_PROXY"})};
  return {std::move(settings), {}};
}

}  // namespace haul::system

#endif
