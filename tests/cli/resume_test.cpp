// The command is killed in the middle of a download, and goes on where it was: with no server but
// the tests' own, so that it runs on every system.

#include "catch.hpp"
#include "support/child_process.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/engine/journal.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace haul::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t size = 24 << 20;

std::string utf8(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

/// How much of the file its journal says is written.
std::uint64_t claimed_by(const fs::path& journal) {
  std::string text;
  try {
    text = read_file(journal);
  } catch (const std::runtime_error&) {
    return 0;  // not there yet; or, on Windows, another takes its place just now
  }
  std::error_code ec;
  const auto state = haul::engine::journal::read(text, ec);
  return state ? state->written.size() : 0;
}

}  // namespace

TEST_CASE("killed, and gone on with, plain and over TLS", "[cli][resume]") {
  const bool tls = GENERATE(false, true);
  CAPTURE(tls);
  test_ca ca;
  server_options options;
  if (tls) options.tls = ca.valid();
  fault_server server{options};
  server.add("/f", {.size = size, .seed = 5, .etag = "\"v1\""});
  // More than half of each reply, and then nothing until the command is dead.
  const gate rest;
  server.behave("/f", [&](const request_info& r) {
    const std::uint64_t first = r.range && r.range->first ? *r.range->first : 0;
    const std::uint64_t last = r.range && r.range->last ? *r.range->last : size - 1;
    if (rest.is_open() || last - first < 2000) return reply_plan();
    return reply_plan().hold_body((last - first) * 2 / 3, rest);
  });
  temp_dir dir;
  // A name that needs more than one code page.
  const fs::path target = dir / "to" / fs::path{u8"d\u00e9p\u00f4t \u6587\u4ef6.bin"};
  std::vector<std::string> args{"-x",
                                "4",
                                "-o",
                                utf8(target.filename()),
                                "-d",
                                utf8(target.parent_path()),
                                server.url("/f", tls ? "localhost" : "127.0.0.1")};
  if (tls) args.insert(args.begin(), {"--cacert", utf8(ca.file())});

  std::uint64_t sent = 0;
  {
    child_process first{HAUL_COMMAND, args, plain_environment()};
    fs::path journal = target;
    journal += ".haul-journal";
    // Half of it is there, and its journal says so.
    const bool ready =
        wait_until([&] { return !first.running() || claimed_by(journal) > size / 2; });
    CAPTURE(first.err(), claimed_by(journal), server.counters().body_bytes);
    REQUIRE(ready);
    REQUIRE(first.running());
    first.kill_now();
    sent = server.counters().body_bytes;
  }
  CHECK_FALSE(fs::exists(target));
  rest.open();
  server.clear_log();

  const run_result second = run(HAUL_COMMAND, args, plain_environment(), std::chrono::minutes(2));
  CAPTURE(second.err, sent);
  REQUIRE(second.status.code == 0);
  CHECK_FALSE(mismatch(target, 5, size));
  CHECK(list_tree(dir / "to") == std::vector<std::string>{utf8(target.filename())});
  // Much of what was claimed is not fetched again, whatever is cut short when work is shared out.
  CHECK(server.counters().body_bytes < size / 4 * 3);
}
