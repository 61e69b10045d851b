#include <haul/system/socks5.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace haul::system;
using haul::errc;
using haul::http::origin;
using std::string_literals::operator""s;

namespace {

const proxy open_proxy{proxy::kind::socks5, "p", 1080, false, "", ""};
const proxy login_proxy{proxy::kind::socks5, "p", 1080, true, "user", "pw"};
const origin host{true, "example.com", 443};
const std::string host_request =
    "\x05\x01\x00\x03\x0b"
    "example.com\x01\xbb"s;
const std::string bound_v4 = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"s;

struct outcome {
  std::string sent;
  std::string left;
  bool done = false;
  std::error_code error;

  friend bool operator==(const outcome&, const outcome&) = default;
};

// Plays what the proxy says, in pieces of this size.
outcome play(const origin& to, const proxy& p, std::string_view said, std::size_t piece) {
  socks5_client client{to, p};
  outcome out;
  out.sent = client.greeting();
  for (std::size_t at = 0; at < said.size(); at += piece) {
    out.left += said.substr(at, piece);
    if (out.done) continue;
    const auto r = client.feed(out.left);
    REQUIRE(r.consumed <= out.left.size());
    out.left.erase(0, r.consumed);
    out.sent += r.send;
    out.done = r.done;
    out.error = r.error;
    if (r.error) {
      out.left.clear();
      CHECK(client.feed("\x05\x00"s).error == r.error);
      return out;
    }
  }
  return out;
}

outcome play(const origin& to, const proxy& p, std::string_view said) {
  const outcome whole = play(to, p, said, said.size() + 1);
  for (std::size_t piece = 1; piece <= said.size(); ++piece) {
    INFO(piece);
    CHECK(play(to, p, said, piece) == whole);
  }
  return whole;
}

std::error_code error_of(const proxy& p, std::string_view said) {
  return play(host, p, said).error;
}

}  // namespace

TEST_CASE("a SOCKS5 handshake without a login", "[socks5]") {
  CHECK(play(host, open_proxy, "\x05\x00"s + bound_v4) ==
        outcome{"\x05\x01\x00"s + host_request, "", true, {}});
  // Bytes behind the reply belong to the tunnel.
  CHECK(play(host, open_proxy, "\x05\x00"s + bound_v4 + "tunnel") ==
        outcome{"\x05\x01\x00"s + host_request, "tunnel", true, {}});
}

TEST_CASE("a SOCKS5 handshake with a login", "[socks5]") {
  const std::string greeting = "\x05\x02\x00\x02"s;
  const std::string login = "\x01\x04user\x02pw"s;
  CHECK(play(host, login_proxy, "\x05\x02\x01\x00"s + bound_v4) ==
        outcome{greeting + login + host_request, "", true, {}});
  // Some proxies answer with the version of SOCKS.
  CHECK(play(host, login_proxy, "\x05\x02\x05\x00"s + bound_v4).done);
  // One that does not want it.
  CHECK(play(host, login_proxy, "\x05\x00"s + bound_v4) ==
        outcome{greeting + host_request, "", true, {}});
  CHECK(error_of(login_proxy, "\x05\x02\x01\x01"s) == errc::proxy_unauthorized);
  CHECK(error_of(login_proxy, "\x05\x02\x01\xff"s) == errc::proxy_unauthorized);
}

TEST_CASE("what is asked of the SOCKS5 proxy", "[socks5]") {
  const auto request = [](const origin& to) {
    return play(to, open_proxy, "\x05\x00"s).sent.substr(3);
  };
  CHECK(request(host) == host_request);
  CHECK(request({false, "h", 80}) == "\x05\x01\x00\x03\x01h\x00\x50"s);
  CHECK(request({false, "127.0.0.1", 8080}) == "\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90"s);
  CHECK(request({true, "::1", 65535}) ==
        "\x05\x01\x00\x04"s + std::string(15, '\0') + "\x01\xff\xff"s);
  // Not an address, so the proxy may make of it what it likes.
  CHECK(request({false, "127.1", 80}) ==
        "\x05\x01\x00\x03\x05"
        "127.1\x00\x50"s);
}

TEST_CASE("every form of the bound address is read over", "[socks5]") {
  const std::string replies[] = {
      bound_v4,
      "\x05\x00\x00\x03\x00\x04\x38"s,
      "\x05\x00\x00\x03\x03"
      "abc\x04\x38"s,
      "\x05\x00\x00\x03\xff"s + std::string(255, 'a') + "\x04\x38"s,
      "\x05\x00\x00\x04"s + std::string(16, '\0') + "\x04\x38"s,
      "\x05\x00\x7f\x01\x00\x00\x00\x00\x00\x00"s,
  };
  for (const std::string& reply : replies) {
    CHECK(play(host, open_proxy, "\x05\x00"s + reply + "x") ==
          outcome{"\x05\x01\x00"s + host_request, "x", true, {}});
    const auto cut = play(host, open_proxy, "\x05\x00"s + reply.substr(0, reply.size() - 1));
    CHECK_FALSE(cut.done);
    CHECK_FALSE(cut.error);
  }
}

TEST_CASE("what a SOCKS5 proxy refuses", "[socks5]") {
  CHECK(error_of(open_proxy, "\x05\xff"s) == errc::proxy_unauthorized);
  CHECK(error_of(login_proxy, "\x05\xff"s) == errc::proxy_unauthorized);
  const auto reply = [](char code) { return error_of(open_proxy, "\x05\x00\x05"s + code); };
  CHECK(reply(1) == errc::proxy_refused);
  CHECK(reply(2) == errc::proxy_refused);
  CHECK(reply(3) == std::errc::network_unreachable);
  CHECK(reply(4) == std::errc::host_unreachable);
  CHECK(reply(5) == std::errc::connection_refused);
  CHECK(reply(6) == errc::connect_timeout);
  CHECK(reply(7) == errc::proxy_refused);
  CHECK(reply(8) == errc::proxy_refused);
  CHECK(reply(9) == errc::proxy_malformed);
  CHECK(reply('\xff') == errc::proxy_malformed);
}

TEST_CASE("what is not SOCKS5", "[socks5]") {
  for (const std::string& said :
       {"H"s, "HTTP/1.1 400 Bad Request\r\n\r\n"s, "\x04\x00"s, "\x00\x5a"s, "\x05\x01"s,
        "\x05\x02"s, "\x05\x80"s, "\x05\x00\x04"s, "\x05\x00\x01\x00"s, "\x05\x00\x05\x00\x00\x02"s,
        "\x05\x00\x05\x00\x00\x00"s, "\x05\x00\x05\x00\x00\xff"s}) {
    INFO(said);
    CHECK(error_of(open_proxy, said) == errc::proxy_malformed);
  }
}

TEST_CASE("what does not fit into SOCKS5", "[socks5]") {
  CHECK(play({true, "", 443}, open_proxy, "\x05"s).error == errc::invalid_argument);
  CHECK(play({true, std::string(256, 'a'), 443}, open_proxy, "\x05"s).error ==
        errc::invalid_argument);
  auto p = login_proxy;
  p.password.assign(256, 'x');
  CHECK(play(host, p, "\x05"s).error == errc::invalid_argument);
}
