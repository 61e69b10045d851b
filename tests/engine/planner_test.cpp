#include "catch.hpp"
#include <haul/engine/planner.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using haul::byte_range;
using haul::range_set;
using haul::engine::planner;

namespace {

using time_point = planner::clock::time_point;

constexpr std::uint64_t piece = 100;

time_point at(int milliseconds) { return time_point{std::chrono::milliseconds{milliseconds}}; }

}  // namespace

TEST_CASE("a file of unknown length is one open stream", "[planner]") {
  planner p{piece};
  p.begin();
  CHECK(p.has_work(at(0)));
  const auto first = p.take(1, at(0));
  REQUIRE(first);
  CHECK(*first == byte_range{0, planner::unlimited});
  CHECK(!p.has_work(at(0)));
  CHECK(!p.take(2, at(0)));
  CHECK(!p.complete());

  CHECK(p.received(1, 70, at(1)) == 70);
  p.ended(70);
  CHECK(p.total() == 70u);
  CHECK(p.total_received());
  CHECK(!p.complete());
  CHECK(p.written({0, 70}) == 70);
  CHECK(p.complete());
  CHECK(!p.take(1, at(2)));
}

TEST_CASE("an empty file is complete at once", "[planner]") {
  planner p{piece};
  p.begin();
  REQUIRE(p.take(1, at(0)));
  p.set_total(0);
  CHECK(p.wanted(1) == 0);
  CHECK(p.complete());
  CHECK(!p.take(1, at(0)));
  CHECK(p.total_received());
}

TEST_CASE("the size ends what streams own", "[planner]") {
  planner p{piece};
  p.begin();
  REQUIRE(p.take(1, at(0)));
  p.set_total(1000);
  CHECK(p.wanted(1) == 1000);
  CHECK(p.received(1, 5000, at(1)) == 1000);
  CHECK(!p.total_received());  // the stream may still be told to end
  CHECK(!p.take(1, at(1)));
  CHECK(p.total_received());
}

TEST_CASE("gaps are filled first, from the front", "[planner]") {
  planner p{piece};
  range_set have;
  have.add({100, 300});
  have.add({500, 600});
  p.begin(1000, have);
  CHECK(p.written().size() == 300);
  CHECK(p.take(1, at(0)) == byte_range{0, 100});
  CHECK(p.take(2, at(0)) == byte_range{300, 500});
  CHECK(p.take(3, at(0)) == byte_range{600, 1000});
  p.release(2);
  CHECK(p.take(4, at(0)) == byte_range{300, 500});
}

TEST_CASE("a stream that has its range goes on behind it", "[planner]") {
  planner p{1};
  p.begin(1000, {});
  REQUIRE(p.take(1, at(0)) == byte_range{0, 1000});
  // Stolen from the middle; then stream 2 has a span that it asks for in parts.
  const auto second = p.take(2, at(0));
  REQUIRE(second);
  CHECK(second->begin == 500);
  CHECK(second->end < 1000);
  CHECK(p.received(2, second->size(), at(1)) == second->size());
  CHECK(p.wanted(2) == 0);
  const auto third = p.take(2, at(2));
  REQUIRE(third);
  CHECK(third->begin == second->end);
}

TEST_CASE("half is stolen, at a piece border", "[planner]") {
  planner p{piece};
  p.begin(1050, {});
  REQUIRE(p.take(1, at(0)) == byte_range{0, 1050});
  CHECK(p.received(1, 30, at(1)) == 30);
  CHECK(p.has_work(at(1)));
  const auto stolen = p.take(2, at(1));
  REQUIRE(stolen);
  CHECK(stolen->begin % piece == 0);
  CHECK(stolen->begin == 600);
  CHECK(stolen->end == 1050);
  // The owner's request runs on, but its bytes are no longer wanted from there on.
  CHECK(p.wanted(1) == 570);
  CHECK(p.received(1, 600, at(2)) == 570);
  CHECK(p.received(1, 10, at(2)) == 0);
}

TEST_CASE("what is behind the request is stolen before what is in it", "[planner]") {
  planner p{1};
  range_set have;
  p.begin(1000, have);
  REQUIRE(p.take(1, at(0)));
  const auto second = p.take(2, at(0));  // {500, 516} of {500, 1000}
  REQUIRE(second);
  REQUIRE(second->end < 700);
  REQUIRE(p.received(1, 500, at(1)) == 500);
  p.release(1);
  const auto third = p.take(3, at(1));
  REQUIRE(third);
  CHECK(third->begin >= second->end);
  CHECK(p.wanted(2) == second->size());
}

TEST_CASE("nothing is stolen that is not worth it", "[planner]") {
  planner p{piece};
  p.begin(199, {});
  REQUIRE(p.take(1, at(0)));
  CHECK(!p.has_work(at(0)));
  CHECK(!p.take(2, at(0)));
  // A stream never steals from itself.
  planner q{piece};
  q.begin(1000, {});
  REQUIRE(q.take(1, at(0)));
  CHECK(q.take(1, at(0)) == byte_range{0, 1000});
}

