// The programs of examples/tutorial, as docs/tutorial.md shows them.

#include "catch.hpp"
#include "support/child_process.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace haul::test {
namespace {

constexpr std::uint64_t size = 300'000;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

run_result run_program(const std::string& name, std::vector<std::string> arguments) {
  return run(HAUL_TUTORIAL + name, std::move(arguments));
}

struct site {
  site() {
    for (std::uint64_t i = 0; i < 3; ++i) {
      resource r;
      r.size = size;
      r.seed = i;
      r.etag = "\"v1\"";
      server.add("/f" + std::to_string(i), r);
    }
  }

  std::vector<std::string> arguments() const {
    std::vector<std::string> all{dir.path().string()};
    for (int i = 0; i < 3; ++i) all.push_back(server.url("/f" + std::to_string(i)));
    return all;
  }
  void check_files() const {
    for (std::uint64_t i = 0; i < 3; ++i) {
      CHECK_FALSE(mismatch(dir / ("f" + std::to_string(i)), i, size));
    }
  }
  std::string target() const { return (dir / "x").string(); }

  fault_server server;
  temp_dir dir;
};

}  // namespace

TEST_CASE("every program of the tutorial tells how it is used") {
  const std::string name =
      GENERATE("1_one_file", "2_progress", "3_checksum", "4_many_files", "5_pause_and_resume",
               "6_limit", "7_mirrors", "8_own_sink", "9_game_loop");
  const auto r = run_program(name, {});
  CHECK(r.status.code == 2);
  CHECK(contains(r.err, "usage: " + name + " "));
}

TEST_CASE("1_one_file downloads a file") {
  const site s;
  const auto r = run_program("1_one_file", {s.server.url("/f1"), s.target()});
  CHECK(r.status.ok());
  CHECK(r.out == "complete\n");
  CHECK_FALSE(mismatch(s.target(), 1, size));
  const auto none = run_program("1_one_file", {s.server.url("/no"), s.target() + "2"});
  CHECK(none.status.code == 1);
  CHECK(contains(none.out, "404"));
}

TEST_CASE("2_progress shows the progress") {
  site s;
  s.server.behave("/f1", [](const request_info& i) {
    return i.path_number == 1 ? reply_plan{}.with_status(503).with_retry_after("0") : reply_plan{};
  });
  const auto r = run_program("2_progress", {s.server.url("/f1"), s.target()});
  CHECK(r.status.ok());
  CHECK(contains(r.out, "again in "));
  CHECK(contains(r.out, "300000 of 300000 bytes\n"));
  CHECK(contains(r.out, "complete\n"));
  CHECK_FALSE(mismatch(s.target(), 1, size));
}

TEST_CASE("3_checksum takes no other bytes") {
  const site s;
  const std::string right = pattern_sha256(1, size);
  const auto r = run_program("3_checksum", {s.server.url("/f1"), s.target(), right});
  CHECK(r.status.ok());
  CHECK(r.out == "complete\n");
  const std::string other = s.target() + "2";
  const auto wrong = run_program("3_checksum", {s.server.url("/f2"), other, right});
  CHECK(wrong.status.code == 1);
  CHECK(wrong.out == "these are other bytes; nothing is at " + other + "\n");
  CHECK_FALSE(std::filesystem::exists(other));
}

TEST_CASE("4_many_files downloads many files") {
  const site s;
  auto arguments = s.arguments();
  const auto r = run_program("4_many_files", arguments);
  CHECK(r.status.ok());
  CHECK(r.out == "f0: completed\nf1: completed\nf2: completed\n3 of 3 complete\n");
  s.check_files();

  const temp_dir other;
  arguments.front() = other.path().string();
  arguments.push_back(s.server.url("/no"));
  arguments.push_back("ftp://example.com/x");
  const auto mixed = run_program("4_many_files", arguments);
  CHECK(mixed.status.code == 1);
  CHECK(contains(mixed.out, "refused: "));
  CHECK(contains(mixed.out, "no: failed\n"));
  CHECK(contains(mixed.out, "3 of 4 complete\n"));
}

