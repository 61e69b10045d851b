#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/net.hpp"
#include "support/pattern.hpp"
#include "support_test/wire.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

using namespace haul::test;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t size = 100'000;
constexpr std::uint64_t seed = 7;
const std::string range = "Range: bytes=1000-1999\r\n";

std::string part(std::uint64_t first, std::uint64_t last) {
  return pattern_bytes(seed, first, static_cast<std::size_t>(last - first + 1));
}

std::string whole() { return part(0, size - 1); }

// A server whose every reply for /f follows one plan.
struct planned {
  fault_server server;

  explicit planned(const reply_plan& plan, resource r = {.size = size, .seed = seed}) {
    server.add("/f", std::move(r));
    server.behave("/f", [plan](const request_info&) { return plan; });
  }
  wire_reply get(const std::string& fields = {}) const {
    return fetch_from(server.port(), "/f", fields);
  }
};

}  // namespace

TEST_CASE("a plan that says nothing is an honest reply", "[support][faults]") {
  const planned p{reply_plan()};
  CHECK(p.get().body == whole());
  CHECK(p.get(range).body == part(1000, 1999));
}

TEST_CASE("another status", "[support][faults]") {
  const planned busy(reply_plan().with_status(503).with_retry_after("2"));
  const wire_reply r = busy.get(range);
  CHECK(r.head.substr(0, 34) == "HTTP/1.1 503 Service Unavailable\r\n");
  CHECK(r.field("Retry-After") == "2");
  CHECK(r.body.find("503") == 0);
  CHECK(r.field("ETag").empty());

  const planned away(reply_plan().redirect(302, "http://other/x"));
  CHECK(away.get().status == 302);
  CHECK(away.get().field("Location") == "http://other/x");
  CHECK(planned(reply_plan().unauthorized("Digest x")).get().field("WWW-Authenticate") ==
        "Digest x");
  CHECK(planned(reply_plan().with_status(204)).get().head.find("Content-Length") ==
        std::string::npos);
  CHECK(planned(reply_plan().with_status(599, "Odd")).get().head.substr(0, 18) ==
        "HTTP/1.1 599 Odd\r\n");
  CHECK(planned(reply_plan().with_status(403).with_body("{}", "application/json")).get().body ==
        "{}");

  // 200 and 206 are served, whatever was asked.
  const wire_reply full = planned(reply_plan().with_status(200)).get(range);
  CHECK(full.status == 200);
  CHECK(full.body == whole());
  const wire_reply partial = planned(reply_plan().with_status(206)).get();
  CHECK(partial.status == 206);
  CHECK(partial.field("Content-Range") == "bytes 0-99999/100000");
  CHECK(partial.body == whole());
}

TEST_CASE("a behaviour may differ from request to request", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  server.add("/g", {.size = size, .seed = seed});
  server.behave("/f", [](const request_info& r) {
    reply_plan plan;
    if (r.path_number == 2) plan.with_status(500);
    if (r.range && r.range->first == 5U) plan.with_status(501);
    if (r.on_connection == 2) plan.with_status(502);
    return plan;
  });
  CHECK(fetch_from(server.port(), "/f").status == 200);
  CHECK(fetch_from(server.port(), "/f").status == 500);
  CHECK(fetch_from(server.port(), "/f", "Range: bytes=5-\r\n").status == 501);
  wire c(server.port());
  CHECK(exchange_on(c, "/f").status == 200);
  CHECK(exchange_on(c, "/f").status == 502);
  // For all other paths.
  server.behave([](const request_info&) { return reply_plan().with_status(418); });
  CHECK(fetch_from(server.port(), "/g").status == 418);
  CHECK(fetch_from(server.port(), "/f").status == 200);
}

TEST_CASE("a behaviour that throws is told to the test", "[support][faults]") {
  fault_server server;
  server.behave([](const request_info&) -> reply_plan { throw std::runtime_error("oops"); });
  CHECK(fetch_from(server.port(), "/f").status == 500);
  REQUIRE(server.errors().size() == 1);
  CHECK(server.errors()[0].find("oops") != std::string::npos);
}

