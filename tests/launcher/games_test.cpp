// Whole games, installed, damaged, repaired, updated, played and removed by the launcher command.

#include "catch.hpp"
#include "rig.hpp"
#include "support/pattern.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace haul::test;
namespace fs = std::filesystem;

namespace {

std::string name_of(const char* format, std::size_t i) {
  char name[64];
  std::snprintf(name, sizeof name, format, i);
  return name;
}

std::string big(std::size_t i) { return name_of("packs/pack_%02zu.pak", i); }
std::string small(std::size_t i) {
  return name_of("data/%02zu/", i % 40) + name_of("file_%04zu.dat", i);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* script =
    "#!/bin/sh\n"
    "echo \"$@\" > ran\n"
    "while [ ! -e end ]; do sleep 0.05; done\n"
    "exit 7\n";

void make_small_game(game_server& g, const std::string& version, std::size_t files,
                     std::uint64_t size) {
  for (std::size_t i = 0; i < files; ++i) {
    write_pattern_file(g.folder(version) / small(i), 100 + i, size);
  }
}

}  // namespace

TEST_CASE("a large game: installed, repaired, updated", "[launcher][games]") {
  const std::uint64_t mib = game_mib();
  const std::size_t count = mib >= 512 ? 2000 : 300;
  constexpr std::size_t bigs = 20;
  const std::uint64_t big_size = (mib << 19) / bigs + 12'345;
  const std::uint64_t small_size = (mib << 19) / (count - bigs);
  game_server g;
  const std::uint64_t piece = g.piece_size;
  REQUIRE(big_size > 10 * piece);
  for (std::size_t i = 0; i < bigs; ++i) {
    write_pattern_file(g.folder("v1") / big(i), i + 1, big_size);
  }
  make_small_game(g, "v1", count - bigs, small_size);
  g.publish("v1");
  const std::uint64_t total = bigs * big_size + (count - bigs) * small_size;

  temp_dir dir;
  const fs::path to = dir / "game";
  // Over one connection for a file: where one takes over from another, the server has sent a little
  // that nobody has read, and this is about what is asked for.
  const run_result installed =
      launcher_run({"install", g.manifest_url("v1"), to.string(), "-x", "1"});
  INFO(installed.err);
  REQUIRE(installed.status.code == 0);
  CHECK(difference(g.folder("v1"), to) == "");
  CHECK(g.sent() == total);
  CHECK(list_tree(to / ".launcher") == std::vector<std::string>{"installed.json", "lock"});
  CHECK(launcher_run({"verify", "-q", to.string()}).status.code == 0);

  // What is whole costs the manifest and nothing else.
  g.server.clear_log();
  CHECK(launcher_run({"update", "-q", to.string()}).status.code == 0);
  CHECK(g.sent() == 0);

  // Ten files: a byte in five large and three small ones, one that is cut and one that is gone.
  const auto piece_at = [&](std::uint64_t at, std::uint64_t size) {
    return std::min(piece, size - at / piece * piece);
  };
  std::uint64_t due = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::uint64_t at = i * (big_size - 1) / 4;
    damage(to / big(i), at);
    due += piece_at(at, big_size);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    damage(to / small(i), small_size - 1);
    due += piece_at(small_size - 1, small_size);
  }
  fs::resize_file(to / big(6), big_size / 2);
  due += big_size - big_size / 2 / piece * piece;
  fs::remove(to / small(7));
  due += small_size;
  const run_result bad = launcher_run({"verify", "--events", "json", to.string()});
  CHECK(bad.status.code == 3);
  const auto found = events_of(bad.out);
  CHECK(std::count_if(found.begin(), found.end(),
                      [](const auto& e) { return text(e, "event") == "bad"; }) == 10);
  g.server.clear_log();
  const run_result repaired = launcher_run({"repair", to.string(), "-x", "1"});
  INFO(repaired.err);
  REQUIRE(repaired.status.code == 0);
  CHECK(difference(g.folder("v1"), to) == "");
  CHECK(g.sent() == due);

