#include <haul/http/fields.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <utility>
#include <vector>

using haul::http::field_list;

TEST_CASE("fields keep their order and their text", "[http]") {
  field_list list;
  CHECK(list.empty());
  list.append("Host", "example.com");
  list.append("Empty", "");
  list.append("host", "again");
  REQUIRE(list.size() == 3);

  std::vector<std::pair<std::string, std::string>> seen;
  list.for_each([&seen](auto name, auto value) { seen.emplace_back(name, value); });
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] == std::pair<std::string, std::string>{"Host", "example.com"});
  CHECK(seen[1] == std::pair<std::string, std::string>{"Empty", ""});
  CHECK(seen[2] == std::pair<std::string, std::string>{"host", "again"});
}

TEST_CASE("fields are found by name in any case, the first one first", "[http]") {
  field_list list;
  list.append("ETag", "\"a\"");
  list.append("X", "1");
  list.append("etag", "\"b\"");
  CHECK(list.find("ETAG") == "\"a\"");
  CHECK(list.find("x") == "1");
  CHECK_FALSE(list.find("ETa"));
  CHECK_FALSE(list.find(""));
  CHECK(list.count("etag") == 2);
  CHECK(list.count("none") == 0);

  std::string all;
  list.for_each_value("Etag", [&all](auto value) { all += value; });
  CHECK(all == "\"a\"\"b\"");
}

TEST_CASE("a field list can be copied, moved and cleared", "[http]") {
  field_list list;
  list.append("A", "1");  // short enough to live inside a std::string
  field_list copy = list;
  field_list moved = std::move(list);
  copy.append("B", std::string(1000, 'b'));
  CHECK(moved.find("a") == "1");
  CHECK(moved.size() == 1);
  CHECK(copy.find("b") == std::string(1000, 'b'));
  copy.clear();
  CHECK(copy.empty());
  CHECK_FALSE(copy.find("a"));
}
