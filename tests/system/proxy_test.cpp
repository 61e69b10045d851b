#include <haul/system/proxy.hpp>
// The header under test comes first.
#include "catch.hpp"
#include <haul/system/http_connect.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

using namespace haul::system;
using haul::errc;
using haul::http::origin;
using kind = proxy::kind;

namespace {

origin to(std::string_view text) {
  const auto u = haul::http::parse_url(text);
  REQUIRE_FALSE(u.error);
  return u.value.where();
}

using environment = std::map<std::string, std::string>;

proxy_settings_result from(const environment& variables) {
  return proxy_settings::from_environment(
      [&variables](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

// The host of the proxy that is chosen, or "".
std::string chosen(const environment& variables, std::string_view url) {
  const auto settings = from(variables);
  REQUIRE_FALSE(settings.error);
  const auto p = settings.value.choose(to(url));
  return p ? p->host : "";
}

}  // namespace

TEST_CASE("proxies that are accepted", "[proxy]") {
  struct row {
    const char* text;
    proxy value;
  };
  const row rows[] = {
      {"p", {kind::http, "p", 80, false, "", ""}},
      {"p:3128", {kind::http, "p", 3128, false, "", ""}},
      {" P:3128 ", {kind::http, "p", 3128, false, "", ""}},
      {"http://p", {kind::http, "p", 80, false, "", ""}},
      {"HTTP://p:8080/", {kind::http, "p", 8080, false, "", ""}},
      {"http://u:w@p:8080", {kind::http, "p", 8080, true, "u", "w"}},
      {"http://u%40x:w%3Ay@p", {kind::http, "p", 80, true, "u@x", "w:y"}},
      {"u:w@p", {kind::http, "p", 80, true, "u", "w"}},
      {"u@p:81", {kind::http, "p", 81, true, "u", ""}},
      {"http://[::1]:8080", {kind::http, "::1", 8080, false, "", ""}},
      {"socks5://p", {kind::socks5, "p", 1080, false, "", ""}},
      {"socks5h://p", {kind::socks5, "p", 1080, false, "", ""}},
      {"SOCKS5H://p:9050/", {kind::socks5, "p", 9050, false, "", ""}},
      {"socks5://p:80", {kind::socks5, "p", 80, false, "", ""}},
      {"socks5://p:", {kind::socks5, "p", 1080, false, "", ""}},
      {"socks5://u:w@p", {kind::socks5, "p", 1080, true, "u", "w"}},
      {"socks5://u:w@p:81", {kind::socks5, "p", 81, true, "u", "w"}},
      {"socks5://[::1]", {kind::socks5, "::1", 1080, false, "", ""}},
      {"socks5://[::1]:81", {kind::socks5, "::1", 81, false, "", ""}},
  };
  for (const row& r : rows) {
    INFO(r.text);
    const auto p = parse_proxy(r.text);
    REQUIRE_FALSE(p.error);
    CHECK(p.value == r.value);
  }
}

TEST_CASE("proxies that are rejected", "[proxy]") {
  for (const char* text :
       {"https://p", "socks4://p", "socks4a://p", "socks://p", "ftp://p", "://p"}) {
    INFO(text);
    CHECK(parse_proxy(text).error == errc::proxy_unsupported);
  }
  const std::string long_user = "socks5://" + std::string(256, 'u') + "@p";
  for (const std::string& text :
       {std::string{}, std::string{"http://"}, std::string{"p:0"}, std::string{"p:65536"},
        std::string{"p:x"}, std::string{"p/path"}, std::string{"http://p/path"}, std::string{"p?q"},
        std::string{"p#f"}, std::string{"a b"}, std::string{"p\r\nX: y"}, std::string{"::1"},
        std::string{"u@"}, std::string{":80"}, std::string{"u%3Ax:w@p"}, long_user}) {
    INFO(text);
    CHECK(parse_proxy(text).error == errc::invalid_argument);
  }
}

TEST_CASE("which variable counts", "[proxy]") {
  const std::string plain = "http://h/";
  const std::string secure = "https://h/";
  CHECK(chosen({}, plain) == "");
  CHECK(chosen({{"http_proxy", "a"}}, plain) == "a");
  CHECK(chosen({{"http_proxy", "a"}}, secure) == "");
  CHECK(chosen({{"HTTP_PROXY", "a"}}, plain) == "");
  CHECK(chosen({{"https_proxy", "a"}}, secure) == "a");
  CHECK(chosen({{"https_proxy", "a"}}, plain) == "");
  CHECK(chosen({{"HTTPS_PROXY", "a"}}, secure) == "a");
  CHECK(chosen({{"HTTPS_PROXY", "a"}, {"https_proxy", "b"}}, secure) == "b");
  CHECK(chosen({{"all_proxy", "a"}}, plain) == "a");
  CHECK(chosen({{"all_proxy", "a"}}, secure) == "a");
  CHECK(chosen({{"ALL_PROXY", "a"}}, secure) == "a");
  CHECK(chosen({{"ALL_PROXY", "a"}, {"all_proxy", "b"}}, plain) == "b");
  CHECK(chosen({{"all_proxy", "a"}, {"http_proxy", "b"}}, plain) == "b");
  CHECK(chosen({{"all_proxy", "a"}, {"http_proxy", ""}}, plain) == "a");
  CHECK(chosen({{"all_proxy", "a"}, {"no_proxy", "h"}}, plain) == "");
  CHECK(chosen({{"all_proxy", "a"}, {"NO_PROXY", "h"}}, plain) == "");
  CHECK(chosen({{"all_proxy", "a"}, {"NO_PROXY", "h"}, {"no_proxy", "x"}}, plain) == "a");
}

TEST_CASE("a proxy that is set but cannot be used is an error", "[proxy]") {
  CHECK(from({{"http_proxy", "https://p"}}).error == errc::proxy_unsupported);
  CHECK(from({{"https_proxy", "p:0"}}).error == errc::invalid_argument);
  CHECK(from({{"all_proxy", "socks4://p"}}).error == errc::proxy_unsupported);
  CHECK_FALSE(from({{"HTTP_PROXY", "https://p"}}).error);
}

TEST_CASE("which hosts are bypassed", "[proxy]") {
  struct row {
    const char* list;
    const char* url;
    bool bypassed;
  };
  const row rows[] = {
      {"", "http://h/", false},
      {" , ,", "http://h/", false},
      {"*", "http://h/", true},
      {"*", "http://[::1]/", true},
      {"x, *", "http://h/", true},
      {"**", "http://h/", false},
      // names
      {"example.com", "http://example.com/", true},
      {"example.com", "http://EXAMPLE.com/", true},
      {"Example.COM", "http://example.com/", true},
      {"example.com", "http://www.example.com/", true},
      {"example.com", "http://a.b.example.com/", true},
      {"example.com", "http://badexample.com/", false},
      {"example.com", "http://example.com.evil/", false},
      {"example.com", "http://com/", false},
      {".example.com", "http://example.com/", true},
      {".example.com", "http://www.example.com/", true},
      {".example.com", "http://badexample.com/", false},
      {"*.example.com", "http://www.example.com/", true},
      {"*.example.com", "http://badexample.com/", false},
      {"example.com.", "http://example.com/", true},
      {"example.com", "http://example.com./", true},
      {"a,b,c", "http://b/", true},
      {"a b c", "http://b/", true},
      {" a , b ", "http://b/", true},
      {"com", "http://example.com/", true},
      {".", "http://h/", false},
      // ports
      {"h:80", "http://h/", true},
      {"h:80", "http://h:81/", false},
      {"h:443", "https://h/", true},
      {"h:443", "http://h/", false},
      {"h:99999", "http://h/", false},
      {"h:x", "http://h/", false},
      {"*:81", "http://h:81/", true},
      {"*:81", "http://h/", false},
      {"10.0.0.1:81", "http://10.0.0.1:81/", true},
      {"10.0.0.1:81", "http://10.0.0.1/", false},
      {"[::1]:81", "http://[::1]:81/", true},
      {"[::1]:81", "http://[::1]/", false},
      // addresses
      {"10.0.0.1", "http://10.0.0.1/", true},
      {"10.0.0.1", "http://10.0.0.2/", false},
      {"0.0.1", "http://10.0.0.1/", false},
      {"0.1", "http://10.0.0.1/", false},
      {"::1", "http://[::1]/", true},
      {"[::1]", "http://[::1]/", true},
      {"0:0::1", "http://[::1]/", true},
      {"::1", "http://[::2]/", false},
      {"10.0.0.1", "http://x.10.0.0.1/", false},
      // blocks
      {"10.0.0.0/8", "http://10.255.1.2/", true},
      {"10.0.0.0/8", "http://11.0.0.1/", false},
      {"192.168.4.0/22", "http://192.168.7.255/", true},
      {"192.168.4.0/22", "http://192.168.8.0/", false},
      {"10.1.2.3/32", "http://10.1.2.3/", true},
      {"10.1.2.3/32", "http://10.1.2.2/", false},
      {"0.0.0.0/0", "http://1.2.3.4/", true},
      {"0.0.0.0/0", "http://[::1]/", false},
      {"10.0.0.0/33", "http://10.0.0.0/", false},
      {"10.0.0.0/", "http://10.0.0.0/", false},
      {"10.0.0.0/-1", "http://10.0.0.0/", false},
      {"10.0.0.0/8x", "http://10.0.0.0/", false},
      {"fd00::/8", "http://[fdff::1]/", true},
      {"fd00::/8", "http://[fe00::1]/", false},
      {"::/0", "http://[2001:db8::1]/", true},
      {"::/129", "http://[::1]/", false},
      {"10.0.0.0/8", "http://h/", false},
      {"h/8", "http://h/", false},
  };
  for (const row& r : rows) {
    INFO(r.list << " | " << r.url);
    CHECK(proxy_bypass{r.list}.matches(to(r.url)) == r.bypassed);
    const proxy_settings settings{proxy{kind::http, "p", 80, false, "", ""}, proxy_bypass{r.list}};
    CHECK(settings.choose(to(r.url)).has_value() == !r.bypassed);
  }
  CHECK_FALSE(proxy_settings{}.choose(to("http://h/")));
}

TEST_CASE("the request for a tunnel", "[proxy]") {
  proxy p{kind::http, "p", 8080, false, "", ""};
  CHECK(connect_request(to("https://h/"), p) == "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
  CHECK(connect_request(to("https://[::1]:8443/"), p) ==
        "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
  p.has_credentials = true;
  p.user = "Aladdin";
  p.password = "open sesame";
  CHECK(connect_request(to("https://h/"), p) ==
        "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST_CASE("the reply to a request for a tunnel", "[proxy]") {
  const auto error = [](int status) {
    haul::http::response_head head;
    head.status = status;
    return error_of_connect(head);
  };
  CHECK_FALSE(error(200));
  CHECK_FALSE(error(204));
  CHECK(error(407) == errc::proxy_unauthorized);
  for (int status : {101, 199, 300, 302, 400, 401, 403, 404, 405, 500, 501}) {
    INFO(status);
    CHECK(error(status) == errc::proxy_refused);
    CHECK_FALSE(error(status) == haul::condition::retryable);
  }
  for (int status : {502, 503, 504}) {
    INFO(status);
    CHECK(error(status) == haul::condition::retryable);
  }
}
