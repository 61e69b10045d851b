#include <haul/http/chunked_decoder.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <algorithm>
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
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool error = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

// Decodes pieces of these sizes, in buffers of exactly that size.
template <class Size>
outcome decode_in_steps(std::string_view coded, Size size_at) {
  chunked_decoder decoder;
  outcome out;
  for (std::size_t at = 0; at < coded.size();) {
    const std::size_t size = std::min(size_at(at), coded.size() - at);
    const std::unique_ptr<char[]> buffer{new char[size]};
    coded.copy(buffer.get(), size, at);
    const auto r = decoder.decode(buffer.get(), size);
    REQUIRE(r.consumed <= size);
    REQUIRE(r.produced <= r.consumed);
    out.body.append(buffer.get(), r.produced);
    out.consumed += r.consumed;
    out.done = decoder.done();
    out.error = static_cast<bool>(r.error);
    if (r.consumed < size) {
      REQUIRE((out.done || out.error));
      CHECK(std::string_view{buffer.get() + r.consumed, size - r.consumed} ==
            coded.substr(at + r.consumed, size - r.consumed));
    }
    if (out.done || out.error) {
      if (out.error) CHECK(r.error == errc::malformed_chunk);
      return out;
    }
    at += size;
  }
  return out;
}

outcome decode(std::string_view coded) {
  INFO(coded);
  const outcome whole = decode_in_steps(coded, [&](std::size_t) { return coded.size(); });
  CHECK(decode_in_steps(coded, [](std::size_t) { return std::size_t{1}; }) == whole);
  CHECK(decode_in_steps(coded, [](std::size_t) { return std::size_t{3}; }) == whole);
  for (std::size_t split = 1; split < std::min<std::size_t>(coded.size(), 400); ++split) {
    INFO(split);
    CHECK(decode_in_steps(
              coded, [&](std::size_t at) { return at < split ? split : coded.size(); }) == whole);
  }
  return whole;
}

}  // namespace

