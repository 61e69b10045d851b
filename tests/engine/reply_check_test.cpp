#include "catch.hpp"
#include <haul/engine/reply_check.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace haul;
using engine::asked_for;
using engine::check_reply;
using engine::known_version;
using engine::reply_verdict;
using kind = engine::reply_verdict::kind;

namespace {

struct reply {
  int status = 206;
  std::vector<std::pair<const char*, const char*>> fields = {};
  const char* path = "/f";
};

reply_verdict judge(const asked_for& asked, const known_version& known, const reply& r) {
  http::response_head head;
  head.status = r.status;
  for (const auto& [name, value] : r.fields) head.fields.append(name, value);
  const auto framing = http::framing_of("GET", head);
  REQUIRE(!framing.error);
  return check_reply(asked, known, head, framing.framing, r.path);
}

asked_for open_from(std::uint64_t begin) {
  asked_for a;
  a.range = {begin, UINT64_MAX};
  a.open_ended = true;
  return a;
}
asked_for part(std::uint64_t begin, std::uint64_t end) {
  asked_for a;
  a.range = {begin, end};
  return a;
}
asked_for unranged(std::uint64_t begin = 0) {
  asked_for a = open_from(begin);
  a.ranged = false;
  return a;
}
known_version version(std::uint64_t total, const char* etag, const char* modified = "") {
  known_version k;
  k.total = total;
  k.validator.etag = etag;
  k.validator.weak = std::string{etag}.starts_with("W/");
  k.validator.last_modified = modified;
  return k;
}
const known_version nothing;

}  // namespace

TEST_CASE("a part as asked for", "[reply_check]") {
  const auto v = judge(
      open_from(0), nothing,
      {206, {{"Content-Range", "bytes 0-99/100"}, {"Content-Length", "100"}, {"ETag", "\"a\""}}});
  CHECK(v.what == kind::part);
  CHECK(v.range == byte_range{0, 100});
  CHECK(v.total == 100u);
  CHECK(v.joinable);
  CHECK(v.validator.etag == "\"a\"");
}

TEST_CASE("parts that are of use all the same", "[reply_check]") {
  const auto known = version(100, "\"a\"");
  const auto shorter =
      judge(part(10, 50), known, {206, {{"Content-Range", "bytes 10-19/100"}, {"ETag", "\"a\""}}});
  CHECK(shorter.what == kind::part);
  CHECK(shorter.range == byte_range{10, 20});
  const auto earlier =
      judge(part(10, 50), known, {206, {{"Content-Range", "bytes 5-49/100"}, {"ETag", "\"a\""}}});
  CHECK(earlier.what == kind::part);
  CHECK(earlier.range == byte_range{5, 50});
  const auto longer =
      judge(part(10, 50), known, {206, {{"Content-Range", "bytes 10-99/100"}, {"ETag", "\"a\""}}});
  CHECK(longer.what == kind::part);
  const auto silent =
      judge(part(10, 50), known, {206, {{"Content-Range", "bytes 10-49/*"}, {"ETag", "\"a\""}}});
  CHECK(silent.what == kind::part);
  CHECK(!silent.total);
  CHECK(silent.joinable);
}

