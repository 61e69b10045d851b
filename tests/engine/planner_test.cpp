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
using share = planner::share;

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

  CHECK(p.received(1, 70, at(1)) == share{0, 70});
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
  CHECK(p.received(1, 5000, at(1)) == share{0, 1000});
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
  CHECK(p.received(2, second->size(), at(1)) == share{0, second->size()});
  CHECK(p.wanted(2) == 0);
  const auto third = p.take(2, at(2));
  REQUIRE(third);
  CHECK(third->begin == second->end);
}

TEST_CASE("half is stolen, at a piece border", "[planner]") {
  planner p{piece};
  p.begin(1050, {});
  REQUIRE(p.take(1, at(0)) == byte_range{0, 1050});
  CHECK(p.received(1, 30, at(1)) == share{0, 30});
  CHECK(p.has_work(at(1)));
  const auto stolen = p.take(2, at(1));
  REQUIRE(stolen);
  CHECK(stolen->begin % piece == 0);
  CHECK(stolen->begin == 600);
  CHECK(stolen->end == 1050);
  // The owner's request runs on, but its bytes are no longer wanted from there on.
  CHECK(p.wanted(1) == 570);
  CHECK(p.received(1, 600, at(2)) == share{0, 570});
  CHECK(p.received(1, 10, at(2)) == share{0, 0});
}

