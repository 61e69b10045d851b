#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/test_ca.hpp"
#include "support_test/wire.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

using namespace haul::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t size = 100'000;

using certificate_ptr = std::unique_ptr<X509, void (*)(X509*)>;

certificate_ptr load(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  REQUIRE(file != nullptr);
  X509* c = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  REQUIRE(c != nullptr);
  return {c, X509_free};
}

wire_options to(const test_ca& ca, const std::string& host = "localhost") {
  wire_options o;
  o.tls = true;
  o.ca_file = ca.file().string();
  o.host = host;
  return o;
}

std::string why_not(const test_ca& ca, const leaf_files& leaf,
                    const std::string& host = "localhost") {
  fault_server server({.tls = leaf});
  std::string reason = "fine";
  try {
    wire c(server.port(), to(ca, host));
  } catch (const std::runtime_error& e) {
    reason = e.what();
  }
  CHECK(server.wait_for([](const server_counters& s) {
    return s.connections_open == 0 && s.tls_handshakes + s.tls_failed == 1;
  }));
  return reason;
}

}  // namespace

TEST_CASE("certificates of every kind", "[support][tls]") {
  test_ca ca;
  test_ca stranger;
  CHECK(why_not(ca, ca.valid()) == "fine");
  CHECK(why_not(ca, ca.valid(), "127.0.0.1") == "fine");
  CHECK(why_not(ca, ca.expired()).find("expired") != std::string::npos);
  CHECK(why_not(ca, ca.not_yet_valid()).find("not yet valid") != std::string::npos);
  CHECK(why_not(ca, ca.self_signed()).find("self-signed") != std::string::npos);
  CHECK(why_not(ca, ca.wrong_name()).find("ostname mismatch") != std::string::npos);
  CHECK(why_not(ca, ca.wrong_name(), "127.0.0.1").find("IP address mismatch") != std::string::npos);
  CHECK(why_not(ca, ca.wrong_name(), "elsewhere.example") == "fine");
  CHECK(why_not(stranger, ca.valid()).find("unable to get local issuer") != std::string::npos);
  leaf_options wild;
  wild.names = {"*.game.example", "10.1.2.3"};
  CHECK(why_not(ca, ca.issue(wild), "cdn.game.example") == "fine");
  CHECK(why_not(ca, ca.issue(wild), "10.1.2.3") == "fine");
  CHECK(why_not(ca, ca.issue(wild), "game.example") != "fine");
  wild.names.clear();
  CHECK_THROWS(ca.issue(wild));
}

TEST_CASE("certificate and key belong together", "[support][tls]") {
  test_ca ca;
  const leaf_files a = ca.valid();
  const leaf_files b = ca.valid();
  CHECK(a.certificate != b.certificate);
  const certificate_ptr one = load(a.certificate);
  const certificate_ptr two = load(b.certificate);
  const certificate_ptr root = load(ca.file());
  CHECK(ASN1_INTEGER_cmp(X509_get_serialNumber(one.get()), X509_get_serialNumber(two.get())) != 0);
  CHECK(X509_check_issued(root.get(), one.get()) == X509_V_OK);
  CHECK(X509_check_ca(root.get()) == 1);
  CHECK(X509_check_ca(one.get()) == 0);
  CHECK(X509_check_host(one.get(), "localhost", 0, 0, nullptr) == 1);
  CHECK(X509_check_ip_asc(one.get(), "::1", 0) == 1);
  leaf_files mixed = a;
  mixed.key = b.key;
  CHECK_THROWS(fault_server({.tls = mixed}));
}

TEST_CASE("a reply over TLS", "[support][tls]") {
  test_ca ca;
  fault_server server({.tls = ca.valid()});
  server.add("/f", {.size = size, .seed = 7});
  CHECK(server.url("/f", "localhost") ==
        "https://localhost:" + std::to_string(server.port()) + "/f");
  {
    wire c(server.port(), to(ca));
    CHECK(exchange_on(c, "/f").body == pattern_bytes(7, 0, size));
    CHECK(exchange_on(c, "/f", "Range: bytes=5-9\r\n").body == pattern_bytes(7, 5, 5));
    CHECK(exchange_on(c, "/f", "Connection: close\r\n").body == pattern_bytes(7, 0, size));
    CHECK(c.read_to_end().empty());
    CHECK(c.end() == wire_end::fin);
  }
  const request_info r = server.log()[0].request;
  CHECK(r.tls);
  CHECK(r.sni == "localhost");
  CHECK(r.tls_version == "TLSv1.3");
  CHECK_FALSE(r.tls_resumed);
  const server_counters count = server.counters();
  CHECK(count.tls_handshakes == 1);
  CHECK(count.tls_failed == 0);
  CHECK(server.errors().empty());
}

