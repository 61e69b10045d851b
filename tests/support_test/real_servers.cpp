#include "catch.hpp"
#include "support/child_process.hpp"
#include "support/fault_server.hpp"
#include "support/net.hpp"
#include "support/nginx.hpp"
#include "support/pattern.hpp"
#include "support/proxies.hpp"
#include "support/temp_dir.hpp"
#include "support_test/wire.hpp"

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

using namespace haul::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t size = 300'000;

std::string from_absolute(std::uint16_t proxy, const std::string& url, const std::string& fields) {
  return fetch_from(proxy, url, fields + "Connection: close\r\n").body;
}

// The reply's status, and what comes through the tunnel after it.
std::pair<int, std::string> through_connect(std::uint16_t proxy, std::uint16_t port,
                                            const std::string& fields = {}) {
  wire c(proxy);
  const std::string where = "127.0.0.1:" + std::to_string(port);
  c.send("CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n" + fields + "\r\n");
  const std::string head = c.read_head();
  const int status = head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0;
  if (status != 200) return {status, {}};
  return {status, exchange_on(c, "/f").body};
}

std::string socks_greeting(wire& c, const std::string& user, const std::string& password) {
  c.send(user.empty() ? std::string("\x05\x01\x00", 3) : std::string("\x05\x01\x02", 3));
  const std::string method = c.read(2);
  if (method != std::string("\x05\x02", 2)) return method;
  c.send("\x01" + std::string(1, static_cast<char>(user.size())) + user +
         std::string(1, static_cast<char>(password.size())) + password);
  return c.read(2);
}

std::string socks_connect(wire& c, const std::string& host, std::uint16_t port) {
  std::string request("\x05\x01\x00\x03", 4);
  request += static_cast<char>(host.size());
  request += host;
  request += static_cast<char>(port >> 8);
  request += static_cast<char>(port & 0xff);
  c.send(request);
  return c.read(10).substr(0, 2);
}

}  // namespace

TEST_CASE("nginx serves a folder, plain and with TLS", "[support][nginx]") {
  REQUIRE(nginx::available());
  test_ca ca;
  nginx_options options;
  options.tls = ca.valid();
  options.server_lines = "location = /busy { return 503; }";
  options.location_lines = "add_header X-Test yes;";
  nginx server(options);
  write_pattern_file(server.root() / "dir" / "f", 5, size);

  wire c(server.port());
  const wire_reply plain = exchange_on(c, "/dir/f");
  CHECK(plain.body == pattern_bytes(5, 0, size));
  CHECK(plain.field("X-Test") == "yes");
  CHECK(exchange_on(c, "/dir/f", "Range: bytes=10-19\r\nUser-Agent: me\r\n").body ==
        pattern_bytes(5, 10, 10));
  CHECK(exchange_on(c, "/busy").status == 503);
  {
    wire_options o;
    o.tls = true;
    o.ca_file = ca.file().string();
    wire secure(server.tls_port(), o);
    CHECK(exchange_on(secure, "/dir/f", "If-Range: \"x\"\r\nRange: bytes=0-1\r\n").status == 200);
    o.session = SSL_get1_session(secure.tls());
    wire again(server.tls_port(), o);
    CHECK(exchange_on(again, "/none").status == 404);
    SSL_SESSION_free(o.session);
  }

  const std::vector<nginx_request> log =
      server.log_when([](const std::vector<nginx_request>& rows) { return rows.size() == 5; });
  REQUIRE(log.size() == 5);
  CHECK(log[0].method == "GET");
  CHECK(log[0].uri == "/dir/f");
  CHECK(log[0].status == 200);
  CHECK(log[0].body_bytes == size);
  CHECK(log[0].range == "-");
  CHECK(log[0].tls_version == "-");
  CHECK(log[0].host == "localhost");
  CHECK(log[0].complete);
  CHECK(log[0].on_connection == 1);
  CHECK(log[0].time > 1.0e9);
  CHECK(log[1].status == 206);
  CHECK(log[1].range == "bytes=10-19");
  CHECK(log[1].content_range == "bytes 10-19/300000");
  CHECK(log[1].user_agent == "me");
  CHECK(log[1].body_bytes == 10);
  CHECK(log[1].connection == log[0].connection);
  CHECK(log[1].on_connection == 2);
  CHECK(log[2].status == 503);
  CHECK(log[3].tls_version == "TLSv1.3");
  CHECK(log[3].if_range == "\\x22x\\x22");
  CHECK_FALSE(log[3].tls_resumed);
  CHECK(log[3].connection != log[0].connection);
  CHECK(log[4].tls_resumed);

  server.clear_log();
  CHECK(server.log().empty());
  exchange_on(c, "/busy");
  CHECK(server.log_when([](const std::vector<nginx_request>& rows) { return !rows.empty(); })
            .size() == 1);
}

TEST_CASE("nginx logs what it could not send", "[support][nginx]") {
  nginx_options options;
  options.location_lines = "limit_rate 20k;";
  nginx server(options);
  write_pattern_file(server.root() / "f", 5, size);
  {
    wire c(server.port());
    c.get("/f");
    c.read_head();
    CHECK(c.read(1000) == pattern_bytes(5, 0, 1000));
  }
  const auto log = server.log_when([](const auto& rows) { return rows.size() == 1; });
  REQUIRE(log.size() == 1);
  CHECK_FALSE(log[0].complete);
  CHECK(log[0].body_bytes < size);
}

