// What a manifest may say, and what is said of one that may not.

#include "launcher/manifest.hpp"

#include "catch.hpp"
#include "launcher/names.hpp"
#include "launcher/record.hpp"

#include <string>
#include <vector>

using namespace launcher;

namespace {

const std::string hash_a(64, 'a');
const std::string hash_b(64, 'b');

std::string with_files(const std::string& files, const std::string& more = "") {
  return R"({"format":1,"game":"g","version":"1",)" + more +
         R"("base_urls":["http://h/"],"files":[)" + files + "]}";
}

std::string file(const std::string& path, const std::string& more = "", const char* size = "5") {
  return R"({"path":")" + path + R"(","size":)" + size + R"(,"sha256":")" + hash_a + '"' + more +
         '}';
}

std::string problem_of(const std::string& text) { return parse_manifest(text).problem; }

}  // namespace

TEST_CASE("a manifest is read, and written as it was", "[launcher][manifest]") {
  const std::string text = with_files(
      file("bin/game", R"(,"executable":true)") + ',' +
          file("a.pak",
               R"(,"group":"de","piece_size":4096,"pieces":[")" + hash_a + "\",\"" + hash_b +
                   R"("],"urls":["http://m/x","http://n/y"])",
               "5000"),
      R"("groups":{"de":{"name":"Deutsch","default":true}},"start":"bin/game","arguments":["-x"],)");
  const manifest_result read = parse_manifest(text);
  REQUIRE(read.problem.empty());
  const manifest& m = read.value;
  CHECK(m.name == "g");
  CHECK(m.start == "bin/game");
  CHECK(m.files[0].executable);
  REQUIRE(m.files[1].pieces);
  CHECK(m.files[1].pieces->size() == 2);
  CHECK(m.default_groups() == std::vector<std::string>{"de"});
  CHECK(m.selection({}).size() == 1);
  CHECK(m.selection({"de"}).size() == 2);
  const manifest_result again = parse_manifest(manifest_text(m));
  REQUIRE(again.problem.empty());
  CHECK(manifest_text(again.value) == manifest_text(m));
}

