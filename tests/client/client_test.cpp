#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/nginx.hpp"
#include "support/pattern.hpp"
#include "support/proxies.hpp"
#include "support/temp_dir.hpp"
#include "support/test_ca.hpp"
#include <haul/http/client.hpp>
#include <haul/http/connection_pool.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace haul;
using namespace haul::test;
using namespace std::chrono_literals;
using system::system_environment;

namespace {

using client_type = http::client<system_environment>;
using pool_type = http::connection_pool<system_environment>;
using reply_type = http::reply<system_environment>;

constexpr std::uint64_t size = 50'000;
constexpr std::uint64_t seed = 5;
const resource file{.size = size, .seed = seed, .etag = "\"v1\""};

struct outcome {
  std::error_code error;
  operation doing = operation::checking;
  std::string detail;
  int status = 0;
  std::string body;
  std::string from;
  unsigned redirects = 0;
  http::field_list fields;
};

session_options plain() {
  session_options o;
  o.proxy_from_environment = false;
  return o;
}
session_options through(const std::string& proxy) {
  session_options o = plain();
  o.proxy = proxy;
  return o;
}
session_options trusting(const test_ca& ca) {
  session_options o = plain();
  o.ca_file = ca.file().string();
  return o;
}

http::request get(const std::string& url) {
  const auto parsed = http::parse_url(url);
  REQUIRE(!parsed.error);
  return http::request{parsed.value};
}

// A client on a loop of its own.
struct rig {
  explicit rig(const session_options& o = plain())
      : environment(o),
        pool(environment, io.get_executor(), o.connections_per_host, o.idle_timeout),
        client(environment, pool, "haul-test/1") {}

  asio::io_context io{1};
  system_environment environment;
  pool_type pool;
  client_type client;
  timeouts limits;
  http::redirect_policy policy;

  outcome run(http::request r) {
    outcome got;
    bool done = false;
    asio::co_spawn(io, fetch(*this, std::move(r), got), [&](std::exception_ptr bug) {
      done = true;
      if (bug) std::rethrow_exception(bug);
    });
    finish();
    CHECK(done);
    return got;
  }
  outcome run(const std::string& url) { return run(get(url)); }

  void finish() {
    io.restart();
    io.run_for(100s);
    CHECK(io.stopped());
  }

