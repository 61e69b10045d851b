#include <haul/http/date.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <chrono>
#include <string>

using namespace haul::http;
using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST_CASE("dates that are accepted", "[http]") {
  struct row {
    const char* text;
    long long time;
  };
  const row rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"Sun Nov 06 08:49:37 1994", 784111777},
      {"Wed Nov 16 08:49:37 1994", 784975777},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
      {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
      {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
      {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
      {"Monday, 01-Jan-69 00:00:00 GMT", 3124224000},
      {"Wednesday, 31-Dec-99 00:00:00 GMT", 946598400},
      // A leap second, and a day that was not that one.
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
      {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
  };
  for (const row& r : rows) {
    INFO(r.text);
    CHECK(parse_date(r.text) == sys_seconds{seconds{r.time}});
  }
}

TEST_CASE("dates that are rejected", "[http]") {
  for (const char* text : {"",
                           "0",
                           "Sun",
                           "Sun,",
                           "now",
                           "1994-11-06T08:49:37Z",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 +0000",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Son, 06 Nov 1994 08:49:37 GMT",
                           "Sun,06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:00 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Wed, 29 Feb 2023 12:00:00 GMT",
                           "Sun, 06 Nov 1994 08-49-37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov +994 08:49:37 GMT",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sunday 06-Nov-94 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "Sun Nov  6 08:49:37 94",
                           "Sun Nov   6 08:49:37 1994",
                           "Sunday Nov  6 08:49:37 1994",
                           "Sun Nov  0 08:49:37 1994"}) {
    INFO(text);
    CHECK_FALSE(parse_date(text));
  }
}

TEST_CASE("dates are written in the first format", "[http]") {
  CHECK(format_date(sys_seconds{seconds{784111777}}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_date(sys_seconds{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_date(sys_seconds{seconds{-1}}) == "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST_CASE("what is written is read again", "[http]") {
  for (long long t = -62135596800; t <= 253402300799; t += 1234567891) {
    const sys_seconds time{seconds{t}};
    INFO(t);
    CHECK(parse_date(format_date(time)) == time);
  }
}
