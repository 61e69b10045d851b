#include "catch.hpp"
#include <haul/pan123/callback.hpp>
#include <haul/pan123/error.hpp>
#include <haul/pan123/offline_state.hpp>
#include <haul/pan123/rates.hpp>
#include <haul/pan123/retry.hpp>
#include <haul/pan123/wire.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <set>
#include <string>

using namespace haul::pan123;
using namespace std::chrono_literals;
namespace json = boost::json;

TEST_CASE("every error of the platform has a message and a class", "[pan123][error]") {
  std::set<std::string> seen;
  for (int i = 1; i <= static_cast<int>(errc::bad_state); ++i) {
    const std::error_code ec = static_cast<errc>(i);
    INFO(ec.message());
    CHECK(ec.message() != "unknown error");
    CHECK(seen.insert(ec.message()).second);
    CHECK(ec.category().name() == std::string{"haul.pan123"});
    CHECK(ec.default_error_condition().category() == haul::condition_category());
  }
  CHECK(std::error_code{errc::unavailable} == haul::condition::retryable);
  CHECK(std::error_code{errc::quota_exceeded} == haul::condition::refused);
  CHECK(std::error_code{errc::quota_exceeded} != haul::condition::retryable);
  CHECK(std::error_code{errc::quota_exceeded} != haul::condition::local);
  CHECK(std::error_code{errc::unavailable} != haul::condition::local);
  CHECK(std::error_code{errc::invalid_argument} == haul::condition::bad_request);
  CHECK(category().message(99) == "unknown error");

  error_info info;
  info.endpoint = "/api/x";
  info.code = 5066;
  info.http_status = 404;
  info.message = "gone";
  info.trace_id = "t1";
  const error e{errc::file_not_found, info};
  CHECK(std::string{e.what()} ==
        "/api/x HTTP 404 code 5066 \"gone\" trace t1: the platform has no such file");
  CHECK(e.info().trace_id == "t1");
}

TEST_CASE("answers of every kind", "[pan123][wire]") {
  struct row {
    int status;
    const char* body;
    std::error_code error;
    std::int64_t code = 0;
  };
  const char* const envelope = R"({"code":0,"message":"ok","data":{"a":1},"x-traceID":"t"})";
  const row rows[] = {
      {200, envelope, {}},
      {200, R"({"code":0,"message":"ok","data":null})", {}},
      {200, R"({"code":0})", {}},
      {200, R"({"code":401,"message":"tokens number has exceeded the limit"})", errc::unauthorized,
       401},
      {401, "", errc::unauthorized},
      {401, envelope, errc::unauthorized},
      {200, R"({"code":429,"message":"x"})", errc::too_many_requests, 429},
      {429, "<html>", errc::too_many_requests},
      {200, R"({"code":5066,"message":"x"})", errc::file_not_found, 5066},
      {200, R"({"code":5113,"message":"x"})", errc::quota_exceeded, 5113},
      {200, R"({"code":20103,"message":"x"})", errc::still_verifying, 20103},
      {200, R"({"code":1,"message":"x"})", errc::refused, 1},
      {400, R"({"code":1,"message":"x"})", errc::refused, 1},
      {200, R"({"code":77,"message":"x"})", errc::refused, 77},
      {200, R"({"code":2,"message":"解析失败"})", errc::link_not_parsed, 2},
      {200, R"({"code":2,"message":"同时下载的任务超出最大限制，不能下载"})", errc::too_many_tasks,
       2},
      {502, "<html>Bad Gateway</html>", errc::unavailable},
      {503, envelope, errc::unavailable},
      {404, "<html>", errc::refused},
      {302, "", errc::protocol_error},
      {200, "<html>hello</html>", errc::protocol_error},
      {200, "", errc::protocol_error},
      {200, R"({"code":0,"message":"ok","da)", errc::protocol_error},
      {200, R"([1])", errc::protocol_error},
      {200, R"({"message":"ok"})", errc::protocol_error},
      {200, R"({"code":"0"})", errc::protocol_error},
  };
  for (const row& r : rows) {
    INFO(r.status << ' ' << r.body);
    const wire::answer a = wire::read_answer(r.status, r.body, false);
    CHECK(a.error == r.error);
    CHECK(a.code == r.code);
  }
  const wire::answer good = wire::read_answer(200, envelope, false);
  CHECK(good.trace_id == "t");
  CHECK(good.data.at("a") == 1);
  CHECK(wire::read_answer(200, R"({"x":1})", true).data.at("x") == 1);
  CHECK(wire::read_answer(200, R"({"code":1,"message":"no"})", true).error == errc::refused);
}