  static awaitable<void> fetch(rig& self, http::request r, outcome& got) {
    try {
      reply_type reply =
          co_await self.client.open(self.io.get_executor(), r, self.limits, self.policy);
      got.status = reply.head().status;
      got.fields = reply.head().fields;
      got.from = reply.from.str();
      got.redirects = reply.redirects;
      http::exchange<system_environment>& x = *reply.body;
      while (!x.complete()) {
        if (!x.buffered()) co_await x.wait();
        char buffer[1000];
        std::error_code ec;
        const std::size_t n = x.read_some(buffer, sizeof buffer, ec);
        got.body.append(buffer, n);
        if (ec && ec != asio::error::would_block) {
          got.error = haul::detail::failure{ec, operation::receiving}.error;
          got.doing = operation::receiving;
          co_return;
        }
      }
    } catch (const haul::detail::failure& f) {
      got.error = f.error;
      got.doing = f.what_for;
      got.detail = f.detail;
      if (f.http_status) got.status = f.http_status;
    } catch (const std::system_error& e) {
      got.error = e.code();
    }
  }
};

// Passes on what a client and a server on this machine say to each other; of the server's bytes
// only the first ones, and then nothing more.
class cut_relay {
 public:
  cut_relay(std::uint16_t to, std::size_t most)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, to, most] { serve(to, most); }) {}
  ~cut_relay() {
    // If nobody has come, it still waits for somebody.
    asio::ip::tcp::socket last{io_};
    std::error_code ec;
    last.connect(acceptor_.local_endpoint(), ec);
    last.close(ec);
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using socket = asio::ip::tcp::socket;

  void serve(std::uint16_t to, std::size_t most) {
    std::error_code ec;
    socket client = acceptor_.accept(ec);
    socket server{io_};
    if (!ec) server.connect({asio::ip::address_v4::loopback(), to}, ec);
    if (ec) return;
    std::thread answers{[&] { pass(server, client, most); }};
    pass(client, server, std::numeric_limits<std::size_t>::max());
    server.shutdown(socket::shutdown_both, ec);
    answers.join();
  }

  // Until the end of one side; what is over the limit is dropped.
  static void pass(socket& from, socket& to, std::size_t most) {
    std::vector<char> bytes(16 * 1024);
    for (;;) {
      std::error_code ec;
      const std::size_t n = std::min(from.read_some(asio::buffer(bytes), ec), most);
      if (ec) return;
      most -= n;
      asio::write(to, asio::buffer(bytes.data(), n), ec);
      if (ec) return;
    }
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

std::string whole() { return pattern_bytes(seed, 0, size); }

void check_whole(const outcome& got) {
  INFO(got.error.message() << " " << got.detail);
  CHECK(!got.error);
  CHECK(got.status == 200);
  CHECK((got.body == whole()));
}

}  // namespace

// --- connections

TEST_CASE("a connection is used again", "[client][pool]") {
  const bool tls = GENERATE(false, true);
  test_ca ca;
  fault_server server{tls ? server_options{.tls = ca.valid()} : server_options{}};
  server.add("/f", file);
  rig r{trusting(ca)};
  for (int i = 0; i < 5; ++i) check_whole(r.run(server.url("/f", "localhost")));
  CHECK(server.counters().connections == 1);
  SECTION("not when the reply says so") {
    server.behave("/f", [](const request_info&) { return reply_plan().then_close(); });
    check_whole(r.run(server.url("/f", "localhost")));
    check_whole(r.run(server.url("/f", "localhost")));
    CHECK(server.counters().connections == 2);
  }
  SECTION("not when the idle ones were let go") {
    r.pool.clear();
    check_whole(r.run(server.url("/f", "localhost")));
    CHECK(server.counters().connections == 2);
  }
}

TEST_CASE("a kept connection that has died costs nothing", "[client][pool]") {
  const bool tls = GENERATE(false, true);
  test_ca ca;
  fault_server server{tls ? server_options{.tls = ca.valid()} : server_options{}};
  server.add("/f", file);
  rig r{trusting(ca)};
  const std::string url = server.url("/f", "localhost");
  check_whole(r.run(url));
  SECTION("noticed before") {
    server.drop_connections(ending::graceful);
    CHECK(server.wait_for([](const server_counters& c) { return c.connections_open == 0; }));
    check_whole(r.run(url));
  }
  SECTION("noticed by the answer") {
    server.behave("/f", [](const request_info& q) {
      return q.on_connection > 1 ? reply_plan().cut_head(0, ending::reset) : reply_plan();
    });
    check_whole(r.run(url));
    server.behave("/f", [](const request_info& q) {
      return q.on_connection > 1 ? reply_plan().cut_head(0, ending::abrupt) : reply_plan();
    });
    check_whole(r.run(url));
  }
  SECTION("but not when an answer has begun, or the connection was fresh") {
    server.behave("/f", [](const request_info&) { return reply_plan().cut_head(12); });
    CHECK(r.run(url).error == errc::connection_closed);
    server.behave("/f", [](const request_info&) { return reply_plan().cut_head(0); });
    r.pool.clear();
    server.clear_log();
    CHECK(r.run(url).error == errc::connection_closed);
    CHECK(server.log().size() == 1);
  }
}

TEST_CASE("what must not be sent twice is not", "[client][pool]") {
  fault_server server;
  server.add("/f", file);
  server.behave("/f", [](const request_info& q) {
    return q.method == "POST" ? reply_plan().cut_head(0, ending::abrupt) : reply_plan();
  });
  rig r;
  check_whole(r.run(server.url("/f")));  // leaves a connection
  http::request post = get(server.url("/f"));
  post.method = "POST";
  post.body = "{}";
  post.once = true;
  CHECK(r.run(std::move(post)).error == errc::connection_closed);
  const auto log = server.log();
  REQUIRE(log.size() == 2);
  CHECK(log[1].request.body == "{}");
  CHECK(log[1].request.connection == 2);
}

TEST_CASE("bytes that nobody asked for spoil a connection", "[client][pool]") {
  fault_server server;
  server.add("/f", file);
  server.behave("/f", [](const request_info&) {
    return reply_plan()
        .with_raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
            "Content-Length: 4\r\n\r\nevil")
        .then_stay_open();
  });
  rig r;
  CHECK(r.run(server.url("/f")).body == "ok");
  CHECK(r.run(server.url("/f")).body == "ok");
  CHECK(server.counters().connections == 2);
}

