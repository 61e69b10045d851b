#include <haul/http/utf8.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <cstdint>
#include <string>

using namespace haul::http;

namespace {

// By the definition, without looking at the table of well-formed byte sequences.
bool is_one_character(const std::string& s) {
  const auto at = [&s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  std::uint32_t code = 0;
  std::uint32_t least = 0;
  std::size_t size = 0;
  if (at(0) < 0x80) {
    code = at(0), least = 0, size = 1;
  } else if (at(0) >> 5 == 6) {
    code = at(0) & 0x1f, least = 0x80, size = 2;
  } else if (at(0) >> 4 == 14) {
    code = at(0) & 0x0f, least = 0x800, size = 3;
  } else if (at(0) >> 3 == 30) {
    code = at(0) & 0x07, least = 0x10000, size = 4;
  } else {
    return false;
  }
  if (s.size() != size) return false;
  for (std::size_t i = 1; i < size; ++i) {
    if (at(i) >> 6 != 2) return false;
    code = code << 6 | (at(i) & 0x3f);
  }
  return code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

}  // namespace

TEST_CASE("UTF-8 is told from what is not, for every sequence of up to three bytes", "[http]") {
  std::size_t differ = 0;
  for (unsigned a = 0; a < 256; ++a) {
    const std::string one{static_cast<char>(a)};
    if ((utf8_sequence_size(one) == 1) != is_one_character(one)) ++differ;
    for (unsigned b = 0; b < 256; ++b) {
      const std::string two = one + static_cast<char>(b);
      if ((utf8_sequence_size(two) == 2) != is_one_character(two)) ++differ;
      for (unsigned c = 0x70; c < 0xd0; ++c) {
        const std::string three = two + static_cast<char>(c);
        if ((utf8_sequence_size(three) == 3) != is_one_character(three)) ++differ;
        const std::string four = three + '\xbf';
        if ((utf8_sequence_size(four) == 4) != is_one_character(four)) ++differ;
      }
    }
  }
  CHECK(differ == 0);
}

TEST_CASE("whole texts", "[http]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"));
  CHECK_FALSE(is_utf8("a\xc3"));
  CHECK_FALSE(is_utf8("\xc3\xa4\x80"));
  CHECK_FALSE(is_utf8("\xf0\x9f\x98"));
  CHECK(latin1_to_utf8("a\x80\xff") == "a\xc2\x80\xc3\xbf");
  CHECK(latin1_to_utf8("") == "");
}
