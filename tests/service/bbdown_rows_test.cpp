#include "bbdown_rig.hpp"

#include <map>
#include <regex>

namespace haul::test {
namespace {

using names = std::map<std::string, std::string>;

std::string escaped(const std::string& text) {
  static const std::regex special{R"([.\\+*?()\[\]{}|^$])"};
  return std::regex_replace(text, special, R"(\$&)");
}

/// Puts in what stands for the names; in a pattern `$` may be escaped in front of one.
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

void check_step(bbdown_rig<>& rig, const bbdown_step& step, names& known) {
  service::request r{step.method, filled(step.target, known)};
  for (const auto& [name, value] : step.fields) r.field(name, value);
  r.body(filled(step.body, known));
  const std::string pattern = filled(step.pattern, known, true);
  const std::regex expected{pattern};
  service::response got;
  std::smatch found;
  std::string body;
  const auto fits = [&] {
    got = rig.ask(r);
    body = got.body();
    return got.status() == step.status &&
           (step.reply ? body == *step.reply : std::regex_match(body, found, expected));
  };
  const bool fitted = step.repeat ? wait_until(fits, too_long) : fits();
  INFO(step.method << ' ' << r.target() << ' ' << r.body());
  INFO(body);
  INFO(pattern);
  CHECK(got.status() == step.status);
  REQUIRE(fitted);
  const std::string type{got.fields().find("Content-Type").value_or("none")};
  CHECK(type == (body.empty() ? "none" : bbdown_type));
  CHECK(got.fields().find("Allow").value_or("") == step.allow);
  if (!step.capture.empty()) known[step.capture] = found[1];
}

}  // namespace

TEST_CASE("each row of the dialect is answered to the byte") {
  for (const bbdown_scenario& scenario : bbdown_scenarios()) {
    INFO(scenario.name);
    const gate held;
    fault_server server;
    serve_bbdown_origin(server, held);
    const temp_dir dir;
    service::memory_records kept;
    service::bbdown_options options;
    options.extended = scenario.extended;
    bbdown_rig<> rig{dir, kept, options};
    names known{{"ORIGIN", server.url("")}};
    for (const bbdown_step& step : scenario.steps) {
      if (step.wait_held) {
        REQUIRE(held.wait_for_arrivals(1, too_long));
      }
      if (step.release) held.open();
      check_step(rig, step, known);
    }
    held.open();
  }
}

TEST_CASE("a body over the limit is refused") {
  const temp_dir dir;
  service::memory_records kept;
  bbdown_rig<> rig{dir, kept};
  std::string body = R"({"Url":"http://127.0.0.1:1/x","Unknown":")";
  body.append(30'000'000 - body.size() + 1, 'x');
  body += "\"}";
  const service::response got = rig.post("/add-task", body);
  CHECK(got.status() == 400);
  CHECK(got.body() == bbdown_refusal);
}

}  // namespace haul::test
