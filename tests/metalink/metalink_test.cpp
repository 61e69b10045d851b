#include "catch.hpp"
#include <haul/metalink/read_metalink.hpp>

using namespace haul;

namespace {

std::string file(const std::string& name, const std::string& inside) {
  return "<file name=\"" + name + "\">" + inside + "</file>";
}

std::string whole(const std::string& files) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">" +
         files + "</metalink>";
}

const std::string url = "<url>http://h/f</url>";

}  // namespace

TEST_CASE("a Metalink says all about its files", "[metalink]") {
  const std::string a(64, 'a');
  const std::string b(64, 'B');
  const metalink m = read_metalink(
      whole("<published>2009-05-15T12:23:23Z</published>" +
            file("dir/one.bin",
                 "<identity>One</identity><size> 14471447 </size>"
                 "<hash type=\"sha-256\">\n" +
                     a +
                     "\n</hash>"
                     "<hash type=\"sha-384\">not known</hash>"
                     "<hash type=\"md5\">00112233445566778899aabbccddeeff</hash>"
                     "<pieces length=\"10000000\" type=\"sha-256\"><hash>" +
                     a + "</hash><hash>" + b +
                     "</hash></pieces>"
                     "<url location=\"de\" priority=\"2\">https://b.example/one</url>"
                     "<url priority=\"1\">http://a.example/one</url>"
                     "<url>http://c.example/one</url>"
                     "<url priority=\"1\">ftp://a.example/one</url>"
                     "<metaurl mediatype=\"torrent\">http://a.example/one.torrent</metaurl>") +
            file("two", url)));
  INFO(m.detail);
  REQUIRE(!m.error);
  REQUIRE(m.files.size() == 2);
  const metalink_file& one = m.files[0];
  CHECK(one.name == "dir/one.bin");
  CHECK(one.size == 14'471'447u);
  CHECK(one.urls == std::vector<std::string>{"http://a.example/one", "https://b.example/one",
                                             "http://c.example/one"});
  REQUIRE(one.checksums.size() == 2);
  CHECK(one.checksums[0].str() == "sha256:" + a);
  CHECK(one.checksums[1].str() == "md5:00112233445566778899aabbccddeeff");
  REQUIRE(one.pieces);
  CHECK(one.pieces->piece_size() == 10'000'000);
  CHECK(one.pieces->size() == 2);
  CHECK((*one.pieces)[1].hex() == std::string(64, 'b'));
  const download_request r = one.request("/to");
  CHECK(r.url() == "http://a.example/one");
  CHECK(r.mirrors().size() == 2);
  CHECK(r.path() == "/to/dir/one.bin");
  CHECK(r.size() == 14'471'447u);
  CHECK(r.checksums().size() == 2);
  REQUIRE(r.pieces());
  CHECK(r.pieces()->size() == 2);
  CHECK(m.files[1].urls == std::vector<std::string>{"http://h/f"});
  CHECK_FALSE(m.files[1].pieces);
}

TEST_CASE("a Metalink that cannot be relied on is not used", "[metalink]") {
  struct row {
    std::string text;
    std::string why;
  };
  const std::string sum(64, 'a');
  const auto one_piece = [&](const std::string& inside) {
    return whole(file("f", "<size>10</size>" + inside + url));
  };
  const row rows[] = {
      {"", "at byte 0"},
      {"<metalink", "at byte"},
      {"<html/>", "no metalink element"},
      {whole(""), "no file"},
      {whole("<files><file name=\"f\"/></files>"), "version 3"},
      {whole(file("f", "")), "no http or https URL"},
      {whole(file("f", "<url>ftp://h/f</url>")), "no http or https URL"},
      {whole(file("", url)), "safe relative path"},
      {whole("<file>" + url + "</file>"), "safe relative path"},
      {whole(file("../f", url)), "safe relative path"},
      {whole(file("a/../f", url)), "safe relative path"},
      {whole(file("/etc/passwd", url)), "safe relative path"},
      {whole(file("a//f", url)), "safe relative path"},
      {whole(file("a/", url)), "safe relative path"},
      {whole(file("C:\\f", url)), "safe relative path"},
      {whole(file("c:f", url)), "safe relative path"},
      {whole(file("a/NUL.txt", url)), "safe relative path"},
      {whole(file("f", url) + file("f", url)), "file 2: an earlier one"},
      {whole(file("f", "<size>ten</size>" + url)), "size is not a number"},
      {whole(file("f", "<size>-1</size>" + url)), "size is not a number"},
      {whole(file("f", "<size>99999999999999999999</size>" + url)), "size is not a number"},
      {whole(file("f", "<hash type=\"sha-256\">abc</hash>" + url)), "a hash is not"},
      {one_piece("<pieces length=\"0\" type=\"sha-256\"/>"), "length of its pieces"},
      {one_piece("<pieces type=\"sha-256\"/>"), "length of its pieces"},
      {one_piece("<pieces length=\"4\" type=\"sha-256\"/>"), "more or fewer"},
      {one_piece("<pieces length=\"4\" type=\"sha-256\"><hash>" + sum + "</hash></pieces>"),
       "more or fewer"},
      {one_piece("<pieces length=\"10\" type=\"sha-256\"><hash>xyz</hash></pieces>"),
       "a hash of a piece"},
  };
  for (const row& r : rows) {
    INFO(r.text);
    const metalink m = read_metalink(r.text);
    CHECK(m.error == errc::malformed_metalink);
    CHECK(m.error == condition::bad_request);
    CHECK(m.files.empty());
    INFO(m.detail);
    CHECK(m.detail.find(r.why) != std::string::npos);
  }
}

TEST_CASE("entities and depth do no harm", "[metalink]") {
  // Entities are not expanded: what is written is the name.
  const metalink m = read_metalink("<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" +
                                   whole(file("f&b;", url)));
  REQUIRE(m.files.size() == 1);
  CHECK(m.files[0].name == "f&b;");
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  CHECK(read_metalink(deep).error == errc::malformed_metalink);
  std::string closed = deep;
  for (int i = 0; i < 200'000; ++i) closed += "</a>";
  CHECK(!read_metalink(whole(closed + file("f", url))).error);
}
