#include <haul/http/framing.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace haul::http;
using haul::errc;

namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

response_head make(int status, const fields& list, int minor = 1) {
  response_head head;
  head.status = status;
  head.minor_version = minor;
  for (const auto& [name, value] : list) head.fields.append(name, value);
  return head;
}

std::string frame(const response_head& head, std::string_view method = "GET") {
  const auto r = framing_of(method, head);
  if (r.error) {
    CHECK(r.framing.how == body_framing::kind::none);
    if (r.error == errc::bad_content_length) return "bad length";
    if (r.error == errc::bad_framing) return "bad framing";
    if (r.error == errc::unexpected_encoding) return "encoded";
    return "another error";
  }
  switch (r.framing.how) {
    case body_framing::kind::none:
      return "none";
    case body_framing::kind::length:
      return std::to_string(r.framing.length);
    case body_framing::kind::chunked:
      return "chunked";
    case body_framing::kind::until_close:
      return "close";
  }
  return "?";
}

}  // namespace

TEST_CASE("the framing of a body", "[http][framing]") {
  struct row {
    fields list;
    std::string framing;
  };
  const row rows[] = {
      {{}, "close"},
      {{{"X", "1"}}, "close"},
      // Content-Length
      {{{"Content-Length", "0"}}, "0"},
      {{{"content-length", "42"}}, "42"},
      {{{"Content-Length", "042"}}, "42"},
      {{{"Content-Length", "9223372036854775807"}}, "9223372036854775807"},
      {{{"Content-Length", "9223372036854775808"}}, "bad length"},
      {{{"Content-Length", "18446744073709551616"}}, "bad length"},
      {{{"Content-Length", "18446744073709551658"}}, "bad length"},
      {{{"Content-Length", ""}}, "bad length"},
      {{{"Content-Length", "+3"}}, "bad length"},
      {{{"Content-Length", "-1"}}, "bad length"},
      {{{"Content-Length", "3 "}}, "3"},
      {{{"Content-Length", "3 3"}}, "bad length"},
      {{{"Content-Length", "0x3"}}, "bad length"},
      {{{"Content-Length", "3.0"}}, "bad length"},
      {{{"Content-Length", "3;x"}}, "bad length"},
      {{{"Content-Length", "three"}}, "bad length"},
      {{{"Content-Length", "3, 3"}}, "3"},
      {{{"Content-Length", "3,3,3"}}, "3"},
      {{{"Content-Length", "3, 4"}}, "bad length"},
      {{{"Content-Length", "3,"}}, "bad length"},
      {{{"Content-Length", ",3"}}, "bad length"},
      {{{"Content-Length", "3,,3"}}, "bad length"},
      {{{"Content-Length", "3"}, {"content-length", "3"}}, "3"},
      {{{"Content-Length", "3"}, {"Content-Length", "4"}}, "bad length"},
      {{{"Content-Length", "3"}, {"Content-Length", "x"}}, "bad length"},
      {{{"Content-Length", "x"}, {"Content-Length", "3"}}, "bad length"},
      {{{"Content-Length", "4"}, {"Content-Length", "3"}, {"Content-Length", "3"}}, "bad length"},
      {{{"Content-Length", "3, 4"}, {"Content-Length", "4"}}, "bad length"},
      // Transfer-Encoding
      {{{"Transfer-Encoding", "chunked"}}, "chunked"},
      {{{"transfer-encoding", "CHUNKED"}}, "chunked"},
      {{{"Transfer-Encoding", " , chunked ,"}}, "chunked"},
      {{{"Transfer-Encoding", ""}}, "bad framing"},
      {{{"Transfer-Encoding", ","}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", ""}}, "bad framing"},
      {{{"Transfer-Encoding", ""}, {"Transfer-Encoding", "chunked"}}, "bad framing"},
      {{{"Transfer-Encoding", "identity"}}, "bad framing"},
      {{{"Transfer-Encoding", "gzip"}}, "bad framing"},
      {{{"Transfer-Encoding", "xchunked"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunkedx"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked;q=1"}}, "bad framing"},
      {{{"Transfer-Encoding", "\"chunked\""}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked chunked"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked, chunked"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked, gzip"}}, "bad framing"},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}}, "bad framing"},
      {{{"Transfer-Encoding", "gzip, chunked"}}, "encoded"},
      {{{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}, "encoded"},
      {{{"Transfer-Encoding", "identity, chunked"}}, "encoded"},
      // Both
      {{{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, "bad framing"},
      {{{"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}}, "bad framing"},
      {{{"Content-Length", "x"}, {"Transfer-Encoding", "chunked"}}, "bad framing"},
      {{{"Content-Length", "3"}, {"Transfer-Encoding", "identity"}}, "bad framing"},
  };
  for (const row& r : rows) {
    std::string text;
    for (const auto& [name, value] : r.list) text += name + ": " + value + " | ";
    INFO(text);
    CHECK(frame(make(200, r.list)) == r.framing);
    CHECK(frame(make(206, r.list)) == r.framing);
    CHECK(frame(make(404, r.list), "POST") == r.framing);
    // These have no body whatever the fields say.
    CHECK(frame(make(204, r.list)) == "none");
    CHECK(frame(make(304, r.list)) == "none");
    CHECK(frame(make(100, r.list)) == "none");
    CHECK(frame(make(199, r.list)) == "none");
    CHECK(frame(make(200, r.list), "HEAD") == "none");
    CHECK(frame(make(500, r.list), "HEAD") == "none");
    CHECK(frame(make(200, r.list), "CONNECT") == "none");
    CHECK(frame(make(299, r.list), "CONNECT") == "none");
    CHECK(frame(make(300, r.list), "CONNECT") == r.framing);
    CHECK(frame(make(407, r.list), "CONNECT") == r.framing);
  }
}

TEST_CASE("methods are compared with their case", "[http][framing]") {
  CHECK(frame(make(200, {}), "head") == "close");
  CHECK(frame(make(200, {}), "connect") == "close");
}

TEST_CASE("HTTP/1.0 has no transfer coding", "[http][framing]") {
  CHECK(frame(make(200, {{"Transfer-Encoding", "chunked"}}, 0)) == "bad framing");
  CHECK(frame(make(200, {{"Content-Length", "3"}}, 0)) == "3");
  CHECK(frame(make(200, {}, 0)) == "close");
  CHECK(frame(make(200, {{"Transfer-Encoding", "chunked"}}, 2)) == "chunked");
}

TEST_CASE("whether the connection is kept", "[http][framing]") {
  struct row {
    int minor;
    fields list;
    bool keeps;
  };
  const row rows[] = {
      {1, {}, true},
      {2, {}, true},
      {0, {}, false},
      {1, {{"Connection", "close"}}, false},
      {1, {{"connection", "Close"}}, false},
      {1, {{"Connection", "upgrade, close"}}, false},
      {1, {{"Connection", "upgrade"}, {"Connection", "close"}}, false},
      {1, {{"Connection", "keep-alive, close"}}, false},
      {1, {{"Connection", "closed"}}, true},
      {1, {{"Connection", "keep-alive"}}, true},
      {0, {{"Connection", "keep-alive"}}, true},
      {0, {{"Connection", "Keep-Alive, x"}}, true},
      {0, {{"Connection", "keep-alive"}, {"Connection", "close"}}, false},
      {0, {{"Connection", "keepalive"}}, false},
      {0, {{"Keep-Alive", "timeout=5"}}, false},
  };
  for (const row& r : rows) {
    std::string text = std::to_string(r.minor);
    for (const auto& [name, value] : r.list) text += ' ' + name + ": " + value;
    INFO(text);
    CHECK(keeps_alive(make(200, r.list, r.minor)) == r.keeps);
  }
}
