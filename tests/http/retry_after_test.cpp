#include <haul/http/retry_after.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <chrono>

using namespace haul::http;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {
constexpr sys_seconds now{seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
}

TEST_CASE("Retry-After in seconds", "[http]") {
  CHECK(parse_retry_after("0", now) == seconds{0});
  CHECK(parse_retry_after("120", now) == seconds{120});
  CHECK(parse_retry_after("00120", now) == seconds{120});
  CHECK(parse_retry_after("2147483647", now) == seconds{2147483647});
  CHECK(parse_retry_after("2147483649", now) == max_retry_after);
  CHECK(parse_retry_after("9223372036854775807", now) == max_retry_after);
  CHECK(parse_retry_after("99999999999999999999999999999", now) == max_retry_after);
}

TEST_CASE("Retry-After as a date", "[http]") {
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:00 GMT", now) == seconds{23});
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:50:00 GMT", now) == seconds{23});
  CHECK(parse_retry_after("Sun Nov  6 08:50:00 1994", now) == seconds{23});
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == seconds{0});
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == seconds{0});
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) == max_retry_after);
}

TEST_CASE("Retry-After that cannot be read", "[http]") {
  for (const char* text : {"", "-1", "+1", "1.5", "1 2", " 1", "1s", "soon", "Sun, 06 Nov 1994"}) {
    INFO(text);
    CHECK_FALSE(parse_retry_after(text, now));
  }
}
