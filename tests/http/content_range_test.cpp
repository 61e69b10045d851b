#include <haul/http/content_range.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>

using haul::http::content_range;
using haul::http::parse_content_range;

TEST_CASE("content ranges that are accepted", "[http]") {
  struct row {
    const char* text;
    content_range value;
  };
  const row rows[] = {
      {"bytes 0-0/1", {0, 0, 1, false}},
      {"bytes 0-99/100", {0, 99, 100, false}},
      {"bytes 50-99/*", {50, 99, {}, false}},
      {"Bytes 5-5/10", {5, 5, 10, false}},
      {"BYTES 5-5/10", {5, 5, 10, false}},
      {"bytes 007-009/0010", {7, 9, 10, false}},
      {"bytes 9223372036854775805-9223372036854775806/9223372036854775807",
       {9223372036854775805, 9223372036854775806, 9223372036854775807, false}},
      {"bytes 0-9223372036854775807/*", {0, 9223372036854775807, {}, false}},
      {"bytes */0", {0, 0, 0, true}},
      {"bytes */1234", {0, 0, 1234, true}},
  };
  for (const row& r : rows) {
    INFO(r.text);
    CHECK(parse_content_range(r.text) == r.value);
  }
  CHECK(parse_content_range("bytes 50-99/100")->size() == 50);
  CHECK(parse_content_range("bytes */100")->size() == 0);
}

TEST_CASE("content ranges that are rejected", "[http]") {
  for (const char* text :
       {"", "bytes", "bytes ", "bytes 0-0", "bytes 0-0/", "bytes /1", "bytes -/1", "bytes 0-/1",
        "bytes -0/1", "bytes 0/1", "bytes */*", "bytes *", "bytes*/1", "bytes  0-0/1",
        "bytes\t0-0/1", "bytes=0-0/1", "bytes: 0-0/1", "0-0/1", "items 0-0/1", "byte 0-0/1",
        "bytes 0 -0/1", "bytes 0- 0/1", "bytes 0-0 /1", "bytes 0-0/ 1", "bytes 0-0/1 ",
        " bytes 0-0/1", "bytes 0-0/1/1", "bytes 0-0-0/1", "bytes 0-0,1-1/2", "bytes 0-0/2, 1-1/2",
        "bytes +0-0/1", "bytes 0-+0/1", "bytes 0-0/+1", "bytes --1/1", "bytes 0x0-0/1",
        "bytes 0.0-0/1", "bytes 0-*/1", "bytes *-0/1",
        // first after last, last not below the total
        "bytes 1-0/2", "bytes 2-1/*", "bytes 0-1/1", "bytes 0-0/0", "bytes 5-9/9",
        // numbers over the limit
        "bytes 0-9223372036854775808/*", "bytes 9223372036854775808-9223372036854775808/*",
        "bytes 0-0/9223372036854775808", "bytes */9223372036854775808",
        "bytes 0-18446744073709551616/*", "bytes 18446744073709551616-18446744073709551617/*",
        "bytes 0-0/18446744073709551617"}) {
    INFO(text);
    CHECK_FALSE(parse_content_range(text));
  }
}
