#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/net.hpp"
#include "support/pattern.hpp"
#include "support_test/wire.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

using namespace haul::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t size = 100'000;
constexpr std::uint64_t seed = 7;

std::string part(std::uint64_t first, std::uint64_t last) {
  return pattern_bytes(seed, first, static_cast<std::size_t>(last - first + 1));
}

std::string whole() { return part(0, size - 1); }

}  // namespace

TEST_CASE("the whole of a resource", "[support][server]") {
  fault_server server;
  server.add("/f", {.size = size,
                    .seed = seed,
                    .etag = "\"v1\"",
                    .last_modified = "Sun, 06 Nov 1994 08:49:37 GMT",
                    .content_type = "application/x-pak",
                    .content_disposition = "attachment; filename=a.pak",
                    .fields = {{"X-One", "1"}, {"X-Two", "2"}}});
  const wire_reply r = fetch_from(server.port(), "/f");
  CHECK(r.status == 200);
  CHECK(r.head.substr(0, 17) == "HTTP/1.1 200 OK\r\n");
  CHECK(r.body == whole());
  CHECK(r.field("Content-Length") == "100000");
  CHECK(r.field("ETag") == "\"v1\"");
  CHECK(r.field("Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(r.field("Accept-Ranges") == "bytes");
  CHECK(r.field("Content-Type") == "application/x-pak");
  CHECK(r.field("Content-Disposition") == "attachment; filename=a.pak");
  CHECK(r.field("X-One") == "1");
  CHECK(r.field("X-Two") == "2");
  CHECK(r.field("Connection").empty());
  CHECK(r.field("Content-Range").empty());
  CHECK(server.errors().empty());
}

TEST_CASE("the parts of a resource", "[support][server]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  struct row {
    const char* asked;
    int status;
    std::uint64_t first;
    std::uint64_t last;
  };
  const row r =
      GENERATE(row{"bytes=0-0", 206, 0, 0}, row{"bytes=0-", 206, 0, size - 1},
               row{"bytes=10-19", 206, 10, 19}, row{"bytes=99990-", 206, 99990, size - 1},
               row{"bytes=99990-200000", 206, 99990, size - 1},
               row{"bytes=-5", 206, 99995, size - 1}, row{"bytes=-200000", 206, 0, size - 1},
               row{"bytes=100000-", 416, 0, 0}, row{"bytes=-0", 416, 0, 0},
               row{"bytes=0-1,5-6", 200, 0, size - 1}, row{"bytes=5-4", 200, 0, size - 1},
               row{"bytes=x-", 200, 0, size - 1}, row{"bits=0-5", 200, 0, size - 1});
  const wire_reply got = fetch_from(server.port(), "/f", "Range: " + std::string(r.asked) + "\r\n");
  INFO(r.asked);
  CHECK(got.status == r.status);
  if (r.status == 416) {
    CHECK(got.field("Content-Range") == "bytes */100000");
    return;
  }
  CHECK(got.body == part(r.first, r.last));
  CHECK(got.field("Content-Range") == (r.status == 200 ? std::string()
                                                       : "bytes " + std::to_string(r.first) + "-" +
                                                             std::to_string(r.last) + "/100000"));
}

TEST_CASE("what a resource supports and what it claims are two things", "[support][server]") {
  fault_server server;
  server.add("/liar", {.size = size, .seed = seed, .supports_ranges = false});
  server.add("/shy", {.size = size, .seed = seed, .claims_ranges = false});
  const wire_reply liar = fetch_from(server.port(), "/liar", "Range: bytes=5-9\r\n");
  CHECK(liar.status == 200);
  CHECK(liar.field("Accept-Ranges") == "bytes");
  CHECK(liar.body == whole());
  const wire_reply shy = fetch_from(server.port(), "/shy", "Range: bytes=5-9\r\n");
  CHECK(shy.status == 206);
  CHECK(shy.field("Accept-Ranges").empty());
  CHECK(shy.body == part(5, 9));
}

TEST_CASE("If-Range", "[support][server]") {
  fault_server server;
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  server.add("/strong", {.size = size, .seed = seed, .etag = "\"v1\"", .last_modified = date});
  server.add("/weak", {.size = size, .seed = seed, .etag = "W/\"v1\""});
  server.add("/deaf", {.size = size, .seed = seed, .etag = "\"v1\"", .honours_if_range = false});
  const auto status = [&](const std::string& path, const std::string& condition) {
    return fetch_from(server.port(), path, "Range: bytes=5-9\r\nIf-Range: " + condition + "\r\n")
        .status;
  };
  CHECK(status("/strong", "\"v1\"") == 206);
  CHECK(status("/strong", "\"v2\"") == 200);
  CHECK(status("/strong", date) == 206);
  CHECK(status("/strong", "Mon, 07 Nov 1994 08:49:37 GMT") == 200);
  CHECK(status("/weak", "W/\"v1\"") == 200);
  CHECK(status("/weak", "\"v1\"") == 200);
  CHECK(status("/deaf", "\"v2\"") == 206);
  server.behave("/strong", [](const request_info&) { return reply_plan().ignore_if_range(); });
  CHECK(status("/strong", "\"v2\"") == 206);
}

TEST_CASE("sizes at the edge", "[support][server]") {
  fault_server server;
  server.add("/none", {.size = 0});
  server.add("/one", {.size = 1, .seed = seed});
  server.add("/text", {.body = "hello"});
  CHECK(fetch_from(server.port(), "/none").status == 200);
  CHECK(fetch_from(server.port(), "/none").field("Content-Length") == "0");
  CHECK(fetch_from(server.port(), "/none", "Range: bytes=0-\r\n").status == 416);
  CHECK(fetch_from(server.port(), "/one").body == part(0, 0));
  CHECK(fetch_from(server.port(), "/text").body == "hello");
  CHECK(fetch_from(server.port(), "/text", "Range: bytes=1-3\r\n").body == "ell");
}

TEST_CASE("chunked, close-delimited and HTTP/1.0", "[support][server]") {
  fault_server server;
  server.add("/chunked", {.size = 10,
                          .seed = seed,
                          .how = framing::chunked,
                          .chunk_size = 4,
                          .chunk_extension = ";a=b",
                          .trailers = {{"X-T", "1"}}});
  wire c(server.port());
  c.get("/chunked");
  const std::string head = c.read_head();
  CHECK(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);
  const std::string expected = "4;a=b\r\n" + part(0, 3) + "\r\n4;a=b\r\n" + part(4, 7) +
                               "\r\n2;a=b\r\n" + part(8, 9) + "\r\n0\r\nX-T: 1\r\n\r\n";
  CHECK(c.read(expected.size()) == expected);
  CHECK(c.quiet_for(50ms));

  server.add("/close", {.size = size, .seed = seed, .how = framing::until_close});
  const wire_reply until = fetch_from(server.port(), "/close");
  CHECK(until.field("Content-Length").empty());
  CHECK(until.field("Connection") == "close");
  CHECK(until.body == whole());
  CHECK(until.end == wire_end::fin);

  server.add("/old", {.size = size, .seed = seed, .http10 = true});
  wire old(server.port());
  const wire_reply one = exchange_on(old, "/old");
  CHECK(one.head.substr(0, 15) == "HTTP/1.0 200 OK");
  CHECK(one.body == whole());
  CHECK(old.read_to_end().empty());
  CHECK(old.end() == wire_end::fin);
  wire kept(server.port());
  CHECK(exchange_on(kept, "/old", "Connection: keep-alive\r\n").field("Connection") ==
        "keep-alive");
  CHECK(exchange_on(kept, "/old", "Connection: keep-alive\r\n").body == whole());
}

TEST_CASE("connections are kept, or closed if the client wants", "[support][server]") {
  fault_server server;
  server.add("/f", {.size = 10, .seed = seed});
  wire c(server.port());
  CHECK(exchange_on(c, "/f").body == part(0, 9));
  CHECK(exchange_on(c, "/f", "", "HEAD").body.empty());
  CHECK(exchange_on(c, "/f", "Range: bytes=3-4\r\n").body == part(3, 4));
  CHECK(c.quiet_for(20ms));
  CHECK(exchange_on(c, "/f", "Connection: close\r\n").field("Connection") == "close");
  CHECK(c.read_to_end().empty());
  CHECK(c.end() == wire_end::fin);
  CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));

  const std::vector<exchange> log = server.log();
  REQUIRE(log.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(log[i].request.connection == 1);
    CHECK(log[i].request.on_connection == i + 1);
    CHECK(log[i].complete);
  }
  CHECK(log[1].request.method == "HEAD");
  CHECK(log[1].body_sent == 0);

  // Two requests at once are answered in turn.
  wire piped(server.port());
  piped.send("GET /f HTTP/1.1\r\nHost: x\r\n\r\nGET /f HTTP/1.1\r\nHost: x\r\n\r\n");
  piped.read_head();
  CHECK(piped.read(10) == part(0, 9));
  piped.read_head();
  CHECK(piped.read(10) == part(0, 9));
}

