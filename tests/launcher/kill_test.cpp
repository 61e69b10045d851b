// kill -9 at random moments of installations and updates: whatever is in the folder, it never says
// to be a version that it is not, and the last run makes it one.
//
// HAUL_TEST_KILLS is how often the launcher is killed (20), HAUL_TEST_SEED what the moments come
// from. What a real process cannot show is a loss of power: swap_test.cpp has a model for that.

#include "catch.hpp"
#include "launcher/record.hpp"
#include "rig.hpp"
#include "support/pattern.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Of what the folder says that it is; empty when that is nothing, or in between.
std::string claimed_version(const fs::path& folder) {
  if (fs::exists(folder / ".launcher" / "commit.json")) return {};
  if (!fs::exists(folder / ".launcher" / "installed.json")) return {};
  const auto record =
      launcher::read_install_record(read_file(folder / ".launcher" / "installed.json"));
  REQUIRE(record);
  return record->whole ? record->what.version : std::string{};
}

}  // namespace

TEST_CASE("killed again and again", "[launcher][kill]") {
  const char* asked = std::getenv("HAUL_TEST_KILLS");
  const int kills = asked ? std::atoi(asked) : 20;
  const char* given = std::getenv("HAUL_TEST_SEED");
  const unsigned seed =
      given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "seed " << seed << '\n';
  CAPTURE(seed);
  std::mt19937 dice{seed};

  const std::uint64_t mib = std::min<std::uint64_t>(game_mib(), 256);
  game_server g;
  const std::size_t smalls = 500;
  for (std::size_t i = 0; i < 8; ++i) {
    write_pattern_file(g.folder("v1") / "packs" / std::to_string(i), i + 1, (mib << 19) / 8);
  }
  for (std::size_t i = 0; i < smalls; ++i) {
    write_pattern_file(g.folder("v1") / "data" / std::to_string(i % 20) / std::to_string(i),
                       i + 100, (mib << 19) / smalls);
  }
  g.copy("v1", "v2");
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string path = "packs/" + std::to_string(i);
    std::string bytes = read_file(g.folder("v1") / path);
    bytes[bytes.size() / 3] ^= 1;
    g.replace("v2", path, bytes);
  }
  for (std::size_t i = 0; i < smalls; i += 2) {
    const std::string path = "data/" + std::to_string(i % 20) + '/' + std::to_string(i);
    if (i % 10 == 0) {
      g.remove("v2", path);
      g.replace("v2", path + "/now/a/folder", pattern_bytes(i, 0, 2000));
    } else {
      g.replace("v2", path, pattern_bytes(i + 9000, 0, 3000 + i));
    }
  }
  g.publish("v1");
  g.publish("v2");

  temp_dir dir;
  const fs::path to = dir / "game";
  std::string wanted = "v1";
  auto longest = 2000ms;
  int killed = 0;
  int in_swaps = 0;
  int in_between = 0;
  int finished = 0;
  int runs = 0;
  bool over = false;
  while (!over) {
    REQUIRE(++runs < 20 * kills + 50);
    const auto begun = std::chrono::steady_clock::now();
    child_process child =
        launcher_start({"install", "-q", g.manifest_url(wanted), to.string(), "--events", "json"});
    std::optional<exit_status> ended;
    const bool in_peace = killed >= kills;
    // Half of them in the swap, which is short.
    const bool in_swap = !in_peace && dice() % 2 == 0;
    if (in_peace) {
      ended = child.wait_or_kill(300s);
    } else if (in_swap) {
      wait_for_text(child, R"("phase":"installing")");
      // Its longer part is to sync; then there is a record, and the files are moved.
      if (dice() % 4 != 0) {
        while (child.running() && !fs::exists(to / ".launcher" / "commit.json")) {
        }
        std::this_thread::sleep_for(std::chrono::microseconds(dice() % 6000));
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 25));
      }
      ended = child.wait_for(0ms);
    } else {
      ended = child.wait_for(
          std::chrono::milliseconds(dice() % static_cast<unsigned>(longest.count() + 1)));
    }
    if (!ended) {
      ended = child.kill_now();
      if (ended->code != 0) ++killed;
      if (ended->code != 0 && in_swap) ++in_swaps;
    }
    CAPTURE(runs, wanted, child.err());
    if (fs::exists(to / ".launcher" / "commit.json")) ++in_between;
    const std::string claimed = claimed_version(to);
    if (!claimed.empty()) {
      INFO("it says that it is " << claimed);
      REQUIRE(difference(g.folder(claimed), to) == "");
    }
    if (ended->code < 0) continue;
    REQUIRE(ended->code == 0);
    REQUIRE(claimed == wanted);
    ++finished;
    over = in_peace;
    longest = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    longest = std::clamp(longest, 20ms, 10'000ms);
    // There and back; now and then from nothing.
    wanted = wanted == "v1" ? "v2" : "v1";
    if (!in_peace && dice() % 3 == 0) {
      fs::remove_all(to);
      wanted = "v1";
    }
  }
  CHECK(launcher_run({"verify", "-q", to.string()}).status.code == 0);
  CHECK(list_tree(to / ".launcher") == std::vector<std::string>{"installed.json", "lock"});
  std::cout << "killed " << killed << " times in " << runs << " runs, " << in_swaps
            << " times while it installed, which left it in between two versions " << in_between
            << " times; " << finished << " versions finished\n";
}
