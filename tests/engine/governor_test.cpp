#include "catch.hpp"
#include <haul/engine/governor.hpp>
#include <haul/engine/sources.hpp>
#include <haul/engine/speed_meter.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using haul::engine::governor;
using haul::engine::source_list;
using haul::engine::speed_meter;
using namespace std::chrono_literals;

namespace {

using time_point = governor::clock::time_point;

// A link that gives each stream its share, up to a total, looked at every 10 ms.
struct network {
  double for_each = 1e6;
  double in_all = 1e9;
  double received = 0;
  time_point now{1s};

  unsigned run(governor& g, std::chrono::milliseconds time, bool answered = true) {
    unsigned most = 0;
    for (auto passed = 0ms; passed < time; passed += 10ms) {
      now += 10ms;
      received += std::min(for_each * g.level(), in_all) * 0.01;
      g.update(now, static_cast<std::uint64_t>(received), answered, 5ms);
      most = std::max(most, g.level());
    }
    return most;
  }
};

haul::http::url url(const char* text) { return haul::http::parse_url(text).value; }

}  // namespace

TEST_CASE("one stream until more are possible", "[governor]") {
  governor g{16};
  network l;
  CHECK(g.level() == 1);
  CHECK(g.update(l.now, 0, true, 1ms) == time_point::max());
  CHECK(l.run(g, 1s) == 1);
  g.open(l.now);
  CHECK(l.run(g, 1s) > 1);
  g.close();
  CHECK(g.level() == 1);
  CHECK(l.run(g, 10s) == 1);
  g.back_off(4, l.now);
  CHECK(g.level() == 1);
}

TEST_CASE("it grows while the goodput grows", "[governor]") {
  governor g{16};
  network l;
  g.open(l.now);
  l.run(g, 2s);
  CHECK(g.level() == 16);
  governor odd{7};
  network m;
  odd.open(m.now);
  CHECK(m.run(odd, 2s) == 7);
  governor one{1};
  one.open(m.now);
  CHECK(one.level() == 1);
}

TEST_CASE("it stops where more streams bring nothing, and looks again", "[governor]") {
  governor g{16};
  network l;
  l.in_all = 3.5e6;
  g.open(l.now);
  l.run(g, 1s);
  CHECK(g.level() == 4);
  CHECK(l.run(g, 1s) == 4);
  l.in_all = 1e9;  // the network has become better
  l.run(g, 30s);
  CHECK(g.level() == 16);
}

TEST_CASE("connections that begin with a burst and go on slowly", "[governor]") {
  governor g{16};
  time_point now{1s};
  double received = 0;
  std::size_t begun = 0;
  g.open(now);
  const auto run = [&](std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 10ms) {
      now += 10ms;
      for (; begun < g.level(); ++begun) received += 8e6;  // at once
      received += 8e4 * g.level();
      g.update(now, static_cast<std::uint64_t>(received), true, 5ms);
    }
  };
  run(1s);
  CHECK(g.level() == 16);
}

namespace {

/// Connections that get their bytes at once each 250 ms, each a few milliseconds after the last.
struct bursts {
  double for_each = 2e6;
  double in_all = 1e12;
  double received = 0;
  std::vector<int> begun;  // at which millisecond
  int now = 1'000;
  unsigned highest = 1;

  void run(governor& g, int milliseconds) {
    for (const int end = now + milliseconds; now < end; ++now) {
      while (begun.size() < g.level()) begun.push_back(now);
      begun.resize(g.level());
      for (const int from : begun) {
        const auto n = static_cast<double>(begun.size());
        if ((now - from) % 250 == 0) received += std::min(for_each, in_all / n);
      }
      g.update(time_point{std::chrono::milliseconds{now}}, static_cast<std::uint64_t>(received),
               true, 1ms);
      highest = std::max(highest, g.level());
    }
  }
};

}  // namespace

