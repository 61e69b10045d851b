// The rows of both dialects, which their own tests put to the handlers, over a socket.

#include "catch.hpp"
#include "hauld/rig.hpp"
#include "service/bbdown_rows.hpp"
#include "service/media_rows.hpp"
#include "support/fault_server.hpp"

#include <map>
#include <regex>
#include <string>

using namespace haul::test;

namespace {

using names = std::map<std::string, std::string>;

std::string escaped(const std::string& text) {
  static const std::regex special{R"([.\\+*?()\[\]{}|^$])"};
  return std::regex_replace(text, special, R"(\$&)");
}

std::string filled(std::string text, const names& known, bool pattern = false) {
  for (const auto& [name, value] : known) {
    for (const std::string& word : {"\\$" + name, "$" + name}) {
      for (std::size_t at; (at = text.find(word)) != std::string::npos;) {
        text.replace(at, word.size(), pattern ? escaped(value) : value);
      }
    }
  }
  return text;
}

void check_step(const hauld_run& h, const bbdown_step& step, names& known) {
  const std::string target = filled(step.target, known);
  const std::string sent = filled(step.body, known);
  std::string fields;
  for (const auto& [name, value] : step.fields) fields += name + ": " + value + "\r\n";
  const std::string pattern = filled(step.pattern, known, true);
  const std::regex expected{pattern};
  raw_reply got;
  std::smatch found;
  const auto fits = [&] {
    got = h.ask(step.method, target, fields, sent);
    return got.status == step.status &&
           (step.reply ? got.body == *step.reply : std::regex_match(got.body, found, expected));
  };
  const bool fitted = step.repeat ? wait_until(fits, std::chrono::seconds(60)) : fits();
  INFO(step.method << ' ' << target << ' ' << sent);
  INFO(got.head << got.body);
  INFO(pattern);
  CHECK(got.status == step.status);
  REQUIRE(fitted);
  CHECK(got.field("Content-Type").value_or("none") == (got.body.empty() ? "none" : bbdown_type));
  CHECK(got.field("Allow").value_or("") == step.allow);
  if (!step.capture.empty()) known[step.capture] = found[1];
}

}  // namespace

TEST_CASE("Each row of the BBDown dialect, over a socket") {
  for (const bbdown_scenario& scenario : bbdown_scenarios()) {
    INFO(scenario.name);
    const gate held;
    fault_server server;
    serve_bbdown_origin(server, held);
    std::vector<std::string> options;
    if (scenario.extended) options.push_back("--extended");
    const hauld_run h{options};
    names known{{"ORIGIN", server.url("")}};
    for (const bbdown_step& step : scenario.steps) {
      if (step.wait_held) REQUIRE(held.wait_for_arrivals(1, std::chrono::seconds(60)));
      if (step.release) held.open();
      check_step(h, step, known);
    }
    held.open();
  }
}

TEST_CASE("A body over the limit is refused by the BBDown dialect in its own words") {
  const hauld_run h;
  std::string body = R"({"Url":"http://127.0.0.1:1/x","Unknown":")";
  body.append(30'000'000 - body.size() + 1, 'x');
  body += "\"}";
  const raw_reply got = h.post_json("/add-task", body);
  CHECK(got.status == 400);
  CHECK(got.body == bbdown_refusal);
}

TEST_CASE("Each row of the batch dialect, over a socket") {
  const temp_dir dir;
  write_file(dir / "catalog.csv", "id\n7\n");
  const hauld_run h{{"--catalog", (dir / "catalog.csv").string()}};
  for (const media_row& row : media_rows) {
    CAPTURE(row.name);
    std::string fields;
    if (row.content_type) fields = std::string{"content-type: "} + row.content_type + "\r\n";
    const raw_reply got = h.ask(row.method, row.target, fields, row.sent);
    CHECK(got.status == row.status);
    if (std::string_view{row.method} != "HEAD") CHECK(got.body == row.body);
    if (*row.field) CHECK(got.field(row.field) == std::string{row.value});
    if (*row.body) CHECK(got.field("Content-Type") == "application/json");
  }
}

TEST_CASE("A webhook is called once, when its task has ended") {
  fault_server origin;
  origin.add("/a.bin", resource{.size = 1000, .seed = 1});
  origin.add("/hook", resource{.body = ""});
  const hauld_run h;
  REQUIRE(h.post_json("/add-task", "{\"Url\":\"" + origin.url("/a.bin") +
                                       "\",\"CallBackWebHook\":\"" + origin.url("/hook") + "\"}")
              .status == 200);
  REQUIRE(wait_until([&] { return !origin.log("/hook").empty(); }, std::chrono::seconds(60)));
  CHECK(origin.log("/hook").size() == 1);
}
