#include "catch.hpp"
#include <haul/input_list.hpp>

#include <string>

using haul_command::input_line;
using haul_command::input_list;

namespace {

const std::string sum = "sha256:" + std::string(64, 'a');

}  // namespace

TEST_CASE("a line is a URL, a path and a checksum", "[cli][input]") {
  const input_list list{
      "http://h/a\n"
      "http://h/b\tdir/b\n"
      "http://h/c\tc\t" +
      sum + "\nhttp://h/d\t\t" + sum + "\nhttp://h/e\t\t"};
  REQUIRE(list.problem_count() == 0);
  REQUIRE(list.size() == 5);
  CHECK(list[0].url == "http://h/a");
  CHECK(list[0].path.empty());
  CHECK(list[0].checksum.empty());
  CHECK(list[0].number == 1);
  CHECK(list[1].path == "dir/b");
  CHECK(list[2].path == "c");
  CHECK(list[2].checksum == sum);
  CHECK(list[3].path.empty());
  CHECK(list[3].checksum == sum);
  CHECK(list[4].url == "http://h/e");
  CHECK(list[4].number == 5);
}

TEST_CASE("what is no download is skipped, and lines keep their numbers", "[cli][input]") {
  const input_list list{
      "\xef\xbb\xbf# a list\r\n\r\n   \n\t\n#http://h/no\nhttp://h/a\tx\r\n\n"
      "http://h/b c\r\n"};
  REQUIRE(list.problem_count() == 0);
  REQUIRE(list.size() == 2);
  CHECK(list[0].number == 6);
  CHECK(list[0].path == "x");
  CHECK(list[1].url == "http://h/b c");
  CHECK(list[1].number == 8);
}

TEST_CASE("an empty list is none", "[cli][input]") {
  CHECK(input_list{}.size() == 0);
  CHECK(input_list{""}.size() == 0);
  CHECK(input_list{"\n\n"}.size() == 0);
  CHECK(input_list{"\xef\xbb\xbf"}.size() == 0);
}

TEST_CASE("bad lines are told with their numbers", "[cli][input]") {
  const std::string text =
      "http://h/fine\n"
      "nothing\n"
      "ftp://h/f\n"
      "http://h/a\tb\tsha256:12\n"
      "http://h/a\tb\t" +
      sum + "\tmore\n" + std::string("http://h/a\tb\0c\n", 15) + "http://h:99999/\n";
  const input_list list{text};
  CHECK(list.size() == 1);
  REQUIRE(list.problems().size() == 6);
  CHECK(list.problem_count() == 6);
  for (std::size_t i = 0; i < 6; ++i) CHECK(list.problems()[i].number == i + 2);
  CHECK(list.problems()[1].what == "the URL's scheme is not http or https");
}

TEST_CASE("not every one of many bad lines is kept", "[cli][input]") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "bad\n";
  const input_list list{text};
  CHECK(list.problems().size() == input_list::most_problems);
  CHECK(list.problem_count() == 1000);
}

TEST_CASE("a list can be moved", "[cli][input]") {
  input_list small{"http://h/a"};
  const input_list moved = std::move(small);
  CHECK(moved[0].url == "http://h/a");
}