TEST_CASE("data of every kind, with ids that a double cannot hold", "[pan123][wire]") {
  std::string problem;
  const auto page = wire::read_page(json::parse(R"({"lastFileId":9007199254740995,"fileList":[
      {"fileId":9007199254740993,"filename":"a","parentFileId":9223372036854775807,"type":0,
       "etag":"00112233445566778899aabbccddeeff","size":5,"status":104,"trashed":1},
      {"fileId":"7","filename":"d","parentFileId":0,"type":1,"etag":"","size":0}]})"),
                                    problem);
  CHECK(problem.empty());
  REQUIRE(page.files.size() == 2);
  CHECK(page.next == 9007199254740995);
  CHECK(page.files[0].id == 9007199254740993);
  CHECK(page.files[0].parent == 9223372036854775807);
  CHECK(page.files[0].rejected());
  CHECK(page.files[0].trashed);
  CHECK(page.files[1].id == 7);
  CHECK(page.files[1].folder);

  const auto says = [&](const char* text, auto read) {
    problem.clear();
    read(json::parse(text), problem);
    return problem;
  };
  CHECK(says("null", wire::read_page) == "data");
  CHECK(says(R"({"fileList":[]})", wire::read_page) == "data.lastFileId");
  CHECK(says(R"({"lastFileId":-1})", wire::read_page) == "data.fileList");
  CHECK(says(R"({"lastFileId":-1,"fileList":[{"fileId":1.5}]})", wire::read_page) ==
        "data.fileList[0].fileId");
  CHECK(says(R"({"lastFileId":-1,"fileList":[7]})", wire::read_page) == "data.fileList[0]");
  CHECK(says(R"({"fileID":1,"parentFileID":0,"filename":"a","type":0,"size":-1})",
             wire::read_detail) == "data.size");
  CHECK(says(R"({"list":[]})", wire::read_infos).empty());
  CHECK(says(R"({"fileList":[]})", wire::read_infos).empty());
  CHECK(says(R"({"process":1,"status":4})", wire::read_report) == "data.status");
  CHECK(says(R"({"status":0})", wire::read_report) == "data.process");
  CHECK(says(R"({"accessToken":"","expiredAt":"2025-03-23T15:48:37+08:00"})", wire::read_token) ==
        "data.accessToken");
  CHECK(says(R"({"accessToken":"x","expiredAt":"soon"})", wire::read_token) == "data.expiredAt");
  CHECK(says(R"({"reuse":false,"preuploadID":"x","sliceSize":0,"servers":["a"]})",
             wire::read_upload_start) == "data.sliceSize");
  CHECK(says(R"({"reuse":false,"preuploadID":"x","sliceSize":9,"servers":[]})",
             wire::read_upload_start) == "data.servers");
  CHECK(says(R"({"completed":false})", wire::read_upload_state).empty());
  CHECK(says(R"({"completed":true})", wire::read_upload_state) == "data.fileID");

  const auto report = wire::read_report(json::parse(R"({"process":12.5,"status":3})"), problem);
  CHECK(report.status == offline_status::retrying);
  CHECK(report.percent == 12.5);
}

TEST_CASE("times with their offsets", "[pan123][wire]") {
  const auto t = wire::parse_time("2025-03-23T15:48:37+08:00");
  REQUIRE(t);
  CHECK(t == wire::parse_time("2025-03-23T07:48:37Z"));
  CHECK(t == wire::parse_time("2025-03-23T07:48:37.123456Z"));
  CHECK(t == wire::parse_time("2025-03-23T02:18:37-05:30"));
  CHECK(wire::format_time(*t) == "2025-03-23T07:48:37Z");
  for (const char* bad :
       {"", "2025-03-23", "2025-03-23T15:48:37", "2025-02-30T15:48:37Z", "2025-03-23T25:48:37Z",
        "2025-03-23T15:48:37+0800", "x025-03-23T15:48:37Z", "2025-03-23T15:48:37Zx",
        "2025-03-23T15:48:37+08:0"}) {
    INFO(bad);
    CHECK_FALSE(wire::parse_time(bad));
  }
}

TEST_CASE("calls as they go out", "[pan123][wire]") {
  wire::call c{"GET", "/p"};
  c.query("a", std::int64_t{9007199254740993}).query("b", "x y&z/ä");
  CHECK(c.target == "?a=9007199254740993&b=x%20y%26z%2F%C3%A4");
  json::object o;
  o["id"] = std::int64_t{9007199254740993};
  c.json(o);
  CHECK(c.body == R"({"id":9007199254740993})");

  wire::form f{"BOUND"};
  f.text("sliceNo", "1");
  f.file("slice", "s", "\r\n--\0x");
  CHECK(f.content_type() == "multipart/form-data; boundary=BOUND");
  CHECK(std::move(f).finish() ==
        "--BOUND\r\nContent-Disposition: form-data; name=\"sliceNo\"\r\n\r\n1\r\n"
        "--BOUND\r\nContent-Disposition: form-data; name=\"slice\"; filename=\"s\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n\r\n--\r\n--BOUND--\r\n");
}