TEST_CASE("silence between bursts does not keep it from growing", "[governor]") {
  governor g{16};
  bursts b;
  g.open(time_point{1s});
  b.run(g, 200);
  CHECK(g.level() == 16);
  b.run(g, 30'000);
  CHECK(g.level() == 16);  // fewer were tried, and were not as good
}

TEST_CASE("streams that it could not measure are tried again with half of them", "[governor]") {
  governor g{16};
  bursts b;
  b.in_all = 3e6;
  g.open(time_point{1s});
  b.run(g, 1'000);
  REQUIRE(g.level() == 16);
  b.run(g, 15'000);
  CHECK(g.level() <= 4);
  b.highest = 0;
  b.run(g, 60'000);
  CHECK(b.highest <= 6);
}

namespace {

/// Looks each millisecond from 1,000 to `until`, while `bytes(now, level)` come. The lowest level
/// after `from`.
template <class Bytes>
unsigned lowest_level(governor& g, int from, int until, std::chrono::milliseconds answer,
                      Bytes bytes) {
  unsigned lowest = std::numeric_limits<unsigned>::max();
  double received = 0;
  g.open(time_point{1s});
  for (int now = 1'000; now < until; ++now) {
    received += bytes(now, g.level());
    g.update(time_point{std::chrono::milliseconds{now}}, static_cast<std::uint64_t>(received), true,
             answer);
    if (now > from) lowest = std::min(lowest, g.level());
  }
  return lowest;
}

}  // namespace

TEST_CASE("half of the streams are not tried where each would have to be faster than one alone was",
          "[governor]") {
  const bool punished = GENERATE(false, true);
  governor g{8};
  const unsigned lowest = lowest_level(g, 1'200, 31'000, 1ms, [&](int now, unsigned level) {
    // The second part is late, so that nobody can tell what one stream is good for.
    const bool comes = (now % 20 == 5 && now != 1'025) || now == 1'042;
    return !comes ? 0 : punished && level > 2 ? 1e5 : 2e5 * level;
  });
  CHECK(g.level() == (punished ? 2 : 8));
  CHECK(lowest == (punished ? 1 : 8));
}

TEST_CASE("what one stream brought in its first round trip does not spare the trial of half",
          "[governor]") {
  governor g{16};
  const unsigned lowest = lowest_level(g, 1'500, 9'000, 40ms, [](int now, unsigned level) {
    return now % 40 != 0 ? 0 : now < 1'060 ? 1e4 : 1e5 * level;
  });
  CHECK(lowest == 8);
  CHECK(g.level() == 16);
}

TEST_CASE("half of the streams are not given up because of those that are ending", "[governor]") {
  const bool punished = GENERATE(false, true);
  governor g{16};
  int fewer_since = 0;
  unsigned before = 1;
  const unsigned lowest = lowest_level(g, 1'500, 9'000, 1ms, [&](int now, unsigned level) {
    if (level != before) fewer_since = level < before ? now : 0;
    before = level;
    if (now == 1'042) return 2e5;  // late, so that nobody can tell what one stream is good for
    if (now % 20 != 5 || now == 1'025) return 0.0;
    const double all = !punished ? 1e5 * level : level > 2 ? 1e5 : 2e5 * level;
    // What streams that were ended have on their way comes to nobody, for a while.
    return level > 2 && now - fewer_since < 300 ? 0.65 * all : all;
  });
  CHECK(g.level() == (punished ? 2 : 16));
  CHECK(lowest == (punished ? 1 : 16));
}

TEST_CASE("more that comes only with much slower replies is not worth it", "[governor]") {
  const auto end = [](std::chrono::milliseconds for_each) {
    governor g{16};
    time_point now{1s};
    double received = 0;
    g.open(now);
    for (int i = 0; i < 2'000; ++i) {
      now += 1ms;
      received += 1e3 * (1 + 0.15 * g.level());
      g.update(now, static_cast<std::uint64_t>(received), true, 5ms + (g.level() - 1) * for_each);
    }
    return g.level();
  };
  CHECK(end(0ms) == 16);
  CHECK(end(100ms) == 2);
}

TEST_CASE("a server that is slower to many is soon asked by few", "[governor]") {
  const bool bursts = GENERATE(false, true);
  governor g{16};
  time_point now{1s};
  double received = 0;
  double at_its_best = 0;
  g.open(now);
  for (int i = 0; i < 3'000; ++i) {
    now += 10ms;
    if (g.level() <= 2) {
      received += 1e5 * g.level();
    } else if (!bursts) {
      received += 5e4;
    } else if (i % 4 == 0) {
      received += 2e5;
    }
    at_its_best += 2e5;
    g.update(now, static_cast<std::uint64_t>(received), true, 5ms);
  }
  CHECK(g.level() == 2);
  // Trying costs little.
  CHECK(received > 0.95 * at_its_best);
}

TEST_CASE("a step without anything to compare with is made good", "[governor]") {
  governor g{16};
  time_point now{1s};
  double received = 0;
  g.open(now);
  for (int i = 0; i < 500; ++i) {
    now += 10ms;
    // Silence while there is one stream; then a server that is slower to many.
    if (i > 5) received += g.level() <= 2 ? 1e5 * g.level() : 5e4;
    g.update(now, static_cast<std::uint64_t>(received), true, 5ms);
    if (i == 20) REQUIRE(g.level() > 2);
  }
  CHECK(g.level() == 2);
}

TEST_CASE("what is compared with fades with the network", "[governor]") {
  governor g{16};
  network l;
  l.for_each = 1e8;
  l.in_all = 1e8;
  g.open(l.now);
  l.run(g, 1s);
  REQUIRE(g.level() == 1);
  l.for_each = 1e6;  // each has become slow, but they add up
  l.run(g, 20s);
  CHECK(g.level() == 16);
}

TEST_CASE("a step that gets no answer is a failed one", "[governor]") {
  governor g{16};
  network l;
  l.in_all = 1e6;
  g.open(l.now);
  l.run(g, 130ms);
  REQUIRE(g.level() == 4);
  l.run(g, 4s, false);
  CHECK(g.level() == 4);
  l.run(g, 2s, false);
  CHECK(g.level() == 1);
  l.run(g, 10s);
  CHECK(g.level() == 1);
}

TEST_CASE("a server that wants fewer gets half, for a while", "[governor]") {
  governor g{16};
  network l;
  g.open(l.now);
  l.run(g, 2s);
  REQUIRE(g.level() == 16);
  g.back_off(16, l.now);
  CHECK(g.level() == 8);
  CHECK(l.run(g, 4s) == 8);
  l.run(g, 120s);
  CHECK(g.level() == 16);
  g.back_off(1, l.now);
  CHECK(g.level() == 1);
}

TEST_CASE("update tells when to look again, and never stands still", "[governor]") {
  governor g{8};
  network l;
  g.open(l.now);
  for (int i = 0; i < 200; ++i) {
    const auto again = g.update(l.now, static_cast<std::uint64_t>(l.received), true, 5ms);
    l.received += 1e5;
    REQUIRE(again >= l.now);
    REQUIRE(again <= l.now + 61s);
    l.now = std::max(again, l.now + 1ms);
  }
}

TEST_CASE("the healthiest and least busy source comes first", "[sources]") {
  source_list s;
  const time_point now{10s};
  CHECK(!s.choose(now));
  CHECK(!s.next_ready());
  s.add(url("http://a/f"));
  s.add(url("http://b/f"));
  CHECK(s.choose(now) == 0u);
  s[0].active = 1;
  CHECK(s.choose(now) == 1u);
  s[1].failures = 1;
  CHECK(s.choose(now) == 0u);
  s[0].not_before = now + 5s;
  CHECK(s.choose(now) == 1u);
  s[1].not_before = now + 3s;
  CHECK(!s.choose(now));
  CHECK(s.next_ready() == now + 3s);
  s[1].dead = true;
  CHECK(s.next_ready() == now + 5s);
  s[0].refreshing = true;
  CHECK(s.next_ready() == time_point::max());
  CHECK(!s.choose(now + 1h));
  s[0].dead = true;
  CHECK(!s.next_ready());
}

TEST_CASE("the failure that tells most is told", "[sources]") {
  using haul::detail::failure;
  source_list s;
  s.add(url("http://a/f"));
  s.add(url("http://b/f"));
  CHECK(s.verdict() == nullptr);
  s[1].last = failure{haul::errc::connection_closed, haul::operation::receiving};
  CHECK(s.verdict()->error == haul::errc::connection_closed);
  s[0].last = failure{haul::errc::connect_timeout, haul::operation::connecting};
  CHECK(s.verdict()->error == haul::errc::connect_timeout);
  s[1].last = failure{haul::errc::not_found, haul::operation::requesting};
  s[1].last->http_status = 404;
  CHECK(s.verdict()->error == haul::errc::not_found);
}

TEST_CASE("speed is smoothed", "[speed_meter]") {
  speed_meter m;
  CHECK(m.speed() == 0);
  CHECK(m.time_left(0) == 0s);
  CHECK(!m.time_left(10));
  time_point now{1s};
  std::uint64_t total = 5'000'000;  // there from an earlier run: no speed
  m.update(total, now);
  CHECK(m.speed() == 0);
  for (int i = 0; i < 20; ++i) {
    now += 100ms;
    total += 100'000;
    m.update(total, now);
    CHECK(m.speed() >= 999'000);
    CHECK(m.speed() <= 1'001'000);
  }
  CHECK(m.time_left(10'000'000) >= 9s);
  CHECK(m.time_left(10'000'000) <= 11s);
  m.update(total, now + 1ms);  // too soon to tell anything
  CHECK(m.speed() >= 999'000);
  for (int i = 0; i < 300; ++i) m.update(total, now += 100ms);
  CHECK(m.speed() < 1'000);
  m.update(total - 10, now += 100ms);  // never negative
  m.reset();
  CHECK(m.speed() == 0);
}
