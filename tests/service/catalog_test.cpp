#include "catch.hpp"
#include <haul/service/catalog.hpp>

#include <string>

namespace haul::test {
using namespace service;

namespace {

const std::string hash(64, 'a');

catalog_entry entry(std::int64_t id) {
  catalog_entry e;
  e.id = id;
  e.url = "http://origin.example/" + std::to_string(id);
  e.name = "名 \"" + std::to_string(id) + "\".jpg";
  e.type = "photo";
  e.hash = checksum::from_hex(hash_algorithm::sha256, hash);
  e.size = 18446744073;
  return e;
}

}  // namespace

TEST_CASE("a catalog is what its records say") {
  memory_records kept;
  {
    recorded_catalog c{kept};
    CHECK(c.put(entry(1)));
    CHECK(c.put(entry(-9223372036854775807)));
    catalog_entry bare;
    bare.id = 3;
    CHECK(c.put(bare));
    CHECK_FALSE(c.put(bare));
    bare.type = "video";
    CHECK_FALSE(c.put(bare));
    CHECK(c.put(entry(4)));
    CHECK(c.erase(4));
    CHECK_FALSE(c.erase(4));
    CHECK(c.size() == 3);
  }
  const recorded_catalog again{kept};
  CHECK(again.size() == 3);
  CHECK(again.find(1) == entry(1));
  CHECK(again.find(-9223372036854775807) == entry(-9223372036854775807));
  REQUIRE(again.find(3));
  CHECK(again.find(3)->type == "video");
  CHECK(again.find(3)->url.empty());
  CHECK_FALSE(again.find(4));
}

TEST_CASE("a catalog in JSON") {
  const catalog_list all = parse_catalog_json(R"([
    {"id": 1, "url": "http://a.example/x", "file_name": "x.jpg", "type": "photo",
     "hash": "md5:0123456789abcdef0123456789abcdef", "size": 5},
    {"id": "2", "url": null, "file_name": null, "size": null},
    {"id": 3, "hash": ")" + hash + R"("}])");
  CHECK(all.error == "");
  REQUIRE(all.entries.size() == 3);
  CHECK(all.entries[0].name == "x.jpg");
  CHECK(all.entries[0].hash->algorithm() == hash_algorithm::md5);
  CHECK(all.entries[0].size == 5);
  CHECK(all.entries[1].id == 2);
  CHECK(all.entries[1].type == "document");
  CHECK(all.entries[2].hash->hex() == hash);
  CHECK(parse_catalog_json("[]").error == "");

  const auto error = [](const char* text) {
    const catalog_list bad = parse_catalog_json(text);
    CHECK(bad.entries.empty());
    return bad.error;
  };
  CHECK(error("") == "line 1: Expecting value");
  CHECK(error("[\n{\"id\": 1},\n{\"id\" 2}]") == "line 3: Expecting ':' delimiter");
  CHECK(error("{\"id\": 1}") == "line 1: a catalog is an array of objects");
  CHECK(error("\"\xff\"") == "line 1: not JSON in UTF-8");
  CHECK(error("[{\"id\": 1},\n\n  5]") ==
        "line 3: Input should be a valid dictionary or object to extract fields from");
  CHECK(error("[{\"id\": 1, \"url\": \"]\\\"[\n\"}]") == "line 1: Invalid control character at");
  CHECK(error("[{\"id\": 1, \"file_name\": \"],[\"},\n{\"url\": \"http://x\"}]") ==
        "line 2: id: Field required");
  CHECK(error("[\n{\"id\": 1}, {\"id\": 1}]") == "line 2: id: 1 stands there twice");
  CHECK(error("[{\"id\": 1, \"filename\": \"x\"}]") ==
        "line 1: there is no `filename`: the names are id, url, file_name, type, hash and size");
  CHECK(error("[{\"id\": 1, \"url\": \"ftp://x\"}]").starts_with("line 1: url: Value error, "));
  CHECK(error("[{\"id\": 1, \"file_name\": \"..\"}]") ==
        "line 1: file_name: Value error, no name that a file can have");
  CHECK(error("[{\"id\": 1, \"type\": \"../x\"}]") ==
        "line 1: type: Value error, a type has small letters, digits, - and _");
  CHECK(error("[{\"id\": 1, \"hash\": \"12\"}]").starts_with("line 1: hash: Value error, "));
  CHECK(error("[{\"id\": 1, \"size\": -1}]") ==
        "line 1: size: Input should be greater than or equal to 0");
}

TEST_CASE("a catalog in CSV") {
  const catalog_list all = parse_catalog_csv(
      "\xef\xbb\xbfurl,id,file_name,type\r\n"
      "http://a.example/x,1,\"a, \"\"b\"\".jpg\",photo\r\n"
      "\r\n"
      ",2,,\n"
      "\"http://a.example/y\",3,\"two\nlines\",video");
  CHECK(all.error == "");
  REQUIRE(all.entries.size() == 3);
  CHECK(all.entries[0].name == "a, \"b\".jpg");
  CHECK(all.entries[0].type == "photo");
  CHECK(all.entries[1].id == 2);
  CHECK(all.entries[1].url.empty());
  CHECK_FALSE(all.entries[1].name);
  CHECK(all.entries[1].type == "document");
  CHECK(all.entries[2].name == "two\nlines");
  CHECK(parse_catalog_csv("id\n").entries.empty());
  CHECK(parse_catalog_csv("id\n").error == "");

  const auto error = [](const char* text) {
    const catalog_list bad = parse_catalog_csv(text);
    CHECK(bad.entries.empty());
    return bad.error;
  };
  CHECK(error("") == "line 1: there is no row of names");
  CHECK(error("url\nhttp://x") == "line 1: there is no `id` among the names");
  CHECK(error("\nid,name\n") ==
        "line 2: there is no `name`: the names are id, url, file_name, type, hash and size");
  CHECK(error("id,id\n") == "line 1: `id` stands there twice");
  CHECK(error("id,url\n1,http://x\n2\n") == "line 3: 1 cells, where the row of names has 2");
  CHECK(error("id,file_name\n1,\"a\n\n") == "line 2: a quoted cell without an end");
  CHECK(error("id,file_name\n1,\"a\"b\n") == "line 2: text behind the closing quote of a cell");
  CHECK(error("id,file_name\n1,a\"b\n") == "line 2: a quote in a cell that is not quoted");
  CHECK(error("id\r1\r") == "line 1: a carriage return without a line feed");
  CHECK(error("id,file_name\n1,\"a\nb\"\nx,y\n") ==
        "line 4: id: Input should be a valid integer, unable to parse string as an integer");
  CHECK(error("id,url\n,http://x\n") == "line 2: id: Field required");
  CHECK(error("id\n1\n1\n") == "line 3: id: 1 stands there twice");
  CHECK(error("id,file_name\n1,\xff\n") == "line 2: not UTF-8");
}

}  // namespace haul::test