TEST_CASE("the slowest is helped, not the one with most bytes", "[planner]") {
  planner p{piece};
  range_set have;
  have.add({10'000, 10'100});
  p.begin(16'100, have);
  REQUIRE(p.take(1, at(0)) == byte_range{0, 10'000});
  REQUIRE(p.take(2, at(0))->begin == 10'100);
  // Over one second: stream 1 has 2,000 bytes, stream 2 has 10.
  REQUIRE(p.received(1, 2'000, at(1'000)) == 2'000);
  REQUIRE(p.received(2, 10, at(1'000)) == 10);
  const auto stolen = p.take(3, at(1'000));
  REQUIRE(stolen);
  CHECK(stolen->begin > 10'100);
}

TEST_CASE("a released range is free again, but for what was received", "[planner]") {
  planner p{piece};
  p.begin(1000, {});
  REQUIRE(p.take(1, at(0)));
  REQUIRE(p.received(1, 123, at(1)) == 123);
  p.release(1);
  p.release(1);
  CHECK(p.received(1, 10, at(1)) == 0);
  CHECK(p.wanted(1) == 0);
  CHECK(p.take(2, at(2)) == byte_range{123, 1000});
}

TEST_CASE("a stream that reads on takes back what is free behind it", "[planner]") {
  planner p{piece};
  p.begin(1000, {});
  REQUIRE(p.take(1, at(0)));
  const auto second = p.take(2, at(0));
  REQUIRE(second);
  p.reunite(1, 1000);  // still owned by the other
  CHECK(p.wanted(1) == second->begin);
  p.release(2);
  p.reunite(1, 1000);
  CHECK(p.wanted(1) == 1000);
  p.reunite(7, 1000);  // unknown
  CHECK(p.received(1, 1000, at(1)) == 1000);
  p.release(1);
  CHECK(p.total_received());
}

TEST_CASE("written bytes count once", "[planner]") {
  planner p{piece};
  p.begin(1000, {});
  CHECK(p.written({0, 500}) == 500);
  CHECK(p.written({250, 750}) == 250);
  CHECK(p.written().size() == 750);
  CHECK(!p.complete());
}

// Streams that take, receive, fail and end in any order: whatever happens, every byte is received
// exactly once, and the work comes to an end.
TEST_CASE("any weather", "[planner][random]") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](std::uint64_t n) {
      return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
    };
    const std::uint64_t size = 1 + below(20'000);
    const std::uint64_t unit = 1 + below(300);
    planner p{unit};
    range_set earlier;
    const bool resumed = below(3) == 0;
    const bool unknown = !resumed && below(4) == 0;
    if (resumed) {
      for (int i = 0; i < 5; ++i) {
        const auto begin = below(size);
        earlier.add({begin, std::min(size, begin + 1 + below(2'000))});
      }
      p.begin(size, earlier);
    } else {
      p.begin();
    }
    std::vector<std::uint8_t> count(size, 0);
    for (const auto& r : earlier.ranges()) {
      std::fill(count.begin() + static_cast<std::ptrdiff_t>(r.begin),
                count.begin() + static_cast<std::ptrdiff_t>(r.end), std::uint8_t{1});
    }
    struct reader {
      std::uint64_t at = 0;
      std::uint64_t end = 0;
      bool done = false;
    };
    std::map<planner::stream_id, reader> streams;
    planner::stream_id next = 1;
    time_point now = at(0);
    bool sized = resumed;
    std::size_t steps = 0;
    const auto finish = [&](planner::stream_id id) {
      p.release(id);
      streams.erase(id);
    };
    while (!p.complete()) {
      REQUIRE(++steps < 200'000);
      now += std::chrono::milliseconds{below(60)};
      const bool may_open = streams.empty() || (sized && streams.size() < 8);
      if (may_open && (streams.empty() || below(4) == 0)) {
        const auto range = p.take(next, now);
        if (range) {
          REQUIRE(!range->empty());
          REQUIRE((range->end <= size || range->end == planner::unlimited));
          streams[next] = reader{range->begin, range->end, false};
        } else {
          REQUIRE(!streams.empty());  // no work and nobody at work: lost bytes
        }
        ++next;
        continue;
      }
      auto chosen = streams.begin();
      std::advance(chosen, static_cast<std::ptrdiff_t>(below(streams.size())));
      const auto id = chosen->first;
      reader& r = chosen->second;
      if (!sized && !unknown) {  // the head of the first reply
        p.set_total(size);
        sized = true;
      }
      if (below(40) == 0 && sized) {  // a failure
        finish(id);
        continue;
      }
      const std::uint64_t here = std::min(r.end, size);
      const std::uint64_t n = std::min<std::uint64_t>(1 + below(700), here - r.at);
      const std::uint64_t mine = p.received(id, n, now);
      REQUIRE(mine <= n);
      for (std::uint64_t i = 0; i < mine; ++i) REQUIRE(++count[r.at + i] == 1);
      if (mine > 0) REQUIRE(p.written({r.at, r.at + mine}) == mine);
      r.at += mine;
      if (mine < n) {  // cut: the rest is another's
        r.done = true;
      } else if (r.at == here) {
        r.done = true;
        if (!sized) {
          p.ended(size);
          sized = true;
        }
      } else if (p.wanted(id) == 0) {
        r.done = true;
      }
      if (!r.done) continue;
      if (below(5) == 0) {
        finish(id);
        continue;
      }
      const auto more = p.take(id, now);
      if (!more) {
        finish(id);
        continue;
      }
      r = reader{more->begin, more->end, false};
    }
    CHECK(std::all_of(count.begin(), count.end(), [](auto c) { return c == 1; }));
    for (const auto& [id, r] : streams) p.release(id);
    CHECK(p.total_received());
  }
}
