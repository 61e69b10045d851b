// What is seen on a terminal, and where there is none.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/text.hpp>

#include <algorithm>
#include <regex>
#include <string>

using namespace haul::test;

namespace {

child_options on_terminal(const std::string& kind = "xterm") {
  child_options o = plain_environment();
  o.terminal = true;
  o.env.emplace_back("TERM", kind);
  return o;
}

/// The text without what the display itself sends to move the cursor, clear and colour.
std::string without_sequences(const std::string& text) {
  static const std::regex known("\x1b\\[[0-9]+A\r\x1b\\[J|\x1b\\[31m|\x1b\\[0m");
  return std::regex_replace(text, known, "");
}

bool is_clean(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return c == '\n' || (u >= 0x20 && u != 0x7f);
  });
}

}  // namespace

TEST_CASE("on a terminal each file has a bar, and all together", "[cli][display]") {
  fault_server server;
  server.add("/one.bin", {.size = 1'500'000, .seed = 1, .rate = 2'000'000});
  server.add("/two.bin", {.size = 1'000'000, .seed = 2, .rate = 2'000'000});
  temp_dir dir;
  const run_result r = haul_run(
      {"-x", "1", "-d", dir.path().string(), server.url("/one.bin"), server.url("/two.bin")},
      on_terminal());
  CHECK(r.status.code == 0);
  const std::string text = without_sequences(r.out);
  CAPTURE(text);
  CHECK(is_clean(text));
  CHECK(std::regex_search(text, std::regex("\none\\.bin +\\[=+> *\\] +[0-9]+%  1\\.43 MiB")));
  CHECK(std::regex_search(text, std::regex("\ntwo\\.bin +\\[=+> *\\] +[0-9]+%")));
  CHECK(std::regex_search(text, std::regex("\n[01]/2 files +\\[")));
  CHECK(contains(text, "/one.bin: 1.43 MiB in "));
  CHECK(contains(text, "2 of 2 files complete"));
  // Drawn again in place, and gone in the end.
  CHECK(contains(r.out, "\x1b[3A\r\x1b[J"));
  for (const std::string& line : lines_of(text)) {
    if (contains(line, "[=")) CHECK(haul_command::width_of(line) == 79);
  }
}

TEST_CASE("a bar is as wide as the terminal", "[cli][display]") {
  fault_server server;
  server.add("/f", {.size = 1'000'000, .seed = 1, .rate = 2'000'000});
  for (const char* columns : {"120", "30", "7", "1"}) {
    temp_dir dir;
    child_options how = on_terminal();
    how.env.emplace_back("COLUMNS", columns);
    const run_result r = haul_run({"-x", "1", "-o", (dir / "f").string(), server.url("/f")}, how);
    CHECK(r.status.code == 0);
    const auto lines = lines_of(without_sequences(r.out));
    const std::size_t most = std::max<std::size_t>(std::stoul(columns), 2) - 1;
    CAPTURE(columns, r.out);
    REQUIRE(lines.size() > 2);
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
      CHECK(haul_command::width_of(lines[i]) == most);
    }
  }
}

TEST_CASE("a hostile name does nothing to the terminal", "[cli][display]") {
  fault_server server;
  const std::string evil =
      "\x1b]0;owned\x07\x1b[2J\x9b"
      "31m\r\x7f\xe2\x80\xae evil";
  resource r{.size = 500'000, .seed = 1, .rate = 1'000'000};
  r.content_disposition = "attachment; filename*=UTF-8''%1b%5b2Jx%0d%c2%9b31m%e2%80%ae.bin";
  server.add("/f", r);
  server.add("/g", {.size = 500'000, .seed = 1, .rate = 1'000'000});
  server.behave(
      "/h", [](const request_info&) { return reply_plan().redirect(302, "/%1b%5b2J\x9b\xff"); });
  temp_dir dir;
  child_options how = on_terminal();
  how.input = server.url("/f") + '\n' + server.url("/g") + '\t' + evil + '\n' +
              server.url("/h%1b%5b2J%07") + '\n' + server.url("/h") + '\n' +
              server.url("/\x9b\xff") + '\n';
  const run_result shown = haul_run({"-i", "-", "-d", dir.path().string()}, how);
  CHECK(shown.status.code == 1);
  const std::string text = without_sequences(shown.out);
  CAPTURE(text);
  CHECK(is_clean(text));
  CHECK_FALSE(contains(text, "\x9b"));
  CHECK_FALSE(contains(text, "\xe2\x80\xae"));
  CHECK(contains(text, "evil"));
  CHECK_FALSE(mismatch(dir / evil, 1, 500'000));

  // Nor where there is no terminal.
  child_options lines = plain_environment();
  lines.input = how.input;
  const run_result again = haul_run({"-i", "-", "-d", dir.path().string()}, lines);
  CHECK(is_clean(again.err));
  CHECK(lines_of(again.err).size() == 6);
}

TEST_CASE("colours only where they are wanted", "[cli][display]") {
  fault_server server;
  temp_dir dir;
  const arguments args{"-d", dir.path().string(), server.url("/none")};
  CHECK(contains(haul_run(args, on_terminal()).out, "\x1b[31mhaul: "));
  child_options plain = on_terminal();
  plain.env.emplace_back("NO_COLOR", "1");
  CHECK_FALSE(contains(haul_run(args, plain).out, "\x1b[31m"));
  CHECK_FALSE(contains(haul_run(args).err, "\x1b"));
}

TEST_CASE("a terminal that cannot draw gets lines", "[cli][display]") {
  fault_server server;
  server.add("/f", {.size = 500'000, .seed = 1, .rate = 1'000'000});
  temp_dir dir;
  const run_result r =
      haul_run({"-o", (dir / "f").string(), server.url("/f")}, on_terminal("dumb"));
  CHECK(r.status.code == 0);
  CHECK(is_clean(r.out));
  CHECK(contains(only_line(r.out), "haul: " + (dir / "f").string() + ": 488 KiB in "));
}

TEST_CASE("elsewhere a line now and then", "[cli][display]") {
  fault_server server;
  server.add("/f", {.size = 7'000'000, .seed = 1, .rate = 1'000'000});
  temp_dir dir;
  const run_result r = haul_run({"-x", "1", "-d", dir.path().string(), server.url("/f")});
  CAPTURE(r.err);
  CHECK(r.status.code == 0);
  CHECK(std::regex_search(r.err, std::regex("haul: f: [0-9]+% of 6\\.68 MiB, [0-9.]+ .?i?B/s")));
}

TEST_CASE("retries are told, but not quietly", "[cli][display]") {
  fault_server server;
  server.add("/f", {.size = 100, .seed = 1});
  server.behave("/f", [](const request_info& r) {
    return r.path_number % 2 == 1 ? reply_plan().with_status(503) : reply_plan();
  });
  temp_dir dir;
  const run_result r = haul_run({"-o", (dir / "a").string(), server.url("/f")});
  CHECK(r.status.code == 0);
  CHECK(contains(r.err, "haul: a: the server failed; again in "));
  const run_result quiet = haul_run({"-q", "-o", (dir / "b").string(), server.url("/f")});
  CHECK(quiet.status.code == 0);
  CHECK(quiet.err.empty());
  CHECK(quiet.out.empty());
}
