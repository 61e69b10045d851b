// A run that is cut short, and the same command again.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <regex>
#include <string>
#include <thread>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mebi = 1 << 20;

/// What the events of a run say it has taken over from the one before.
std::uint64_t resumed_in(const std::string& events) {
  const std::string name = "\"resumed\":";
  const std::size_t at = events.find(name, events.find("\"transfer_started\""));
  return at == std::string::npos ? 0 : std::stoull(events.substr(at + name.size()));
}

/// Whether the events of a run tell of bytes that are there; the first progress has none.
bool has_bytes(const std::string& events) {
  static const std::regex some{R"("downloaded":[1-9])"};
  return std::regex_search(events, some);
}

}  // namespace

TEST_CASE("an interrupt keeps the state, and the same command goes on", "[cli][interrupt]") {
  REQUIRE(nginx::available());
  nginx server;
  constexpr std::uint64_t size = 48 * mebi;
  write_pattern_file(server.root() / "f", 9, size);
  temp_dir dir;
  const arguments args{"--events", "json",          "-d", dir.path().string(), "--limit-rate",
                       "12M",      server.url("/f")};
  for (const int signal : {SIGINT, SIGTERM}) {
    child_process child = haul_start(args);
    // The files of the run before are there from the start: only its events say that it is at work.
    REQUIRE(wait_until([&] { return has_bytes(child.out()); }));
    child.send_signal(signal);
    const exit_status status = child.wait_or_kill(60s);
    CAPTURE(signal, status.signal, child.err());
    CHECK(status.code == 130);
    CHECK(contains(child.err(), "haul: interrupted; the same command goes on"));
    CHECK_FALSE(fs::exists(dir / "f"));
    CHECK(fs::exists(dir / "f.haul"));
  }
  const run_result r = haul_run(args);
  CAPTURE(r.err);
  CHECK(r.status.code == 0);
  CHECK(contains(r.err, "of it from before"));
  CHECK_FALSE(mismatch(dir / "f", 9, size));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f"});
  // Without the state it would have been the whole file three times, or nearly.
  const std::uint64_t twice = body_bytes(server) - size;
  std::cout << "interrupted twice: " << twice / 1024 << " KiB of " << size / 1024
            << " KiB sent twice\n";
  CHECK(twice < size);
}

TEST_CASE("a second interrupt ends it at once", "[cli][interrupt]") {
  fault_server server;
  server.add("/f", {.size = 100 * mebi, .seed = 1, .etag = "\"1\"", .rate = mebi});
  temp_dir dir;
  child_process child = haul_start({"-d", dir.path().string(), server.url("/f")});
  REQUIRE(wait_until([&] { return fs::exists(dir / "f.haul"); }));
  child.send_signal(SIGINT);
  child.send_signal(SIGINT);
  const exit_status status = child.wait_or_kill(60s);
  CHECK(status.code == 130);
  CHECK(status.signal == 0);
}

TEST_CASE("an interrupt ends waiting, and what has not begun does not begin", "[cli][interrupt]") {
  fault_server server;
  server.behave([](const request_info&) { return reply_plan().stall_head(); });
  temp_dir dir;
  arguments args{"-q", "-j", "2", "-d", dir.path().string()};
  for (int i = 0; i < 10; ++i) args.push_back(server.url("/f" + std::to_string(i)));
  child_process child = haul_start(args);
  REQUIRE(server.wait_for([](const server_counters& c) { return c.requests == 2; }));
  child.send_signal(SIGINT);
  CHECK(child.wait_or_kill(60s).code == 130);
  CHECK(server.counters().requests == 2);
  CHECK(only_line(child.err()).starts_with("haul: interrupted"));
  CHECK(list_tree(dir.path()).empty());
}

TEST_CASE("killed in the middle, at most a second or 64 MiB is fetched twice", "[cli][kill]") {
  REQUIRE(nginx::available());
  nginx server;
  constexpr std::uint64_t size = 256 * mebi;
  constexpr std::uint64_t most = 64 * mebi;  // a second of it is as much
  write_pattern_file(server.root() / "f", 9, size);
  for (const char* connections : {"1", "4", "16"}) {
    temp_dir dir;
    const fs::path events = dir / "events";
    child_options how = plain_environment();
    how.out_file = events;
    const arguments args{
        "-q",       "-d",   (dir / "out").string(), "-x", connections, "--limit-rate", "64M",
        "--events", "json", server.url("/f")};
    std::uint64_t had = 0;   // of the file, when the run began
    std::uint64_t sent = 0;  // to the run before
    for (int run = 0; run < 3; ++run) {
      server.clear_log();
      fs::remove(events);
      // The journal of the run before does not count.
      const fs::path journal = dir / "out" / "f.haul-journal";
      std::error_code none;
      const auto before = fs::last_write_time(journal, none);
      child_process child = haul_start(args, how);
      const bool last = run == 2;
      if (last) {
        CHECK(child.wait_or_kill(60s).code == 0);
      } else {
        REQUIRE(wait_until([&] {
          const auto now = fs::last_write_time(journal, none);
          return !none && now != before;
        }));
        std::this_thread::sleep_for(900ms);
        REQUIRE(child.running());
        child.kill_now();
        CHECK_FALSE(fs::exists(dir / "out" / "f"));
      }
      const std::uint64_t has = resumed_in(read_file(events));
      if (run > 0) {
        const std::uint64_t twice = had + sent - std::min(has, had + sent);
        std::cout << "killed with " << connections << " connections: of " << sent / 1024
                  << " KiB sent, " << twice / 1024 << " KiB are sent again\n";
        CHECK(has > had);
        CHECK(twice <= most);
      }
      had = has;
      sent = body_bytes(server);
    }
    CHECK_FALSE(mismatch(dir / "out" / "f", 9, size));
    CHECK(list_tree(dir / "out") == std::vector<std::string>{"f"});
  }
}
