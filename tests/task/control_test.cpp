#include "catch.hpp"
#include "task/rig.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <future>
#include <thread>

using namespace haul;
using namespace haul::test;

namespace {

constexpr std::uint64_t size = 60'000;

// A server from which a small file comes over several streams.
struct small_server {
  fault_server server;
  explicit small_server(bool joinable = true) {
    server.add("/f",
               {.size = size, .seed = 4, .etag = joinable ? "\"v1\"" : "", .rate = 3'000'000});
  }
  download_request request(const temp_dir& dir) const {
    return download_request{server.url("/f"), dir / "f"}.sha256(pattern_sha256(4, size));
  }
};

// Runs `k` handlers; false when there was nothing to run any more.
bool run_handlers(asio::io_context& io, std::size_t k) {
  for (std::size_t i = 0; i < k; ++i) {
    if (io.run_one_for(too_long) == 0) return false;
  }
  return true;
}

// Every k at first, then fewer: the beginning has the most different places.
std::size_t after(std::size_t k) { return k < 50 ? k + 1 : k + 1 + k / 8; }

}  // namespace

TEST_CASE("pause and resume after every handler", "[task][control]") {
  const bool joinable = GENERATE(true, false);
  small_server origin{joinable};
  for (std::size_t k = 0;; k = after(k)) {
    INFO("after handler " << k);
    temp_dir dir;
    loop l;
    recorder told;
    download_task task{l.session, origin.request(dir), told, quick()};
    l.start(task);
    run_handlers(l.io, k);
    if (l.done()) break;
    task.pause();
    // It comes to rest: the only thing that can still happen is that it was over already.
    while (told.count<paused>() == 0 && !l.done()) {
      REQUIRE(l.io.run_one_for(too_long) == 1);
    }
    if (!l.done()) {
      CHECK(task.status().now == task_status::phase::paused);
      CHECK(task.status().connections == 0);
    }
    task.resume();
    const auto r = l.finish();
    check_exact(r, dir / "f", 4, size);
    check_events(told, r);
    if (r.error) return;
  }
  CHECK(origin.server.errors().empty());
}

TEST_CASE("stop after every handler, and go on with another run", "[task][control]") {
  small_server origin;
  for (std::size_t k = 0;; k = after(k)) {
    INFO("after handler " << k);
    temp_dir dir;
    {
      loop l;
      recorder told;
      download_task task{l.session, origin.request(dir), told, quick()};
      l.start(task);
      run_handlers(l.io, k);
      if (l.done()) break;
      task.stop();
      const auto r = l.finish();
      check_events(told, r);
      if (!r.error) {
        check_exact(r, dir / "f", 4, size);
        continue;
      }
      CHECK(r.error == errc::stopped);
      CHECK(!std::filesystem::exists(dir / "f"));
    }
    // A disk job that was under way may have published the file; then it is whole.
    if (std::filesystem::exists(dir / "f")) {
      CHECK_FALSE(mismatch(dir / "f", 4, size));
      continue;
    }
    loop again;
    const auto r = again.run(origin.request(dir));
    check_exact(r, dir / "f", 4, size);
    if (r.error) return;
  }
}

TEST_CASE("the loop goes away after every handler", "[task][control]") {
  small_server origin;
  for (std::size_t k = 0;; k = after(k)) {
    INFO("after handler " << k);
    temp_dir dir;
    {
      auto l = std::make_unique<loop>();
      download_task task{l->session, origin.request(dir), recorder{}, quick()};
      l->start(task);
      run_handlers(l->io, k);
      if (l->done()) break;
      // The task goes first, or the session and its loop.
      if (k % 2 == 0) {
        auto gone = std::make_unique<download_task<recorder>>(std::move(task));
        gone.reset();
      }
      if (k % 2 != 0) {
        auto gone = std::make_unique<download_task<recorder>>(std::move(task));
        gone->pause();
        gone.reset();
      }
      l.reset();
    }
    // A disk job that was under way may have published the file; then it is whole.
    if (std::filesystem::exists(dir / "f")) {
      CHECK_FALSE(mismatch(dir / "f", 4, size));
      continue;
    }
    loop again;
    const auto r = again.run(origin.request(dir));
    check_exact(r, dir / "f", 4, size);
    if (r.error) return;
  }
}

