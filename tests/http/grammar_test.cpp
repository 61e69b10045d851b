#include <haul/http/grammar.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace haul::http;

TEST_CASE("a token is made of tchar and not empty", "[http]") {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool mark = c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string::npos;
    INFO(i);
    CHECK(is_tchar(c) == (alnum || mark));
    CHECK(is_token(std::string(1, c)) == (alnum || mark));
  }
  CHECK_FALSE(is_token(""));
  CHECK(is_token("Content-Length"));
  CHECK_FALSE(is_token("Content Length"));
}

TEST_CASE("a field value has no control character but HTAB", "[http]") {
  for (int i = 0; i < 256; ++i) {
    INFO(i);
    CHECK(is_field_char(static_cast<char>(i)) == (i == 9 || (i >= 32 && i != 127)));
  }
  CHECK(is_field_value(""));
  CHECK(is_field_value("a\tb \xff"));
  CHECK_FALSE(is_field_value("a\r\nEvil: 1"));
  CHECK_FALSE(is_field_value("a\nb"));
  CHECK_FALSE(is_field_value(std::string_view{"a\0b", 3}));
}

TEST_CASE("decimal numbers are digits only and fit a file offset", "[http]") {
  CHECK(parse_decimal("0") == 0U);
  CHECK(parse_decimal("007") == 7U);
  CHECK(parse_decimal("9223372036854775807") == max_length);
  for (const char* bad :
       {"", "+1", "-1", " 1", "1 ", "1.0", "0x1", "1e3", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999999"}) {
    INFO(bad);
    CHECK_FALSE(parse_decimal(bad));
  }
}

TEST_CASE("names are compared without regard to ASCII case only", "[http]") {
  CHECK(equals_ignore_case("ETag", "etag"));
  CHECK(equals_ignore_case("", ""));
  CHECK_FALSE(equals_ignore_case("ETag", "ETagg"));
  CHECK_FALSE(equals_ignore_case("@", "`"));
  CHECK_FALSE(equals_ignore_case("[", "{"));
  CHECK_FALSE(equals_ignore_case("\xc4", "\xe4"));
}

TEST_CASE("list elements are trimmed and empty ones left out", "[http]") {
  const auto split = [](std::string_view list) {
    std::vector<std::string> out;
    for_each_list_element(list, [&out](std::string_view e) { out.emplace_back(e); });
    return out;
  };
  using v = std::vector<std::string>;
  CHECK(split("").empty());
  CHECK(split(" , ,\t,").empty());
  CHECK(split("a") == v{"a"});
  CHECK(split(" a ,b,, c d\t") == v{"a", "b", "c d"});
}

TEST_CASE("hexadecimal digits of both cases", "[http]") {
  CHECK(hex_value('0') == 0);
  CHECK(hex_value('9') == 9);
  CHECK(hex_value('a') == 10);
  CHECK(hex_value('F') == 15);
  for (const char c : std::string_view{"gG/:@`\xff "}) CHECK(hex_value(c) == -1);
}
