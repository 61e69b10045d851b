#include "catch.hpp"
#include <haul/engine/event_queue.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace haul;
using engine::delivery;
using engine::erase_sink;
using engine::event_queue;
using namespace std::chrono_literals;

namespace {

task_ref make_task() { return std::make_shared<task_info>(); }

progress step(const task_ref& t, std::uint64_t n) {
  progress p;
  p.task = t;
  p.downloaded = n;
  return p;
}

struct slow_sink {
  std::shared_ptr<std::vector<event>> got;
  std::shared_ptr<int> inside = std::make_shared<int>(0);

  awaitable<void> operator()(const event& e) const { return take(got, inside, e); }
  static awaitable<void> take(std::shared_ptr<std::vector<event>> to, std::shared_ptr<int> in,
                              event e) {
    CHECK(++*in == 1);  // one at a time
    const asio::any_io_executor ex = co_await asio::this_coro::executor;
    asio::steady_timer t{ex, 1ms};
    co_await t.async_wait(asio::use_awaitable);
    to->push_back(std::move(e));
    --*in;
  }
};

}  // namespace

TEST_CASE("events come in order, and never on the stack of who reports them", "[events]") {
  asio::io_context io;
  std::vector<event> got;
  const auto queue = std::make_shared<event_queue>(
      io.get_executor(), erase_sink([&](const event& e) { got.push_back(e); }), delivery::queued,
      [] {});
  CHECK(queue->wanted());
  const auto task = make_task();
  asio::post(io, [&] {
    queue->push(task_started{task});
    queue->push(step(task, 1));
    queue->push(paused{task});
    queue->push(step(task, 2));
    CHECK(got.empty());
  });
  io.run();
  REQUIRE(got.size() == 4);
  CHECK(std::holds_alternative<task_started>(got[0]));
  CHECK(std::get<progress>(got[1]).downloaded == 1);
  CHECK(std::holds_alternative<paused>(got[2]));
  CHECK(std::get<progress>(got[3]).downloaded == 2);
}

TEST_CASE("a sink that takes an event is given it, and one that looks at it loses nothing",
          "[events]") {
  const delivery how = GENERATE(delivery::queued, delivery::direct);
  asio::io_context io;
  std::vector<event> kept;
  std::vector<event> seen;
  const void* made = nullptr;
  const auto sent = [&] {
    task_finished e{make_task(), {}};
    e.result.detail.assign(1000, 'x');
    made = e.result.detail.data();
    return e;
  };
  const auto taking = std::make_shared<event_queue>(
      io.get_executor(), erase_sink([&](event e) { kept.push_back(std::move(e)); }), how, [] {});
  taking->push(sent());
  io.run();
  REQUIRE(kept.size() == 1);
  CHECK(std::get<task_finished>(kept[0]).result.detail.data() == made);  // the same memory
  const auto looking = std::make_shared<event_queue>(
      io.get_executor(), erase_sink([&](const event& e) { seen.push_back(e); }), how, [] {});
  looking->push(sent());
  io.restart();
  io.run();
  REQUIRE(seen.size() == 1);
  CHECK(std::get<task_finished>(seen[0]).result.detail.size() == 1000);
}

TEST_CASE("waiting progress of a task takes one place", "[events]") {
  asio::io_context io;
  const auto got = std::make_shared<std::vector<event>>();
  const auto queue = std::make_shared<event_queue>(io.get_executor(), erase_sink(slow_sink{got}),
                                                   delivery::queued, [] {});
  const auto a = make_task();
  const auto b = make_task();
  for (std::uint64_t i = 0; i < 100; ++i) {
    queue->push(step(a, i));
    queue->push(step(b, i + 1000));
  }
  queue->push(paused{a});
  queue->push(step(a, 200));
  queue->push(step(b, 2000));
  io.run();
  CHECK(got->size() <= 6);
  std::uint64_t last_a = 0;
  for (const event& e : *got) {
    if (const auto* p = std::get_if<progress>(&e); p && p->task == a) {
      CHECK(p->downloaded >= last_a);
      last_a = p->downloaded;
    }
    if (std::holds_alternative<paused>(e)) CHECK(last_a == 99);
  }
  CHECK(last_a == 200);
}

TEST_CASE("drained waits for a slow sink", "[events]") {
  asio::io_context io;
  const auto got = std::make_shared<std::vector<event>>();
  const auto queue = std::make_shared<event_queue>(io.get_executor(), erase_sink(slow_sink{got}),
                                                   delivery::queued, [] {});
  const auto task = make_task();
  for (int i = 0; i < 5; ++i) queue->push(paused{task});
  // Any number may wait, each for what was pushed before.
  std::vector<std::size_t> seen;
  const auto wait = [&] {
    asio::co_spawn(io, queue->drained(), [&](std::exception_ptr e) {
      CHECK(!e);
      seen.push_back(got->size());
    });
    while (io.poll_one() > 0 && seen.empty() && got->empty()) {
    }
  };
  wait();
  wait();
  queue->push(paused{task});
  wait();
  io.run();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] >= 5);
  CHECK(seen[1] >= 5);
  CHECK(seen[2] == 6);
}

TEST_CASE("a sink that throws is not asked again", "[events]") {
  asio::io_context io;
  int calls = 0;
  int told = 0;
  const auto queue = std::make_shared<event_queue>(io.get_executor(), erase_sink([&](const event&) {
                                                     ++calls;
                                                     throw std::runtime_error("no");
                                                   }),
                                                   delivery::queued, [&] { ++told; });
  const auto task = make_task();
  for (int i = 0; i < 5; ++i) queue->push(paused{task});
  io.run();
  queue->push(paused{task});
  bool drained = false;
  asio::co_spawn(io, queue->drained(), [&](std::exception_ptr) { drained = true; });
  io.restart();
  io.run();
  CHECK(calls == 1);
  CHECK(told == 1);
  CHECK(drained);
}

TEST_CASE("nobody listens", "[events]") {
  asio::io_context io;
  const auto queue = std::make_shared<event_queue>(io.get_executor(), erase_sink(null_sink{}),
                                                   delivery::queued, [] {});
  CHECK(!queue->wanted());
  queue->push(paused{make_task()});
  CHECK(io.run() == 0);
}

TEST_CASE("events from many threads", "[events][threads]") {
  asio::thread_pool pool{4};
  std::atomic<int> inside{0};
  std::atomic<int> calls{0};
  const auto queue = std::make_shared<event_queue>(asio::make_strand(pool.get_executor()),
                                                   erase_sink([&](const event&) {
                                                     CHECK(++inside == 1);
                                                     ++calls;
                                                     --inside;
                                                   }),
                                                   delivery::queued, [] {});
  const auto task = make_task();
  for (int t = 0; t < 4; ++t) {
    asio::post(pool, [&] {
      for (int i = 0; i < 500; ++i) queue->push(paused{task});
    });
  }
  pool.join();
  CHECK(calls == 2000);
}
