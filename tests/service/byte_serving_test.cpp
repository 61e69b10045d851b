// Which bytes of a file are sent, and under which status.

#include "catch.hpp"
#include <haul/service/byte_serving.hpp>

#include <string>

using namespace std::chrono_literals;
using haul::service::file_reply;
using haul::service::request;
using haul::service::serve_file;
using haul::service::served_file;

namespace {

served_file ten() {
  served_file f;
  f.name = "ten";
  f.size = 10;
  f.modified = std::chrono::nanoseconds{784111777s} + 5ns;
  return f;
}

file_reply ranged(const char* range) {
  return serve_file(ten(), request{"GET", "/media/ten"}.field("Range", range));
}

}  // namespace

TEST_CASE("Without a range, the whole") {
  const file_reply r = serve_file(ten(), request{"GET", "/media/ten"});
  CHECK(r.status == 200);
  CHECK(r.first == 0);
  CHECK(r.count == 10);
  CHECK(r.with_body);
  CHECK(r.fields.find("Accept-Ranges") == "bytes");
  CHECK(r.fields.find("Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK_FALSE(serve_file(ten(), request{"HEAD", "/media/ten"}).with_body);
  CHECK(serve_file(ten(), request{"HEAD", "/"}.field("Range", "bytes=1-2")).status == 200);
}

TEST_CASE("One range") {
  struct row {
    const char* range;
    std::uint64_t first, count;
    const char* said;
  };
  for (const row& x :
       {row{"bytes=0-0", 0, 1, "bytes 0-0/10"}, row{"bytes=2-5", 2, 4, "bytes 2-5/10"},
        row{"bytes=4-", 4, 6, "bytes 4-9/10"}, row{"bytes=9-99", 9, 1, "bytes 9-9/10"},
        row{"bytes=-3", 7, 3, "bytes 7-9/10"}, row{"bytes=-30", 0, 10, "bytes 0-9/10"},
        row{"Bytes=1-1", 1, 1, "bytes 1-1/10"}}) {
    INFO(x.range);
    const file_reply r = ranged(x.range);
    CHECK(r.status == 206);
    CHECK(r.first == x.first);
    CHECK(r.count == x.count);
    CHECK(r.fields.find("Content-Range") == x.said);
  }
}

TEST_CASE("A range behind the end is not to be had") {
  for (const char* range : {"bytes=10-", "bytes=10-12", "bytes=-0"}) {
    INFO(range);
    const file_reply r = ranged(range);
    CHECK(r.status == 416);
    CHECK(r.count == 0);
    CHECK(r.fields.find("Content-Range") == "bytes */10");
  }
  served_file empty = ten();
  empty.size = 0;
  CHECK(serve_file(empty, request{"GET", "/"}.field("Range", "bytes=0-")).status == 416);
  CHECK(serve_file(empty, request{"GET", "/"}).status == 200);
}

TEST_CASE("What is no range, or several, gets the whole") {
  for (const char* range : {"bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "lines=0-1",
                            "bytes=0-1,3-4", "bytes=0x1-2", "bytes=99999999999999999999-"}) {
    INFO(range);
    const file_reply r = ranged(range);
    CHECK(r.status == 200);
    CHECK(r.count == 10);
  }
  request two{"GET", "/"};
  two.field("Range", "bytes=0-1").field("Range", "bytes=2-3");
  CHECK(serve_file(ten(), two).status == 200);
}

TEST_CASE("Conditions") {
  const std::string tag{*serve_file(ten(), request{"GET", "/"}).fields.find("ETag")};
  CHECK(tag.size() > 2);
  served_file changed = ten();
  changed.modified += 1ns;
  CHECK(serve_file(changed, request{"GET", "/"}).fields.find("ETag") != tag);

  const auto with = [](const char* name, const std::string& value) {
    return serve_file(ten(), request{"GET", "/"}.field("Range", "bytes=1-2").field(name, value));
  };
  CHECK(with("If-Range", tag).status == 206);
  CHECK(with("If-Range", "Sun, 06 Nov 1994 08:49:37 GMT").status == 206);
  CHECK(with("If-Range", "\"other\"").status == 200);
  CHECK(with("If-Range", "W/" + tag).status == 200);
  CHECK(with("If-Range", "Sun, 06 Nov 1994 08:49:38 GMT").status == 200);

  const file_reply known = with("If-None-Match", "\"x\", W/" + tag);
  CHECK(known.status == 304);
  CHECK_FALSE(known.with_body);
  CHECK(with("If-None-Match", "*").status == 304);
  CHECK(with("If-None-Match", "\"x\"").status == 206);
}

TEST_CASE("Content types") {
  using haul::service::content_type_of;
  CHECK(content_type_of("a.MP4") == "video/mp4");
  CHECK(content_type_of("a.b.zip") == "application/zip");
  CHECK(content_type_of("zip") == "application/octet-stream");
  CHECK(content_type_of("a.") == "application/octet-stream");
}