TEST_CASE("what is behind the request is stolen before what is in it", "[planner]") {
  planner p{1};
  range_set have;
  p.begin(1000, have);
  REQUIRE(p.take(1, at(0)));
  const auto second = p.take(2, at(0));  // {500, 516} of {500, 1000}
  REQUIRE(second);
  REQUIRE(second->end < 700);
  REQUIRE(p.received(1, 500, at(1)) == share{0, 500});
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
  REQUIRE(p.received(1, 2'000, at(1'000)) == share{0, 2'000});
  REQUIRE(p.received(2, 10, at(1'000)) == share{0, 10});
  const auto stolen = p.take(3, at(1'000));
  REQUIRE(stolen);
  CHECK(stolen->begin > 10'100);
}

TEST_CASE("a released range is free again, but for what was received", "[planner]") {
  planner p{piece};
  p.begin(1000, {});
  REQUIRE(p.take(1, at(0)));
  REQUIRE(p.received(1, 123, at(1)) == share{0, 123});
  p.release(1);
  p.release(1);
  CHECK(p.received(1, 10, at(1)) == share{0, 0});
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
  CHECK(p.received(1, 1000, at(1)) == share{0, 1000});
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
  std::uint64_t twice = 0;
  std::size_t lagged = 0;
  std::size_t shed = 0;
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
    p.set_latency(std::chrono::milliseconds{below(50)});
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
      // Some are slow.
      if (chosen->first % 3 == 0 && streams.size() > 1 && below(20) != 0) continue;
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
      if (p.lags(id, now)) {
        ++lagged;
        finish(id);
        continue;
      }
      if (sized && streams.size() > 1 && below(30) == 0) {
        p.shed(id, now);
        ++shed;
      }
      const planner::share mine = p.received(id, n, now);
      const std::uint64_t known = mine.skip + mine.size;
      REQUIRE(known <= n);
      twice += mine.skip;
      const std::uint64_t first = r.at + mine.skip;
      for (std::uint64_t i = 0; i < mine.size; ++i) REQUIRE(++count[first + i] == 1);
      if (mine.size > 0) REQUIRE(p.written({first, first + mine.size}) == mine.size);
      r.at += known;
      if (known < n) {  // cut: the rest is another's
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
  // The weather was bad enough to see all of it.
  CHECK(twice > 0);
  CHECK(shed > 0);
  CHECK(lagged > 0);
}

namespace {

/// Three streams at 1,000 bytes a second for two seconds, and the first at `slow`.
planner lagging(std::uint64_t slow, std::uint64_t total) {
  planner p{piece};
  p.begin(total, {});
  for (planner::stream_id id : {1u, 2u, 3u}) REQUIRE(p.take(id, at(0)));
  for (int t = 200; t <= 2'000; t += 200) {
    p.received(1, slow / 5, at(t));
    p.received(2, 200, at(t));
    p.received(3, 200, at(t));
  }
  return p;
}

}  // namespace

TEST_CASE("from one that lags nearly all is stolen, from an equal half", "[planner]") {
  planner p{piece};
  range_set have;
  p.begin(20'000, have);
  REQUIRE(p.take(1, at(0)) == byte_range{0, 20'000});
  REQUIRE(p.take(2, at(0)) == byte_range{10'000, 11'600});
  for (int t = 100; t <= 1'000; t += 100) {
    p.received(1, 10, at(t));   // 100 bytes a second
    p.received(2, 160, at(t));  // 1,600
  }
  // Behind what stream 2 has asked for, there is its own.
  CHECK(p.take(2, at(1'000)) == byte_range{11'600, 20'000});
  // 9,900 bytes are left to the first: at its speed 99 seconds, of which stream 3 leaves it few.
  const auto stolen = p.take(3, at(1'000));
  REQUIRE(stolen);
  CHECK(stolen->begin > 100);
  CHECK(stolen->begin < 2'000);
  CHECK(p.wanted(1) == stolen->begin - 100);
}

TEST_CASE("one too many keeps what is on its way to it", "[planner]") {
  planner p{piece};
  p.begin(100'000, {});
  REQUIRE(p.take(1, at(0)));
  REQUIRE(p.take(2, at(0)));
  for (int t = 200; t <= 2'000; t += 200) {
    p.received(1, 100, at(t));
    p.received(2, 100, at(t));
  }
  p.set_latency(std::chrono::milliseconds{100});
  const std::uint64_t before = p.wanted(2);
  p.shed(2, at(2'000));
  // 500 bytes a second for a little more than 100 ms.
  CHECK(p.wanted(2) >= 50);
  CHECK(p.wanted(2) <= 100);
  const std::uint64_t kept = p.wanted(2);
  p.shed(2, at(2'000));  // once is enough
  CHECK(p.wanted(2) == kept);
  p.reunite(2, 100'000);  // not its own again, though its reply has it
  CHECK(p.wanted(2) == kept);
  // The rest is there for others.
  const auto rest = p.take(3, at(2'100));
  REQUIRE(rest);
  CHECK(rest->begin == 51'000 + kept);
  CHECK(before > kept);
  CHECK(p.received(2, kept + 50, at(2'200)) == share{0, kept});
  CHECK(p.wanted(2) == 0);
  // Asked again, it is one of them.
  const auto more = p.take(2, at(2'300));
  REQUIRE(more);
  CHECK(p.wanted(2) == more->size());
  p.release(2);
  p.shed(2, at(2'400));
}

TEST_CASE("what is left of one that lags is fetched twice", "[planner]") {
  planner p{piece};
  p.begin(1'100, {});
  REQUIRE(p.take(1, at(0)) == byte_range{0, 1'100});
  REQUIRE(p.take(2, at(0)) == byte_range{600, 1'100});
  REQUIRE(p.received(2, 500, at(500)) == share{0, 500});
  REQUIRE(p.received(1, 560, at(500)) == share{0, 560});
  // 40 bytes, too few to be shared, would take 0.04 s: no.
  CHECK(!p.take(2, at(500)));
  CHECK(!p.has_work(at(500)));
  // A second later nothing has come.
  CHECK(p.has_work(at(1'600)));
  const auto twin = p.take(3, at(1'600));
  REQUIRE(twin == byte_range{560, 600});
  CHECK(!p.take(4, at(1'600)));  // twice is enough
  // Whatever comes first counts, whosever it is.
  CHECK(p.received(3, 10, at(1'610)) == share{0, 10});
  CHECK(p.received(1, 5, at(1'620)) == share{5, 0});
  CHECK(p.received(1, 20, at(1'630)) == share{5, 15});
  CHECK(p.received(3, 17, at(1'640)) == share{15, 2});
  CHECK(p.wanted(1) == 15);
  CHECK(p.received(3, 13, at(1'650)) == share{0, 13});
  CHECK(p.wanted(1) == 0);
  CHECK(p.wanted(3) == 0);
  CHECK(!p.take(3, at(1'660)));
  p.release(1);
  CHECK(p.total_received());
}

TEST_CASE("a twin that fails leaves all to the other", "[planner]") {
  for (const bool first : {true, false}) {
    planner p{piece};
    p.begin(145, {});
    REQUIRE(p.take(1, at(0)));
    REQUIRE(p.received(1, 100, at(100)) == share{0, 100});
    REQUIRE(p.take(2, at(2'000)) == byte_range{100, 145});
    REQUIRE(p.received(2, 20, at(2'000)) == share{0, 20});
    p.release(first ? 1 : 2);
    CHECK(!p.total_received());
    if (first) {
      CHECK(p.received(2, 25, at(2'100)) == share{0, 25});
      CHECK(!p.take(2, at(2'100)));
    } else {
      // What the other had given is not written again.
      CHECK(p.received(1, 30, at(2'100)) == share{20, 10});
      CHECK(p.received(1, 15, at(2'100)) == share{0, 15});
      CHECK(!p.take(1, at(2'100)));
    }
    CHECK(p.total_received());
  }
}

TEST_CASE("a stream far behind the others is given up, now and then", "[planner]") {
  planner slow = lagging(100, 1'000'000);
  CHECK(!slow.lags(2, at(2'000)));
  CHECK(!slow.lags(7, at(2'000)));
  slow.set_held_back(true);
  CHECK(!slow.lags(1, at(2'000)));
  slow.set_held_back(false);
  CHECK(slow.lags(1, at(2'000)));
  CHECK(!slow.lags(1, at(2'000)));  // not again at once
  CHECK(slow.lags(1, at(4'100)));
  CHECK(!slow.lags(1, at(7'000)));  // and each time later
  planner fair = lagging(500, 1'000'000);
  CHECK(!fair.lags(1, at(2'000)));
}

TEST_CASE("a reply that is late by what replies take is not silence", "[planner]") {
  planner p{piece};
  p.begin(1'045, {});
  p.set_latency(std::chrono::seconds{2});
  REQUIRE(p.take(1, at(0)));
  REQUIRE(p.received(1, 1'000, at(500)) == share{0, 1'000});
  CHECK(!p.has_work(at(2'000)));
  CHECK(p.has_work(at(60'000)));
}
