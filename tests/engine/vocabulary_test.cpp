#include "catch.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/async/backoff.hpp>
#include <haul/async/rate_limiter.hpp>
#include <haul/async/token_bucket.hpp>
#include <haul/checksum.hpp>
#include <haul/engine/crc32c.hpp>
#include <haul/engine/hash_chain.hpp>
#include <haul/engine/paths.hpp>
#include <haul/range_set.hpp>
#include <haul/system/file.hpp>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

using namespace haul;
using namespace std::chrono_literals;

TEST_CASE("a range set is a set", "[range_set][random]") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    constexpr std::uint64_t space = 200;
    const auto below = [&](std::uint64_t n) {
      return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
    };
    range_set s;
    std::vector<bool> bits(space, false);
    for (int step = 0; step < 400; ++step) {
      const std::uint64_t begin = below(space);
      const byte_range r{begin, std::min(space, begin + below(30))};
      const bool add = below(2) == 0;
      std::uint64_t changed = 0;
      for (auto i = r.begin; i < r.end; ++i) {
        if (bits[i] != add) ++changed;
        bits[i] = add;
      }
      REQUIRE((add ? s.add(r) : s.erase(r)) == changed);
      const auto set_bits = static_cast<std::uint64_t>(std::count(bits.begin(), bits.end(), true));
      REQUIRE(s.size() == set_bits);
      REQUIRE(s.empty() == (set_bits == 0));
      for (std::size_t i = 0; i < s.ranges().size(); ++i) {
        REQUIRE(!s.ranges()[i].empty());
        if (i > 0) REQUIRE(s.ranges()[i - 1].end < s.ranges()[i].begin);
        for (auto k = s.ranges()[i].begin; k < s.ranges()[i].end; ++k) REQUIRE(bits[k]);
      }
      const std::uint64_t from = below(space);
      const std::uint64_t limit = from + below(space - from + 1);
      auto run = from;
      while (run < space && bits[run]) ++run;
      REQUIRE(s.run_end(from) == run);
      REQUIRE(s.contains({from, limit}) == (run >= limit));
      const byte_range gap = s.gap(from, limit);
      if (run >= limit) {
        REQUIRE(gap.empty());
      } else {
        auto end = run;
        while (end < limit && !bits[end]) ++end;
        REQUIRE(gap == byte_range{run, end});
      }
    }
  }
}

TEST_CASE("a range set goes up to the end of the numbers", "[range_set]") {
  range_set s;
  CHECK(s.add({0, UINT64_MAX}) == UINT64_MAX);
  CHECK(s.erase({1000, UINT64_MAX}) == UINT64_MAX - 1000);
  CHECK(s.size() == 1000);
  CHECK(s.contains({5, 5}));
  CHECK(s.add({7, 3}) == 0);
  CHECK(s.erase({7, 3}) == 0);
}