TEST_CASE("names that the platform takes", "[pan123][wire]") {
  CHECK(wire::problem_of_name("a b.txt").empty());
  CHECK(wire::problem_of_name("文件.txt").empty());
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "文";
  CHECK(wire::problem_of_name(wide).empty());
  CHECK_FALSE(wire::problem_of_name(wide + "x").empty());
  for (const char* bad : {"", "  ", "a/b", "a\\b", "a:b", "a*b", "a?b", "a|b", "a>b", "a<b", "a\"b",
                          "a\nb", "\xff"}) {
    INFO(bad);
    CHECK_FALSE(wire::problem_of_name(bad).empty());
  }
}

TEST_CASE("no secret stays in a text", "[pan123][wire]") {
  CHECK(wire::redact("Bearer tok-1 and tok-1, tok-22", {"tok-1", "", "tok-22"}) ==
        "Bearer *** and ***, ***");
  CHECK(wire::redact("a\r\nb", {}) == "a  b");
  CHECK(wire::redact(std::string(1000, 'x'), {}).size() == 303);
  CHECK(wire::download_message(R"({"code":1010,"message":"forbidden realc:X"})") ==
        "1010 forbidden realc:X");
  CHECK_FALSE(wire::download_message("PK\x03\x04"));
  CHECK_FALSE(wire::download_message(R"({"other":1})"));
}

TEST_CASE("a token file", "[pan123][token]") {
  token t;
  t.value = "abc";
  t.refresh_token = "r";
  t.expires = *wire::parse_time("2030-01-01T00:00:00Z");
  const std::string text = wire::format_token_file(t, "me");
  const auto back = wire::parse_token_file(text, "me");
  REQUIRE(back);
  CHECK(back->value == "abc");
  CHECK(back->refresh_token == "r");
  CHECK(back->expires == t.expires);
  CHECK_FALSE(wire::parse_token_file(text, "somebody else"));
  CHECK_FALSE(wire::parse_token_file(text.substr(0, text.size() / 2), "me"));
  CHECK_FALSE(wire::parse_token_file("", "me"));

  const auto now = *wire::parse_time("2029-01-01T00:00:00Z");
  CHECK(renewal_time(now, t.expires, 400s) == t.expires - 400s);
  // A short life is used for half of it.
  CHECK(renewal_time(now, now + 100s, 400s) == now + 50s);
  CHECK(renewal_time(now, now - 100s, 400s) == now - 100s);
}

TEST_CASE("what to do after an attempt", "[pan123][retry]") {
  using kind = next_step::kind;
  client_options o;
  o.retries = 3;
  const auto after = [&](std::error_code ec, attempt_history& h, bool repeatable = true,
                         bool can_renew = true) {
    return after_attempt(attempt_outcome{ec, {}}, h, repeatable, can_renew, o, 12345);
  };
  attempt_history h;
  CHECK(after({}, h).what == kind::done);
  CHECK(after(errc::file_not_found, h).what == kind::fail);
  CHECK(after(errc::protocol_error, h).what == kind::fail);
  CHECK(after(errc::unauthorized, h).what == kind::new_token);
  CHECK(after(errc::unauthorized, h).what == kind::fail);
  attempt_history other;
  CHECK(after(errc::unauthorized, other, true, false).what == kind::fail);

  // Too often: also for what must not be repeated, as nothing has been done.
  attempt_history busy;
  std::chrono::milliseconds last{0};
  for (unsigned i = 0; i < o.retries; ++i) {
    const next_step s = after(errc::too_many_requests, busy, false);
    CHECK(s.what == kind::again);
    CHECK(s.delay > last);
    last = s.delay;
  }
  CHECK(after(errc::too_many_requests, busy, false).what == kind::fail);

  attempt_history lost;
  CHECK(after(haul::errc::connection_closed, lost, false).what == kind::fail);
  CHECK(after(errc::unavailable, lost, false).what == kind::fail);
  CHECK(after(haul::errc::connection_closed, lost).what == kind::again);
  CHECK(after(errc::unavailable, lost).what == kind::again);
  CHECK(after(errc::too_many_tasks, lost).what == kind::fail);
  CHECK(after(haul::errc::certificate_untrusted, lost).what == kind::fail);

  attempt_history told;
  const attempt_outcome wait{errc::too_many_requests, 7s};
  CHECK(after_attempt(wait, told, true, true, o, 0).delay == 7s);
  const attempt_outcome for_ever{errc::too_many_requests, 3600s};
  CHECK(after_attempt(for_ever, told, true, true, o, 0).what == kind::fail);
}

