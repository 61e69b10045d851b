#include "fuzz.hpp"
#include <haul/http/file_name.hpp>
#include <haul/http/redirect.hpp>
#include <haul/http/request_head.hpp>
#include <haul/http/url.hpp>
#include <haul/system/http_connect.hpp>
#include <haul/system/proxy.hpp>

#include <string>
#include <string_view>

using namespace haul::http;

namespace {

bool is_host(const std::string& host) {
  for (const char c : host) {
    const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
    if (!plain && c != ':') return false;
  }
  return !host.empty() && host.size() <= 253;
}

void check(const url& u) {
  HAUL_FUZZ_CHECK(is_host(u.where().host));
  HAUL_FUZZ_CHECK(u.where().port != 0);
  HAUL_FUZZ_CHECK(u.target().starts_with('/'));
  HAUL_FUZZ_CHECK(is_request_target(u.target()));
  HAUL_FUZZ_CHECK(u.target().find('#') == std::string::npos);
  HAUL_FUZZ_CHECK(std::string{u.path()}.append("/").find("/../") == std::string::npos);
  HAUL_FUZZ_CHECK(std::string{u.path()}.append("/").find("/./") == std::string::npos);
  HAUL_FUZZ_CHECK(u.str().find('@') == std::string::npos ||
                  u.target().find('@') != std::string::npos);

  // What is printed is the same URL again, without user and password.
  const auto again = parse_url(u.str());
  HAUL_FUZZ_CHECK(!again.error);
  HAUL_FUZZ_CHECK(!again.value.has_credentials());
  HAUL_FUZZ_CHECK(again.value.where() == u.where());
  HAUL_FUZZ_CHECK(again.value.target() == u.target());

  // A URL that names a user is left to Boost.URL, which refuses some names that begin as addresses.
  const auto with_user = parse_url(std::string{u.str()}.insert(u.str().find("//") + 2, "u@"));
  const bool like_address = is_digit(u.where().host.front());
  HAUL_FUZZ_CHECK(!with_user.error || like_address);
  HAUL_FUZZ_CHECK(with_user.error ||
                  (with_user.value.where() == u.where() && with_user.value.target() == u.target()));

  request_head request{"GET", u.target()};
  request.append("Host", u.where().authority());
  HAUL_FUZZ_CHECK(request.valid());
  const std::string name = file_name_of_url(u);
  HAUL_FUZZ_CHECK(safe_file_name(name) == name);
  HAUL_FUZZ_CHECK(u.resolve("").value == u);
  HAUL_FUZZ_CHECK(u.resolve(u.str()).value == u);
  HAUL_FUZZ_CHECK(u.resolve("?x").value.path() == u.path());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  haul_fuzz::input in{data, size};
  const haul_fuzz::exact_copy base{in.line()};
  const haul_fuzz::exact_copy reference{in.rest()};

  const auto from = parse_url(base.view());
  HAUL_FUZZ_CHECK(!from.error || from.value == url{});
  const auto through = haul::system::parse_proxy(base.view());
  const haul::system::proxy_bypass bypass{reference.view()};
  if (!through.error) {
    HAUL_FUZZ_CHECK(is_host(through.value.host) && through.value.port != 0);
  }
  if (from.error) return 0;
  check(from.value);
  bypass.matches(from.value.where());
  if (!through.error) {
    const std::string request = haul::system::connect_request(from.value.where(), through.value);
    HAUL_FUZZ_CHECK(request.find("\r\n\r\n") == request.size() - 4);
  }

  const auto next = from.value.resolve(reference.view());
  if (!next.error) check(next.value);

  field_list fields;
  fields.append("Location", reference.view());
  const auto d = decide_redirect(from.value, 302, fields, 0, {});
  HAUL_FUZZ_CHECK(d.follow == !d.error);
  HAUL_FUZZ_CHECK(!d.follow || !next.error);
  if (!d.follow) return 0;
  HAUL_FUZZ_CHECK(d.next == next.value);
  HAUL_FUZZ_CHECK(d.same_origin == (d.next.where() == from.value.where()));
  HAUL_FUZZ_CHECK(d.next.where().secure || !from.value.where().secure);
  // The user's credentials stay at the user's origin.
  if (!d.same_origin && from.value.has_credentials() && d.next.has_credentials()) {
    HAUL_FUZZ_CHECK(reference.view().find('@') != std::string_view::npos);
  }
  return 0;
}
