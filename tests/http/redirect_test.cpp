#include <haul/http/redirect.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <string_view>

using namespace haul::http;
using haul::errc;

namespace {

field_list to(std::string_view location) {
  field_list fields;
  fields.append("Location", location);
  return fields;
}

const url plain = parse_url("http://a/x/y?q").value;
const url secure = parse_url("https://a/x/y?q").value;

}  // namespace

TEST_CASE("only five statuses redirect", "[http][redirect]") {
  for (int status = 100; status < 600; ++status) {
    const bool redirects =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    const auto d = decide_redirect(plain, status, to("/z"), 0, {});
    INFO(status);
    CHECK(d.follow == redirects);
    CHECK_FALSE(d.error);
    CHECK(d.next.str() == (redirects ? "http://a/z" : url{}.str()));
  }
}

TEST_CASE("where a redirect leads", "[http][redirect]") {
  const auto d = decide_redirect(plain, 302, to("z?r#f"), 0, {});
  CHECK(d.follow);
  CHECK(d.same_origin);
  CHECK(d.next.str() == "http://a/x/z?r");

  CHECK(decide_redirect(plain, 302, to("http://A:80/z"), 0, {}).same_origin);
  for (const char* other :
       {"http://b/z", "//b/z", "http://a:81/z", "https://a/z", "http://a.b/z"}) {
    INFO(other);
    const auto across = decide_redirect(plain, 302, to(other), 0, {});
    CHECK(across.follow);
    CHECK_FALSE(across.same_origin);
  }
}

TEST_CASE("redirects are counted", "[http][redirect]") {
  CHECK(decide_redirect(plain, 302, to("/z"), 9, {}).follow);
  const auto d = decide_redirect(plain, 302, to("/z"), 10, {});
  CHECK_FALSE(d.follow);
  CHECK(d.error == errc::too_many_redirects);
  CHECK(decide_redirect(plain, 302, to("/z"), 0, {0, false}).error == errc::too_many_redirects);
  CHECK_FALSE(decide_redirect(plain, 200, to("/z"), 10, {}).error);
}

TEST_CASE("a redirect without one usable location", "[http][redirect]") {
  CHECK(decide_redirect(plain, 302, {}, 0, {}).error == errc::bad_redirect);
  for (const char* bad : {"", "http://", "http://h:0/", "//", "a\tb", "http://h\\@g/"}) {
    INFO(bad);
    const auto d = decide_redirect(plain, 302, to(bad), 0, {});
    CHECK_FALSE(d.follow);
    CHECK(d.error == errc::bad_redirect);
  }
  auto two = to("/z");
  two.append("location", "/z");
  CHECK(decide_redirect(plain, 302, two, 0, {}).follow);
  two.append("Location", "/other");
  CHECK(decide_redirect(plain, 302, two, 0, {}).error == errc::bad_redirect);
}

TEST_CASE("a redirect keeps to http and https, and does not lose https", "[http][redirect]") {
  for (const char* other : {"ftp://a/z", "file:///etc/passwd", "javascript:x", "data:,x"}) {
    INFO(other);
    CHECK(decide_redirect(plain, 302, to(other), 0, {}).error == errc::unsupported_scheme);
  }
  CHECK(decide_redirect(plain, 302, to("https://a/"), 0, {}).follow);
  CHECK(decide_redirect(secure, 302, to("https://b/"), 0, {}).follow);
  CHECK(decide_redirect(secure, 302, to("//b/"), 0, {}).follow);
  const auto d = decide_redirect(secure, 302, to("http://a/"), 0, {});
  CHECK_FALSE(d.follow);
  CHECK(d.error == errc::insecure_redirect);
  CHECK(decide_redirect(secure, 302, to("http://a/"), 0, {10, true}).follow);
  CHECK_FALSE(decide_redirect(secure, 302, to("http://a/"), 0, {10, true}).same_origin);
}
