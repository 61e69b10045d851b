#include "catch.hpp"
#include <haul/async/notifier.hpp>
#include <haul/async/offload.hpp>
#include <haul/async/semaphore.hpp>
#include <haul/async/watchdog.hpp>
#include <haul/system/disk_workers.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace haul;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

// Counts itself, and notices when it is destroyed twice or used after its end.
class tracker {
 public:
  inline static std::atomic<int> alive{0};
  tracker() : self_(std::make_unique<int>(1)) { ++alive; }
  tracker(const tracker& other) : self_(std::make_unique<int>(*other.self_)) { ++alive; }
  tracker(tracker&& other) noexcept : self_(std::move(other.self_)) { ++alive; }
  tracker& operator=(const tracker&) = delete;
  ~tracker() { --alive; }
  bool whole() const { return self_ && *self_ == 1; }

 private:
  std::unique_ptr<int> self_;  // a second destruction is a double free
};

struct workers {
  system::disk_workers threads{2};
  void submit(std::function<void()> job) { threads.submit(std::move(job)); }
};

awaitable<void> hold(semaphore& s, std::vector<int>& order, int number) {
  semaphore::permit p = co_await s.acquire();
  CHECK(p);
  order.push_back(number);
}

awaitable<void> sleep_for(std::chrono::microseconds time) {
  asio::steady_timer t{co_await asio::this_coro::executor};
  t.expires_after(time);
  co_await t.async_wait(asio::use_awaitable);
}

struct race_counts {
  std::atomic<int> inside{0};
  std::atomic<int> peak{0};
  std::atomic<int> got{0};
  std::atomic<int> gave_up{0};
};

awaitable<void> acquire_or_give_up(semaphore& s, race_counts& c, int number) {
  const std::chrono::microseconds patience{(number * 37) % 900};
  const std::chrono::microseconds work{(number * 13) % 60};
  auto either = co_await (s.acquire() || sleep_for(patience));
  if (either.index() == 1) {
    ++c.gave_up;
    co_return;
  }
  semaphore::permit p = std::get<0>(std::move(either));
  const int now = ++c.inside;
  for (int most = c.peak; now > most && !c.peak.compare_exchange_weak(most, now);) {
  }
  ++c.got;
  co_await sleep_for(work);
  --c.inside;
}

}  // namespace

TEST_CASE("first come, first served", "[semaphore]") {
  asio::io_context io;
  semaphore s{io.get_executor(), 1};
  std::vector<int> order;
  semaphore::permit mine = s.try_acquire();
  REQUIRE(mine);
  CHECK(!s.try_acquire());
  for (int i = 0; i < 50; ++i) asio::co_spawn(io, hold(s, order, i), asio::detached);
  io.run_for(1ms);
  CHECK(order.empty());
  CHECK(s.contended());
  mine.release();
  io.restart();
  io.run();
  REQUIRE(order.size() == 50);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(s.in_use() == 0);
  CHECK(!s.contended());
}

TEST_CASE("the limit changes while it is in use", "[semaphore]") {
  asio::io_context io;
  semaphore s{io.get_executor(), 2};
  auto a = s.try_acquire();
  auto b = s.try_acquire();
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, hold(s, order, i), asio::detached);
  s.set_limit(1);
  CHECK(s.limit() == 1);
  a.release();
  io.poll();
  CHECK(order.empty());  // still one above none
  CHECK(s.in_use() == 1);
  s.set_limit(0);
  b.release();
  io.restart();
  io.poll();
  CHECK(order.empty());
  CHECK(!s.try_acquire());
  s.set_limit(5);
  io.restart();
  io.run();
  CHECK(order.size() == 3);
  CHECK(s.in_use() == 0);
}

TEST_CASE("a permit may outlive the semaphore, and is given back once", "[semaphore]") {
  asio::io_context io;
  std::optional<semaphore> s{std::in_place, io.get_executor(), 1};
  semaphore::permit p = s->try_acquire();
  semaphore::permit q = std::move(p);
  CHECK(!p);  // NOLINT: a moved-from permit is empty
  CHECK(q);
  q = semaphore::permit{};
  CHECK(s->in_use() == 0);
  q = s->try_acquire();
  s.reset();
  q.release();
  q.release();
}

