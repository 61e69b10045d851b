#include "catch.hpp"
#include <haul/text.hpp>

#include <string>

using namespace haul_command;
using namespace std::chrono_literals;

TEST_CASE("what goes to a terminal has nothing that moves it", "[cli][text]") {
  CHECK(printable("plain name.bin") == "plain name.bin");
  CHECK(printable("\x1b[2Jx\r\n\a") == "\ufffd[2Jx\ufffd\ufffd\ufffd");
  CHECK(printable("a\u009bb\x7f") == "a\ufffdb\ufffd");
  CHECK(printable("txt.\u202eexe") == "txt.\ufffdexe");
  CHECK(printable("\xff\xc3(") == "\ufffd\ufffd(");
  CHECK(printable(std::string_view{"a\0b", 3}) == "a\ufffdb");
  CHECK(printable("größe 文件 🚀") == "größe 文件 🚀");
}

TEST_CASE("a URL is printed without its credentials", "[cli][text]") {
  CHECK(printable_url("http://user:secret@host/f?q#part") == "http://host/f?q");
  // Not even when it is not one.
  CHECK(printable_url("http://user:secret@host:99999/f") == "http://host:99999/f");
  CHECK(printable_url("ftp://user:se@cret@host/f@g") == "ftp://host/f@g");
  CHECK(printable_url("http:user:secret@host") == "host");
  CHECK(printable_url("not one") == "not one");
  CHECK(printable_url("") == "");
  CHECK(printable_url("@") == "");
  CHECK(printable_url("/a@b") == "/a@b");
  CHECK(printable_url("http://h/\x1b[2J").find('\x1b') == std::string::npos);
  CHECK(printable_url("x://" + std::string(5000, 'a')).size() < 1100);
}

TEST_CASE("text is fitted by columns, not by bytes", "[cli][text]") {
  CHECK(width_of("abc") == 3);
  CHECK(width_of("größe") == 5);
  CHECK(width_of("文件") == 4);
  CHECK(width_of("e\u0301") == 1);
  CHECK(fit("abc", 5) == "abc  ");
  CHECK(fit("abcdef", 4) == "abc\u2026");
  CHECK(fit("文件文件", 6) == "文件\u2026 ");
  CHECK(fit("größer", 6) == "größer");
  CHECK(fit("x", 0) == "");
  CHECK(fit_right("7", 3) == "  7");
  for (std::size_t width = 0; width < 12; ++width) {
    CHECK(width_of(fit("文x件y文z件", width)) == width);
    CHECK(width_of(fit_right("文x件y", width)) == width);
  }
}

TEST_CASE("sizes, speeds and times are short", "[cli][text]") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1024) == "1.00 KiB");
  CHECK(size_text(1536) == "1.50 KiB");
  CHECK(size_text(256u << 20) == "256 MiB");
  CHECK(size_text((1u << 30) - 1) == "1.00 GiB");
  CHECK(size_text(~std::uint64_t{0}) == "16.0 EiB");
  CHECK(speed_text(2048) == "2.00 KiB/s");
  CHECK(duration_text(340ms) == "0.3 s");
  CHECK(duration_text(12s) == "12 s");
  CHECK(duration_text(125s) == "2:05");
  CHECK(duration_text(3661s) == "1:01:01");
  CHECK(duration_text(1000h) == "41 d");
  CHECK(time_left_text(0s) == "0 s");
  CHECK(time_left_text(5s) == "5 s");
}
