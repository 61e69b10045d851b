#include "catch.hpp"
#include "support/child_process.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <string>
#include <vector>

namespace haul::test {
namespace {

constexpr std::uint64_t size = 300'000;

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

  fault_server server;
  temp_dir dir;
};

}  // namespace

TEST_CASE("one_file downloads a file and shows its progress") {
  const site s;
  const auto target = s.dir / "x";
  const auto r = run(EXAMPLE_ONE_FILE, {s.server.url("/f1"), target.string()});
  CHECK(r.status.ok());
  CHECK(r.out.find("300000 of 300000 bytes\n") != std::string::npos);
  CHECK(r.out.find("complete\n") != std::string::npos);
  CHECK_FALSE(mismatch(target, 1, size));
  const auto none = run(EXAMPLE_ONE_FILE, {s.server.url("/no"), target.string() + "2"});
  CHECK(none.status.code == 1);
  CHECK(none.out.find("404") != std::string::npos);
}

TEST_CASE("batch downloads many files") {
  const site s;
  const auto r = run(EXAMPLE_BATCH, s.arguments());
  CHECK(r.status.ok());
  CHECK(r.out == "3 of 3 complete\n");
  s.check_files();
}

TEST_CASE("own_sink awaits something for each file") {
  const site s;
  const auto r = run(EXAMPLE_OWN_SINK, s.arguments());
  CHECK(r.status.ok());
  for (const char* line : {"1. f", "2. f", "3. f"}) CHECK(r.out.find(line) != std::string::npos);
  s.check_files();
}

TEST_CASE("game_loop polls a queue") {
  const site s;
  const auto r = run(EXAMPLE_GAME_LOOP, s.arguments());
  CHECK(r.status.ok());
  for (const char* line : {"f0: complete\n", "f1: complete\n", "f2: complete\n"}) {
    CHECK(r.out.find(line) != std::string::npos);
  }
  s.check_files();
}

}  // namespace haul::test
