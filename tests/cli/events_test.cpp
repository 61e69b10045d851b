// Events as lines of JSON, read by another's parser.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/error.hpp>
#include <haul/json_events.hpp>

// Boost.JSON as headers only: nothing to link, for a test's sake.
#define BOOST_JSON_NO_LIB
#include <boost/json/src.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>

using namespace haul::test;
namespace json = boost::json;

namespace {

json::value parse(const std::string& text) {
  json::error_code ec;
  const json::value v = json::parse(text, ec);
  CAPTURE(text, ec.message());
  REQUIRE_FALSE(ec);
  return v;
}

std::string round_trip(std::string_view text) {
  std::string out;
  haul_command::append_json_string(out, text);
  const json::value v = parse(out);
  return std::string{v.as_string()};
}

std::vector<json::object> events_of(const std::string& out) {
  std::vector<json::object> events;
  for (const std::string& line : lines_of(out)) events.push_back(parse(line).as_object());
  return events;
}

std::string kind(const json::object& e) { return std::string{e.at("event").as_string()}; }

}  // namespace

TEST_CASE("any text is a JSON string", "[cli][events]") {
  for (const std::string_view text :
       {std::string_view{""}, std::string_view{"plain"}, std::string_view{"a\"b\\c/d"},
        std::string_view{"\b\f\n\r\t\x01\x1f\x7f"}, std::string_view{"a\0b", 3},
        std::string_view{"größe 文件 🚀"}, std::string_view{"\u009b\u2028\u202e"},
        std::string_view{"\U000e0001"}}) {
    CHECK(round_trip(text) == text);
  }
  CHECK(round_trip("\xff") == "\ufffd");
  CHECK(round_trip("a\xc3(\xed\xa0\x80z") == "a\ufffd(\ufffd\ufffd\ufffdz");
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  CHECK(round_trip(every).size() == 128 + 128 * 3);
  std::string escaped;
  haul_command::append_json_string(escaped, "\x1b\u009b\x7f");
  CHECK(escaped == R"("\u001b\u009b\u007f")");
}

TEST_CASE("every kind of event has a line", "[cli][events]") {
  auto info = std::make_shared<haul::task_info>();
  info->id = "7";
  info->name = "n\n";
  info->url = "http://h/";
  info->path = "p";
  haul::download_result bad;
  bad.error = haul::errc::not_found;
  bad.doing = haul::operation::requesting;
  bad.detail = "\"x\"";
  bad.http_status = 404;
  const std::vector<haul::event> all = {
      haul::batch_started{"b", 3},
      haul::batch_finished{"b", 3, 1, 1, 1, std::chrono::milliseconds{5}},
      haul::task_started{info},
      haul::transfer_started{info, "p/q", std::uint64_t{10}, 4, true},
      haul::progress{info, 5, std::nullopt, 100, std::nullopt, 2, std::chrono::milliseconds{9}},
      haul::paused{info},
      haul::resumed{info},
      haul::stopped{info},
      haul::retrying{info, haul::errc::stalled, "d", 2, std::chrono::milliseconds{500}},
      haul::failed{info, bad},
      haul::task_finished{info, haul::download_result{}},
  };
  std::set<std::string> kinds;
  for (const haul::event& e : all) {
    const std::string line = haul_command::json_line(e, 2, 9);
    CHECK(line.find('\n') == line.size() - 1);
    const json::object o = parse(line.substr(0, line.size() - 1)).as_object();
    kinds.insert(kind(o));
    if (o.contains("id")) {
      CHECK(o.at("id") == "7");
      CHECK(o.at("index") == 2);
      CHECK(o.at("total") == 9);
    }
    if (kind(o) == "transfer_started") CHECK(o.at("size") == 10);
    if (kind(o) == "progress") {
      CHECK(o.at("size").is_null());
      CHECK(o.at("time_left").is_null());
    }
    if (kind(o) == "failed") {
      CHECK(o.at("ok") == false);
      CHECK(o.at("doing") == "requesting");
      CHECK(o.at("error").at("message") == "the server has no such file (404)");
      CHECK(o.at("error").at("detail") == "\"x\"");
    }
    if (kind(o) == "task_finished") CHECK(o.at("error").is_null());
  }
  CHECK(kinds.size() == std::variant_size_v<haul::event>);
}

TEST_CASE("events come in order, and nothing else on standard output", "[cli][events]") {
  fault_server server;
  server.add("/a", {.size = 2'000'000, .seed = 1, .etag = "\"1\"", .rate = 4'000'000});
  server.add("/b", {.size = 3, .seed = 1});
  server.behave("/b", [](const request_info& r) {
    return r.path_number == 1 ? reply_plan().with_status(503) : reply_plan();
  });
  temp_dir dir;
  const run_result r = haul_run({"--events", "json", "-d", dir.path().string(), server.url("/a"),
                                 server.url("/b"), server.url("/none")});
  CHECK(r.status.code == 1);
  CAPTURE(r.out);
  const auto events = events_of(r.out);
  REQUIRE(events.size() > 10);
  CHECK(kind(events.front()) == "batch_started");
  CHECK(events.front().at("total") == 3);
  CHECK(kind(events.back()) == "batch_finished");
  CHECK(events.back().at("completed") == 2);
  CHECK(events.back().at("failed") == 1);

  std::map<std::int64_t, std::vector<std::string>> of;
  std::map<std::int64_t, std::uint64_t> downloaded;
  for (const json::object& e : events) {
    if (!e.contains("index")) continue;
    const std::int64_t index = e.at("index").as_int64();
    of[index].push_back(kind(e));
    CHECK(e.at("total") == 3);
    if (kind(e) == "progress") {
      const auto now = e.at("downloaded").to_number<std::uint64_t>();
      CHECK(now >= downloaded[index]);
      downloaded[index] = now;
    }
  }
  REQUIRE(of.size() == 3);
  for (const auto& [index, kinds] : of) {
    CHECK(kinds.front() == "task_started");
    CHECK(kinds.back() == "task_finished");
  }
  CHECK(downloaded[1] == 2'000'000);
  CHECK(downloaded[2] == 3);
  CHECK(of[1][1] == "transfer_started");
  CHECK(std::count(of[2].begin(), of[2].end(), "retrying") == 1);
  CHECK(std::count(of[3].begin(), of[3].end(), "failed") == 1);
}

TEST_CASE("events that nobody takes end the run", "[cli][events]") {
  fault_server server;
  server.add("/f", {.size = 50'000'000, .seed = 1, .rate = 5'000'000});
  temp_dir dir;
  child_options how = plain_environment();
  how.out_file = "/dev/full";
  const run_result r =
      haul_run({"--events", "json", "-q", "-d", dir.path().string(), server.url("/f")}, how);
  CHECK(r.status.code == 1);
  CHECK(contains(only_line(r.err), "haul: standard output: writing events: No space"));
}
