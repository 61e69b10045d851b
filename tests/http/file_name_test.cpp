#include <haul/http/file_name.hpp>
// The header under test comes first.
#include "catch.hpp"
#include <haul/http/utf8.hpp>

#include <string>
#include <string_view>

using namespace haul::http;
using std::string_literals::operator""s;

TEST_CASE("names are made safe", "[http][name]") {
  struct row {
    std::string name;
    std::string safe;
  };
  const row rows[] = {
      {"game.pak", "game.pak"},
      {"a b (1).tar.gz", "a b (1).tar.gz"},
      {"\xe6\x96\x87\xe4\xbb\xb6.zip", "\xe6\x96\x87\xe4\xbb\xb6.zip"},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      // separators and dots
      {"", ""},
      {".", ""},
      {"..", ""},
      {"...", ""},
      {"/", ""},
      {"../..", ""},
      {"..\\..\\", ""},
      {"../../etc/passwd", "passwd"},
      {"..\\..\\boot.ini", "boot.ini"},
      {"a/b\\c/d.txt", "d.txt"},
      {"a\\b/c\\d.txt", "d.txt"},
      {"dir/", ""},
      {".bashrc", "_bashrc"},
      {"..bashrc", "_.bashrc"},
      {"a..b", "a..b"},
      {"a.", "a"},
      {"a. . .", "a"},
      {" a ", "a"},
      {" .a", "_a"},
      {"\t..\n", ""},
      // drives, streams and what shells of Windows refuse
      {"C:evil.exe", "C_evil.exe"},
      {"C:\\evil.exe", "evil.exe"},
      {"a.txt:stream", "a.txt_stream"},
      {"a<b>c\"d|e?f*g", "a_b_c_d_e_f_g"},
      // control and invisible characters
      {"a\0b\x01\x1f\x7f"s, "ab"},
      {"a\r\nb", "ab"},
      {"a\xc2\x85\xc2\x9f\xc2\xa0", "a\xc2\xa0"},
      {"gpj.\xe2\x80\xae"
       "exe",
       "gpj.exe"},
      {"\xef\xbb\xbf"
       "a\xe2\x80\x8b\xe2\x81\xa6\xe2\x80\xa8",
       "a"},
      {"a\xe2\x80\xa6", "a\xe2\x80\xa6"},
      {".\x01.", ""},
      // not UTF-8
      {"\xe4.zip", "\xc3\xa4.zip"},
      {"\xc0\xaf", "\xc3\x80\xc2\xaf"},
      {"\xed\xa0\x80", "\xc3\xad\xc2\xa0"},
      // devices
      {"CON", "_CON"},
      {"con.txt", "_con.txt"},
      {"Nul.tar.gz", "_Nul.tar.gz"},
      {"aux ", "_aux"},
      {"PRN .txt", "_PRN .txt"},
      {"COM1", "_COM1"},
      {"lpt9.x", "_lpt9.x"},
      {"COM0", "_COM0"},
      {"COM\xc2\xb9.x", "_COM\xc2\xb9.x"},
      {"com\xc2\xb2", "_com\xc2\xb2"},
      {"LPT\xc2\xb3.x", "_LPT\xc2\xb3.x"},
      {"COM\xc2\xb4", "COM\xc2\xb4"},
      {"CONIN$", "_CONIN$"},
      {"C\x01ON", "_CON"},
      {"CONSOLE", "CONSOLE"},
      {"COM", "COM"},
      {"COM10", "COM10"},
      {"COMx", "COMx"},
      {"a.con", "a.con"},
      {"NUL:", "NUL_"},
  };
  for (const row& r : rows) {
    INFO(r.name);
    CHECK(safe_file_name(r.name) == r.safe);
    CHECK(safe_file_name(r.safe) == r.safe);
    CHECK(is_utf8(r.safe));
  }
}

TEST_CASE("which characters are dropped because they cannot be seen", "[http][name]") {
  for (unsigned code = 0x2000; code < 0x3000; ++code) {
    const bool hidden = (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                        (code >= 0x2060 && code <= 0x206f);
    const std::string character{static_cast<char>(0xe0 | code >> 12),
                                static_cast<char>(0x80 | (code >> 6 & 0x3f)),
                                static_cast<char>(0x80 | (code & 0x3f))};
    INFO(code);
    CHECK(safe_file_name("a" + character + "b") == (hidden ? "ab" : "a" + character + "b"));
  }
}

TEST_CASE("long names are cut", "[http][name]") {
  constexpr std::size_t most = max_file_name;
  CHECK(safe_file_name(std::string(most, 'a')) == std::string(most, 'a'));
  CHECK(safe_file_name(std::string(most + 1, 'a')) == std::string(most, 'a'));
  CHECK(safe_file_name(std::string(1000, 'a') + ".zip") == std::string(most - 4, 'a') + ".zip");
  CHECK(safe_file_name("a." + std::string(1000, 'b')) == "a." + std::string(most - 2, 'b'));
  // An extension of up to 32 bytes with its dot, that is.
  const std::string long_name(300, 'a');
  CHECK(safe_file_name(long_name + "." + std::string(31, 'b')) ==
        std::string(most - 32, 'a') + "." + std::string(31, 'b'));
  CHECK(safe_file_name(long_name + "." + std::string(32, 'b')) == std::string(most, 'a'));
  // Between characters, not inside one.
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xe6\x96\x87";
  const std::string cut = safe_file_name(wide + ".zip");
  CHECK(is_utf8(cut));
  CHECK(cut.size() > most - 3);
  CHECK(cut.size() <= most);
  CHECK(cut.ends_with("\x87.zip"));
  // What is cut must not become another thing.
  CHECK(safe_file_name(std::string(most - 1, 'a') + " b") == std::string(most - 1, 'a'));
  const std::string device = safe_file_name("CON" + std::string(300, ' ') + "x.txt");
  CHECK(device == "_CON.txt");
}

TEST_CASE("the name that a URL gives", "[http][name]") {
  const auto name = [](std::string_view text) {
    const auto u = parse_url(text);
    REQUIRE_FALSE(u.error);
    return file_name_of_url(u.value);
  };
  CHECK(name("https://example.com/a/game.pak") == "game.pak");
  CHECK(name("https://example.com/game.pak?file=other.zip#x") == "game.pak");
  CHECK(name("https://example.com/a%20b%C3%A4.zip") == "a b\xc3\xa4.zip");
  CHECK(name("https://example.com/a%2Fb%5cc") == "c");
  CHECK(name("https://example.com/%2e%2e") == "");
  CHECK(name("https://example.com/x%00y") == "xy");
  CHECK(name("https://example.com/a+b") == "a+b");
  CHECK(name("https://example.com") == "");
  CHECK(name("https://example.com/a/") == "");
  CHECK(name("https://example.com/?a/b.zip") == "");
  CHECK(file_name_of_url(url{}) == "");
}