TEST_CASE("chunked bodies that are accepted", "[http][chunked]") {
  struct row {
    std::string_view coded;
    std::string_view body;
  };
  const row rows[] = {
      {"0\r\n\r\n", ""},
      {"000\r\n\r\n", ""},
      {"3\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd"},
      {"0000000000000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef"},
      {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
      {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
      // extensions, dropped
      {"3;x\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3;x=y\r\nabc\r\n0;z\r\n\r\n", "abc"},
      {"3 ; x = \"a;b\" \r\nabc\r\n0\r\n\r\n", "abc"},
      {"3;\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3;\xc3\xa4\r\nabc\r\n0\r\n\r\n", "abc"},
      // padding
      {"3  \r\nabc\r\n0 \t\r\n\r\n", "abc"},
      // trailers, dropped
      {"3\r\nabc\r\n0\r\nA: b\r\n\r\n", "abc"},
      {"3\r\nabc\r\n0\r\nA:\r\nContent-Length: 99\r\n\r\n", "abc"},
      {"0\r\nA: b c\t\xff\r\n\r\n", ""},
  };
  for (const row& r : rows) {
    INFO(r.coded);
    CHECK(decode(r.coded) == outcome{std::string{r.body}, r.coded.size(), true, false});
    // What comes behind belongs to the next reply.
    CHECK(decode(std::string{r.coded} + "HTTP/1.1 200") ==
          outcome{std::string{r.body}, r.coded.size(), true, false});
    // And without the end it is not done.
    CHECK(decode(r.coded.substr(0, r.coded.size() - 1)) ==
          outcome{std::string{r.body}, r.coded.size() - 1, false, false});
  }
}

TEST_CASE("chunked bodies that are rejected, and where", "[http][chunked]") {
  struct row {
    std::string coded;
    std::size_t at;  // the byte that is wrong
    std::string body;
  };
  const row rows[] = {
      {"\r\n0\r\n\r\n", 0, ""},
      {"\n", 0, ""},
      {" 3\r\n", 0, ""},
      {"+3\r\n", 0, ""},
      {"-3\r\n", 0, ""},
      {"x\r\n", 0, ""},
      {";x\r\n", 0, ""},
      {"0x3\r\n", 1, ""},
      {"3g\r\n", 1, ""},
      {"3\nabc", 1, ""},
      {"3\rabc", 2, ""},
      {"3\r\r\n", 2, ""},
      {"3 3\r\n", 2, ""},
      {"3 x\r\n", 2, ""},
      {"3,3\r\n", 1, ""},
      {"3;a\nabc", 3, ""},
      {"3;a\0\r\n"s, 3, ""},
      {"3;a\x7f\r\n", 3, ""},
      {"3;a\rb", 4, ""},
      {"3\r\nabcd", 6, "abc"},
      {"3\r\nabc\n", 6, "abc"},
      {"3\r\nabc\rx", 7, "abc"},
      {"3\r\nabc0\r\n", 6, "abc"},
      {"3\r\nabc\r\n\r\n", 8, "abc"},
      {"1\r\na\r\n3\r\nbcd4", 12, "abcd"},
      // numbers
      {"8000000000000000\r\n", 15, ""},
      {"ffffffffffffffff\r\n", 15, ""},
      {"10000000000000000\r\n", 16, ""},
      {"100000000000000003\r\n", 16, ""},
      // trailers
      {"0\r\n\n", 3, ""},
      {"0\r\n\r\r", 4, ""},
      {"0\r\n A: b\r\n\r\n", 3, ""},
      {"0\r\n: b\r\n\r\n", 3, ""},
      {"0\r\nA : b\r\n\r\n", 4, ""},
      {"0\r\nA\r\n\r\n", 4, ""},
      {"0\r\nA: b\n\r\n", 7, ""},
      {"0\r\nA: b\rc\r\n\r\n", 8, ""},
      {"0\r\nA: \0\r\n\r\n"s, 6, ""},
      {"0\r\nA: b\r\n c\r\n\r\n", 9, ""},
      {"0\r\nHTTP/1.1 200 OK\r\n\r\n", 7, ""},
  };
  for (const row& r : rows) {
    INFO(r.coded);
    CHECK(decode(r.coded) == outcome{r.body, r.at, false, true});
  }
}

TEST_CASE("the largest chunk size", "[http][chunked]") {
  CHECK(decode("7fffffffffffffff\r\nabc") == outcome{"abc", 21, false, false});
  CHECK(decode("007FFFFFFFFFFFFFFF\r\n") == outcome{"", 20, false, false});
}

TEST_CASE("a chunk line is bounded", "[http][chunked]") {
  constexpr std::size_t most = chunked_decoder::max_chunk_line;
  // The count is of what stands before the LF.
  const auto line = [](std::size_t size) {
    return "3;" + std::string(size - 3, 'x') + "\r\nabc\r\n0\r\n\r\n";
  };
  CHECK(decode(line(most)).done);
  CHECK(decode(line(most + 1)).error);
  CHECK(decode(std::string(most - 2, '0') + "3\r\nabc\r\n0\r\n\r\n").done);
  CHECK(decode(std::string(most, '0') + "3\r\nabc\r\n0\r\n\r\n").error);
  CHECK(decode("3" + std::string(most, ' ')).error);
  // Every line begins anew.
  std::string many;
  for (int i = 0; i < 10; ++i) many += "1;" + std::string(most - 3, 'x') + "\r\na\r\n";
  CHECK(decode(many + "0\r\n\r\n") == outcome{"aaaaaaaaaa", many.size() + 5, true, false});
}

TEST_CASE("trailers are bounded", "[http][chunked]") {
  const auto whole = [](std::string_view coded) {
    return decode_in_steps(coded, [&](std::size_t) { return coded.size(); });
  };
  std::string fields;
  for (std::size_t i = 0; i < chunked_decoder::max_trailer_fields; ++i) fields += "A: b\r\n";
  CHECK(whole("0\r\n" + fields + "\r\n").done);
  CHECK(whole("0\r\n" + fields + "A: b\r\n\r\n").error);

  constexpr std::size_t most = chunked_decoder::max_trailer_bytes;
  CHECK(whole("0\r\nA:" + std::string(most - 4, 'x') + "\r\n\r\n").done);
  CHECK(whole("0\r\nA:" + std::string(most - 3, 'x') + "\r\n\r\n").error);
  CHECK(whole("0\r\nA:" + std::string(most / 2, 'x') + "\r\nB:" + std::string(most / 2, 'x') +
              "\r\n\r\n")
            .error);
}

TEST_CASE("an error stays, and so does the end", "[http][chunked]") {
  chunked_decoder broken;
  char x[] = "x";
  CHECK(broken.decode(x, 1).error == errc::malformed_chunk);
  char good[] = "0\r\n\r\n";
  const auto again = broken.decode(good, 5);
  CHECK(again.error == errc::malformed_chunk);
  CHECK(again.consumed == 0);
  CHECK_FALSE(broken.done());

  chunked_decoder decoder;
  CHECK(decoder.decode(good, 5).consumed == 5);
  CHECK(decoder.done());
  const auto behind = decoder.decode(good, 5);
  CHECK(behind.consumed == 0);
  CHECK_FALSE(behind.error);
}

TEST_CASE("nothing in, nothing out", "[http][chunked]") {
  chunked_decoder decoder;
  const auto r = decoder.decode(nullptr, 0);
  CHECK(r.consumed == 0);
  CHECK(r.produced == 0);
  CHECK_FALSE(r.error);
  CHECK_FALSE(decoder.done());
}
