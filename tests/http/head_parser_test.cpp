#include <haul/http/head_parser.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

using namespace haul::http;
using haul::errc;
using std::string_literals::operator""s;

namespace {

struct outcome {
  bool done = false;
  std::size_t consumed = 0;
  std::error_code error;
  std::string head;

  friend bool operator==(const outcome&, const outcome&) = default;
};

std::string print(const response_head& head) {
  std::string out = std::to_string(head.minor_version) + ' ' + std::to_string(head.status) + " [" +
                    head.reason + ']';
  head.fields.for_each([&out](auto name, auto value) {
    out.append(" ").append(name).append("=[").append(value).append("]");
  });
  return out;
}

// Feeds ever more of the bytes, each time from a new address of exactly that size, so that a read
// past the end or into the old buffer is found by a sanitizer.
template <class Sizes>
outcome parse_in_steps(std::string_view bytes, head_limits limits, Sizes next_size) {
  head_parser parser{limits};
  std::size_t size = 0;
  for (;;) {
    size = next_size(size);
    const std::unique_ptr<char[]> buffer{new char[size]};
    bytes.substr(0, size).copy(buffer.get(), size);
    const auto r = parser.parse({buffer.get(), size});
    if (r.done || r.error || size == bytes.size()) {
      return {r.done, r.consumed, r.error, r.done ? print(parser.head()) : ""};
    }
    CHECK(r.consumed == 0);
  }
}

outcome parse_whole(std::string_view bytes, head_limits limits = {}) {
  return parse_in_steps(bytes, limits, [&](std::size_t) { return bytes.size(); });
}

// The outcome, which must be the same however the bytes are split.
outcome parse(std::string_view bytes, head_limits limits = {}) {
  const outcome whole = parse_whole(bytes, limits);
  INFO(bytes);
  CHECK(parse_in_steps(bytes, limits, [](std::size_t size) { return size + 1; }) == whole);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    INFO(split);
    CHECK(parse_in_steps(bytes, limits, [&](std::size_t size) {
            return size < split ? split : bytes.size();
          }) == whole);
  }
  return whole;
}

}  // namespace

TEST_CASE("heads that are accepted", "[http][head]") {
  struct row {
    std::string_view bytes;
    std::string_view head;
  };
  const row rows[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", "1 200 [OK]"},
      {"HTTP/1.0 200 OK\r\n\r\n", "0 200 [OK]"},
      {"HTTP/1.9 200 OK\r\n\r\n", "9 200 [OK]"},
      {"HTTP/1.1 200 \r\n\r\n", "1 200 []"},
      {"HTTP/1.1 200\r\n\r\n", "1 200 []"},
      {"HTTP/1.1 200  \r\n\r\n", "1 200 [ ]"},
      {"HTTP/1.1 206 Partial Content\r\n\r\n", "1 206 [Partial Content]"},
      {"HTTP/1.1 200 a\tb \xe4\r\n\r\n", "1 200 [a\tb \xe4]"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "1 100 [Continue]"},
      {"HTTP/1.1 999 x\r\n\r\n", "1 999 [x]"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "1 200 [OK] A=[b]"},
      {"HTTP/1.1 200 OK\r\nA:b\r\n\r\n", "1 200 [OK] A=[b]"},
      {"HTTP/1.1 200 OK\r\nA:\r\n\r\n", "1 200 [OK] A=[]"},
      {"HTTP/1.1 200 OK\r\nA: \t \r\n\r\n", "1 200 [OK] A=[]"},
      {"HTTP/1.1 200 OK\r\nA:\t b c \t\r\n\r\n", "1 200 [OK] A=[b c]"},
      {"HTTP/1.1 200 OK\r\nA: b:c\r\n\r\n", "1 200 [OK] A=[b:c]"},
      {"HTTP/1.1 200 OK\r\nA: \xc3\xa4\xff\r\n\r\n", "1 200 [OK] A=[\xc3\xa4\xff]"},
      {"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\n\r\n",
       "1 200 [OK] !#$%&'*+-.^_`|~09azAZ=[1]"},
      {"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nB: 3\r\n\r\n", "1 200 [OK] A=[1] a=[2] B=[3]"},
  };
  for (const row& r : rows) {
    INFO(r.bytes);
    CHECK(parse(r.bytes) == outcome{true, r.bytes.size(), {}, std::string{r.head}});
  }
}