TEST_CASE("redirects, refusals and credentials", "[support][server]") {
  fault_server server;
  server.add("/moved", {.status = 308, .location = "/f"});
  server.add("/gone", {.status = 410});
  server.add("/secret", {.body = "s", .user = "Aladdin", .password = "open sesame"});
  const wire_reply moved = fetch_from(server.port(), "/moved");
  CHECK(moved.status == 308);
  CHECK(moved.field("Location") == "/f");
  CHECK(fetch_from(server.port(), "/gone").status == 410);
  CHECK(fetch_from(server.port(), "/none").status == 404);
  const wire_reply refused = fetch_from(server.port(), "/secret");
  CHECK(refused.status == 401);
  CHECK(refused.field("WWW-Authenticate") == "Basic realm=\"test\"");
  CHECK(fetch_from(server.port(), "/secret", "Authorization: Basic eHg6eXk=\r\n").status == 401);
  // RFC 7617, section 2.
  CHECK(
      fetch_from(server.port(), "/secret", "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n")
          .body == "s");
}

TEST_CASE("resources can be made on demand, replaced and removed", "[support][server]") {
  fault_server server;
  server.provide([](const std::string& path) -> std::optional<resource> {
    if (path.rfind("/many/", 0) != 0) return std::nullopt;
    return resource{.body = "file " + path.substr(6)};
  });
  CHECK(fetch_from(server.port(), "/many/17").body == "file 17");
  CHECK(fetch_from(server.port(), "/few/17").status == 404);
  server.add("/many/17", {.body = "mine"});
  CHECK(fetch_from(server.port(), "/many/17?query=1").body == "mine");
  server.replace("/many/17", {.body = "new"});
  CHECK(fetch_from(server.port(), "http://other/many/17").body == "new");
  server.remove("/many/17");
  CHECK(fetch_from(server.port(), "/many/17").body == "file 17");
}

