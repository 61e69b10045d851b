#ifndef HAUL_IMPL_SYSTEM_SOCKS5_IPP
#define HAUL_IMPL_SYSTEM_SOCKS5_IPP

#include <haul/system/address.hpp>
#include <haul/system/socks5.hpp>

namespace haul::system {
namespace detail {

inline char to_byte(std::size_t value) { return static_cast<char>(value & 0xff); }
inline unsigned byte_at(std::string_view data, std::size_t i) {
  return static_cast<unsigned char>(data[i]);
}

// The REP byte of a reply (RFC 1928, 6).
inline std::error_code error_of_socks_reply(unsigned reply) {
  switch (reply) {
    case 0:
      return {};
    case 3:
      return std::make_error_code(std::errc::network_unreachable);
    case 4:
      return std::make_error_code(std::errc::host_unreachable);
    case 5:
      return std::make_error_code(std::errc::connection_refused);
    case 6:
      return errc::connect_timeout;
    case 1:  // a failure it does not name
    case 2:  // not allowed by its rules
    case 7:  // command not supported
    case 8:  // kind of address not supported
      return errc::proxy_refused;
    default:
      return errc::proxy_malformed;
  }
}

}  // namespace detail

HAUL_DECL socks5_client::socks5_client(const http::origin& to, const proxy& through)
    : host_{to.host},
      port_{to.port},
      has_login_{through.has_credentials},
      user_{through.user},
      password_{through.password} {}

HAUL_DECL std::string socks5_client::greeting() const {
  using namespace std::string_literals;
  return has_login_ ? "\x05\x02\x00\x02"s : "\x05\x01\x00"s;
}

HAUL_DECL socks5_client::result socks5_client::feed(std::string_view data) {
  if (host_.empty() || host_.size() > 255 || user_.size() > 255 || password_.size() > 255) {
    return fail(errc::invalid_argument);
  }
  result total{0, {}, false, {}};
  for (;;) {
    const state before = state_;
    const std::string_view rest = data.substr(total.consumed);
    result r{0, {}, state_ == state::done, error_};
    if (state_ == state::method) r = feed_method(rest);
    if (state_ == state::login && before == state::login) r = feed_login(rest);
    if (state_ == state::reply && before == state::reply) r = feed_reply(rest);
    total.consumed += r.consumed;
    total.send += r.send;
    total.done = r.done;
    total.error = r.error;
    if (r.error || r.done || state_ == before) return total;
  }
}

// +----+--------+
// |VER | METHOD |
// +----+--------+
HAUL_DECL socks5_client::result socks5_client::feed_method(std::string_view data) {
  if (!data.empty() && detail::byte_at(data, 0) != 5) return fail(errc::proxy_malformed);
  if (data.size() < 2) return {0, {}, false, {}};
  switch (detail::byte_at(data, 1)) {
    case 0x00:
      state_ = state::reply;
      return {2, request(), false, {}};
    case 0x02:
      if (!has_login_) return fail(errc::proxy_malformed);
      state_ = state::login;
      return {2, login(), false, {}};
    case 0xff:
      return fail(errc::proxy_unauthorized);
    default:
      return fail(errc::proxy_malformed);
  }
}

// +----+--------+   The version is 1, but proxies are known that send 5: only the status counts.
// |VER | STATUS |
// +----+--------+
HAUL_DECL socks5_client::result socks5_client::feed_login(std::string_view data) {
  if (data.size() < 2) return {0, {}, false, {}};
  if (detail::byte_at(data, 1) != 0) return fail(errc::proxy_unauthorized);
  state_ = state::reply;
  return {2, request(), false, {}};
}

// +----+-----+-------+------+----------+----------+
// |VER | REP |  RSV  | ATYP | BND.ADDR | BND.PORT |
// +----+-----+-------+------+----------+----------+
HAUL_DECL socks5_client::result socks5_client::feed_reply(std::string_view data) {
  if (!data.empty() && detail::byte_at(data, 0) != 5) return fail(errc::proxy_malformed);
  if (data.size() < 2) return {0, {}, false, {}};
  if (const auto error = detail::error_of_socks_reply(detail::byte_at(data, 1))) return fail(error);
  if (data.size() < 4) return {0, {}, false, {}};

  std::size_t address = 0;
  switch (detail::byte_at(data, 3)) {
    case 1:
      address = 4;
      break;
    case 3:
      if (data.size() < 5) return {0, {}, false, {}};
      address = 1 + detail::byte_at(data, 4);
      break;
    case 4:
      address = 16;
      break;
    default:
      return fail(errc::proxy_malformed);
  }
  const std::size_t size = 4 + address + 2;
  if (data.size() < size) return {0, {}, false, {}};
  state_ = state::done;
  return {size, {}, true, {}};
}

HAUL_DECL socks5_client::result socks5_client::fail(std::error_code error) {
  state_ = state::failed;
  error_ = error;
  return {0, {}, false, error};
}

HAUL_DECL std::string socks5_client::login() const {
  std::string out{'\x01', detail::to_byte(user_.size())};
  out += user_;
  out += detail::to_byte(password_.size());
  out += password_;
  return out;
}

HAUL_DECL std::string socks5_client::request() const {
  std::string out{'\x05', '\x01', '\x00'};
  const auto address = parse_address(host_);
  const auto append_address = [&out](char kind, const auto& bytes) {
    out += kind;
    for (const unsigned char b : bytes) out += static_cast<char>(b);
  };
  if (!address) {
    out += '\x03';
    out += detail::to_byte(host_.size());
    out += host_;
  } else if (address->is_v4()) {
    append_address('\x01', address->to_v4().to_bytes());
  } else {
    append_address('\x04', address->to_v6().to_bytes());
  }
  out += detail::to_byte(port_ >> 8U);
  out += detail::to_byte(port_);
  return out;
}

}  // namespace haul::system

#endif
