#include <haul/http/validator.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace haul::http;

namespace {

validator of(const std::vector<std::pair<std::string, std::string>>& fields) {
  response_head head;
  for (const auto& [name, value] : fields) head.fields.append(name, value);
  return validator_of(head);
}

const std::string monday = "Mon, 07 Nov 1994 08:49:37 GMT";
const std::string tuesday = "Tue, 08 Nov 1994 08:49:37 GMT";

}  // namespace

TEST_CASE("entity tags are strong or weak", "[http][validator]") {
  for (const char* tag : {"\"x\"", "\"W/x\"", "\"\xc3\xa4!#[]\""}) {
    INFO(tag);
    const auto v = of({{"ETag", tag}});
    CHECK(v.strong());
    CHECK(v.etag == tag);
    CHECK(v.if_range() == tag);
    CHECK(v.joinable());
  }
  for (const char* tag : {"W/\"x\"", "w/\"x\"", "x", "\"x", "x\"", "\"xyz", "xyz\"", "\"", "\"\"",
                          "\"a b\"", "\"a\"b\"", "\"a\", \"b\"", "'x'"}) {
    INFO(tag);
    const auto v = of({{"ETag", tag}});
    CHECK_FALSE(v.strong());
    CHECK(v.weak);
    CHECK(v.etag == tag);
    CHECK(v.if_range().empty());
    CHECK_FALSE(v.joinable());
  }
  CHECK(of({}) == validator{});
  CHECK(of({{"ETag", ""}}) == validator{});
  CHECK_FALSE(validator{}.joinable());
}

TEST_CASE("a date serves where there is no strong tag", "[http][validator]") {
  const auto dated = of({{"Last-Modified", monday}});
  CHECK_FALSE(dated.strong());
  CHECK(dated.dated());
  CHECK(dated.joinable());
  CHECK(dated.if_range() == monday);

  const auto weak = of({{"ETag", "W/\"x\""}, {"Last-Modified", monday}});
  CHECK(weak.dated());
  CHECK(weak.if_range() == monday);

  const auto strong = of({{"ETag", "\"x\""}, {"Last-Modified", monday}});
  CHECK_FALSE(strong.dated());
  CHECK(strong.if_range() == "\"x\"");
}

TEST_CASE("the date of a file that was just written proves nothing", "[http][validator]") {
  CHECK(of({{"Last-Modified", monday}, {"Date", monday}}).young);
  CHECK(of({{"Last-Modified", tuesday}, {"Date", monday}}).young);
  CHECK_FALSE(of({{"Last-Modified", monday}, {"Date", "Mon, 07 Nov 1994 08:49:38 GMT"}}).young);
  CHECK_FALSE(of({{"Last-Modified", monday}}).young);
  CHECK_FALSE(of({{"Last-Modified", monday}, {"Date", "today"}}).young);
  CHECK_FALSE(of({{"Last-Modified", "today"}, {"Date", monday}}).young);

  const auto young = of({{"Last-Modified", monday}, {"Date", monday}});
  CHECK_FALSE(young.joinable());
  CHECK(young.if_range().empty());
  CHECK_FALSE(same_version(young, young));
  CHECK(of({{"ETag", "\"x\""}, {"Last-Modified", monday}, {"Date", monday}}).joinable());
  // Of the later reply only the date itself counts.
  CHECK(same_version(of({{"Last-Modified", monday}}), young));
}

TEST_CASE("a field with two values says nothing", "[http][validator]") {
  CHECK(of({{"ETag", "\"a\""}, {"ETag", "\"b\""}}).etag.empty());
  CHECK(of({{"ETag", "\"a\""}, {"ETag", "\"a\""}}).etag == "\"a\"");
  CHECK(of({{"ETag", "\"a\""}, {"ETag", "\"b\""}, {"ETag", "\"b\""}}).etag.empty());
  CHECK(of({{"Last-Modified", monday}, {"Last-Modified", tuesday}}).last_modified.empty());
}

TEST_CASE("which replies are of the same version", "[http][validator]") {
  const validator none;
  const auto a = of({{"ETag", "\"a\""}});
  const auto b = of({{"ETag", "\"b\""}});
  const auto a_monday = of({{"ETag", "\"a\""}, {"Last-Modified", monday}});
  const auto a_tuesday = of({{"ETag", "\"a\""}, {"Last-Modified", tuesday}});
  const auto b_monday = of({{"ETag", "\"b\""}, {"Last-Modified", monday}});
  const auto weak_a = of({{"ETag", "W/\"a\""}});
  const auto weak_a_monday = of({{"ETag", "W/\"a\""}, {"Last-Modified", monday}});
  const auto weak_a_tuesday = of({{"ETag", "W/\"a\""}, {"Last-Modified", tuesday}});
  const auto weak_b_monday = of({{"ETag", "W/\"b\""}, {"Last-Modified", monday}});
  const auto only_monday = of({{"Last-Modified", monday}});
  const auto only_tuesday = of({{"Last-Modified", tuesday}});

  SECTION("a strong tag wants the same strong tag") {
    CHECK(same_version(a, a));
    CHECK(same_version(a, a_monday));
    CHECK(same_version(a_monday, a_tuesday));
    CHECK(same_version(a_monday, a));
    CHECK_FALSE(same_version(a, b));
    CHECK_FALSE(same_version(a_monday, b_monday));
    CHECK_FALSE(same_version(a, none));
    CHECK_FALSE(same_version(a_monday, only_monday));
    CHECK_FALSE(same_version(a_monday, weak_a_monday));
    CHECK_FALSE(same_version(a, of({{"ETag", "\"A\""}})));
  }
  SECTION("without one, the date decides") {
    CHECK(same_version(only_monday, only_monday));
    CHECK(same_version(only_monday, a_monday));
    CHECK(same_version(only_monday, weak_a_monday));
    CHECK_FALSE(same_version(only_monday, only_tuesday));
    CHECK_FALSE(same_version(only_monday, a_tuesday));
    CHECK_FALSE(same_version(only_monday, none));
    CHECK_FALSE(same_version(only_monday, a));
  }
  SECTION("weak tags can only tell versions apart") {
    CHECK(same_version(weak_a_monday, weak_a_monday));
    CHECK(same_version(weak_a_monday, only_monday));
    CHECK_FALSE(same_version(weak_a_monday, weak_b_monday));
    CHECK_FALSE(same_version(weak_a_monday, weak_a_tuesday));
    CHECK_FALSE(same_version(weak_a_monday, b_monday));
    CHECK_FALSE(same_version(weak_a, weak_a));
    CHECK_FALSE(same_version(weak_a, weak_a_monday));
  }
  SECTION("nothing proves nothing") {
    CHECK_FALSE(same_version(none, none));
    CHECK_FALSE(same_version(none, a_monday));
  }
}