TEST_CASE("a bucket gives what the rate allows, and no burst", "[token_bucket]") {
  token_bucket b;
  token_bucket::clock::time_point now{100s};
  CHECK(b.ready_at(now) == now);
  b.charge(1 << 30, now);
  CHECK(b.ready_at(now) == now);
  CHECK(b.slice() == UINT64_MAX);

  b.set_rate(100'000, now);
  CHECK(b.slice() == 1024);  // never less, however low the rate
  std::uint64_t sent = 0;
  const auto begin = now;
  while (now < begin + 10s) {
    now = std::max(b.ready_at(now), now);
    b.charge(b.slice(), now);
    sent += b.slice();
  }
  CHECK(sent >= 990'000);
  CHECK(sent <= 1'010'000);
  // What was not used is not saved up.
  now += 1h;
  CHECK(b.ready_at(now) == now);
  b.charge(50'000, now);
  CHECK(b.ready_at(now) > now + 400ms);
  // A debt is a time, which a new rate does not change; without a rate there is none.
  const auto ready = b.ready_at(now);
  b.set_rate(1'000'000, now);
  CHECK(std::chrono::abs(b.ready_at(now) - ready) < 5ms);
  b.set_rate(0, now);
  CHECK(b.ready_at(now) == now);
  // A clock that goes backwards does no harm.
  b.set_rate(1000, now);
  b.charge(10, now - 1h);
  CHECK(b.ready_at(now) > now);
}

TEST_CASE("a limiter waits for the slowest above it", "[rate_limiter]") {
  rate_limiter session;
  rate_limiter task = session.child();
  rate_limiter other = session.child();
  const rate_limiter::clock::time_point now{100s};
  CHECK(!task.limited());
  session.set_rate(1'000'000, now);
  CHECK(task.limited());
  CHECK(other.limited());
  task.set_rate(10'000'000, now);
  CHECK(task.slice() == 10'000);
  task.charge(500'000, now);
  CHECK(task.ready_at(now) > now + 450ms);
  CHECK(other.ready_at(now) > now + 450ms);  // what is charged below is charged above
  other.set_rate(1'000, now);
  CHECK(other.rate() == 1'000);
  session.set_rate(0, now);
  CHECK(other.limited());
  CHECK(task.ready_at(now) < now + 100ms);
  const rate_limiter copy = task;
  task.set_rate(0, now);
  CHECK(!copy.limited());
}

TEST_CASE("backoff doubles up to its cap, less a random half", "[backoff]") {
  CHECK(backoff(0, 100ms, 10s, 5) == 0ms);
  CHECK(backoff(3, 0ms, 10s, 5) == 0ms);
  std::mt19937_64 random{7};
  for (unsigned failures = 1; failures < 200; ++failures) {
    const auto full =
        std::min<std::chrono::milliseconds>(10s, 100ms * (1 << std::min(failures - 1, 20u)));
    for (int i = 0; i < 20; ++i) {
      const auto d = backoff(failures, 100ms, 10s, random());
      CHECK(d >= full / 2);
      CHECK(d <= full);
    }
  }
  CHECK(backoff(5, 100ms, 10ms, 0) == 100ms);  // a cap below the base
}

TEST_CASE("checksums in text", "[checksum]") {
  const std::string sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  for (const std::string& name :
       {std::string{"sha1"}, std::string{"SHA1"}, std::string{"sha-1"}, std::string{"SHA-1"}}) {
    const auto c = checksum::parse(name + ":" + sha1);
    REQUIRE(c);
    CHECK(c->str() == "sha1:" + sha1);
  }
  CHECK(checksum::parse("md5:D41D8CD98F00B204E9800998ECF8427E")->hex() ==
        "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(checksum::parse("sha256:" + std::string(64, 'a')));
  CHECK(checksum::parse("sha512:" + std::string(128, '0')));
  for (const std::string& bad :
       {std::string{}, std::string{"sha1"}, "sha1:" + sha1 + "0", "sha1:" + sha1.substr(1),
        "sha1: " + sha1.substr(1), "sha2:" + sha1, ":" + sha1, "sha1:" + sha1.substr(1) + "g",
        std::string{"sha256:"}, "sha1 :" + sha1}) {
    INFO(bad);
    CHECK(!checksum::parse(bad));
  }
}

TEST_CASE("paths as text mean what they mean as paths", "[paths]") {
  using namespace engine;
  const auto native = [](const char* text) { return std::filesystem::path{text}.native(); };
  for (const char* text : {"", ".", "..", "/", "a/", "a/.", "a/..", "./", "a//", "../.."}) {
    INFO(text);
    CHECK(names_folder(native(text)));
  }
  for (const char* text : {"a", "./a", "a/b", "/a", "a.", "...", ".a", "a/...", "a/.b"}) {
    INFO(text);
    CHECK_FALSE(names_folder(native(text)));
    CHECK(last_part(native(text)) == std::filesystem::path{text}.filename().native());
  }
  for (const char* text : {"a", "./a", "././a", "a/./b", "a//b", "a/../b", "../a", "/a/b", "/../a",
                           "a/b/../../c", ".//a", "a./b", "./.a", "a/b./c"}) {
    INFO(text);
    CHECK(target_key(native(text)) == std::filesystem::path{text}.lexically_normal().native());
  }
  for (const char* folder : {"", ".", "a", "a/", "/"}) {
    INFO(folder);
    CHECK(path_in(native(folder), "n") == (std::filesystem::path{folder} / "n").native());
  }
}

TEST_CASE("CRC-32C of the RFC's examples", "[crc32c]") {
  CHECK(engine::crc32c("") == 0);
  CHECK(engine::crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(engine::crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  std::string up;
  for (int i = 0; i < 32; ++i) up += static_cast<char>(i);
  CHECK(engine::crc32c(up) == 0x46dd794eu);
}

TEST_CASE("a private file is new, and for its owner only", "[file]") {
  test::temp_dir dir;
  std::error_code ec;
  {
    const auto file = system::file::open(dir / "f", system::open_mode::create_private, ec);
    REQUIRE(!ec);
  }
#ifndef _WIN32  // there it has a list of its own: tests/system/file_test.cpp
  using std::filesystem::perms;
  CHECK(std::filesystem::status(dir / "f").permissions() ==
        (perms::owner_read | perms::owner_write));
#endif
  const auto again = system::file::open(dir / "f", system::open_mode::create_private, ec);
  CHECK(ec == std::errc::file_exists);
  CHECK_FALSE(again.is_open());
}

TEST_CASE("hashes of bytes in order, out of order and from the file", "[hash_chain]") {
  constexpr std::uint64_t size = 700'000;
  const std::string bytes = test::pattern_bytes(3, 0, size);
  const auto sha256 = *checksum::parse("sha256:" + test::digest_hex("SHA256", bytes));
  const auto md5 = *checksum::parse("md5:" + test::digest_hex("MD5", bytes));
  test::temp_dir dir;
  std::error_code ec;
  auto file = system::file::open(dir / "f", system::open_mode::create, ec);
  file.write_at(0, bytes.data(), bytes.size(), ec);
  REQUIRE(!ec);

  engine::hash_chain chain{{sha256, md5}};
  CHECK(chain.wanted());
  for (int round = 0; round < 2; ++round) {
    chain.offer(0, bytes.data(), 1000);
    chain.offer(5000, bytes.data() + 5000, 1000);  // not its turn
    chain.offer(0, bytes.data(), 1000);            // seen already
    CHECK(chain.position() == 1000);
    chain.catch_up(file, 6000, 2500, ec);
    CHECK(chain.position() == 3500);
    chain.catch_up(file, 6000, 1 << 20, ec);
    CHECK(chain.position() == 6000);
    chain.catch_up(file, 10, 1 << 20, ec);
    CHECK(chain.position() == 6000);
    chain.offer(6000, bytes.data() + 6000, 300'000);
    chain.catch_up(file, size, 1 << 30, ec);
    CHECK(!ec);
    CHECK(chain.position() == size);
    CHECK(!chain.mismatch());
    chain.reset();
  }
  // A file that is too short.
  chain.catch_up(file, size + 1, 1 << 30, ec);
  CHECK(ec);

  engine::hash_chain wrong{{md5, *checksum::parse("sha256:" + std::string(64, '0'))}};
  wrong.offer(0, bytes.data(), bytes.size());
  REQUIRE(wrong.mismatch());
  engine::hash_chain none{{}};
  CHECK(!none.wanted());
  CHECK(!none.mismatch());
}