TEST_CASE("TLS ends with close_notify or without", "[support][tls]") {
  test_ca ca;
  fault_server server({.tls = ca.valid()});
  server.add("/f", {.size = size, .seed = 7, .how = framing::until_close});
  server.behave("/f", [](const request_info& r) {
    reply_plan plan;
    if (r.number == 2) plan.then_close(ending::abrupt);
    if (r.number == 3) plan.cut_body(1000);
    if (r.number == 4) plan.cut_body(1000, ending::graceful);
    if (r.number == 5) plan.cut_body(1000, ending::reset);
    return plan;
  });
  const auto get = [&] {
    wire c(server.port(), to(ca));
    c.get("/f");
    c.read_head();
    const std::string body = c.read_to_end();
    return std::make_pair(body.size(), c.end());
  };
  CHECK(get() == std::make_pair(std::size_t{size}, wire_end::fin));
  CHECK(get() == std::make_pair(std::size_t{size}, wire_end::truncated));
  CHECK(get() == std::make_pair(std::size_t{1000}, wire_end::truncated));
  CHECK(get() == std::make_pair(std::size_t{1000}, wire_end::fin));
  CHECK(get() == std::make_pair(std::size_t{1000}, wire_end::reset));
  CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));
}

TEST_CASE("TLS sessions are resumed, unless tuned otherwise", "[support][tls]") {
  test_ca ca;
  const bool tls12 = GENERATE(false, true);
  const bool tickets = GENERATE(true, false);
  server_options options;
  options.tls = ca.valid();
  options.tune_tls = [=](SSL_CTX* context) {
    if (tls12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    if (!tickets) {
      SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
      SSL_CTX_set_num_tickets(context, 0);
    }
  };
  fault_server server(options);
  server.add("/f", {.size = size, .seed = 7});
  SSL_SESSION* session = nullptr;
  {
    wire c(server.port(), to(ca));
    CHECK(exchange_on(c, "/f").body.size() == size);
    session = SSL_get1_session(c.tls());
  }
  wire_options again = to(ca);
  again.session = session;
  {
    wire c(server.port(), again);
    CHECK(exchange_on(c, "/f").body.size() == size);
  }
  SSL_SESSION_free(session);
  const std::vector<exchange> log = server.log();
  REQUIRE(log.size() == 2);
  CHECK(log[0].request.tls_version == (tls12 ? "TLSv1.2" : "TLSv1.3"));
  CHECK_FALSE(log[0].request.tls_resumed);
  CHECK(log[1].request.tls_resumed == tickets);
  CHECK(server.counters().tls_resumed == (tickets ? 1U : 0U));
}

TEST_CASE("before the TLS handshake anything can happen", "[support][tls]") {
  test_ca ca;
  fault_server server({.tls = ca.valid()});
  server.behave_on_connect([](const connection_info& c) {
    connection_plan plan;
    if (c.number == 1) {
      plan.what = connection_plan::act::silence;
    } else {
      plan.what = connection_plan::act::end;
      plan.say = "HTTP/1.1 400 plain text on a TLS port\r\n\r\n";
    }
    return plan;
  });
  wire silent(server.port());
  silent.send("\x16\x03\x01");
  CHECK(silent.quiet_for(50ms));
  CHECK_THROWS(wire(server.port(), to(ca)));
  // A client that speaks no TLS is seen as such.
  server.behave_on_connect({});
  wire plain(server.port());
  plain.get("/f");
  plain.read_to_end();
  CHECK(server.wait_for([](const server_counters& s) { return s.tls_failed == 1; }));
}

TEST_CASE("a stall over TLS sees its client go", "[support][tls]") {
  test_ca ca;
  fault_server server({.tls = ca.valid()});
  server.add("/f", {.size = size, .seed = 7});
  server.behave("/f", [](const request_info&) { return reply_plan().stall_body(10); });
  {
    wire c(server.port(), to(ca));
    c.get("/f");
    c.read_head();
    CHECK(c.read(10) == pattern_bytes(7, 0, 10));
    CHECK(c.quiet_for(50ms));
  }
  CHECK(server.wait_for([](const server_counters& s) { return s.connections_open == 0; }));
}
