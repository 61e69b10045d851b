#include "catch.hpp"
#include "service/python_json_rows.hpp"
#include <haul/service/lax_json.hpp>
#include <haul/service/media_status.hpp>
#include <haul/service/validation.hpp>

#include <string>

namespace haul::test {
using namespace service;

TEST_CASE("JSON is read and written as Python does it") {
  for (const good_json& row : good_json_rows) {
    CAPTURE(row.text);
    const json_text read = parse_json(row.text);
    CHECK(read.what == json_text::outcome::good);
    CHECK(write_json(read.value) == row.written);
  }
  CHECK(write_json(parse_json("\xef\xbb\xbf[1]").value) == "[1]");
  CHECK(write_json(parse_json("[NaN,-Infinity,1e400,-1e400,1e-400]").value) ==
        "[null,null,null,null,0.0]");
  CHECK(write_json(parse_json(R"(["\ud800","\ud800\u0041","\udc00"])").value) ==
        "[\"\xef\xbf\xbd\",\"\xef\xbf\xbd"
        "A\",\"\xef\xbf\xbd\"]");
}

TEST_CASE("where a text stops to be JSON is where Python says") {
  for (const malformed_json& row : malformed_json_rows) {
    CAPTURE(row.text);
    const json_text read = parse_json(row.text);
    CHECK(read.what == json_text::outcome::malformed);
    CHECK(read.offset == row.offset);
    CHECK(read.error == row.error);
  }
}

TEST_CASE("what would break the reader is not read") {
  using outcome = json_text::outcome;
  CHECK(parse_json("\"\xff\"").what == outcome::unusable);
  CHECK(parse_json(std::string(100'000, '[')).what == outcome::unusable);
  std::string deep = "1";
  for (int i = 0; i < 800; ++i) deep = '[' + deep + ']';
  CHECK(parse_json(deep).what == outcome::good);
  CHECK(parse_json(std::string(5000, '9')).what == outcome::unusable);
  CHECK(parse_json(std::string(4000, '9')).what == outcome::good);
  // Many names take time in proportion.
  std::string wide = "{\"0\":0";
  for (int i = 1; i < 100'000; ++i) wide += ",\"" + std::to_string(i) + "\":0";
  CHECK(parse_json(wide + '}').value.items().size() == 100'000);
}

TEST_CASE("numbers and flags are read leniently, and within bounds") {
  const auto integer = [](std::string_view text) {
    validation v;
    const auto n = v.integer(parse_json(text).value, location("x"));
    return n ? std::to_string(*n) : v.first();
  };
  const std::string size = "x: Unable to parse input string as an integer, exceeded maximum size";
  CHECK(integer("9223372036854775807") == "9223372036854775807");
  CHECK(integer("-9223372036854775808") == "-9223372036854775808");
  CHECK(integer("9223372036854775808") == size);
  CHECK(integer("\"9223372036854775808\"") == size);
  CHECK(integer("9.3e18") == size);
  CHECK(integer("\" \\t+0_1.00\\n\"") == "1");
  CHECK(integer("\"-0\"") == "0");
  CHECK(integer("true") == "1");
  CHECK(integer("-2.0") == "-2");
  CHECK(integer("NaN") == "x: Input should be a finite number");
  const auto flag = [](std::string_view text) {
    validation v;
    const auto b = v.boolean(parse_json(text).value, location("x"));
    return b ? std::string{*b ? "yes" : "no"} : std::string{"neither"};
  };
  for (const char* yes : {"true", "1", "1.0", "\"yes\"", "\"ON\"", "\"t\"", "\"Y\"", "\"1\""}) {
    CAPTURE(yes);
    CHECK(flag(yes) == "yes");
  }
  for (const char* no : {"false", "0", "-0.0", "\"no\"", "\"Off\"", "\"F\"", "\"n\"", "\"0\""}) {
    CAPTURE(no);
    CHECK(flag(no) == "no");
  }
  for (const char* neither : {"null", "2", "-1", "0.5", "1e300", "\"\"", "\"yes \"", "[]", "{}"}) {
    CAPTURE(neither);
    CHECK(flag(neither) == "neither");
  }
}

TEST_CASE("how a batch stands as a whole") {
  const auto say = [](media_counts n) {
    return std::string{overall_status(n, false)} + ' ' + std::string{overall_status(n, true)};
  };
  media_counts n;
  n.completed = 2;
  CHECK(say(n) == "completed completed");
  n.failed = 1;
  CHECK(say(n) == "unknown completed_with_errors");
  n.cancelled = 1;
  CHECK(say(n) == "unknown cancelled");
  n.completed = 0;
  CHECK(say(n) == "failed cancelled");
  n.cancelled = 0;
  CHECK(say(n) == "failed failed");
  n.pending = 1;
  CHECK(say(n) == "in_progress in_progress");
  n.paused = 1;
  CHECK(say(n) == "in_progress paused");
  n.downloading = 1;
  CHECK(say(n) == "in_progress in_progress");

  CHECK(seconds_left(450'000, 1'000'000, 50'000) == 11);
  CHECK(seconds_left(450'001, 1'000'000, 50'000) == 10);
  CHECK(seconds_left(1, 2, 0) == 0);
  CHECK(seconds_left(2, 0, 5) == 0);

  CHECK(is_batch_id("batch_0123abcf"));
  for (const char* id : {"", "batch_", "batch_0123abc", "batch_0123abcf0", "batch_0123ABCF",
                         "batch_0123abcg", "patch_0123abcf"}) {
    CAPTURE(id);
    CHECK_FALSE(is_batch_id(id));
  }
}

}  // namespace haul::test
