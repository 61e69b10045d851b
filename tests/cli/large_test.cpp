// Large files over plain HTTP and TLS, exact with any number of connections. HAUL_TEST_LARGE_MIB
// says how large; 256 otherwise.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

using namespace haul::test;
namespace fs = std::filesystem;

namespace {

bool same_bytes(const fs::path& a, const fs::path& b) {
  std::ifstream x(a, std::ios::binary);
  std::ifstream y(b, std::ios::binary);
  std::vector<char> p(1 << 20);
  std::vector<char> q(1 << 20);
  while (x && y) {
    x.read(p.data(), static_cast<std::streamsize>(p.size()));
    y.read(q.data(), static_cast<std::streamsize>(q.size()));
    if (x.gcount() != y.gcount() || !std::equal(p.begin(), p.begin() + x.gcount(), q.begin())) {
      return false;
    }
  }
  return x.eof() && y.eof() && fs::file_size(a) == fs::file_size(b);
}

std::uint64_t wanted_size() {
  const char* mib = std::getenv("HAUL_TEST_LARGE_MIB");
  return (mib ? std::stoull(mib) : 256) << 20;
}

}  // namespace

TEST_CASE("a large file is exact", "[cli][large]") {
  REQUIRE(nginx::available());
  test_ca ca;
  nginx_options o;
  o.tls = ca.valid();
  nginx server(o);
  const std::uint64_t size = wanted_size() + 12'345;
  write_pattern_file(server.root() / "f", 11, size);
  for (const bool tls : {false, true}) {
    for (const char* connections : {"1", "4", "16"}) {
      temp_dir dir;
      server.clear_log();
      const auto begin = std::chrono::steady_clock::now();
      const run_result r =
          haul_run({"-q", "--cacert", ca.file().string(), "-x", connections, "-o",
                    (dir / "f").string(), tls ? server.tls_url("/f") : server.url("/f")},
                   plain_environment(), std::chrono::minutes(5));
      const std::chrono::duration<double> lasted = std::chrono::steady_clock::now() - begin;
      CAPTURE(tls, connections, r.err);
      CHECK(r.status.code == 0);
      CHECK(same_bytes(dir / "f", server.root() / "f"));
      const auto log = server.settled_log();
      const auto used =
          std::count_if(log.begin(), log.end(), [](const auto& q) { return q.on_connection == 1; });
      std::uint64_t sent = 0;
      for (const auto& q : log) sent += q.body_bytes;
      std::cout << (tls ? "TLS, " : "plain, ") << connections << " connections at once, " << used
                << " in all: " << (size >> 20) << " MiB in " << lasted.count() << " s, "
                << static_cast<double>(size) / lasted.count() / (1 << 20) << " MiB/s, "
                << (sent - size) / 1024 << " KiB sent twice\n";
    }
  }
}