TEST_CASE("what is wrong with a manifest is told in one line", "[launcher][manifest]") {
  struct row {
    std::string text;
    std::string says;
  };
  const std::string two_pieces = R"(,"piece_size":4096,"pieces":[")" + hash_a + "\",\"" + hash_b;
  const std::vector<row> rows{
      {"", "is not JSON"},
      {"[]", "is not a JSON object"},
      {R"({"format":2,"game":"g","version":"1","files":[]})", "format: is not from 1 to 1"},
      {R"({"format":1,"version":"1","files":[]})", "game: is missing"},
      {R"({"format":1,"game":"g h","version":"1","files":[]})", "game: 'g h' is not"},
      {with_files(""), "files: is empty"},
      {with_files("7"), "files[0]: is not an object"},
      {with_files(R"({"size":1})"), "files[0].path: is missing"},
      {with_files(file("a", "", "-1")), "files[0] (a).size: is not a whole number"},
      {with_files(file("a", "", "1.5")), "files[0] (a).size: is not a whole number"},
      {with_files(file("a", "", "9000000000000000000")), "files[0] (a).size: is not from 0 to"},
      {with_files(file("a", "", "0")), "files[0] (a).sha256: is not that of an empty file"},
      {with_files(R"({"path":"a","size":1,"sha256":"abc"})"),
       "files[0] (a).sha256: has 3 digits and not 64"},
      {with_files(R"({"path":"a","size":1,"sha256":")" + std::string(64, 'x') + "\"}"),
       "files[0] (a).sha256: is not hexadecimal"},
      {with_files(file("a", two_pieces + "\"]", "4096")),
       "files[0] (a).pieces: has 2 hashes, but a file of 4096 bytes has 1"},
      {with_files(file("a", two_pieces + "1\"]", "5000")),
       "files[0] (a).pieces[1]: has 65 digits and not 64"},
      {with_files(file("a", R"(,"pieces":[])", "5")), "files[0] (a).pieces: has no piece_size"},
      {with_files(file("a", R"(,"piece_size":1,"pieces":[])", "5")),
       "files[0] (a).piece_size: is not from"},
      {with_files(file("a", R"(,"group":"xx")")), "files[0] (a).group: there is no group 'xx'"},
      {with_files(file("a", R"(,"urls":["ftp://h/a"])")), "files[0] (a).urls:"},
      {with_files(file("a", R"(,"urls":["/a"])")), "files[0] (a).urls: begins with a slash"},
      {with_files(file("a", R"(,"executable":1)")), "files[0] (a).executable: is not true or"},
      {with_files(file("a") + ',' + file("a")), "files (a).path: is there twice"},
      {with_files(file("a/B.txt") + ',' + file("a/b.TXT")),
       "files (a/b.TXT).path: differs from 'a/B.txt' in nothing but upper and lower case"},
      {with_files(file("\xc3\x84") + ',' + file("\xc3\xa4")), "upper and lower case"},
      {with_files(file("Data/a") + ',' + file("data/b")),
       "files (data/b).path: its folder is called 'Data' elsewhere"},
      {with_files(file("a") + ',' + file("A/b")),
       "files (A/b).path: has the file 'a' for a folder"},
      {with_files(file("a"), R"("start":"b",)"), "start: 'b' is none of the files"},
      {R"({"format":1,"game":"g","version":"1","files":[)" + file("a") + "]}",
       "files[0] (a).urls: is missing, and there are no base_urls"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text, r.says);
    const std::string problem = problem_of(r.text);
    CAPTURE(problem);
    CHECK(problem.find(r.says) != std::string::npos);
    CHECK(problem.find('\n') == std::string::npos);
  }
}

TEST_CASE("paths that lead elsewhere, or that some system does not have", "[launcher][manifest]") {
  for (const char* bad :
       {"",          "/a",   "..",           "../a",         "a/../b", "a/..",
        ".",         "./a",  "a//b",         "a/",           "a\\b",   "C:/a",
        "C:a",       "con",  "data/NUL.txt", "aux/x",        "com1",   "lpt9.cfg",
        "a.",        "a ",   " a",           "a?",           "a*b",    "a|b",
        "a<b",       "a\"b", "a:b",          "a\nb",         "a\x7f",  ".launcher/installed.json",
        ".Launcher", "...",  "\xff",         "a\xe2\x80\xae"}) {
    CAPTURE(bad);
    CHECK_FALSE(problem_of_path(bad).empty());
  }
  CHECK_FALSE(problem_of_path(std::string(1001, 'a')).empty());
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep += "/a";
  CHECK_FALSE(problem_of_path(deep).empty());
  for (const char* good : {"a", "a/b/c.pak", ".config", "a..b", "a b", "console", "com10",
                           "\xc3\xa4/\xe6\x97\xa5", "-a", "a/.launcher"}) {
    CAPTURE(good);
    CHECK(problem_of_path(good) == "");
  }
}

TEST_CASE("where a file is to be had from", "[launcher][manifest]") {
  manifest m;
  m.base_urls = {"http://a/v1", "files/", ""};
  manifest_file f;
  f.path = "d\xc3\xa4/a b#.pak";
  const std::string name = "d%C3%A4/a%20b%23.pak";
  const urls_result from = urls_of(m, f, "https://u:p@h/games/m.json?x=/y");
  CHECK(from.problem.empty());
  CHECK(from.urls == std::vector<std::string>{"http://a/v1/" + name,
                                              "https://u:p@h/games/files/" + name,
                                              "https://u:p@h/games/" + name});
  CHECK(urls_of(m, f, "https://h").urls[1] == "https://h/files/" + name);
  CHECK_FALSE(urls_of(m, f, "/home/m.json").problem.empty());
  f.urls = {"http://x/1", "two"};
  CHECK(urls_of(m, f, "http://h/g/m.json").urls ==
        std::vector<std::string>{"http://x/1", "http://h/g/two"});
}

TEST_CASE("which bytes two versions of a file have in common", "[launcher][manifest]") {
  const auto with = [](std::uint64_t size, const std::vector<char>& pieces) {
    manifest_file f;
    f.size = size;
    f.pieces.emplace(haul::hash_algorithm::sha256, 4096);
    for (const char c : pieces) f.pieces->add_hex(std::string(64, c));
    return f;
  };
  const manifest_file old = with(10'000, {'a', 'b', 'c'});
  CHECK(bytes_in_common(old, with(10'000, {'a', 'b', 'c'})) == 10'000);
  CHECK(bytes_in_common(old, with(10'000, {'a', 'd', 'c'})) == 4096 + 10'000 - 8192);
  CHECK(bytes_in_common(old, with(9'000, {'a', 'd', 'c'})) == 4096);
  CHECK(bytes_in_common(old, with(4096, {'b'})) == 0);
  CHECK(bytes_in_common(old, manifest_file{}) == 0);
}

TEST_CASE("what the launcher writes down is read again, or not at all", "[launcher][record]") {
  commit_record r;
  r.next.whole = true;
  r.next.source = "http://h/m.json";
  r.next.groups = {"de"};
  r.next.what = parse_manifest(with_files(file("a") + ',' + file("b/c"))).value;
  r.next.stamps["a"] = stamp{5, -17};
  r.moves.push_back(commit_record::move{".launcher/stage/0123", "b/c"});
  r.removes = {"old"};
  const std::string text = to_text(r);
  const auto read = read_commit_record(text);
  REQUIRE(read);
  CHECK(to_text(*read) == text);
  CHECK(read->next.stamps.at("a") == r.next.stamps.at("a"));
  for (std::size_t n = 0; n + 1 < text.size(); ++n) {
    CHECK_FALSE(read_commit_record(text.substr(0, n)));
  }
  // Nobody moves or removes anything elsewhere with it.
  for (const char* elsewhere : {"../x", "/etc/x", ".launcher/lock", ".launcher/stage/../x"}) {
    commit_record evil = r;
    evil.moves[0].to = elsewhere;
    CHECK_FALSE(read_commit_record(to_text(evil)));
    evil = r;
    evil.moves[0].from = elsewhere;
    CHECK_FALSE(read_commit_record(to_text(evil)));
    evil = r;
    evil.removes[0] = elsewhere;
    CHECK_FALSE(read_commit_record(to_text(evil)));
  }
}