TEST_CASE("a cancelled acquire leaves the queue", "[semaphore]") {
  asio::io_context io;
  semaphore s{io.get_executor(), 1};
  auto held = s.try_acquire();
  asio::cancellation_signal signal;
  std::error_code first;
  s.acquire(
      asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, semaphore::permit p) {
        first = ec;
        CHECK(!p);
      }));
  bool second = false;
  s.acquire([&](std::error_code ec, semaphore::permit p) { second = !ec && p; });
  signal.emit(asio::cancellation_type::total);
  CHECK(!first);  // never on the stack of who completes it
  io.poll();
  CHECK(first == asio::error::operation_aborted);
  CHECK(!second);
  held.release();
  signal.emit(asio::cancellation_type::terminal);  // nothing is left to cancel
  io.restart();
  io.run();
  CHECK(second);
  CHECK(s.in_use() == 0);
}

TEST_CASE("a permit that is granted in the moment of its cancellation is not lost", "[semaphore]") {
  asio::io_context io;
  semaphore s{io.get_executor(), 1};
  asio::cancellation_signal signal;
  std::error_code ec;
  semaphore::permit got;
  s.acquire(
      asio::bind_cancellation_slot(signal.slot(), [&](std::error_code e, semaphore::permit p) {
        ec = e;
        got = std::move(p);
      }));
  signal.emit(asio::cancellation_type::terminal);  // granted already
  io.run();
  CHECK(!ec);
  CHECK(got);
  got.release();
  CHECK(s.in_use() == 0);
}

TEST_CASE("a thousand coroutines acquire or give up", "[semaphore]") {
  asio::io_context io;
  const unsigned limit = GENERATE(1u, 3u, 17u);
  semaphore s{io.get_executor(), limit};
  race_counts c;
  for (int i = 0; i < 1000; ++i) {
    asio::co_spawn(io, acquire_or_give_up(s, c, i), asio::detached);
  }
  io.run();
  CHECK(c.got + c.gave_up == 1000);
  CHECK(c.got > 0);
  CHECK(c.peak <= static_cast<int>(limit));
  CHECK(s.in_use() == 0);
  CHECK(!s.contended());
  CHECK(s.try_acquire());
}

TEST_CASE("a thousand coroutines on four threads acquire or give up", "[semaphore][threads]") {
  asio::thread_pool pool{4};
  semaphore s{pool.get_executor(), 5};
  race_counts c;
  for (int i = 0; i < 1000; ++i) {
    auto strand = asio::make_strand(pool);
    asio::co_spawn(strand, acquire_or_give_up(s, c, i), asio::detached);
  }
  for (int i = 0; i < 20; ++i) {
    s.set_limit(static_cast<std::size_t>(1 + i % 5));
    std::this_thread::sleep_for(1ms);
  }
  s.set_limit(5);
  pool.join();
  CHECK(c.got + c.gave_up == 1000);
  CHECK(c.peak <= 5);
  CHECK(s.in_use() == 0);
  CHECK(!s.contended());
}

TEST_CASE("waiters go with their context", "[semaphore][notifier]") {
  CHECK(tracker::alive == 0);
  std::optional<asio::io_context> io{std::in_place};
  semaphore s{io->get_executor(), 1};
  notifier n{io->get_executor()};
  auto held = s.try_acquire();
  const auto wait_for_permit = [](semaphore& in, tracker t) -> awaitable<void> {
    auto p = co_await in.acquire();
    CHECK(t.whole());
  };
  const auto wait_for_word = [](notifier& in, tracker t) -> awaitable<void> {
    co_await in.wait();
    CHECK(t.whole());
  };
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(*io, wait_for_permit(s, tracker{}), asio::detached);
  }
  asio::co_spawn(*io, wait_for_word(n, tracker{}), asio::detached);
  io->poll();
  CHECK(tracker::alive > 0);
  io.reset();
  CHECK(tracker::alive == 0);
  // The primitives go on without those who waited.
  held.release();
  n.notify();
}

TEST_CASE("a notification is kept for the next wait, and counts once", "[notifier]") {
  asio::io_context io;
  notifier n{io.get_executor()};
  int woken = 0;
  n.notify();
  n.notify();
  n.wait([&](std::error_code ec) { woken += !ec; });
  CHECK(woken == 0);
  io.run();
  CHECK(woken == 1);
  n.wait([&](std::error_code ec) { woken += !ec; });
  io.restart();
  io.poll();
  CHECK(woken == 1);
  n.notify();
  io.restart();
  io.run();
  CHECK(woken == 2);
}