TEST_CASE("parts that are not of use", "[reply_check]") {
  const auto known = version(100, "\"a\"");
  for (const char* range : {"bytes 11-49/100", "bytes 0-9/100", "bytes 0-5/100", "bytes 50-99/100",
                            "bytes 5-44/100", "bytes */100", "bytes 10-49", "octets 10-49/100",
                            "bytes 49-10/100", "bytes 10-100/100", "", "bytes 10-49/x"}) {
    INFO(range);
    const auto v = judge(part(10, 50), known, {206, {{"Content-Range", range}, {"ETag", "\"a\""}}});
    CHECK(v.what == kind::error);
    CHECK(v.error == errc::bad_content_range);
  }
  const auto bad = [&](const asked_for& asked, const reply& r) {
    const auto v = judge(asked, known, r);
    CHECK(v.what == kind::error);
    CHECK(v.error == errc::bad_content_range);
  };
  bad(part(10, 50), {206, {{"ETag", "\"a\""}}});
  bad(part(10, 50), {206,
                     {{"Content-Range", "bytes 10-49/100"},
                      {"Content-Range", "bytes 10-49/100"},
                      {"ETag", "\"a\""}}});
  bad(part(10, 50),
      {206, {{"Content-Range", "bytes 10-49/100"}, {"Content-Length", "39"}, {"ETag", "\"a\""}}});
  bad(unranged(), {206, {{"Content-Range", "bytes 0-99/100"}, {"ETag", "\"a\""}}});
}

TEST_CASE("a part of a file whose length nobody tells", "[reply_check]") {
  const auto v =
      judge(open_from(0), nothing, {206, {{"Content-Range", "bytes 0-9/*"}, {"ETag", "\"a\""}}});
  CHECK(v.what == kind::range_refused);
}

TEST_CASE("another version", "[reply_check]") {
  const auto strong = version(100, "\"a\"", "Mon, 01 Jan 2024 00:00:00 GMT");
  const auto what = [](const known_version& k, const reply& r) {
    return judge(part(10, 50), k, r).what;
  };
  CHECK(what(strong, {206, {{"Content-Range", "bytes 10-49/101"}, {"ETag", "\"a\""}}}) ==
        kind::changed);
  CHECK(what(strong, {206, {{"Content-Range", "bytes 10-49/100"}, {"ETag", "\"b\""}}}) ==
        kind::changed);
  CHECK(what(strong, {206, {{"Content-Range", "bytes 10-49/100"}, {"ETag", "W/\"a\""}}}) ==
        kind::changed);
  CHECK(what(strong, {206, {{"Content-Range", "bytes 10-49/100"}}}) == kind::changed);
  CHECK(what(strong, {206,
                      {{"Content-Range", "bytes 10-49/100"},
                       {"Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"}}}) == kind::changed);
  // A range of another file is no fault of the range.
  CHECK(what(strong, {206, {{"Content-Range", "bytes 0-9/90"}, {"ETag", "\"b\""}}}) ==
        kind::changed);
  const auto dated = version(100, "", "Mon, 01 Jan 2024 00:00:00 GMT");
  CHECK(what(dated, {206,
                     {{"Content-Range", "bytes 10-49/100"},
                      {"Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"}}}) == kind::part);
  CHECK(what(dated, {206,
                     {{"Content-Range", "bytes 10-49/100"},
                      {"Last-Modified", "Mon, 01 Jan 2024 00:00:01 GMT"}}}) == kind::changed);
  CHECK(what(dated, {206, {{"Content-Range", "bytes 10-49/100"}}}) == kind::changed);
}

TEST_CASE("what may be joined", "[reply_check]") {
  const auto joinable = [](std::vector<std::pair<const char*, const char*>> fields) {
    fields.emplace_back("Content-Range", "bytes 0-99/100");
    return judge(open_from(0), nothing, {206, fields}).joinable;
  };
  CHECK(joinable({{"ETag", "\"a\""}}));
  CHECK(!joinable({{"ETag", "W/\"a\""}}));
  CHECK(!joinable({}));
  CHECK(joinable({{"Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"}}));
  CHECK(joinable({{"ETag", "W/\"a\""}, {"Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"}}));
  // Written in the same second as it was sent.
  CHECK(!joinable({{"Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"},
                   {"Date", "Mon, 01 Jan 2024 00:00:00 GMT"}}));
  CHECK(!joinable({{"ETag", "a"}}));
}