TEST_CASE("requests are logged as they came", "[support][server]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  wire c(server.port());
  c.send("POST /f?a=b HTTP/1.1\r\nHost: h\r\nX-Case:  v \r\nContent-Length: 5\r\n\r\nhello");
  c.read_head();
  CHECK(c.read(size) == whole());
  exchange_on(c, "/f", "Range: bytes=10-19\r\n");
  fetch_from(server.port(), "/g", "Range: bytes=-3\r\n");

  const std::vector<exchange> log = server.log();
  REQUIRE(log.size() == 3);
  const request_info& first = log[0].request;
  CHECK(first.number == 1);
  CHECK(first.path_number == 1);
  CHECK(first.method == "POST");
  CHECK(first.target == "/f?a=b");
  CHECK(first.path == "/f");
  CHECK(first.version == "HTTP/1.1");
  CHECK(first.body == "hello");
  CHECK(first.field("x-case") == "v");
  CHECK_FALSE(first.field("Range"));
  CHECK_FALSE(first.range);
  CHECK_FALSE(first.tls);
  CHECK(log[0].status == 200);
  CHECK(log[0].body_sent == size);
  CHECK(log[0].body_length == size);
  CHECK(log[0].request.arrived <= log[0].head_sent);
  CHECK(log[0].head_sent <= log[0].ended);

  CHECK(log[1].request.path_number == 2);
  CHECK(log[1].request.range.value_or(asked_range{}).first == 10);
  CHECK(log[1].request.range.value_or(asked_range{}).last == 19);
  CHECK(log[1].body_first == 10);
  CHECK(log[1].body_sent == 10);

  CHECK(log[2].request.number == 3);
  CHECK(log[2].request.path_number == 1);
  CHECK(log[2].request.connection == 2);
  CHECK(log[2].status == 404);
  CHECK(log[2].request.range.value_or(asked_range{}).last == 3);
  CHECK(server.log("/f").size() == 2);
  CHECK(server.body_bytes("/f") == size + 10);

  server.clear_log();
  CHECK(server.log().empty());
  CHECK(server.counters().requests == 0);
  CHECK(server.counters().body_bytes == 0);
  exchange_on(c, "/f");
  REQUIRE(server.log().size() == 1);
  CHECK(server.log()[0].body_sent == size);
  CHECK(server.log()[0].request.path_number == 3);
}