TEST_CASE("delays grow to their caps", "[pan123][retry]") {
  for (std::uint64_t random : {0ull, 7ull, 124ull, 999'999'999ull}) {
    CHECK(growing_delay(1, 500ms, 8s, random) >= 500ms);
    CHECK(growing_delay(1, 500ms, 8s, random) <= 625ms);
    CHECK(growing_delay(4, 500ms, 8s, random) >= 4s);
    CHECK(growing_delay(40, 500ms, 8s, random) >= 8s);
    CHECK(growing_delay(40, 500ms, 8s, random) <= 10s);
  }
  const client_options o;
  CHECK(poll_delay(1, o) == 1s);
  CHECK(poll_delay(2, o) == 1500ms);
  CHECK(poll_delay(9, o) == 5s);
  CHECK(create_delay(errc::link_not_parsed, 3, o) == 3s);
  CHECK_FALSE(create_delay(errc::link_not_parsed, 4, o));
  CHECK(create_delay(errc::too_many_tasks, 1, o) == 5s);
  CHECK(create_delay(errc::too_many_tasks, 4, o) == 60s);
  CHECK_FALSE(create_delay(errc::too_many_tasks, 5, o));
  CHECK_FALSE(create_delay(errc::refused, 1, o));
  CHECK(poll_goes_on(errc::protocol_error));
  CHECK_FALSE(poll_goes_on(errc::unauthorized));
  CHECK_FALSE(poll_goes_on(errc::refused));
}

TEST_CASE("a bucket spreads its calls", "[pan123][rates]") {
  call_bucket b{0.2};
  const auto start = call_bucket::clock::time_point{} + 1h;
  CHECK(b.take(start) == start);
  CHECK(b.take(start) == start + 5s);
  CHECK(b.take(start + 1s) == start + 10s);
  CHECK(b.take(start + 60s) == start + 60s);
  call_bucket none{0};
  CHECK(none.take(start) == start);
  CHECK(none.take(start) == start);
  rate_table t;
  CHECK(t.find("/api/v2/file/list") == 3);
  CHECK(t.find("/unheard/of") == 0);
  t.set_all(9).set("/unheard/of", 2);
  CHECK(t.find("/api/v2/file/list") == 9);
  CHECK(t.find("/unheard/of") == 2);
}

TEST_CASE("the callback of an offline download", "[pan123][callback]") {
  const char* const target = "/hook?a=1&haul_secret=tell%20none&b=2";
  const auto good = parse_callback(
      R"({"url":"https://x/y","status":0,"failReason":"","fileID":9007199254740993})", target,
      "tell none");
  CHECK(!good.error);
  CHECK(good.value.succeeded);
  CHECK(good.value.file == 9007199254740993);
  const auto failed =
      parse_callback(R"({"url":"https://x/y","status":1,"fileReason":"why"})", target, "tell none");
  CHECK(!failed.error);
  CHECK_FALSE(failed.value.succeeded);
  CHECK(failed.value.reason == "why");
  for (const char* wrong : {"/hook", "/hook?haul_secret=", "/hook?haul_secret=tell%20non",
                            "/hook?haul_secret=tell%20nonex", "/hook?xhaul_secret=tell%20none"}) {
    INFO(wrong);
    CHECK(parse_callback("{}", wrong, "tell none").error == errc::unauthorized);
  }
  CHECK(parse_callback("{}", "/hook?haul_secret=", "").error == errc::unauthorized);
  for (const char* bad : {"", "[]", "{}", R"({"url":"u","status":2})", R"({"url":"u","status":0})",
                          R"({"url":1,"status":1})"}) {
    INFO(bad);
    CHECK(parse_callback(bad, target, "tell none").error == errc::protocol_error);
  }
}

TEST_CASE("the state of an offline download comes back as it was", "[pan123][state]") {
  using stage = offline_state::stage;
  for (const stage at : {stage::begun, stage::folder, stage::creating, stage::waiting,
                         stage::downloaded, stage::pulled}) {
    offline_state s;
    s.at = at;
    s.url = "https://x/\"y\"";
    s.folder = 9007199254740993;
    s.task = 9007199254740995;
    s.file = 9007199254740997;
    const auto back = parse_offline_state(to_text(s));
    REQUIRE(back);
    CHECK(back->at == at);
    CHECK(back->url == s.url);
    CHECK(back->folder == s.folder);
    CHECK(back->task == s.task);
    CHECK(back->file == s.file);
  }
  offline_state no_task;
  no_task.at = stage::waiting;
  no_task.folder = 5;
  CHECK_FALSE(parse_offline_state(to_text(no_task)));
  for (const char* bad : {"", "{", "{}", R"({"version":2})",
                          R"({"version":1,"stage":"x","url":"","folder":1,"task":1,"file":1})"}) {
    INFO(bad);
    CHECK_FALSE(parse_offline_state(bad));
  }
}