TEST_CASE("the whole", "[reply_check]") {
  const auto known = version(100, "\"a\"");
  const reply same{200, {{"Content-Length", "100"}, {"ETag", "\"a\""}}};
  const auto probe = judge(open_from(0), nothing, same);
  CHECK(probe.what == kind::whole);
  CHECK(probe.range == byte_range{0, 100});
  CHECK(probe.total == 100u);
  CHECK(judge(part(10, 50), known, same).what == kind::range_ignored);
  CHECK(judge(unranged(10), known, same).what == kind::whole);
  CHECK(judge(part(0, 50), known, same).what == kind::whole);
  CHECK(judge(part(10, 50), known, {200, {{"Content-Length", "100"}, {"ETag", "\"b\""}}}).what ==
        kind::changed);
  CHECK(judge(part(10, 50), known, {200, {{"Content-Length", "99"}, {"ETag", "\"a\""}}}).what ==
        kind::changed);
  const auto chunked = judge(open_from(0), nothing, {200, {{"Transfer-Encoding", "chunked"}}});
  CHECK(chunked.what == kind::whole);
  CHECK(!chunked.total);
  CHECK(chunked.range == byte_range{0, 0});

  // Where its end is not told, only a strong validator proves that it is the file that is known.
  const reply told_nothing{200, {{"Transfer-Encoding", "chunked"}}};
  known_version size_only;
  size_only.total = 100;
  CHECK(judge(open_from(0), size_only, told_nothing).what == kind::changed);
}

TEST_CASE("416", "[reply_check]") {
  CHECK(judge(open_from(0), nothing, {416, {{"Content-Range", "bytes */0"}}}).what ==
        kind::range_refused);
  CHECK(judge(open_from(0), nothing, {416, {{"Content-Range", "bytes */0"}}}).total == 0u);
  CHECK(judge(open_from(0), nothing, {416, {}}).what == kind::range_refused);
  const auto known = version(100, "\"a\"");
  CHECK(judge(part(10, 50), known, {416, {{"Content-Range", "bytes */5"}}}).what == kind::changed);
  CHECK(judge(part(10, 50), known, {416, {}}).error == errc::request_refused);
  CHECK(judge(unranged(), nothing, {416, {}}).what == kind::error);
}

TEST_CASE("501", "[reply_check]") {
  CHECK(judge(open_from(0), nothing, {501, {}}).what == kind::range_refused);
  CHECK(judge(part(10, 50), version(100, "\"a\""), {501, {}}).error == errc::request_refused);
  CHECK(judge(unranged(), nothing, {501, {}}).error == errc::request_refused);
}

TEST_CASE("encodings that nobody asked for", "[reply_check]") {
  const auto encoded = [](const char* coding, const char* path) {
    return judge(open_from(0), nothing, {200, {{"Content-Encoding", coding}}, path}).error ==
           errc::unexpected_encoding;
  };
  CHECK(encoded("gzip", "/f"));
  CHECK(encoded("br", "/f.gz"));
  CHECK(encoded("deflate", "/f"));
  CHECK(encoded("gzip, identity", "/f.gz"));
  CHECK(!encoded("gzip", "/f.tar.GZ"));
  CHECK(!encoded("x-gzip", "/f.tgz"));
  CHECK(!encoded("identity", "/f"));
  CHECK(!encoded("", "/f"));
  CHECK(!encoded("zstd", "/f.zst"));
}

TEST_CASE("other replies are errors by their status", "[reply_check]") {
  const std::pair<int, errc> table[] = {
      {401, errc::unauthorized},      {403, errc::forbidden},
      {404, errc::not_found},         {410, errc::gone},
      {429, errc::too_many_requests}, {500, errc::server_error},
      {503, errc::server_error},      {204, errc::unexpected_status},
      {304, errc::unexpected_status}, {400, errc::request_refused},
      {300, errc::unexpected_status}};
  for (const auto& [status, error] : table) {
    INFO(status);
    const auto v = judge(open_from(0), nothing, {status, {}});
    CHECK(v.what == kind::error);
    CHECK(v.error == error);
  }
}