TEST_CASE("a cancelled wait loses no notification", "[notifier]") {
  asio::io_context io;
  notifier n{io.get_executor()};
  asio::cancellation_signal signal;
  std::error_code first;
  n.wait(asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec) { first = ec; }));
  signal.emit(asio::cancellation_type::partial);
  n.notify();
  io.run();
  CHECK(first == asio::error::operation_aborted);
  bool second = false;
  n.wait([&](std::error_code ec) { second = !ec; });
  io.restart();
  io.run();
  CHECK(second);
}

TEST_CASE("notified from another thread", "[notifier][threads]") {
  asio::io_context io;
  notifier n{io.get_executor()};
  std::atomic<int> sent{0};
  int seen = 0;
  const auto listen = [](notifier& in, std::atomic<int>& until, int& last) -> awaitable<void> {
    while (last < 1000) {
      co_await in.wait();
      last = until;
    }
  };
  asio::co_spawn(io, listen(n, sent, seen), asio::detached);
  std::thread speaker{[&] {
    for (int i = 0; i < 1000; ++i) {
      ++sent;
      n.notify();
    }
  }};
  io.run_for(30s);
  speaker.join();
  CHECK(seen == 1000);
}

TEST_CASE("a watchdog barks once, when its deadline has passed", "[watchdog]") {
  asio::io_context io;
  int barks = 0;
  watchdog<asio::steady_timer> w{asio::steady_timer{io}, [&] { ++barks; }};
  const auto now = std::chrono::steady_clock::now();
  w.arm(now + 1h);
  w.arm(now + 10ms);  // sooner
  CHECK(!w.expired());
  io.run_for(20s);
  CHECK(barks == 1);
  CHECK(w.expired());
  w.arm(now + 15ms);
  CHECK(!w.expired());
  io.restart();
  io.run_for(20s);
  CHECK(barks == 2);
}

TEST_CASE("a watchdog that is moved, rests or goes away is silent", "[watchdog]") {
  asio::io_context io;
  int barks = 0;
  const auto now = std::chrono::steady_clock::now();
  {
    watchdog<asio::steady_timer> w{asio::steady_timer{io}, [&] { ++barks; }};
    w.arm(now + 5ms);
    w.arm(now + 30ms);  // later: the timer is not disturbed
    io.run_until(now + 15ms);
    CHECK(barks == 0);
    w.rest();
    io.restart();
    io.run_for(20s);
    CHECK(barks == 0);
    CHECK(!w.expired());
    w.arm(std::chrono::steady_clock::now() + 1h);
    w.disarm();
    io.restart();
    io.run_for(20s);
    CHECK(io.stopped());
    w.arm(std::chrono::steady_clock::now() + 1h);
  }
  {
    watchdog<asio::steady_timer> w{asio::steady_timer{io}, [&] { ++barks; }};
    w.arm(std::chrono::steady_clock::now() + 1h);
    w.close();
  }
  io.restart();
  io.run_for(20s);
  CHECK(io.stopped());
  CHECK(barks == 0);
}

TEST_CASE("a watchdog may go away inside its own expiry", "[watchdog]") {
  asio::io_context io;
  std::unique_ptr<watchdog<asio::steady_timer>> w;
  int barks = 0;
  w = std::make_unique<watchdog<asio::steady_timer>>(asio::steady_timer{io}, [&] {
    ++barks;
    w.reset();
  });
  w->arm(std::chrono::steady_clock::now());
  io.run_for(20s);
  CHECK(barks == 1);
}

TEST_CASE("work is done elsewhere, and its result comes back", "[offload]") {
  asio::io_context io;
  workers disk;
  std::string result;
  std::thread::id where;
  const auto run = [](workers& w, std::string& to, std::thread::id& id) -> awaitable<void> {
    const asio::any_io_executor ex = co_await asio::this_coro::executor;
    const tracker mine;
    auto job = [&id, t = tracker{}] {
      id = std::this_thread::get_id();
      return std::string(t.whole() ? "whole" : "broken");
    };
    std::string got = co_await offload(w, ex, std::move(job));
    CHECK(mine.whole());
    to = std::move(got);
  };
  asio::co_spawn(io, run(disk, result, where), asio::detached);
  io.run();  // the waiting operation counts as work
  CHECK(result == "whole");
  CHECK(where != std::this_thread::get_id());
  while (tracker::alive != 0) std::this_thread::yield();  // the job goes last
}