TEST_CASE("heads that are rejected", "[http][head]") {
  const std::string rows[] = {
      // What stands before the status line.
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "\nHTTP/1.1 200 OK\r\n\r\n",
      " HTTP/1.1 200 OK\r\n\r\n",
      "\0HTTP/1.1 200 OK\r\n\r\n"s,
      // Not HTTP.
      "SSH-2.0-OpenSSH\r\n",
      "ICY 200 OK\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "<html>",
      "http/1.1 200 OK\r\n\r\n",
      "HTTPS/1.1 200 OK\r\n\r\n",
      // The version.
      "HTTP/1 200 OK\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.10 200 OK\r\n\r\n",
      "HTTP/11.1 200 OK\r\n\r\n",
      "HTTP/1,1 200 OK\r\n\r\n",
      "HTTP/x.1 200 OK\r\n\r\n",
      "HTTP/1.x 200 OK\r\n\r\n",
      "HTTP /1.1 200 OK\r\n\r\n",
      "HTTP/ 1.1 200 OK\r\n\r\n",
      // The status.
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1 OK\r\n\r\n",
      "HTTP/1.1 20\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1 200\tOK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1\t200 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 +20 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 20x OK\r\n\r\n",
      "HTTP/1.1 0x2 OK\r\n\r\n",
      // The reason.
      "HTTP/1.1 200 O\0K\r\n\r\n"s,
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTTP/1.1 200 O\x7fK\r\n\r\n",
      "HTTP/1.1 200 O\rK\r\n\r\n",
      // The ends of lines.
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\n\r\n",
      "HTTP/1.1 200 OK\r\n\n",
      "HTTP/1.1 200 OK\r\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n\n",
      "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
      // The names of fields.
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\n : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA(B): c\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\xc3\xa4: c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA\0: c\r\n\r\n"s,
      // Folded lines.
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n",
      "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
      // The values of fields.
      "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nA: b\x1f\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: \x0b\r\n\r\n",
  };
  for (const std::string& bytes : rows) {
    INFO(bytes);
    CHECK(parse(bytes) == outcome{false, 0, errc::malformed_head, ""});
  }
}

TEST_CASE("a version that is well-formed but not 1.x has its own error", "[http][head]") {
  for (const char* bytes : {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/0.9 200 OK\r\n\r\n",
                            "HTTP/3.0 200 OK\r\n\r\n", "HTTP/9.9 200\r\n"}) {
    INFO(bytes);
    CHECK(parse(bytes).error == errc::unsupported_version);
  }
}

TEST_CASE("an unfinished head needs more", "[http][head]") {
  const std::string head = "HTTP/1.1 206 Partial\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n";
  for (std::size_t n = 0; n < head.size(); ++n) {
    INFO(n);
    CHECK(parse_whole(head.substr(0, n)) == outcome{});
  }
  CHECK(parse_whole(head).done);
}

TEST_CASE("what follows the head is left alone", "[http][head]") {
  const std::string head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  for (const std::string& body : {"\r\n\r\n"s, "\n"s, "HTTP/1.1 500 x\r\n\r\n"s, "\0\0"s}) {
    CHECK(parse(head + body) == outcome{true, head.size(), {}, "1 200 [OK] A=[b]"});
  }
}

TEST_CASE("the size of a head is limited to the byte", "[http][head]") {
  const std::string head = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  CHECK(parse(head, {head.size(), 100}).done);
  CHECK(parse(head + "body", {head.size(), 100}).done);
  CHECK(parse(head, {head.size() - 1, 100}).error == errc::head_too_large);
  CHECK(parse("HTTP/1.1 200 " + std::string(100, 'x'), {50, 100}).error == errc::head_too_large);
  // Full and without an end: nothing that could come would be inside.
  CHECK(parse_whole(std::string_view{head}.substr(0, head.size() - 1), {head.size() - 1, 100})
            .error == errc::head_too_large);
  CHECK_FALSE(
      parse_whole(std::string_view{head}.substr(0, head.size() - 1), {head.size(), 100}).error);
  // An error inside the limit comes before it, one behind it does not count.
  CHECK(parse("HTTP/1.1 200 OK\r\nA b\r\n" + std::string(100, 'x'), {50, 100}).error ==
        errc::malformed_head);
  CHECK(parse("HTTP/1.1 200 OK\r\nA: b\n\r\n", {20, 100}).error == errc::head_too_large);
  CHECK(parse_whole("HTTP/1.1 200 OK\r\nA: " + std::string(65536, 'x')).error ==
        errc::head_too_large);
}

TEST_CASE("the number of fields is limited", "[http][head]") {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) head += "A: b\r\n";
  CHECK(parse_whole(head + "\r\n").done);
  CHECK(parse_whole(head + "A: b\r\n\r\n").error == errc::too_many_fields);
  CHECK(parse("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", {1000, 0}).error == errc::too_many_fields);
  CHECK(parse("HTTP/1.1 200 OK\r\n\r\n", {1000, 0}).done);
}

TEST_CASE("an error and a result stay until reset", "[http][head]") {
  head_parser parser;
  CHECK(parser.parse("x").error == errc::malformed_head);
  const auto again = parser.parse("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(again.error == errc::malformed_head);
  CHECK_FALSE(again.done);
  parser.reset();
  CHECK(parser.parse("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n").consumed == 31);
  const auto more = parser.parse("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nmore");
  CHECK(more.consumed == 31);
  CHECK(more.done);
  CHECK(parser.head().fields.size() == 1);
  parser.reset();
  const auto r = parser.parse("HTTP/1.0 200\r\n\r\n");
  CHECK(r.done);
  CHECK(r.consumed == 16);
  CHECK(print(parser.head()) == "0 200 []");
}

TEST_CASE("a head that comes byte by byte is scanned once", "[http][head]") {
  // With a rescan at every call this takes minutes: 64 Ki bytes squared.
  const std::string head = "HTTP/1.1 200 OK\r\nA: " + std::string(65000, 'x') + "\r\n\r\n";
  head_parser parser;
  for (std::size_t n = 0; n < head.size(); ++n) {
    if (parser.parse(std::string_view{head}.substr(0, n)).error) FAIL("at " << n);
  }
  CHECK(parser.parse(head).consumed == head.size());
}