TEST_CASE("Content-Range that lies", "[support][faults]") {
  const auto field = [](const reply_plan& plan) {
    const wire_reply r = planned(plan).get(range);
    CHECK(r.status == 206);
    CHECK(r.body == part(1000, 1999));
    return r.field("Content-Range");
  };
  CHECK(field(reply_plan()) == "bytes 1000-1999/100000");
  CHECK(field(reply_plan().shift_content_range(7)) == "bytes 1007-2006/100000");
  CHECK(field(reply_plan().shift_content_range(-7)) == "bytes 993-1992/100000");
  CHECK(field(reply_plan().with_total("100001")) == "bytes 1000-1999/100001");
  CHECK(field(reply_plan().with_total("*")) == "bytes 1000-1999/*");
  CHECK(field(reply_plan().with_content_range("bytes x")) == "bytes x");
  CHECK(field(reply_plan().without_content_range()).empty());
}

TEST_CASE("another range than asked for", "[support][faults]") {
  const auto check = [](const reply_plan& plan, std::uint64_t first, std::uint64_t last) {
    const wire_reply r = planned(plan).get(range);
    CHECK(r.status == 206);
    CHECK(r.field("Content-Range") ==
          "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/100000");
    CHECK(r.field("Content-Length") == std::to_string(last - first + 1));
    CHECK(r.body == part(first, last));
  };
  check(reply_plan().shorten(10), 1000, 1009);
  check(reply_plan().extend(10), 1000, 2009);
  check(reply_plan().extend(1'000'000), 1000, size - 1);
  check(reply_plan().start_earlier(10), 990, 1999);
  check(reply_plan().start_earlier(5000), 0, 1999);
  check(reply_plan().start_later(10), 1010, 1999);
  CHECK_THROWS(reply_plan().shorten(0));
  const wire_reply ignored = planned(reply_plan().ignore_range()).get(range);
  CHECK(ignored.status == 200);
  CHECK(ignored.body == whole());
}

TEST_CASE("wrong bytes", "[support][faults]") {
  std::string expected = whole();
  for (std::size_t i = 1500; i < 1503; ++i) expected[i] = static_cast<char>(expected[i] ^ 0x5a);
  const planned p(reply_plan().corrupt(1500, 3));
  CHECK(p.get().body == expected);
  CHECK(p.get(range).body == expected.substr(1000, 1000));
  CHECK(p.get("Range: bytes=1501-1501\r\n").body == expected.substr(1501, 1));
  CHECK(p.get("Range: bytes=1503-1600\r\n").body == part(1503, 1600));

  const planned other(reply_plan().with_seed(8, 1500));
  CHECK(other.get(range).body == part(1000, 1499) + pattern_bytes(8, 1500, 500));
  CHECK(planned(reply_plan().with_seed(8)).get(range).body == pattern_bytes(8, 1000, 1000));
}