TEST_CASE("a job whose waiter is gone does no harm", "[offload][threads]") {
  for (int round = 0; round < 50; ++round) {
    workers disk;
    std::atomic<bool> go{false};
    {
      asio::io_context io;
      const auto run = [](workers& w, std::atomic<bool>& until, tracker t) -> awaitable<void> {
        const asio::any_io_executor ex = co_await asio::this_coro::executor;
        auto job = [&until] {
          while (!until) std::this_thread::yield();
          return 1;
        };
        const int got = co_await offload(w, ex, std::move(job));
        CHECK((got == 1 && t.whole()));
      };
      asio::co_spawn(io, run(disk, go, tracker{}), asio::detached);
      io.poll();
      if (round % 2) go = true;
    }
    go = true;
  }
  CHECK(tracker::alive == 0);
}

TEST_CASE("a job does not wait for another that takes its time", "[disk_workers]") {
  std::promise<void> first;
  std::promise<void> second;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  system::disk_workers w{2};
  w.submit([&, released] {
    first.set_value();
    released.get();
  });
  first.get_future().get();
  w.submit([&] { second.set_value(); });
  second.get_future().get();
  release.set_value();
}

TEST_CASE("a worker is to spare while a job would not wait for another's end", "[disk_workers]") {
  std::promise<void> begun[2];
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::vector<bool> seen;
  std::promise<void> last;
  {
    system::disk_workers w{2};
    CHECK(w.spare());
    for (std::promise<void>& b : begun) {
      w.submit([&b, released] {
        b.set_value();
        released.get();
      });
      b.get_future().get();
      seen.push_back(w.spare());
    }
    CHECK(seen == std::vector<bool>{true, false});
    w.submit([&] { last.set_value(); });
    CHECK_FALSE(w.spare());
    release.set_value();
    last.get_future().get();
  }
  SECTION("and not once the context that its jobs use ends") {
    system::disk_workers w{2};
    REQUIRE(w.spare());
    w.source().lock()->finish();
    CHECK_FALSE(w.spare());
  }
}

TEST_CASE("jobs of many threads are all done", "[disk_workers][threads]") {
  constexpr int producers = 4;
  constexpr int jobs = 5'000;
  std::atomic<int> done{0};
  std::promise<void> all;
  system::disk_workers w{3};
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&] {
      for (int i = 0; i < jobs; ++i) {
        w.submit([&] {
          if (++done == producers * jobs) all.set_value();
        });
      }
    });
  }
  for (std::thread& t : threads) t.join();
  all.get_future().get();
}

TEST_CASE("the work of many coroutines is done elsewhere", "[offload]") {
  asio::io_context io{1};
  system::disk_workers disk{2};
  int sum = 0;
  const auto run = [](system::disk_workers& w, int& to) -> awaitable<void> {
    const asio::any_io_executor ex = co_await asio::this_coro::executor;
    for (int i = 1; i <= 100; ++i) {
      auto job = [i] { return i; };
      const int got = co_await offload(w, ex, std::move(job));
      to += got;
    }
  };
  for (int i = 0; i < 20; ++i) asio::co_spawn(io, run(disk, sum), asio::detached);
  io.run();
  CHECK(sum == 20 * 5050);
}

TEST_CASE("disk workers finish what runs and drop what waits", "[disk_workers]") {
  std::atomic<int> ran{0};
  {
    system::disk_workers w{1};
    std::atomic<bool> begun{false};
    std::atomic<bool> go{false};
    w.submit([&] {
      begun = true;
      while (!go) std::this_thread::yield();
      ++ran;
    });
    while (!begun) std::this_thread::yield();
    for (int i = 0; i < 10; ++i) {
      w.submit([&ran, t = std::make_shared<tracker>()] { ++ran; });
    }
    std::thread opener{[&] {
      std::this_thread::sleep_for(5ms);
      go = true;
    }};
    w.source().lock()->finish();
    CHECK(ran == 1);
    CHECK(tracker::alive == 0);
    w.submit([&ran] { ++ran; });
    opener.join();
  }
  CHECK(ran == 1);
}