  // A hundred changes: pieces of large files, small ones, some that come, go or are called
  // otherwise.
  g.copy("v1", "v2");
  due = 0;
  std::uint64_t cut = 0;  // of the last piece, which has become shorter, but not other
  for (std::size_t i = 0; i < 10; ++i) {
    std::string bytes = read_file(g.folder("v1") / big(i));
    for (const std::uint64_t at : {std::uint64_t{5}, big_size / 2}) bytes[at] ^= 1;
    if (i == 9) bytes.resize(bytes.size() - piece);  // one has also become shorter
    due += 2 * piece;
    if (i == 9) cut = bytes.size() % piece;
    g.replace("v2", big(i), bytes);
  }
  for (std::size_t i = 100; i < 165; ++i) {
    g.replace("v2", small(i), pattern_bytes(i + 50'000, 0, small_size + i));
    due += small_size + i;
  }
  for (std::size_t i = 165; i < 175; ++i) g.remove("v2", small(i));
  for (std::size_t i = 0; i < 10; ++i) {
    const std::string path = "more/" + name_of("n_%zu", i);
    g.replace("v2", path, pattern_bytes(i + 60'000, 0, 1000 + i));
    due += 1000 + i;
  }
  for (std::size_t i = 175; i < 180; ++i) {
    fs::create_directories(g.folder("v2") / "renamed");
    fs::rename(g.folder("v2") / small(i), g.folder("v2") / "renamed" / std::to_string(i));
  }
  g.publish("v2");
  write_file(to / "saves" / "mine", "the user's");
  g.server.clear_log();
  const run_result updated =
      launcher_run({"install", g.manifest_url("v2"), to.string(), "-x", "1", "--events", "json"});
  INFO(updated.err);
  REQUIRE(updated.status.code == 0);
  CHECK(read_file(to / "saves" / "mine") == "the user's");
  fs::remove_all(to / "saves");
  CHECK(difference(g.folder("v2"), to) == "");
  CHECK(g.sent() == due);
  const auto events = events_of(updated.out);
  const auto& plan = events.at(find_event(events, "plan"));
  CHECK(number(plan, "to_fetch") == 85);
  CHECK(number(plan, "to_remove") == 15);
  // The hashes alone do not tell that what is left of a piece is right.
  CHECK(number(plan, "bytes") == due + cut);
  CHECK(launcher_run({"verify", "-q", to.string()}).status.code == 0);
}

TEST_CASE("two games, and which one goes first is changed", "[launcher][games]") {
  game_server g;
  for (const char* v : {"a", "b"}) {
    make_small_game(g, v, 24, 400'000);
    g.publish(v, {}, v);
  }
  temp_dir dir;
  const fs::path pipe = dir / "control";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const fs::path a = dir / "a";
  const fs::path b = dir / "b";
  child_process child = launcher_start(
      {"install", g.manifest_url("a"), a.string(), g.manifest_url("b"), b.string(), "-j", "1", "-x",
       "1", "--limit-rate", "400K", "--control", pipe.string(), "--events", "json"});
  REQUIRE(wait_for_text(child, R"({"event":"phase","game":"b","phase":"fetching"})"));
  REQUIRE(wait_for_text(child, R"({"event":"fetched","game":"a")"));
  std::ofstream{pipe} << "first b\nlimit 0\nfly\n" << std::flush;
  const exit_status status = child.wait_or_kill(std::chrono::seconds(120));
  INFO(child.err());
  REQUIRE(status.code == 0);
  CHECK(difference(g.folder("a"), a) == "");
  CHECK(difference(g.folder("b"), b) == "");
  const auto events = events_of(child.out());
  const std::size_t change = find_event(events, "priority", "b");
  REQUIRE(change < events.size());
  const std::size_t limit = find_event(events, "limit", "", change);
  REQUIRE(limit < events.size());
  CHECK(number(events[limit], "bytes_per_second") == 0);
  CHECK(has(child.err(), "--control: 'fly' is no command"));
  // Since it was ready, the first one has got its files first; and then the other one. What was on
  // its way, or just over and not yet told, does not count. Which one is in place first is another
  // matter: both are soon, without the limit.
  std::size_t ready = 0;
  while (text(events.at(ready), "phase") != "fetching" || text(events[ready], "game") != "a") {
    ++ready;
  }
  std::size_t last_a = 0;
  std::size_t last_b = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (text(events[i], "event") != "fetched") continue;
    (text(events[i], "game") == "a" ? last_a : last_b) = i;
  }
  std::size_t b_before = 0;
  std::size_t a_between = 0;
  for (std::size_t i = ready; i < last_b; ++i) {
    if (text(events[i], "event") != "fetched") continue;
    if (i < change && text(events[i], "game") == "b") ++b_before;
    if (i > change && text(events[i], "game") == "a") ++a_between;
  }
  CHECK(b_before <= 2);
  CHECK(a_between <= 2);
  CHECK(last_b < last_a);
}

TEST_CASE("a game that runs, and another that is updated meanwhile", "[launcher][games]") {
  game_server g;
  write_file(g.folder("a") / "bin" / "game.sh", script);
  fs::permissions(g.folder("a") / "bin" / "game.sh", fs::perms::owner_all);
  g.publish("a", {"--start", "bin/game.sh", "--argument", "one two"}, "a");
  make_small_game(g, "b", 20, 200'000);
  g.publish("b", {}, "b");
  temp_dir dir;
  const fs::path a = dir / "a";
  const fs::path b = dir / "b";
  REQUIRE(launcher_run(
              {"install", "-q", g.manifest_url("a"), a.string(), g.manifest_url("b"), b.string()})
              .status.code == 0);
  for (std::size_t i = 0; i < 20; ++i) fs::remove(b / small(i));
  child_process child = launcher_start({"play", a.string(), "--update", b.string(), "-j", "1",
                                        "--playing-limit", "200K", "--events", "json"});
  REQUIRE(wait_for_text(child, R"({"event":"game_started","game":"a")"));
  // 4 MB at 200 kB a second: it is in the middle of it.
  REQUIRE(wait_for_text(child, R"({"event":"fetched","game":"b")"));
  write_file(a / "end", "");
  const exit_status status = child.wait_or_kill(std::chrono::seconds(120));
  INFO(child.err());
  REQUIRE(status.code == 0);
  CHECK(read_file(a / "ran") == "one two\n");
  CHECK(difference(g.folder("b"), b) == "");
  const auto events = events_of(child.out());
  const std::size_t limited = find_event(events, "limit");
  REQUIRE(limited < events.size());
  CHECK(number(events[limited], "bytes_per_second") == 200 << 10);
  const std::size_t started = find_event(events, "game_started", "a");
  const std::size_t ended = find_event(events, "game_ended", "a");
  REQUIRE(ended < events.size());
  const std::size_t free = find_event(events, "limit", "", ended);
  REQUIRE(free < events.size());
  CHECK(number(events[free], "bytes_per_second") == 0);
  CHECK(number(events[ended], "code") == 7);
  CHECK(limited < started);
  CHECK(find_event(events, "limit", "", limited + 1) == free);
  CHECK(free < find_event(events, "finished", "b"));

  SECTION("one that is not whole is not run") {
    fs::remove(a / "ran");
    fs::remove(a / "bin" / "game.sh");
    const run_result r = launcher_run({"play", a.string()});
    CHECK(r.status.code == 3);
    CHECK(has(r.err, "1 of 1 file is not right: repair it"));
    CHECK_FALSE(fs::exists(a / "ran"));
  }
  SECTION("the launcher ends and the game does not") {
    fs::remove(a / "end");
    fs::remove(a / "ran");
    child_process second = launcher_start({"play", a.string(), "--events", "json"});
    REQUIRE(wait_for_text(second, "game_started"));
    second.send_signal(SIGINT);
    CHECK(second.wait_or_kill(std::chrono::seconds(60)).code == 130);
    const auto told = events_of(second.out());
    const auto game =
        static_cast<pid_t>(number(told.at(find_event(told, "game_started")), "process"));
    CHECK(::kill(game, 0) == 0);
    write_file(a / "end", "");
  }
}

TEST_CASE("groups, and what is left of a game", "[launcher][games]") {
  game_server g;
  make_small_game(g, "v", 3, 5000);
  write_file(g.folder("v") / "lang" / "de" / "text", "hallo");
  write_file(g.folder("v") / "lang" / "fr" / "text", "bonjour");
  write_file(g.folder("v") / "empty", "");
  g.publish("v", {"--group", "+de=lang/de", "--group", "fr=lang/fr"});
  temp_dir dir;
  const fs::path to = dir / "game";
  REQUIRE(launcher_run({"install", "-q", g.manifest_url("v"), to.string()}).status.code == 0);
  CHECK(fs::exists(to / "lang" / "de" / "text"));
  CHECK_FALSE(fs::exists(to / "lang" / "fr"));
  CHECK(fs::file_size(to / "empty") == 0);
  REQUIRE(launcher_run({"update", "-q", "-g", "fr", to.string()}).status.code == 0);
  CHECK_FALSE(fs::exists(to / "lang" / "de"));
  CHECK(read_file(to / "lang" / "fr" / "text") == "bonjour");
  // They are kept.
  REQUIRE(launcher_run({"repair", "-q", to.string()}).status.code == 0);
  REQUIRE(launcher_run({"update", "-q", to.string()}).status.code == 0);
  CHECK(fs::exists(to / "lang" / "fr" / "text"));
  REQUIRE(launcher_run({"update", "-q", "-g", "none", to.string()}).status.code == 0);
  CHECK_FALSE(fs::exists(to / "lang"));
  const run_result none = launcher_run({"update", "-g", "it", to.string()});
  CHECK(none.status.code == 1);
  CHECK(has(none.err, "no group 'it'"));

  write_file(to / "data" / "00" / "mine", "the user's");
  REQUIRE(launcher_run({"uninstall", "-q", to.string()}).status.code == 0);
  CHECK(list_tree(to) == std::vector<std::string>{"data/", "data/00/", "data/00/mine"});
}

TEST_CASE("an interruption, and going on after it", "[launcher][games]") {
  game_server g;
  make_small_game(g, "v", 60, 300'000);
  g.publish("v");
  temp_dir dir;
  const fs::path to = dir / "game";
  child_process child = launcher_start({"install", g.manifest_url("v"), to.string(), "-j", "2",
                                        "--limit-rate", "200K", "--events", "json"});
  REQUIRE(wait_for_text(child, "\"fetched\""));
  // Only one launcher at a time.
  const run_result second = launcher_run({"update", to.string()});
  CHECK(second.status.code == 1);
  CHECK(has(second.err, "another launcher is at work in"));
  child.send_signal(SIGINT);
  REQUIRE(child.wait_or_kill(std::chrono::seconds(60)).code == 130);
  CHECK(has(child.err(), "interrupted; the same command goes on where it was"));
  CHECK_FALSE(fs::exists(to / ".launcher" / "installed.json"));
  CHECK_FALSE(fs::exists(to / "data"));
  const auto staged = list_tree(to / ".launcher" / "stage");
  CHECK_FALSE(staged.empty());
  const run_result not_yet = launcher_run({"verify", to.string()});
  CHECK(not_yet.status.code == 1);
  CHECK(has(not_yet.err, "is not installed yet"));
  // Not by the manifest's name: where it is has been written down.
  g.server.clear_log();
  const run_result rest = launcher_run({"update", to.string()});
  INFO(rest.err);
  REQUIRE(rest.status.code == 0);
  CHECK(difference(g.folder("v"), to) == "");
  CHECK(g.sent() < 60 * 300'000);
}

TEST_CASE("what an update that failed has fetched serves the next one", "[launcher][games]") {
  game_server g;
  make_small_game(g, "v1", 10, 100'000);
  g.publish("v1");
  temp_dir dir;
  const fs::path to = dir / "game";
  REQUIRE(launcher_run({"install", "-q", g.manifest_url("v1"), to.string()}).status.code == 0);
  g.copy("v1", "v2");
  for (std::size_t i = 0; i < 5; ++i) {
    g.replace("v2", small(i), pattern_bytes(i + 70, 0, 110'000));
  }
  g.publish("v2");
  g.copy("v2", "v3");
  g.replace("v3", small(9), "other");
  g.publish("v3");
  fs::remove(g.folder("v2") / small(4));
  const run_result failed = launcher_run({"install", g.manifest_url("v2"), to.string()});
  CHECK(failed.status.code == 1);
  CHECK(has(failed.err, small(4) + ": http://127.0.0.1"));
  CHECK(has(failed.err, "1 file could not be fetched"));
  CHECK(difference(g.folder("v1"), to) == "");
  // The version before is still what is there.
  CHECK(launcher_run({"verify", "-q", to.string()}).status.code == 0);
  g.server.clear_log();
  REQUIRE(launcher_run({"install", "-q", g.manifest_url("v3"), to.string()}).status.code == 0);
  CHECK(difference(g.folder("v3"), to) == "");
  // The one that failed, and the one that is new.
  CHECK(g.sent() == 110'000 + 5);
}

TEST_CASE("bars, where there is a terminal", "[launcher][games]") {
  game_server g;
  for (const char* v : {"a", "b"}) {
    make_small_game(g, v, 8, 100'000);
    g.publish(v, {"--name", std::string{"The Game "} + v}, v);
  }
  temp_dir dir;
  const run_result r = launcher_in_terminal({"install", g.manifest_url("a"), (dir / "a").string(),
                                             g.manifest_url("b"), (dir / "b").string(), "-j", "1",
                                             "--limit-rate", "400K"});
  CAPTURE(r.out);
  CHECK(r.status.code == 0);
  CHECK(has(r.out, "The Game a: "));
  CHECK(has(r.out, "/8 files"));
  CHECK(has(r.out, "all: "));
  CHECK(has(r.out, "[="));
  CHECK(has(r.out, "a: a is whole; 8 files put in place"));
}

TEST_CASE("what cannot be done is told in one line", "[launcher][games]") {
  game_server g;
  temp_dir dir;
  const fs::path to = dir / "game";
  const auto fails = [&](arguments args, int code, const std::string& why) {
    const run_result r = launcher_run(std::move(args));
    CAPTURE(r.err, why);
    CHECK(r.status.code == code);
    CHECK(has(r.err, why));
    CHECK(r.err.starts_with("launcher: "));
  };
  const std::string hash(64, 'a');
  const auto manifest = [&](const std::string& files) {
    const fs::path path = dir / "m.json";
    write_file(path, R"({"format":1,"game":"g","version":"1","base_urls":["http://127.0.0.1:1/"],)"
                     R"("files":[)" +
                         files + "]}");
    return path.string();
  };
  const auto row = [&](const std::string& path, const std::string& size) {
    return R"({"path":")" + path + R"(","size":)" + size + R"(,"sha256":")" + hash + "\"}";
  };
  fails({"install", g.server.url("/none.json"), to.string()}, 1, "none.json: requesting: ");
  fails({"install", (dir / "none.json").string(), to.string()}, 1, "the manifest '");
  fails({"install", manifest(row("../x", "1")), to.string()}, 1,
        "the manifest: files[0].path: '../x': '..' in it");
  fails({"install", manifest(row("x", "8000000000000")), to.string()}, 1, "not enough space in");
  fails({"install", manifest(row("x", "5")), to.string(), "--retries", "0"}, 1,
        "x: http://127.0.0.1:1/x: connecting: ");
  fails({"update", (dir / "nowhere").string()}, 1, "there is no game in");
  fails({"install", "one"}, 2, "a manifest and a folder are needed");
  fails({"install", "m", to.string(), "n", to.string() + "/"}, 2, "is named twice");
  fails({"fly"}, 2, "");
  fails({"verify"}, 2, "no folder is named");
  fails({"verify", to.string(), "--limit-rate", "fast"}, 2, "'fast' is not a number");

  // Bytes that are not those of the manifest never become the game's.
  write_file(g.folder("v") / "x", "12345");
  g.publish("v");
  write_file(g.folder("v") / "x", "12346");
  fails({"install", g.manifest_url("v"), (dir / "other").string(), "--retries", "0"}, 1,
        "verifying: ");
  CHECK_FALSE(fs::exists(dir / "other" / "x"));

  // Another game's folder.
  g.publish("v", {}, "game");
  REQUIRE(
      launcher_run({"install", "-q", g.manifest_url("v"), (dir / "third").string()}).status.code ==
      0);
  fails({"install", manifest(row("x", "5")), (dir / "third").string()}, 1,
        "there is another game in");
  // A link on the way of a file.
  g.replace("w", "sub/y", "12345");
  g.publish("w");
  temp_dir elsewhere;
  fs::create_directory_symlink(elsewhere.path(), dir / "third" / "sub");
  fails({"install", g.manifest_url("w"), (dir / "third").string()}, 1, "'sub' is a link");
  CHECK(list_tree(elsewhere.path()).empty());
  CHECK(read_file(dir / "third" / "x") == "12346");
  // What is damaged of its own records.
  write_file(dir / "third" / ".launcher" / "commit.json", "{\"next\":");
  fails({"verify", (dir / "third").string()}, 1, "is damaged: repair the game");
  REQUIRE(launcher_run({"repair", "-q", (dir / "third").string()}).status.code == 0);
  CHECK(launcher_run({"verify", "-q", (dir / "third").string()}).status.code == 0);
}
