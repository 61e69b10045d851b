#include <haul/http/request_head.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>

using namespace haul::http;

namespace {

request_head get(const char* target) {
  request_head head;
  head.target = target;
  return head;
}

}  // namespace

TEST_CASE("a request head goes over the wire", "[http]") {
  auto head = get("/a?b");
  CHECK(head.serialize() == "GET /a?b HTTP/1.1\r\n\r\n");
  head.fields.append("Host", "h:81");
  head.fields.append("X", "");
  CHECK(head.serialize() == "GET /a?b HTTP/1.1\r\nHost: h:81\r\nX: \r\n\r\n");
  CHECK(head.valid());
  head.method = "CONNECT";
  CHECK(head.serialize().starts_with("CONNECT /a?b HTTP/1.1\r\n"));
}

TEST_CASE("what would smuggle is not valid", "[http]") {
  CHECK(get("/").valid());
  for (const char* target : {"", "/a b", "/a\r\nX: y", "/a\n", "/\xc3\xa4", "/\x7f", "/\t"}) {
    INFO(target);
    CHECK_FALSE(get(target).valid());
  }
  for (const char* method : {"", "GE T", "GET\r\n", "G:"}) {
    auto head = get("/");
    head.method = method;
    INFO(method);
    CHECK_FALSE(head.valid());
  }
  const auto with = [](const char* name, const std::string& value) {
    auto head = get("/");
    head.fields.append("A", "b");
    head.fields.append(name, value);
    head.fields.append("C", "d");
    return head.valid();
  };
  CHECK(with("X-Y", "z \t\xff"));
  CHECK_FALSE(with("", "z"));
  CHECK_FALSE(with("X Y", "z"));
  CHECK_FALSE(with("X:", "z"));
  CHECK_FALSE(with("X\r\nY", "z"));
  CHECK_FALSE(with("X", "z\r\nY: z"));
  CHECK_FALSE(with("X", "z\n"));
  CHECK_FALSE(with("X", "z\r"));
  CHECK_FALSE(with("X", std::string{"z\0", 2}));
}
