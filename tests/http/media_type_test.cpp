#include "catch.hpp"
#include <haul/http/media_type.hpp>

using namespace haul::http;

TEST_CASE("a media type is what stands before the parameters") {
  CHECK(media_type_of("text/html") == "text/html");
  CHECK(media_type_of(" text/html ; charset=utf-8; q=1") == "text/html");
  CHECK(media_type_of("").empty());
  CHECK(media_type_of(";x").empty());
}

TEST_CASE("a Content-Type says JSON or does not") {
  CHECK(is_json_type("application/json"));
  CHECK(is_json_type(" Application/JSON ; charset=utf-16"));
  CHECK(is_json_type("application/problem+json"));
  CHECK(is_json_type("text/x+JSON"));
  for (const char* t : {"", "json", "/json", "application/", "text/json", "application/json+xml",
                        "application/jsonx", "application/json charset"}) {
    INFO(t);
    CHECK_FALSE(is_json_type(t));
  }
}