TEST_CASE("what a client has whole is in the log", "[support][server]") {
  fault_server server;
  std::atomic<int> late{0};
  // Between the last byte and the server's bookkeeping there is time for other connections.
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, path = "/" + std::to_string(i)] {
      server.add(path, {.size = 10, .seed = seed});
      wire c(server.port());
      for (std::uint64_t n = 1; n <= 40; ++n) {
        exchange_on(c, path);
        if (server.body_bytes(path) != 10 * n || !server.log(path).back().complete) ++late;
      }
    });
  }
  for (std::thread& t : clients) t.join();
  CHECK(late == 0);
}

TEST_CASE("a malformed request is told to the test", "[support][server]") {
  fault_server server;
  wire c(server.port());
  c.send("nonsense\r\n\r\n");
  CHECK(c.read_to_end().substr(0, 12) == "HTTP/1.1 400");
  CHECK(server.errors().size() == 1);
  CHECK(server.log().empty());
}

TEST_CASE("what is open and active at one time is counted", "[support][server]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  const gate g;
  server.behave("/f", [g](const request_info&) { return reply_plan().hold_body(500, g); });
  {
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        if (fetch_from(server.port(), "/f").body == whole()) ++right;
      });
    }
    wire idle(server.port());
    CHECK(g.wait_for_arrivals(8));
    CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 9; }));
    const server_counters held = server.counters();
    CHECK(held.connections == 9);
    CHECK(held.requests == 8);
    CHECK(held.requests_active == 8);
    CHECK(held.body_bytes == 8 * 500);
    CHECK_FALSE(g.is_open());
    g.open();
    for (std::thread& t : clients) t.join();
    CHECK(right == 8);
  }
  CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));
  // The reply is counted once the client has it.
  fetch_from(server.port(), "/none");
  const server_counters end = server.counters();
  CHECK(end.connections == 10);
  CHECK(end.connections_peak == 9);
  CHECK(end.requests_active == 0);
  CHECK(end.requests_peak == 8);
  CHECK(end.body_bytes == 8 * size + std::string("404 Not Found\n").size());
}

TEST_CASE("IPv6, alone and beside IPv4", "[support][server]") {
  std::optional<fault_server> both;
  try {
    both.emplace(server_options{.ipv6 = true});
  } catch (const std::system_error&) {
    WARN("no IPv6 here");
    return;
  }
  both->add("/f", {.size = 10, .seed = seed});
  wire six(both->port(), {.ipv6 = true});
  CHECK(exchange_on(six, "/f").body == part(0, 9));
  CHECK(fetch_from(both->port(), "/f").body == part(0, 9));
  CHECK(both->log()[0].request.ipv6);
  CHECK_FALSE(both->log()[1].request.ipv6);
  CHECK(both->url("/x") == "http://127.0.0.1:" + std::to_string(both->port()) + "/x");

  fault_server only({.ipv4 = false, .ipv6 = true});
  CHECK(only.url("/x") == "http://[::1]:" + std::to_string(only.port()) + "/x");
  CHECK_FALSE(can_connect(only.port()));
}

TEST_CASE("dates as HTTP writes them", "[support][server]") {
  CHECK(http_date(std::chrono::system_clock::from_time_t(784111777)) ==
        "Sun, 06 Nov 1994 08:49:37 GMT");
}