TEST_CASE("5_pause_and_resume pauses, goes on, ends, and goes on in its next run", "[posix]") {
  site s;
  constexpr std::uint64_t big = 8 << 20;  // more than one buffer, so that there is a part file
  resource r;
  r.size = big;
  r.seed = 5;
  r.etag = "\"v1\"";
  s.server.add("/big", r);
  // Each reply stops soon and waits: nothing gets past it but a pause, or the end.
  const gate open;
  s.server.behave("/big",
                  [&](const request_info&) { return reply_plan{}.hold_body(64 << 10, open); });
  child_process child{HAUL_TUTORIAL + std::string{"5_pause_and_resume"},
                      {s.server.url("/big"), s.target()}};
  const auto says = [&](const std::string& line) {
    return wait_until([&] { return contains(child.out(), line); });
  };
  REQUIRE(says("from byte 0 on\n"));
  child.send_signal(SIGINT);
  REQUIRE(says("paused\n"));
  REQUIRE(s.server.wait_for([](const server_counters& c) { return c.connections_open == 0; }));
  child.send_signal(SIGINT);
  REQUIRE(says("resumed\n"));
  child.send_signal(SIGTERM);
  CHECK(child.wait_or_kill(std::chrono::seconds(60)).code == 1);
  CHECK(contains(child.out(), "stopped\n"));
  CHECK_FALSE(std::filesystem::exists(s.target()));
  open.open();

  const auto again = run_program("5_pause_and_resume", {s.server.url("/big"), s.target()});
  CHECK(again.status.ok());
  CHECK(contains(again.out, "complete\n"));
  CHECK_FALSE(mismatch(s.target(), 5, big));
}

TEST_CASE("6_limit begins with a limit and lifts it") {
  const site s;
  const auto r = run_program("6_limit", {s.server.url("/f1"), s.target(), "500000"});
  CHECK(r.status.ok());
  CHECK(r.out == "no limit from now on\ncomplete\n");
  CHECK_FALSE(mismatch(s.target(), 1, size));
}

TEST_CASE("7_mirrors goes on with a mirror") {
  site s;
  s.server.behave("/f1", [](const request_info&) { return reply_plan{}.with_status(503); });
  // The mirror has the same bytes under another name.
  resource r;
  r.size = size;
  r.seed = 1;
  s.server.add("/mirror", r);
  const auto got = run_program("7_mirrors", {s.target(), pattern_sha256(1, size),
                                             s.server.url("/f1"), s.server.url("/mirror")});
  CAPTURE(got.out);
  CHECK(got.status.ok());
  CHECK(contains(got.out, "complete\n"));
  CHECK_FALSE(mismatch(s.target(), 1, size));
}

TEST_CASE("8_own_sink awaits something for each file") {
  const site s;
  const auto r = run_program("8_own_sink", s.arguments());
  CHECK(r.status.ok());
  for (const char* line : {"1. f", "2. f", "3. f"}) CHECK(contains(r.out, line));
  s.check_files();
}

TEST_CASE("9_game_loop polls a queue") {
  const site s;
  const auto r = run_program("9_game_loop", s.arguments());
  CHECK(r.status.ok());
  for (const char* line : {"f0: complete\n", "f1: complete\n", "f2: complete\n"}) {
    CHECK(contains(r.out, line));
  }
  s.check_files();
}

#ifdef HAUL_HAS_LIBUV
TEST_CASE("9_libuv_loop is woken by its sink") {
  const site s;
  const auto r = run_program("9_libuv_loop", s.arguments());
  CHECK(r.status.ok());
  for (const char* line : {"f0: complete\n", "f1: complete\n", "f2: complete\n"}) {
    CHECK(contains(r.out, line));
  }
  s.check_files();
}
#endif

#ifdef HAUL_HAS_QT
TEST_CASE("9_qt_loop has its events posted to it") {
  const site s;
  const auto r = run_program("9_qt_loop", {s.server.url("/f1"), s.target()});
  CHECK(r.status.ok());
  CHECK(contains(r.out, "300000 bytes\n"));
  CHECK(contains(r.out, "complete\n"));
  CHECK_FALSE(mismatch(s.target(), 1, size));
  const auto none = run_program("9_qt_loop", {s.server.url("/no"), s.target() + "2"});
  CHECK(none.status.code == 1);
}
#endif

}  // namespace haul::test
