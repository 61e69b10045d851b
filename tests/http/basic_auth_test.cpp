#include <haul/http/basic_auth.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>

using namespace haul::http;

TEST_CASE("base64 of RFC 4648, 10", "[http]") {
  CHECK(encode_base64("") == "");
  CHECK(encode_base64("f") == "Zg==");
  CHECK(encode_base64("fo") == "Zm8=");
  CHECK(encode_base64("foo") == "Zm9v");
  CHECK(encode_base64("foob") == "Zm9vYg==");
  CHECK(encode_base64("fooba") == "Zm9vYmE=");
  CHECK(encode_base64("foobar") == "Zm9vYmFy");
  CHECK(encode_base64("\xff\xfe\xfb\xef\xbe") == "//77774=");
  CHECK(encode_base64(std::string(3, '\0')) == "AAAA");
}

TEST_CASE("Basic credentials of RFC 7617, 2", "[http]") {
  CHECK(basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(basic_credentials("test", "123\xc2\xa3") == "Basic dGVzdDoxMjPCow==");
  CHECK(basic_credentials("", "") == "Basic Og==");
}