TEST_CASE("no more connections to a host than allowed", "[client][pool]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = seed, .rate = 2'000'000});
  session_options o = plain();
  o.connections_per_host = GENERATE(1u, 3u);
  rig r{o};
  std::vector<outcome> got(12);
  int done = 0;
  for (auto& g : got) {
    asio::co_spawn(r.io, rig::fetch(r, get(server.url("/f")), g),
                   [&](std::exception_ptr) { ++done; });
  }
  r.finish();
  CHECK(done == 12);
  for (const auto& g : got) check_whole(g);
  CHECK(server.counters().connections == o.connections_per_host);
  CHECK(server.counters().requests_peak <= o.connections_per_host);
}

TEST_CASE("cancelled wherever it is, an exchange gives back its place", "[client][pool]") {
  fault_server server;
  gate closed;
  server.add("/f", file);
  server.behave("/f", [&](const request_info&) { return reply_plan().hold_body(10'000, closed); });
  session_options o = plain();
  o.connections_per_host = 1;
  for (int k = 0; k < 40; ++k) {
    rig r{o};
    asio::cancellation_signal signal;
    outcome first;
    outcome second;
    bool done = false;
    asio::co_spawn(
        r.io, rig::fetch(r, get(server.url("/f")), first),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { done = true; }));
    for (int i = 0; i < k && !done; ++i) r.io.run_one_for(5ms);
    signal.emit(asio::cancellation_type::terminal);
    while (!done) REQUIRE(r.io.run_one_for(100s) == 1);
    CHECK(first.body.size() < size);
    server.behave("/f", [](const request_info&) { return reply_plan(); });
    check_whole(r.run(server.url("/f")));
    server.behave("/f",
                  [&](const request_info&) { return reply_plan().hold_body(10'000, closed); });
  }
}

// --- replies

TEST_CASE("bodies in every framing", "[client][framing]") {
  test_ca ca;
  const bool tls = GENERATE(false, true);
  fault_server server{tls ? server_options{.tls = ca.valid()} : server_options{}};
  rig r{trusting(ca)};
  const std::string url = server.url("/f", "localhost");
  for (const framing how : {framing::content_length, framing::chunked, framing::until_close}) {
    server.add("/f", {.size = size,
                      .seed = seed,
                      .how = how,
                      .chunk_size = 777,
                      .chunk_extension = ";a=b",
                      .trailers = {{"X-T", "1"}}});
    check_whole(r.run(url));
    server.behave("/f", [](const request_info&) {
      return reply_plan()
          .with_interim("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
          .with_interim("HTTP/1.1 100 Continue\r\n\r\n");
    });
    check_whole(r.run(url));
    server.behave("/f", [](const request_info&) { return reply_plan().dribble(); });
    if (how != framing::content_length) {
      server.add("/f", {.size = 500, .seed = seed, .how = how});
      CHECK((r.run(url).body == pattern_bytes(seed, 0, 500)));
    }
    server.behave("/f", [](const request_info&) { return reply_plan(); });
  }
  CHECK(server.errors().empty());
}

TEST_CASE("endless interim replies are an error", "[client][framing]") {
  fault_server server;
  server.add("/f", file);
  server.behave("/f", [](const request_info&) {
    reply_plan p;
    for (int i = 0; i < 40; ++i) p.with_interim("HTTP/1.1 100 Continue\r\n\r\n");
    return p;
  });
  CHECK(rig{}.run(server.url("/f")).error == errc::malformed_head);
}

TEST_CASE("bodies that end too early", "[client][framing]") {
  test_ca ca;
  const bool tls = GENERATE(false, true);
  const framing how = GENERATE(framing::content_length, framing::chunked, framing::until_close);
  fault_server server{tls ? server_options{.tls = ca.valid()} : server_options{}};
  server.add("/f", {.size = size, .seed = seed, .how = how});
  rig r{trusting(ca)};
  const std::string url = server.url("/f", "localhost");
  const auto cut = [&](ending e) {
    server.behave("/f", [=](const request_info&) { return reply_plan().cut_body(20'000, e); });
    return r.run(url);
  };
  const auto abrupt = cut(ending::abrupt);
  if (how == framing::until_close && !tls) {
    CHECK(!abrupt.error);  // nothing can tell
  } else {
    CHECK(abrupt.error == errc::connection_closed);
  }
  CHECK(abrupt.body.size() == 20'000);
#ifdef _WIN32
  // Wine takes the reset off the socket when it looks at it: what is left is an end.
  if (how == framing::until_close && !tls) return;
#endif
  CHECK(cut(ending::reset).error == condition::retryable);
}

TEST_CASE("what is not HTTP is an error", "[client][framing]") {
  fault_server server;
  server.add("/f", file);
  rig r;
  const std::pair<const char*, errc> table[] = {
      {"220 mail ready\r\n\r\n", errc::unsupported_version},
      {"HTTP/2.0 200 OK\r\n\r\n", errc::unsupported_version},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", errc::bad_content_length},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       errc::bad_framing},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", errc::unexpected_encoding},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", errc::malformed_chunk},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1", errc::connection_closed}};
  for (const auto& [bytes, error] : table) {
    INFO(bytes);
    const std::string raw = bytes;
    server.behave("/f", [raw](const request_info&) { return reply_plan().with_raw(raw); });
    const auto got = r.run(server.url("/f"));
    CHECK(got.error);
    if (error != errc::unsupported_version) CHECK(got.error == error);
  }
  server.behave("/f", [](const request_info&) {
    return reply_plan().with_field("X", std::string(70'000, 'x'));
  });
  CHECK(r.run(server.url("/f")).error == errc::head_too_large);
  server.behave("/f", [](const request_info&) {
    reply_plan p;
    for (int i = 0; i < 150; ++i) p.with_field("X", "y");
    return p;
  });
  CHECK(r.run(server.url("/f")).error == errc::too_many_fields);
}

// --- deadlines

TEST_CASE("every step has its deadline", "[client][timeouts]") {
  fault_server server;
  server.add("/f", file);
  rig r;
  SECTION("the head") {
    r.limits.head = 60ms;
    server.behave("/f", [](const request_info&) { return reply_plan().stall_head(10); });
    const auto got = r.run(server.url("/f"));
    CHECK(got.error == errc::head_timeout);
    CHECK(got.doing == operation::requesting);
  }
  SECTION("the body") {
    r.limits.stall = 60ms;
    server.behave("/f", [](const request_info&) { return reply_plan().stall_body(1'000); });
    const auto got = r.run(server.url("/f"));
    CHECK(got.error == errc::stalled);
    CHECK(got.body.size() == 1'000);
  }
  SECTION("a slow body that never stops is none") {
    r.limits.stall = 300ms;
    server.add("/f", {.size = 2'000, .seed = seed});
    server.behave("/f", [](const request_info&) { return reply_plan().throttle(4'000); });
    CHECK(r.run(server.url("/f")).body.size() == 2'000);
  }
  SECTION("TLS") {
    r.limits.handshake = 60ms;
    server.behave_on_connect(
        [](const connection_info&) { return connection_plan{connection_plan::act::silence}; });
    std::string url = server.url("/f");
    url.replace(0, 4, "https");
    const auto got = r.run(url);
    CHECK(got.error == errc::handshake_timeout);
    CHECK(got.doing == operation::handshaking);
  }
  SECTION("the proxy") {
    server.behave_on_connect(
        [](const connection_info&) { return connection_plan{connection_plan::act::silence}; });
    rig p{through("socks5://127.0.0.1:" + std::to_string(server.port()))};
    p.limits.handshake = 60ms;
    CHECK(p.run("http://example.com/").error == errc::handshake_timeout);
  }
  SECTION("none") {
    r.limits = timeouts{0ms, 0ms, 0ms, 0ms, 0ms};
    check_whole(r.run(server.url("/f")));
  }
}

TEST_CASE("nobody listens there", "[client]") {
  fault_server server;
  const std::string url = server.url("/f");
  server.stop_listening();
  const auto got = rig{}.run(url);
  CHECK(got.error == std::errc::connection_refused);
  CHECK(got.doing == operation::connecting);
  CHECK(got.detail.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("one address of a name is enough", "[client]") {
  fault_server server;  // 127.0.0.1 only; localhost may be ::1 too
  server.add("/f", file);
  check_whole(rig{}.run(server.url("/f", "localhost")));
}

// --- redirects and credentials

TEST_CASE("redirects of all kinds", "[client][redirect]") {
  fault_server server;
  server.add("/f", file);
  rig r;
  for (const int status : {301, 302, 303, 307, 308}) {
    server.add("/a", {.status = status, .location = "/b"});
    server.add("/b", {.status = status, .location = server.url("/f")});
    const auto got = r.run(server.url("/a"));
    check_whole(got);
    CHECK(got.redirects == 2);
    CHECK(got.from == server.url("/f"));
  }
  server.add("/circle", {.status = 302, .location = "/circle"});
  r.policy.max = 3;
  server.clear_log();
  CHECK(r.run(server.url("/circle")).error == errc::too_many_redirects);
  CHECK(server.log().size() == 4);
  server.add("/nowhere", {.status = 302, .location = ""});
  CHECK(r.run(server.url("/nowhere")).error == errc::bad_redirect);
  server.add("/ftp", {.status = 302, .location = "ftp://x/"});
  CHECK(r.run(server.url("/ftp")).error == errc::unsupported_scheme);
}

TEST_CASE("from https to http only when asked", "[client][redirect]") {
  test_ca ca;
  fault_server secure{{.tls = ca.valid()}};
  fault_server server;
  server.add("/f", file);
  secure.add("/a", {.status = 302, .location = server.url("/f")});
  rig r{trusting(ca)};
  CHECK(r.run(secure.url("/a", "localhost")).error == errc::insecure_redirect);
  CHECK(server.log().empty());
  r.policy.allow_insecure = true;
  check_whole(r.run(secure.url("/a", "localhost")));
}

TEST_CASE("secrets go to the origin they were given for", "[client][redirect]") {
  fault_server home;
  fault_server away;
  away.add("/f", file);
  away.add("/back", {.status = 302, .location = home.url("/f")});
  home.add("/f", file);
  home.add("/here", {.status = 302, .location = "/f"});
  home.add("/away", {.status = 302, .location = away.url("/f")});
  home.add("/round", {.status = 302, .location = away.url("/back")});
  rig r;
  const auto with_secrets = [&](const std::string& url) {
    http::request q = get(url);
    q.fields.append("Cookie", "a=b");
    q.fields.append("X-Mine", "c");
    q.has_credentials = true;
    q.user = "user";
    q.password = "pass";
    check_whole(r.run(q));
  };
  const auto last = [](const fault_server& s) { return s.log("/f").back().request; };
  with_secrets(home.url("/here"));
  CHECK(last(home).field("Authorization") == "Basic dXNlcjpwYXNz");
  CHECK(last(home).field("Cookie") == "a=b");
  with_secrets(home.url("/away"));
  CHECK(!last(away).field("Authorization"));
  CHECK(!last(away).field("Cookie"));
  CHECK(last(away).field("X-Mine") == "c");
  with_secrets(home.url("/round"));
  CHECK(last(home).field("Authorization") == "Basic dXNlcjpwYXNz");

  std::string url = home.url("/away");
  url.insert(7, "user:pass@");
  check_whole(r.run(url));
  CHECK(!last(away).field("Authorization"));
  CHECK(home.log("/away").back().request.field("Authorization") == "Basic dXNlcjpwYXNz");
}

TEST_CASE("basic authentication", "[client]") {
  fault_server server;
  resource locked = file;
  locked.user = "us er";
  locked.password = "p:ss";
  server.add("/f", locked);
  rig r;
  CHECK(r.run(server.url("/f")).status == 401);
  std::string url = server.url("/f");
  url.insert(7, "us%20er:p%3Ass@");
  check_whole(r.run(url));
}

TEST_CASE("fields of its own, once each", "[client]") {
  fault_server server;
  server.add("/f", file);
  rig r;
  check_whole(r.run(server.url("/f")));
  http::request q = get(server.url("/f"));
  q.fields.append("User-Agent", "mine");
  q.fields.append("Accept", "text/*");
  check_whole(r.run(q));
  const auto log = server.log();
  REQUIRE(log.size() == 2);
  const auto count = [](const request_info& i, std::string_view name) {
    std::size_t n = 0;
    for (const auto& f : i.fields) n += http::equals_ignore_case(f.name, name);
    return n;
  };
  CHECK(log[0].request.field("User-Agent") == "haul-test/1");
  CHECK(log[0].request.field("Accept-Encoding") == "identity");
  CHECK(log[0].request.field("Host") == "127.0.0.1:" + std::to_string(server.port()));
  for (const auto& e : log) {
    for (const char* name : {"Host", "User-Agent", "Accept", "Accept-Encoding"}) {
      CHECK(count(e.request, name) == 1);
    }
  }
  CHECK(log[1].request.field("User-Agent") == "mine");
  q.fields.append("X", "a\r\nEvil: 1");
  CHECK(r.run(q).error == errc::invalid_argument);
}

// --- TLS

TEST_CASE("certificates that prove nothing", "[client][tls]") {
  test_ca ca;
  test_ca stranger{"another authority"};
  const std::pair<leaf_files, errc> table[] = {{ca.expired(), errc::certificate_expired},
                                               {ca.not_yet_valid(), errc::certificate_expired},
                                               {ca.self_signed(), errc::certificate_untrusted},
                                               {ca.wrong_name(), errc::certificate_mismatch},
                                               {stranger.valid(), errc::certificate_untrusted}};
  for (const auto& [files, error] : table) {
    fault_server server{{.tls = files}};
    server.add("/f", file);
    const auto got = rig{trusting(ca)}.run(server.url("/f", "localhost"));
    INFO(error << " " << got.detail);
    CHECK(got.error == error);
    CHECK(got.doing == operation::handshaking);
    CHECK(server.log().empty());
  }
}

TEST_CASE("certificates for addresses, and a file that is none", "[client][tls]") {
  test_ca ca;
  fault_server server{{.tls = ca.issue({.names = {"localhost"}})}};
  server.add("/f", file);
  CHECK(rig{trusting(ca)}.run(server.url("/f")).error == errc::certificate_mismatch);
  fault_server good{{.tls = ca.issue({.names = {"127.0.0.1"}})}};
  good.add("/f", file);
  check_whole(rig{trusting(ca)}.run(good.url("/f")));
  session_options o = plain();
  o.ca_file = "/nonexistent";
  CHECK(rig{o}.run(server.url("/f")).error == errc::certificate_untrusted);
  // A server that speaks no TLS.
  fault_server clear;
  std::string url = clear.url("/f", "localhost");
  url.replace(0, 4, "https");
  rig r{trusting(ca)};
  r.limits.handshake = 100ms;
  CHECK(r.run(url).error);
}

TEST_CASE("versions of TLS, and sessions that are taken up again", "[client][tls]") {
  test_ca ca;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  server_options o{.tls = ca.valid()};
  o.tune_tls = [version](SSL_CTX* c) {
    SSL_CTX_set_min_proto_version(c, version);
    SSL_CTX_set_max_proto_version(c, version);
  };
  fault_server server{o};
  server.add("/f", file);
  server.behave("/f", [](const request_info&) { return reply_plan().then_close(); });
  rig r{trusting(ca)};
  for (int i = 0; i < 4; ++i) check_whole(r.run(server.url("/f", "localhost")));
  const auto log = server.log();
  REQUIRE(log.size() == 4);
  CHECK(!log[0].request.tls_resumed);
  for (std::size_t i = 1; i < 4; ++i) CHECK(log[i].request.tls_resumed);
  CHECK(log[0].request.sni == "localhost");
}

TEST_CASE("silence in the middle of a record, wherever it is, does not hold an exchange",
          "[client][tls]") {
  test_ca ca;
  fault_server server{{.tls = ca.valid()}};
  server.add("/f", file);
  std::size_t begun = 0;
  for (std::size_t most = 5'000; most < size; most += 6'101) {
    cut_relay relay{server.port(), most};
    rig r{trusting(ca)};
    r.limits.head = r.limits.stall = 400ms;
    const outcome got = r.run("https://localhost:" + std::to_string(relay.port()) + "/f");
    CAPTURE(most, got.error.message());
    CHECK(got.error);
    CHECK(got.body.size() < most);
    CHECK((got.body == pattern_bytes(seed, 0, got.body.size())));
    begun += !got.body.empty();
  }
  CHECK(begun > 0);
}

TEST_CASE("no older TLS than 1.2", "[client][tls]") {
  test_ca ca;
  server_options o{.tls = ca.valid()};
  o.tune_tls = [](SSL_CTX* c) {
    SSL_CTX_set_security_level(c, 0);
    SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
  };
  fault_server server{o};
  server.add("/f", file);
  CHECK(rig{trusting(ca)}.run(server.url("/f", "localhost")).error == errc::tls_failed);
}

// --- proxies

TEST_CASE("through a real HTTP proxy", "[client][proxy]") {
  if (!http_proxy::available()) return;
  test_ca ca;
  fault_server server;
  fault_server secure{{.tls = ca.valid()}};
  server.add("/f", file);
  secure.add("/f", file);
  const bool locked = GENERATE(false, true);
  http_proxy proxy{locked ? proxy_options{.user = "us", .password = "pw"} : proxy_options{}};
  session_options o = through(proxy.url());
  o.ca_file = ca.file().string();
  rig r{o};
  check_whole(r.run(server.url("/f")));
  CHECK(proxy.saw("GET http://127.0.0.1:" + std::to_string(server.port()) + "/f"));
  check_whole(r.run(secure.url("/f", "localhost")));
  CHECK(proxy.saw("CONNECT localhost:" + std::to_string(secure.port())));
  CHECK(!server.log("/f").back().request.field("Proxy-Authorization"));
  if (locked) {
    session_options none = through(proxy.url_without_credentials());
    none.ca_file = ca.file().string();
    CHECK(rig{none}.run(server.url("/f")).status == 407);
    CHECK(rig{none}.run(secure.url("/f", "localhost")).error == errc::proxy_unauthorized);
  }
  std::string nobody = secure.url("/f", "localhost");
  secure.stop_listening();
  const auto got = rig{o}.run(nobody);
  CHECK(got.error == errc::proxy_refused);
}

TEST_CASE("through a real SOCKS proxy, which looks up the name", "[client][proxy]") {
  if (!socks_proxy::available()) return;
  test_ca ca;
  fault_server server;
  fault_server secure{{.tls = ca.valid()}};
  server.add("/f", file);
  secure.add("/f", file);
  const bool locked = GENERATE(false, true);
  socks_proxy proxy{locked ? proxy_options{.user = "us", .password = "pw"} : proxy_options{}};
  const std::string scheme = GENERATE("socks5", "socks5h");
  session_options o = through(proxy.url(scheme));
  o.ca_file = ca.file().string();
  rig r{o};
  check_whole(r.run(server.url("/f", "localhost")));
  CHECK(proxy.saw("localhost:" + std::to_string(server.port())));
  check_whole(r.run(secure.url("/f", "localhost")));
  check_whole(r.run(server.url("/f")));
  if (locked) {
    const auto got = rig{through(proxy.url_without_credentials(scheme))}.run(server.url("/f"));
    CHECK((got.error == errc::proxy_unauthorized || got.error == errc::proxy_refused));
  }
  server.stop_listening();
  CHECK(rig{o}.run(server.url("/f")).error == std::errc::connection_refused);
}

#ifndef _WIN32  // which has none of these proxies
TEST_CASE("proxies of the environment, and hosts that go without", "[client][proxy]") {
  if (!http_proxy::available()) return;
  fault_server server;
  server.add("/f", file);
  http_proxy proxy;
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("no_proxy", "localhost", 1);
  session_options o;
  rig r{o};
  check_whole(r.run(server.url("/f")));
  CHECK(proxy.saw("GET http://127.0.0.1"));
  check_whole(r.run(server.url("/f", "localhost")));
  CHECK(proxy.requests().size() == 1);
  ::setenv("http_proxy", "gopher://x", 1);
  rig bad{o};
  CHECK(bad.run(server.url("/f")).error == errc::proxy_unsupported);
  ::unsetenv("http_proxy");
  ::unsetenv("no_proxy");
}
#endif

TEST_CASE("a proxy that speaks nonsense, or is not there", "[client][proxy]") {
  fault_server server;
  server.behave_on_connect([](const connection_info&) {
    return connection_plan{.what = connection_plan::act::end, .say = "nonsense\r\n\r\n"};
  });
  const std::string at = "127.0.0.1:" + std::to_string(server.port());
  CHECK(rig{through("socks5://" + at)}.run("http://example.com/").error == errc::proxy_malformed);
  CHECK(rig{through("http://" + at)}.run("https://example.com/").error == errc::proxy_malformed);
  server.stop_listening();
  const auto got = rig{through("socks5://" + at)}.run("http://example.com/");
  CHECK(got.error == std::errc::connection_refused);
}