TEST_CASE("nginx goes away and comes back on its port", "[support][nginx]") {
  nginx server;
  write_file(server.root() / "f", "text");
  const std::uint16_t port = server.port();
  CHECK(fetch_from(port, "/f").body == "text");
  server.stop();
  CHECK_FALSE(can_connect(port));
  server.start();
  CHECK(server.port() == port);
  CHECK(fetch_from(port, "/f").body == "text");
  CHECK(server.url("/f") == "http://127.0.0.1:" + std::to_string(port) + "/f");
}

TEST_CASE("nginx that cannot start says why", "[support][nginx]") {
  nginx_options options;
  options.http_lines = "no_such_directive;";
  std::string why;
  try {
    nginx server(options);
  } catch (const std::runtime_error& e) {
    why = e.what();
  }
  CHECK(why.find("no_such_directive") != std::string::npos);
}

// Run by the next test, in a process of its own.
TEST_CASE("hold an nginx until killed", "[.hold-nginx]") {
  nginx server;
  std::cout << "port " << server.port() << std::endl;
  std::this_thread::sleep_for(60s);
}

TEST_CASE("nothing of nginx is left when its test is killed", "[support][nginx]") {
  temp_dir dir;
  child_options options;
  options.env = {{"TMPDIR", dir.path().string()}};
  child_process middle(std::filesystem::canonical("/proc/self/exe").string(), {"[.hold-nginx]"},
                       options);
  REQUIRE(wait_until([&] {
    const std::size_t at = middle.out().find("port ");
    return at != std::string::npos && middle.out().find('\n', at) != std::string::npos;
  }));
  const std::string said = middle.out();
  const auto port = static_cast<std::uint16_t>(std::stoi(said.substr(said.find("port ") + 5)));
  CHECK(can_connect(port));
  middle.send_signal(SIGKILL);
  CHECK(middle.wait().signal == SIGKILL);
  CHECK(wait_until([&] { return !can_connect(port); }));
}

TEST_CASE("tinyproxy passes both forms on", "[support][proxies]") {
  REQUIRE(http_proxy::available());
  fault_server origin;
  origin.add("/f", {.size = size, .seed = 5});
  const http_proxy proxy;
  CHECK(from_absolute(proxy.port(), origin.url("/f"), {}) == pattern_bytes(5, 0, size));
  CHECK(through_connect(proxy.port(), origin.port()) ==
        std::make_pair(200, pattern_bytes(5, 0, size)));
  CHECK(proxy.saw("GET " + origin.url("/f")));
  CHECK(proxy.saw("CONNECT 127.0.0.1:" + std::to_string(origin.port())));
  CHECK(proxy.requests().size() == 2);
  CHECK(proxy.url() == "http://127.0.0.1:" + std::to_string(proxy.port()));
}

TEST_CASE("tinyproxy wants credentials", "[support][proxies]") {
  fault_server origin;
  origin.add("/f", {.body = "text"});
  const http_proxy proxy({.user = "Aladdin", .password = "sesame"});
  CHECK(proxy.url() == "http://Aladdin:sesame@127.0.0.1:" + std::to_string(proxy.port()));
  CHECK(through_connect(proxy.port(), origin.port()).first == 407);
  CHECK(through_connect(proxy.port(), origin.port(), "Proxy-Authorization: Basic eHg6eXk=\r\n")
            .first != 200);
  CHECK(through_connect(proxy.port(), origin.port(),
                        "Proxy-Authorization: Basic QWxhZGRpbjpzZXNhbWU=\r\n") ==
        std::make_pair(200, std::string("text")));
  CHECK(origin.counters().requests == 1);
}

TEST_CASE("microsocks connects by name", "[support][proxies]") {
  REQUIRE(socks_proxy::available());
  fault_server origin;
  origin.add("/f", {.size = size, .seed = 5});
  const socks_proxy proxy;
  wire c(proxy.port());
  CHECK(socks_greeting(c, "", "") == std::string("\x05\x00", 2));
  CHECK(socks_connect(c, "127.0.0.1", origin.port()) == std::string("\x05\x00", 2));
  CHECK(exchange_on(c, "/f").body == pattern_bytes(5, 0, size));
  CHECK(proxy.saw("127.0.0.1:" + std::to_string(origin.port())));
  CHECK(proxy.targets().size() == 1);
  CHECK(proxy.url() == "socks5h://127.0.0.1:" + std::to_string(proxy.port()));

  wire refused(proxy.port());
  socks_greeting(refused, "", "");
  CHECK(socks_connect(refused, "127.0.0.1", free_port()).substr(0, 2) ==
        std::string("\x05\x05", 2));
}

TEST_CASE("microsocks wants credentials", "[support][proxies]") {
  fault_server origin;
  origin.add("/f", {.body = "text"});
  const socks_proxy proxy({.user = "u", .password = "p w"});
  wire none(proxy.port());
  CHECK(socks_greeting(none, "", "") == std::string("\x05\xff", 2));
  wire wrong(proxy.port());
  CHECK(socks_greeting(wrong, "u", "x") != std::string("\x01\x00", 2));
  wire right(proxy.port());
  CHECK(socks_greeting(right, "u", "p w") == std::string("\x01\x00", 2));
  CHECK(socks_connect(right, "127.0.0.1", origin.port()) == std::string("\x05\x00", 2));
  CHECK(exchange_on(right, "/f").body == "text");
}

TEST_CASE("a proxy that is stopped refuses", "[support][proxies]") {
  http_proxy http;
  socks_proxy socks;
  CHECK(can_connect(http.port()));
  CHECK(can_connect(socks.port()));
  http.stop();
  socks.stop();
  CHECK_FALSE(can_connect(http.port()));
  CHECK_FALSE(can_connect(socks.port()));
}