TEST_CASE("cancelling run() stops the task", "[task][control]") {
  fault_server server;
  gate closed;
  server.add("/f", {.size = size, .seed = 4, .etag = "\"v1\""});
  server.behave("/f", [&](const request_info&) { return reply_plan().hold_body(20'000, closed); });
  temp_dir dir;
  loop l;
  recorder told;
  download_task task{l.session, download_request{server.url("/f"), dir / "f"}, told, quick()};
  asio::cancellation_signal signal;
  bool done = false;
  download_result result;
  asio::co_spawn(
      l.io, task.run(),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr bug, download_result r) {
        CHECK(!bug);
        done = true;
        result = std::move(r);
      }));
  while (closed.arrivals() == 0) l.io.run_one_for(10ms);
  signal.emit(asio::cancellation_type::terminal);
  l.io.run_for(too_long);
  REQUIRE(done);
  CHECK(l.io.stopped());
  CHECK(result.error == errc::stopped);
  check_events(told, result);
  closed.open();
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"});
  check_exact(r, dir / "f", 4, size);
}

TEST_CASE("a task that goes away stops", "[task][control]") {
  fault_server server;
  server.add("/f", {.size = size, .seed = 4, .etag = "\"v1\""});
  server.behave("/f", [](const request_info&) { return reply_plan().stall_body(20'000); });
  temp_dir dir;
  loop l;
  {
    download_task task{l.session, download_request{server.url("/f"), dir / "f"}, null_sink{},
                       quick()};
    l.start(task);
    for (int i = 0; i < 20; ++i) l.io.run_one_for(20ms);
    CHECK(!l.done());
  }
  CHECK(l.finish().error == errc::stopped);
  CHECK(!std::filesystem::exists(dir / "f"));
}

TEST_CASE("pause before the run, stop before the run, stop while paused", "[task][control]") {
  small_server origin;
  temp_dir dir;
  {
    loop l;
    download_task task{l.session, origin.request(dir), null_sink{}, quick()};
    CHECK(task.status().now == task_status::phase::waiting);
    task.stop();
    l.start(task);
    CHECK(l.finish().error == errc::stopped);
    CHECK(origin.server.counters().requests == 0);
  }
  loop l;
  recorder told;
  download_task task{l.session, origin.request(dir), told, quick()};
  task.pause();
  l.start(task);
  while (told.count<paused>() == 0) REQUIRE(l.io.run_one_for(too_long) == 1);
  CHECK(origin.server.counters().requests == 0);
  SECTION("resumed") {
    task.resume();
    check_exact(l.finish(), dir / "f", 4, size);
  }
  SECTION("stopped") {
    task.stop();
    CHECK(l.finish().error == errc::stopped);
    CHECK(list_tree(dir.path()).empty());
  }
}

TEST_CASE("a pause closes the connections, and costs no bytes", "[task][control]") {
  fault_server server;
  temp_dir dir;
  constexpr std::uint64_t big = 600'000;
  server.add("/f", {.size = big, .seed = 5, .etag = "\"v1\"", .rate = 500'000});
  loop l;
  recorder told;
  download_task task{l.session, download_request{server.url("/f"), dir / "f"}, told, quick()};
  l.start(task);
  while (task.status().downloaded < big / 3) l.io.run_one_for(100ms);
  task.pause();
  while (told.count<paused>() == 0) REQUIRE(l.io.run_one_for(too_long) == 1);
  CHECK(server.wait_for([](const server_counters& c) { return c.requests_active == 0; }));
  const auto written = task.status().downloaded;
  // What was cancelled ends; then the loop has nothing to do but to wait.
  CHECK(l.io.run_for(100ms) <= 12);
  task.resume();
  const auto r = l.finish();
  check_exact(r, dir / "f", 5, big);
  CHECK(written >= big / 3);
  CHECK(r.received <= big + 400'000);
}

TEST_CASE("on a thread pool, controlled from other threads", "[task][control][threads]") {
  fault_server server;
  temp_dir dir;
  constexpr std::uint64_t big = 500'000;
  server.add("/f", {.size = big, .seed = 6, .etag = "\"v1\"", .rate = 1'500'000});
  asio::thread_pool pool{4};
  haul::session session{pool.get_executor(), small_buffers()};
  std::vector<std::unique_ptr<download_task<recorder>>> tasks;
  std::vector<recorder> told(6);
  std::vector<std::future<download_result>> results;
  for (std::size_t i = 0; i < told.size(); ++i) {
    tasks.push_back(std::make_unique<download_task<recorder>>(
        session,
        download_request{server.url("/f"), dir / std::to_string(i)}.sha256(pattern_sha256(6, big)),
        told[i], quick(8)));
    results.push_back(asio::co_spawn(pool, tasks.back()->run(), asio::use_future));
  }
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < tasks.size() - 1; ++i) {
      if (round % 2 == 0) {
        tasks[i]->pause();
      } else {
        tasks[i]->resume();
      }
      tasks[i]->set_rate_limit(round == 10 ? 2'000'000 : 0);
      CHECK(tasks[i]->status().downloaded <= big);
    }
    std::this_thread::sleep_for(3ms);
  }
  tasks.back()->stop();
  for (auto& t : tasks) t->resume();
  for (std::size_t i = 0; i < results.size(); ++i) {
    REQUIRE(results[i].wait_for(too_long) == std::future_status::ready);
    const download_result r = results[i].get();
    check_events(told[i], r);
    if (i + 1 < results.size()) check_exact(r, dir / std::to_string(i), 6, big);
  }
  pool.join();
}

TEST_CASE("a pool that goes away in the middle of downloads", "[task][control][threads]") {
  fault_server server;
  server.add("/f", {.size = 500'000, .seed = 6, .etag = "\"v1\"", .rate = 3'000'000});
  for (int round = 0; round < 20; ++round) {
    temp_dir dir;
    asio::thread_pool pool{4};
    haul::session session{pool.get_executor(), small_buffers()};
    std::vector<std::unique_ptr<download_task<>>> tasks;
    for (int i = 0; i < 3; ++i) {
      tasks.push_back(std::make_unique<download_task<>>(
          session, download_request{server.url("/f"), dir / std::to_string(i)}, null_sink{},
          quick(8)));
      asio::co_spawn(pool, tasks.back()->run(), [](std::exception_ptr, download_result) {});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{round * 3});
    pool.stop();
    pool.join();
  }
}
