#include <haul/http/request_head.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>

using namespace haul::http;

TEST_CASE("a request head goes over the wire", "[http]") {
  CHECK(request_head("GET", "/a?b").finish() == "GET /a?b HTTP/1.1\r\n\r\n");
  request_head head{"POST", "/a?b"};
  head.append("Host", "h:81");
  head.append("X", "");
  CHECK(head.valid());
  CHECK(head.finish("body\n") == "POST /a?b HTTP/1.1\r\nHost: h:81\r\nX: \r\n\r\nbody\n");
}

TEST_CASE("what would smuggle is not valid", "[http]") {
  CHECK(request_head("GET", "/").valid());
  for (const char* target : {"", "/a b", "/a\r\nX: y", "/a\n", "/\xc3\xa4", "/\x7f", "/\t"}) {
    INFO(target);
    CHECK_FALSE(request_head("GET", target).valid());
  }
  for (const char* method : {"", "GE T", "GET\r\n", "G:"}) {
    INFO(method);
    CHECK_FALSE(request_head(method, "/").valid());
  }
  const auto with = [](const char* name, const std::string& value) {
    request_head head{"GET", "/"};
    head.append("A", "b");
    head.append(name, value);
    head.append("C", "d");
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