TEST_CASE("heads of every kind", "[support][faults]") {
  const wire_reply r = planned(reply_plan()
                                   .with_field("X-A", "1")
                                   .with_field("X-A", "2")
                                   .without_field("accept-ranges")
                                   .replace_field("Content-Type", "text/html"))
                           .get();
  CHECK(r.head.find("X-A: 1\r\nX-A: 2\r\n") != std::string::npos);
  CHECK(r.head.find("Accept-Ranges") == std::string::npos);
  CHECK(r.head.find("application/octet-stream") == std::string::npos);
  CHECK(r.field("Content-Type") == "text/html");

  const planned raw(reply_plan().with_raw_head("HTTP/9 banana\n\n"));
  wire c(raw.server.port());
  c.get("/f", range);
  CHECK(c.read_to_end() == "HTTP/9 banana\n\n" + part(1000, 1999));
  CHECK(c.end() == wire_end::fin);

  const planned two(reply_plan()
                        .with_interim("HTTP/1.1 100 Continue\r\n\r\n")
                        .with_interim("HTTP/1.1 103 Early Hints\r\n\r\n"));
  wire d(two.server.port());
  d.get("/f");
  CHECK(d.read_head() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(d.read_head() == "HTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK(d.read_head().substr(0, 12) == "HTTP/1.1 200");
  CHECK(d.read(size) == whole());

  CHECK(planned(reply_plan().with_http10()).get().head.substr(0, 8) == "HTTP/1.0");
  CHECK(planned(reply_plan().with_framing(framing::chunked)).get().field("Transfer-Encoding") ==
        "chunked");
}

TEST_CASE("raw bytes instead of a reply", "[support][faults]") {
  const gate g;
  raw_part first;
  first.bytes = "not ";
  raw_part second;
  second.bytes = "HTTP\0!";
  second.bytes = std::string("HTTP\0!", 6);
  second.until = g;
  second.delay = 1ms;
  const planned p(reply_plan().with_raw({first, second}));
  wire c(p.server.port());
  c.get("/f");
  CHECK(c.read(4) == "not ");
  CHECK(c.quiet_for(50ms));
  g.open();
  CHECK(c.read_to_end() == second.bytes);
  CHECK(c.end() == wire_end::fin);

  const planned kept(
      reply_plan().with_raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx").then_stay_open());
  wire d(kept.server.port());
  CHECK(exchange_on(d, "/f").body == "x");
  CHECK(exchange_on(d, "/f").body == "x");
  const planned reset(reply_plan().with_raw("x").then_close(ending::reset));
  wire e(reset.server.port());
  e.get("/f");
  CHECK(e.read_to_end() == "x");
  CHECK(e.end() == wire_end::reset);
}

TEST_CASE("cut in the body", "[support][faults]") {
  const auto at = GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{70'000}, size);
  const auto how = GENERATE(ending::abrupt, ending::graceful, ending::reset);
  const planned p(reply_plan().cut_body(at, how));
  wire c(p.server.port());
  c.get("/f");
  const std::string head = c.read_head();
  CHECK(head.find("Content-Length: 100000\r\n") != std::string::npos);
  CHECK(c.read_to_end() == whole().substr(0, static_cast<std::size_t>(at)));
  CHECK(c.end() == (how == ending::reset ? wire_end::reset : wire_end::fin));
  REQUIRE(p.server.wait_for([](const server_counters& s) { return s.requests_active == 0; }));
  const exchange e = p.server.log()[0];
  CHECK(e.body_sent == at);
  CHECK(e.finished);
  CHECK_FALSE(e.complete);
}

TEST_CASE("cut in the head", "[support][faults]") {
  const auto at = GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{20});
  const auto how = GENERATE(ending::abrupt, ending::reset);
  const planned p(reply_plan().cut_head(at, how));
  wire c(p.server.port());
  c.get("/f");
  CHECK(c.read_to_end() ==
        std::string("HTTP/1.1 200 OK\r\nCon").substr(0, static_cast<std::size_t>(at)));
  CHECK(c.end() == (how == ending::reset ? wire_end::reset : wire_end::fin));
}

TEST_CASE("stalls for a time and for ever", "[support][faults]") {
  SECTION("before the head") {
    const planned p(reply_plan().delay_head(200ms));
    const auto start = clock::now();
    CHECK(p.get().body == whole());
    CHECK(clock::now() - start >= 200ms);
  }
  SECTION("in the head") {
    const planned p(reply_plan().stall_head(9));
    wire c(p.server.port());
    c.get("/f");
    CHECK(c.read(9) == "HTTP/1.1 ");
    CHECK(c.quiet_for(100ms));
  }
  SECTION("in the body, twice") {
    const planned p(reply_plan().stall_body(200, 100ms).stall_body(100, 100ms));
    const auto start = clock::now();
    CHECK(p.get().body == whole());
    CHECK(clock::now() - start >= 200ms);
  }
  SECTION("at the end of the body, for ever") {
    const planned p(reply_plan().lie_length(size + 1).stall_body(size));
    wire c(p.server.port());
    c.get("/f");
    c.read_head();
    CHECK(c.read(size) == whole());
    CHECK(c.quiet_for(100ms));
    CHECK(p.server.counters().requests_active == 1);
  }
}

TEST_CASE("a request that was given up counts no more, noticed or not", "[support][faults]") {
  const planned p(reply_plan().stall_body(10));
  for (int i = 0; i < 100; ++i) {
    wire c(p.server.port());
    c.get("/f");
    c.read_head();
    CHECK(c.read(10) == part(0, 9));
  }
  CHECK(p.server.counters().requests == 100);
  CHECK(p.server.counters().requests_peak == 1);
}

TEST_CASE("a stalled reply sees its client go", "[support][faults]") {
  const bool held = GENERATE(true, false);
  const gate g;
  const planned p(held ? reply_plan().hold_body(10, g) : reply_plan().stall_body(10));
  {
    wire c(p.server.port());
    c.get("/f");
    c.read_head();
    CHECK(c.read(10) == part(0, 9));
    CHECK(p.server.counters().connections_open == 1);
  }
  CHECK(p.server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));
  CHECK(p.server.log()[0].finished);
  CHECK(p.server.log()[0].body_sent == 10);
}

TEST_CASE("gates hold the head and the body", "[support][faults]") {
  const gate head;
  const gate body;
  const planned p(reply_plan().hold_head(head).hold_body(100, body));
  wire c(p.server.port());
  c.get("/f");
  CHECK(head.wait_for_arrivals(1));
  CHECK(c.quiet_for(50ms));
  CHECK(body.arrivals() == 0);
  head.open();
  c.read_head();
  CHECK(c.read(100) == part(0, 99));
  CHECK(body.wait_for_arrivals(1));
  CHECK(c.quiet_for(50ms));
  body.open();
  CHECK(c.read(size - 100) == part(100, size - 1));
  // An open gate holds nobody.
  CHECK(p.get().body == whole());
  CHECK_FALSE(head.wait_for_arrivals(3, 10ms));
}

TEST_CASE("steps are taken by place, and at one place in the order they were given",
          "[support][faults]") {
  const gate late;
  const gate first;
  const gate second;
  const planned p(reply_plan().hold_body(200, late).hold_body(100, first).hold_body(100, second));
  wire c(p.server.port());
  c.get("/f");
  c.read_head();
  CHECK(c.read(100) == part(0, 99));
  CHECK(first.wait_for_arrivals(1));
  CHECK(c.quiet_for(20ms));
  CHECK(second.arrivals() == 0);
  first.open();
  CHECK(second.wait_for_arrivals(1));
  CHECK(late.arrivals() == 0);
  second.open();
  CHECK(late.wait_for_arrivals(1));
  CHECK(c.read(100) == part(100, 199));
  late.open();
  CHECK(c.read(size - 200) == part(200, size - 1));
}

TEST_CASE("throttled replies", "[support][faults]") {
  SECTION("by a plan") {
    const planned p(reply_plan().throttle(200'000));
    const auto start = clock::now();
    CHECK(p.get().body == whole());
    CHECK(clock::now() - start >= 400ms);
  }
  SECTION("from an offset on") {
    const planned p(reply_plan().throttle(50'000, 90'000));
    wire c(p.server.port());
    const auto start = clock::now();
    c.get("/f");
    c.read_head();
    CHECK(c.read(90'000) == part(0, 89'999));
    CHECK(c.read(10'000) == part(90'000, size - 1));
    CHECK(clock::now() - start >= 100ms);
  }
  SECTION("by the resource, until a plan frees it") {
    const planned p(reply_plan().throttle(0, 2000), {.size = size, .seed = seed, .rate = 10'000});
    const auto start = clock::now();
    CHECK(p.get().body == whole());
    CHECK(clock::now() - start >= 150ms);
    // At 10 kB/s all of it would take ten seconds.
    CHECK(clock::now() - start < 9s);
  }
  SECTION("all together") {
    fault_server server;
    server.add("/f", {.size = size, .seed = seed});
    server.limit_total_rate(1'000'000);
    const auto start = clock::now();
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    for (int i = 0; i < 5; ++i) {
      clients.emplace_back([&] {
        if (fetch_from(server.port(), "/f").body == whole()) ++right;
      });
    }
    for (std::thread& t : clients) t.join();
    CHECK(right == 5);
    CHECK(clock::now() - start >= 400ms);
  }
}

TEST_CASE("byte by byte", "[support][faults]") {
  const auto how = GENERATE(framing::content_length, framing::chunked);
  const planned p(reply_plan().dribble(100us),
                  {.size = 100, .seed = seed, .how = how, .chunk_size = 60});
  const auto start = clock::now();
  const wire_reply r = p.get();
  CHECK(clock::now() - start >= 10ms);
  if (how == framing::content_length) {
    CHECK(r.body == part(0, 99));
  } else {
    CHECK(r.body == "3c\r\n" + part(0, 59) + "\r\n28\r\n" + part(60, 99) + "\r\n0\r\n\r\n");
  }
}

TEST_CASE("Content-Length that lies", "[support][faults]") {
  SECTION("more than there is: the connection ends") {
    const planned p(reply_plan().lie_length(size + 5));
    wire c(p.server.port());
    c.get("/f");
    CHECK(c.read_head().find("Content-Length: 100005\r\n") != std::string::npos);
    CHECK(c.read_to_end() == whole());
    CHECK(c.end() == wire_end::fin);
  }
  SECTION("less than there is: the rest stays on the connection") {
    const planned p(reply_plan().lie_length(size - 5));
    wire c(p.server.port());
    CHECK(exchange_on(c, "/f").body == part(0, size - 6));
    CHECK(c.read(5) == part(size - 5, size - 1));
    CHECK(c.quiet_for(20ms));
  }
  SECTION("not a number") {
    const planned p(reply_plan().with_content_length("-1"));
    wire c(p.server.port());
    c.get("/f");
    CHECK(c.read_head().find("Content-Length: -1\r\n") != std::string::npos);
  }
  SECTION("beside chunks") {
    const planned p(reply_plan().lie_length(3).with_framing(framing::chunked));
    wire c(p.server.port());
    c.get("/f");
    const std::string head = c.read_head();
    CHECK(head.find("Content-Length: 3\r\n") != std::string::npos);
    CHECK(head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  }
}

TEST_CASE("a head without its body", "[support][faults]") {
  const planned p(reply_plan().without_body());
  wire c(p.server.port());
  c.get("/f");
  CHECK(c.read_head().find("Content-Length: 100000\r\n") != std::string::npos);
  CHECK(c.quiet_for(50ms));
}

TEST_CASE("bad chunks", "[support][faults]") {
  struct row {
    bad_chunk what;
    std::string bytes;
  };
  const std::string data = part(4, 7);
  const std::string good = "4\r\n" + part(0, 3) + "\r\n";
  const std::string rest = "2\r\n" + part(8, 9) + "\r\n0\r\n\r\n";
  const std::vector<row> rows{
      {bad_chunk::size_not_hex, good + "xyz\r\n" + data + "\r\n" + rest},
      {bad_chunk::size_overflow, good + "10000000000000000\r\n" + data + "\r\n" + rest},
      {bad_chunk::size_negative, good + "-4\r\n" + data + "\r\n" + rest},
      {bad_chunk::size_empty, good + "\r\n" + data + "\r\n" + rest},
      {bad_chunk::no_crlf_after_data, good + "4\r\n" + data + rest},
      {bad_chunk::bare_lf, good + "4\n" + data + "\n" + rest},
      {bad_chunk::data_too_long, good + "2\r\n" + data + "\r\n" + rest},
      {bad_chunk::no_last_chunk, good + "4\r\n" + data + "\r\n2\r\n" + part(8, 9) + "\r\n"}};
  for (const row& r : rows) {
    INFO(static_cast<int>(r.what));
    const planned p(reply_plan().with_bad_chunk(r.what, 4),
                    {.size = 10, .seed = seed, .how = framing::chunked, .chunk_size = 4});
    wire c(p.server.port());
    c.get("/f");
    c.read_head();
    CHECK(c.read_to_end() == r.bytes);
    CHECK(c.end() == wire_end::fin);
  }
}

TEST_CASE("how a connection goes on after a reply", "[support][faults]") {
  SECTION("says so and closes") {
    const planned p(reply_plan().then_close());
    wire c(p.server.port());
    CHECK(exchange_on(c, "/f").field("Connection") == "close");
    CHECK(c.read_to_end().empty());
    CHECK(c.end() == wire_end::fin);
    CHECK(p.server.log()[0].complete);
  }
  SECTION("closes without a word") {
    const auto how = GENERATE(ending::graceful, ending::reset);
    const planned p(reply_plan().then_close_silently(how, 50ms));
    wire c(p.server.port());
    const wire_reply r = exchange_on(c, "/f");
    CHECK(r.field("Connection").empty());
    CHECK(r.body == whole());
    CHECK(r.end == wire_end::none);
    CHECK(c.read_to_end().empty());
    CHECK(c.end() == (how == ending::reset ? wire_end::reset : wire_end::fin));
  }
  SECTION("says it closes and stays") {
    const planned p(reply_plan().then_stay_open());
    wire c(p.server.port());
    CHECK(exchange_on(c, "/f").field("Connection") == "close");
    CHECK(c.quiet_for(50ms));
    CHECK(exchange_on(c, "/f").body == whole());
  }
  SECTION("closes what is idle") {
    fault_server server({.idle_timeout = 100ms});
    server.add("/f", {.size = size, .seed = seed});
    wire c(server.port());
    CHECK(exchange_on(c, "/f").body == whole());
    CHECK(c.read_to_end().empty());
    CHECK(c.end() == wire_end::fin);
  }
}

TEST_CASE("a new version at any moment", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = 1, .etag = "\"1\""});
  const gate g;
  server.behave("/f", [&](const request_info& r) {
    // Seen by this very reply.
    if (r.path_number == 3) server.replace("/f", {.size = size, .seed = 3, .etag = "\"3\""});
    return r.path_number == 1 ? reply_plan().hold_body(50'000, g) : reply_plan();
  });
  wire c(server.port());
  c.get("/f");
  c.read_head();
  std::string body = c.read(50'000);
  server.replace("/f", {.size = size, .seed = 2, .etag = "\"2\""});
  const wire_reply second = fetch_from(server.port(), "/f");
  CHECK(second.field("ETag") == "\"2\"");
  CHECK(second.body == pattern_bytes(2, 0, size));
  // What is under way stays what it was.
  g.open();
  body += c.read(50'000);
  CHECK(body == pattern_bytes(1, 0, size));
  const wire_reply third = fetch_from(server.port(), "/f");
  CHECK(third.field("ETag") == "\"3\"");
  CHECK(third.body == pattern_bytes(3, 0, size));
}

TEST_CASE("what happens to a new connection", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  const gate g;
  server.behave_on_connect([g](const connection_info& c) {
    connection_plan plan;
    switch (c.number) {
      case 1:
        plan.what = connection_plan::act::end;
        break;
      case 2:
        plan.what = connection_plan::act::end;
        plan.how = ending::reset;
        plan.say = "220 hello\r\n";
        break;
      case 3:
        plan.what = connection_plan::act::silence;
        break;
      case 4:
        plan.until = g;
        plan.delay = 1ms;
        break;
      default:
        break;
    }
    return plan;
  });
  wire one(server.port());
  CHECK(one.read_to_end().empty());
  CHECK(one.end() == wire_end::fin);
  wire two(server.port());
  CHECK(two.read_to_end() == "220 hello\r\n");
  CHECK(two.end() == wire_end::reset);
  wire three(server.port());
  three.get("/f");
  CHECK(three.quiet_for(50ms));
  wire four(server.port());
  four.get("/f");
  CHECK(four.quiet_for(50ms));
  g.open();
  CHECK(four.read_head().substr(0, 12) == "HTTP/1.1 200");
  CHECK(fetch_from(server.port(), "/f").body == whole());
  CHECK(server.counters().requests == 2);
}

TEST_CASE("a server that does not accept", "[support][faults]") {
  fault_server server({.backlog = 16});
  server.add("/f", {.size = size, .seed = seed});
  CHECK(fetch_from(server.port(), "/f").body == whole());
  server.stop_accepting();
  // The system takes it, the server does not.
  wire c(server.port());
  c.get("/f");
  CHECK(c.quiet_for(50ms));
  CHECK(server.counters().connections == 1);
  server.resume_accepting();
  CHECK(c.read_head().substr(0, 12) == "HTTP/1.1 200");
  CHECK(c.read(size) == whole());
  CHECK(fetch_from(server.port(), "/f").body == whole());
}

TEST_CASE("a server that goes away and comes back", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  const std::uint16_t port = server.port();
  wire old(port);
  CHECK(exchange_on(old, "/f").status == 200);
  server.stop_listening();
  CHECK_FALSE(can_connect(port));
  CHECK(exchange_on(old, "/f").body == whole());
  server.listen_again();
  CHECK(server.port() == port);
  CHECK(fetch_from(port, "/f").body == whole());
  server.listen_again();
  CHECK(fetch_from(port, "/f").body == whole());
}

TEST_CASE("dropping what is open", "[support][faults]") {
  const auto how = GENERATE(ending::abrupt, ending::reset);
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  server.behave("/f", [](const request_info&) { return reply_plan().stall_body(10); });
  wire busy(server.port());
  busy.get("/f");
  busy.read_head();
  busy.read(10);
  wire idle(server.port());
  REQUIRE(server.wait_for([](const server_counters& s) { return s.connections_open == 2; }));
  server.drop_connections(how);
  CHECK(busy.read_to_end().empty());
  CHECK(idle.read_to_end().empty());
  CHECK(busy.end() == (how == ending::reset ? wire_end::reset : wire_end::fin));
  CHECK(idle.end() == busy.end());
  CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));
}

TEST_CASE("a behaviour may steer its own server", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  server.behave("/f", [&server](const request_info& r) {
    if (r.path_number == 1) server.stop_listening();
    if (r.path_number == 2) server.drop_connections();
    return reply_plan();
  });
  wire c(server.port());
  CHECK(exchange_on(c, "/f").body == whole());
  CHECK_FALSE(can_connect(server.port()));
  c.get("/f");
  CHECK(c.read_to_end().empty());
  CHECK(c.end() == wire_end::reset);
}

TEST_CASE("the end of a server is the end of everything", "[support][faults]") {
  const auto start = clock::now();
  const gate g;
  std::vector<std::unique_ptr<wire>> clients;
  {
    fault_server server;
    server.add("/f", {.size = 1 << 30, .seed = seed});
    server.behave([g](const request_info& r) {
      switch (r.number % 5) {
        case 0:
          return reply_plan().stall_head();
        case 1:
          return reply_plan().stall_body(1000);
        case 2:
          return reply_plan().hold_body(1000, g);
        case 3:
          return reply_plan().throttle(10);
        default:
          return reply_plan();  // Nobody reads it.
      }
    });
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<wire>(server.port()));
      clients.back()->get("/f");
    }
    clients.push_back(std::make_unique<wire>(server.port()));
    REQUIRE(server.wait_for([](const server_counters& s) {
      return s.requests_active == 20 && s.connections_open == 21;
    }));
    if (clients.size() > 30) server.stop();
  }
  for (const auto& c : clients) {
    c->read_to_end();
    CHECK(c->end() != wire_end::none);
  }
  // The gate outlives it and opens onto nothing.
  g.open();
  CHECK(clock::now() - start < 20s);
}

TEST_CASE("a stopped server keeps its log", "[support][faults]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed});
  CHECK(fetch_from(server.port(), "/f").status == 200);
  server.stop();
  CHECK_FALSE(can_connect(server.port()));
  CHECK(server.log().size() == 1);
  CHECK(server.counters().connections_open == 0);
  server.stop();
  server.drop_connections();
  server.stop_listening();
  CHECK(server.url("/f").find("http://127.0.0.1:") == 0);
}

TEST_CASE("a port that is taken is an error", "[support][faults]") {
  const fault_server first;
  CHECK_THROWS(fault_server({.port = first.port()}));
  CHECK_THROWS(fault_server({.ipv4 = false}));
}

TEST_CASE("big bodies go in blocks, many at a time", "[support][faults]") {
  constexpr std::uint64_t big = 24 << 20;
  fault_server server({.send_buffer = 64 * 1024, .block = 100'000});
  server.add("/f", {.size = big, .seed = seed});
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (std::uint64_t i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      const std::uint64_t first = i * big / 4;
      const std::uint64_t last = (i + 1) * big / 4 - 1;
      const std::string body =
          fetch_from(server.port(), "/f",
                     "Range: bytes=" + std::to_string(first) + "-" + std::to_string(last) + "\r\n")
              .body;
      if (body == part(first, last)) ++right;
    });
  }
  for (std::thread& t : clients) t.join();
  CHECK(right == 4);
  CHECK(server.wait_for([](const server_counters& s) { return s.requests_active == 0; }));
  CHECK(server.body_bytes("/f") == big);
}
