#include <haul/http/url.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <string_view>

using namespace haul::http;
using haul::errc;
using std::string_literals::operator""s;

TEST_CASE("URLs that are accepted", "[http][url]") {
  struct row {
    std::string_view text;
    std::string_view str;
  };
  const row rows[] = {
      {"http://example.com", "http://example.com/"},
      {"http://example.com/", "http://example.com/"},
      {"HTTPS://EXAMPLE.com/A", "https://example.com/A"},
      {"http://example.com:80/", "http://example.com/"},
      {"https://example.com:443/", "https://example.com/"},
      {"http://example.com:443/", "http://example.com:443/"},
      {"http://example.com:/", "http://example.com/"},
      {"http://example.com:00080/", "http://example.com/"},
      {"http://example.com:65535/", "http://example.com:65535/"},
      {"http://example.com?a=b", "http://example.com/?a=b"},
      {"http://example.com/?", "http://example.com/?"},
      {"http://example.com#f", "http://example.com/"},
      {"http://example.com/a#f?g", "http://example.com/a"},
      {"http://example.com/a?b#c#d", "http://example.com/a?b"},
      {"http://example.com/a?b?c", "http://example.com/a?b?c"},
      {"http://localhost/", "http://localhost/"},
      {"http://a_b-c.d/", "http://a_b-c.d/"},
      {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
      {"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
      {"http://10.0.0.1.nip.io/x", "http://10.0.0.1.nip.io/x"},
      {"http://1.2.3.4.5/a b", "http://1.2.3.4.5/a%20b"},
      {"http://[::1]/", "http://[::1]/"},
      {"http://[2001:DB8:0:0::1]:8080/", "http://[2001:db8::1]:8080/"},
      {"http://example.com./", "http://example.com./"},
      // kept as it is
      {"http://h/%7Ea/%2f/%41", "http://h/%7Ea/%2f/%41"},
      {"http://h//a//b", "http://h//a//b"},
      {"http://h/a;b=c,d@e:f!g$h&i'j(k)l*m+n", "http://h/a;b=c,d@e:f!g$h&i'j(k)l*m+n"},
      {"http://h/?a=%2F&b=/?:@", "http://h/?a=%2F&b=/?:@"},
      // dot segments
      {"http://h/a/./b/../c", "http://h/a/c"},
      {"http://h/..", "http://h/"},
      {"http://h/../../a", "http://h/a"},
      {"http://h/a/..", "http://h/"},
      {"http://h/a/.", "http://h/a/"},
      {"http://h/a/b/..", "http://h/a/"},
      {"http://h/...", "http://h/..."},
      {"http://h/a?x/../y", "http://h/a?x/../y"},
      // as people paste it
      {"  http://h/a ", "http://h/a"},
      {"http://h/a b", "http://h/a%20b"},
      {"http://h/\xc3\xa4?\xe4", "http://h/%C3%A4?%E4"},
      {"http://h/100%", "http://h/100%25"},
      {"http://h/%4", "http://h/%254"},
      {"http://h/%zz", "http://h/%25zz"},
      {"http://h/a[1]{2}|<3>\"^`\\", "http://h/a%5B1%5D%7B2%7D%7C%3C3%3E%22%5E%60%5C"},
      {"http://h/?a[]=b c", "http://h/?a%5B%5D=b%20c"},
  };
  for (const row& r : rows) {
    INFO(r.text);
    const auto u = parse_url(r.text);
    REQUIRE_FALSE(u.error);
    CHECK(u.value.str() == r.str);
    CHECK_FALSE(u.value.has_credentials());
    CHECK(u.value.target().starts_with('/'));
    CHECK(parse_url(r.str).value == u.value);
  }
}

TEST_CASE("URLs that are rejected", "[http][url]") {
  const std::string rows[] = {
      "",
      " ",
      "example.com",
      "/path",
      "//example.com/",
      "http",
      "http:",
      "http:/",
      "http://",
      "http:///path",
      "http://?q",
      "http://#f",
      "http:example.com",
      "http:/example.com",
      "http://:80/",
      "http://user@/",
      "http://user@:80/",
      "://example.com",
      "1http://example.com",
      // the port
      "http://h:0/",
      "http://h:65536/",
      "http://h:99999999999999999999/",
      "http://h:x/",
      "http://h:-1/",
      "http://h:+1/",
      "http://h:80:80/",
      "http://h: 80/",
      // the host
      "http://a b/",
      "http://\xc3\xa4.example/",
      "http://a%20b/",
      "http://%61/",
      "http://a,b/",
      "http://a*b/",
      "http://a|b/",
      "http://a<b/",
      "http://a'b/",
      "http://[::1/",
      "http://::1/",
      "http://[::1]x/",
      "http://[::1%25eth0]/",
      "http://[v1.x]/",
      "http://[]/",
      "http://[127.0.0.1]/",
      "http://[::g]/",
      "http://" + std::string(254, 'a') + "/",
      // a backslash before the path
      "http://good.example\\@evil.example/",
      "http://h\\/",
      "http:\\\\h\\",
      // control characters
      "http://h/a\nb",
      "http://h/a\rb",
      "http://h/a\tb",
      "http://h/a\0b"s,
      "http://h/\x7f",
      "http://h/a\n",
      "\thttp://h/",
      "http://h\r\nHost: evil/",
  };
  for (const std::string& text : rows) {
    INFO(text);
    const auto u = parse_url(text);
    CHECK(u.error == errc::invalid_url);
    CHECK(u.value == url{});
  }
  for (const char* text :
       {"ftp://h/", "file:///etc/passwd", "mailto:a@b", "magnet:?xt=1", "javascript:alert(1)",
        "data:,x", "httpx://h/", "localhost:80", "C:\\a", "https+x://h/", "ws://h/"}) {
    INFO(text);
    CHECK(parse_url(text).error == errc::unsupported_scheme);
  }
}

// A URL that names a user is left to Boost.URL, whatever else is in it.
TEST_CASE("a plain URL means what it means to Boost.URL", "[http][url]") {
  const std::string_view schemes[] = {"http://", "https://", "HTTP://"};
  const std::string_view hosts[] = {"h",     "a_b-c.d.", "127.0.0.1", "0x7f.1", "Example",
                                    "[::1]", "u@h",      "-",         ".",      ""};
  const std::string_view ports[] = {
      "",     ":",       ":80",    ":443",   ":8080", ":00080",
      ":0",   ":65535",  ":65536", ":8 0",   ":a",    ":80:80",
      ":-80", ":100000", ":80?x",  ":80#/x", "]",     ":99999999999999999999"};
  const std::string_view paths[] = {
      "",        "/",      "//",     "/a/b.c",    "/a//b/",   "/.a",       "/a/../b", "/a/..",
      "/./",     "/a:b@c", "/a%20b", "/a b",      "/a;b=c,d", "/a?b=c/.d", "/a?b/..", "/a?",
      "/a?b?c:", "/a#b",   "?a",     "/\xc3\xa4", "/a\x01b",  "/a|b",      "\\a",     "/a?b#c"};
  int plain = 0;
  for (const auto scheme : schemes) {
    for (const auto host : hosts) {
      for (const auto port : ports) {
        for (const auto path : paths) {
          std::string text{scheme};
          const std::string rest = std::string{host}.append(port).append(path);
          const auto u = parse_url(text + rest);
          const auto with_user = parse_url(text + "u@" + rest);
          INFO(text << rest);
          REQUIRE(u.error == with_user.error);
          REQUIRE(u.value.where() == with_user.value.where());
          REQUIRE(u.value.target() == with_user.value.target());
          plain += !u.error;
        }
      }
    }
  }
  CHECK(plain > 1000);
  const std::string longest(253, 'a');
  CHECK(parse_url("http://" + longest + "/").value.where().host == longest);
  CHECK(parse_url("http://" + longest + "a/").error == errc::invalid_url);
}

TEST_CASE("user and password are kept apart", "[http][url]") {
  struct row {
    const char* text;
    const char* user;
    const char* password;
  };
  const row rows[] = {
      {"http://u:p@h/", "u", "p"},
      {"http://u@h/", "u", ""},
      {"http://u:@h/", "u", ""},
      {"http://:p@h/", "", "p"},
      {"http://@h/", "", ""},
      {"http://a%40b:c%3Ad@h/", "a@b", "c:d"},
      {"http://u:p:q@h/", "u", "p:q"},
      {"http://u:p@q@h/", "u", "p@q"},
      {"http://u v:50%@h/", "u v", "50%"},
      {"http://\xc3\xa4:[x]@h/", "\xc3\xa4", "[x]"},
  };
  for (const row& r : rows) {
    INFO(r.text);
    const auto u = parse_url(r.text);
    REQUIRE_FALSE(u.error);
    CHECK(u.value.has_credentials());
    CHECK(u.value.user() == r.user);
    CHECK(u.value.password() == r.password);
    CHECK(u.value.str() == "http://h/");
    CHECK(u.value.where() == origin{false, "h", 80});
  }
}

TEST_CASE("the origin of a URL", "[http][url]") {
  const auto where = [](std::string_view text) { return parse_url(text).value.where(); };
  CHECK(where("http://H/") == origin{false, "h", 80});
  CHECK(where("https://h/") == origin{true, "h", 443});
  CHECK(where("https://h:8443/") == origin{true, "h", 8443});
  CHECK(where("http://[::1]:81/") == origin{false, "::1", 81});
  CHECK(where("http://h/") != where("https://h/"));
  CHECK(where("http://h/") != where("http://h:81/"));
  CHECK(where("http://h:443/") != where("https://h/"));

  CHECK(where("http://h/").authority() == "h");
  CHECK(where("https://h/").authority() == "h");
  CHECK(where("https://h:80/").authority() == "h:80");
  CHECK(where("http://[::1]/").authority() == "[::1]");
  CHECK(where("http://[::1]:81/").authority() == "[::1]:81");
  CHECK(where("https://h/").host_and_port() == "h:443");
  CHECK(where("http://[::1]/").host_and_port() == "[::1]:80");
  CHECK(where("http://[::1]/").ipv6());
  CHECK_FALSE(where("http://127.0.0.1/").ipv6());
}

TEST_CASE("path and target", "[http][url]") {
  const auto u = parse_url("http://h/a/b?c/d?e").value;
  CHECK(u.path() == "/a/b");
  CHECK(u.target() == "/a/b?c/d?e");
  CHECK(parse_url("http://h").value.path() == "/");
}

TEST_CASE("references are resolved as RFC 3986, 5.4 has it", "[http][url]") {
  const url base = parse_url("http://a/b/c/d;p?q").value;
  struct row {
    const char* reference;
    const char* result;
  };
  const row rows[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {"g?y#s", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      // 5.4.2
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/../x", "http://a/b/c/g"},
      // other origins
      {"https://b/x", "https://b/x"},
      {"HTTP://A:80/x", "http://a/x"},
      {"//b:81/x?y", "http://b:81/x?y"},
      // leniently
      {"a b", "http://a/b/c/a%20b"},
      {"/\xc3\xa4?\xe4", "http://a/%C3%A4?%E4"},
      {" /g ", "http://a/g"},
      {"/g%", "http://a/g%25"},
      {"\\\\evil/x", "http://a/b/c/%5C%5Cevil/x"},
      {"/\\evil", "http://a/%5Cevil"},
      {"?a=http://b/", "http://a/b/c/d;p?a=http://b/"},
      {"?", "http://a/b/c/d;p?"},
  };
  for (const row& r : rows) {
    INFO(r.reference);
    const auto u = base.resolve(r.reference);
    REQUIRE_FALSE(u.error);
    CHECK(u.value.str() == r.result);
  }
  CHECK(parse_url("http://a").value.resolve("g").value.str() == "http://a/g");
  CHECK(parse_url("http://a?q/r").value.resolve("g").value.str() == "http://a/g");
  CHECK(parse_url("https://a/x").value.resolve("//b/y").value.str() == "https://b/y");

  for (const char* bad : {"http:g", "http:", "//", "///x", "//h:0/", "//a b/", "/a\nb", "//h\\x/",
                          "http://h\r\nX: y/", "a b:c"}) {
    INFO(bad);
    CHECK(base.resolve(bad).error == errc::invalid_url);
  }
  CHECK(base.resolve("g:h").error == errc::unsupported_scheme);
  CHECK(base.resolve("ftp://a/").error == errc::unsupported_scheme);
}

TEST_CASE("user and password go along to their own origin only", "[http][url]") {
  const url base = parse_url("https://u:p@h/x").value;
  const auto user = [&base](std::string_view reference) {
    const auto u = base.resolve(reference);
    REQUIRE_FALSE(u.error);
    return u.value.has_credentials() ? u.value.user() + ':' + u.value.password() : "none"s;
  };
  CHECK(user("y") == "u:p");
  CHECK(user("") == "u:p");
  CHECK(user("https://h/y") == "u:p");
  CHECK(user("https://h:443/y") == "u:p");
  CHECK(user("http://h/y") == "none");
  CHECK(user("https://h:444/y") == "none");
  CHECK(user("//g/y") == "none");
  CHECK(user("https://v:w@h/y") == "v:w");
  CHECK(user("https://v@g/y") == "v:");
}
