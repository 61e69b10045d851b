// The state of a batch in a database, through kills and damage.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int count = 500;

std::uint64_t size_of(int i) { return static_cast<std::uint64_t>(i) * 7919 % 90'000; }

std::string name_of(int i) { return "f" + std::to_string(i); }

/// The files that have their final name.
std::set<std::string> finished_in(const fs::path& dir) {
  std::set<std::string> all;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".haul") == std::string::npos) all.insert(name);
  }
  return all;
}

}  // namespace

TEST_CASE("a batch of 500 killed again and again completes; what is finished is not fetched again",
          "[cli][database][kill]") {
  REQUIRE(nginx::available());
  nginx server;
  temp_dir dir;
  std::string list;
  for (int i = 0; i < count; ++i) {
    write_pattern_file(server.root() / name_of(i), static_cast<std::uint64_t>(i), size_of(i));
    list += server.url("/" + name_of(i)) + '\t' + name_of(i) + '\n';
  }
  write_file(dir / "list", list);
  const fs::path out = dir / "out";
  fs::create_directory(out);
  const std::string database = (dir / "state.db").string();

  std::set<std::string> before;
  std::size_t seen = 0;
  const auto check_log = [&] {
    const auto log = server.settled_log();
    for (std::size_t i = seen; i < log.size(); ++i) {
      INFO(log[i].uri);
      CHECK_FALSE(before.contains(log[i].uri.substr(1)));
    }
    seen = log.size();
  };
  for (std::size_t kill = 0; kill < 4; ++kill) {
    const arguments args =
        kill == 0 ? arguments{"-q",
                              "--db",
                              database,
                              "-d",
                              out.string(),
                              "-i",
                              (dir / "list").string(),
                              "--limit-rate",
                              "8M"}
                  : arguments{"-q", "--db", database, "--resume-all", "--limit-rate", "8M"};
    child_process child = haul_start(args);
    REQUIRE(wait_until([&] { return finished_in(out).size() >= (kill + 1) * 100; }));
    child.kill_now();
    check_log();
    before = finished_in(out);
  }
  const run_result r = haul_run({"-q", "--db", database, "--resume-all"});
  CAPTURE(r.err);
  CHECK(r.status.code == 0);
  check_log();
  CHECK(finished_in(out).size() == count);
  CHECK(list_tree(out).size() == count);  // and nothing beside them
  for (int i = 0; i < count; ++i) {
    INFO(name_of(i));
    CHECK_FALSE(mismatch(out / name_of(i), static_cast<std::uint64_t>(i), size_of(i)));
  }
  const run_result again = haul_run({"-q", "--db", database, "--resume-all"});
  CHECK(again.status.code == 0);
  CHECK(server.settled_log().size() == seen);
}

TEST_CASE("the same command with the same database goes on, and knows what is there",
          "[cli][database]") {
  REQUIRE(nginx::available());
  nginx server;
  constexpr std::uint64_t size = 24 << 20;
  write_pattern_file(server.root() / "f", 3, size);
  temp_dir dir;
  const arguments args{
      "-q", "--db", (dir / "s.db").string(), "-d", (dir / "out").string(), server.url("/f")};
  arguments slow = args;
  slow.insert(slow.end(), {"--limit-rate", "6M"});
  child_process child = haul_start(slow);
  REQUIRE(wait_until([&] { return fs::exists(dir / "out" / "f.haul-journal"); }));
  child.kill_now();
  CHECK(haul_run(args).status.code == 0);
  CHECK_FALSE(mismatch(dir / "out" / "f", 3, size));
  const std::size_t requests = server.settled_log().size();
  // It was recorded: there is nothing to do, and that is no error.
  CHECK(haul_run(args).status.code == 0);
  CHECK(server.settled_log().size() == requests);
}

TEST_CASE("a damaged database is put aside, and the user is told", "[cli][database]") {
  temp_dir dir;
  const std::string rubbish(10'000, 'x');
  write_file(dir / "s.db", rubbish);
  const run_result r = haul_run({"--db", (dir / "s.db").string(), "--resume-all"});
  CHECK(r.status.code == 1);
  const std::string line = only_line(r.err);
  CHECK(contains(line, "the database is damaged"));
  CHECK(contains(line, "s.db.damaged-1"));
  CHECK(read_file(dir / "s.db.damaged-1") == rubbish);
  CHECK(haul_run({"-q", "--db", (dir / "s.db").string(), "--resume-all"}).status.code == 0);
}

TEST_CASE("usage of the database options", "[cli][database]") {
  for (const arguments& args :
       {arguments{"--resume-all"}, arguments{"--db", "x", "--resume-all", "http://127.0.0.1/x"},
        arguments{"--db", ""}}) {
    CHECK(haul_run(args).status.code == 2);
  }
}
