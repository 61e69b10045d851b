// How long pause, resume and stop take on a running download over 8 connections.
//
//   control URL FILE TIMES        TIMES pauses and resumes, and half as many stops

#include <haul/download_task.hpp>
#include <haul/session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

/// The times of the events that are waited for.
class watch {
 public:
  void note(const haul::event& e) {
    const std::lock_guard lock{mutex_};
    const auto now = steady::now();
    if (std::holds_alternative<haul::paused>(e)) paused_ = now;
    if (std::holds_alternative<haul::resumed>(e)) resumed_ = now;
    if (std::holds_alternative<haul::task_finished>(e)) ended_ = now;
    if (const auto* p = std::get_if<haul::progress>(&e)) wide_ = wide_ || p->connections == 8;
    changed_.notify_all();
  }
  void forget() {
    const std::lock_guard lock{mutex_};
    paused_ = resumed_ = ended_ = steady::time_point{};
    wide_ = false;
  }
  steady::time_point paused() { return await(paused_); }
  steady::time_point resumed() { return await(resumed_); }
  steady::time_point ended() { return await(ended_); }
  void wide() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, std::chrono::seconds{60}, [this] { return wide_; })) fail();
  }

 private:
  [[noreturn]] static void fail() {
    std::fputs("control: waited in vain\n", stderr);
    std::_Exit(1);
  }
  steady::time_point await(const steady::time_point& t) {
    std::unique_lock lock{mutex_};
    const auto there = [&] { return t != steady::time_point{}; };
    if (!changed_.wait_for(lock, std::chrono::seconds{60}, there)) fail();
    return t;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  steady::time_point paused_{};
  steady::time_point resumed_{};
  steady::time_point ended_{};
  bool wide_ = false;
};

void print(const char* what, std::vector<double>& ms) {
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double part) {
    return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
  };
  std::printf("| %s | %zu | %.2f | %.2f | %.2f |\n", what, ms.size(), at(0.5), at(0.99), at(1));
}

double since(steady::time_point begin, steady::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int times = std::atoi(argv[3]);
  asio::io_context io{1};
  auto work = asio::make_work_guard(io);
  haul::session session{io.get_executor()};
  std::thread loop{[&] { io.run(); }};
  haul::download_options options;
  options.connections = 8;
  options.progress_interval = std::chrono::milliseconds{5};
  std::vector<double> pauses, resumes, stops;
  while (static_cast<int>(stops.size()) < times / 2) {
    watch w;
    const std::string file = argv[2] + std::to_string(stops.size());
    haul::download_task task{session, haul::download_request{argv[1], file},
                             [&w](const haul::event& e) { w.note(e); }, options};
    asio::co_spawn(io, task.run(), [](std::exception_ptr e, const haul::download_result&) {
      if (e) std::rethrow_exception(e);
    });
    w.wide();
    for (int i = 0; i < 2; ++i) {
      w.forget();
      auto begun = steady::now();
      task.pause();
      pauses.push_back(since(begun, w.paused()));
      begun = steady::now();
      task.resume();
      resumes.push_back(since(begun, w.resumed()));
    }
    w.forget();
    w.wide();
    const auto begun = steady::now();
    task.stop();
    stops.push_back(since(begun, w.ended()));
    // What is kept for the next run. Removing a large file takes its time, and is not measured.
    std::filesystem::remove(file + ".haul");
    std::filesystem::remove(file + ".haul-journal");
  }
  work.reset();
  loop.join();
  std::puts("| | times | median ms | p99 ms | worst ms |\n|---|---|---|---|---|");
  print("pause", pauses);
  print("resume", resumes);
  print("stop", stops);
}
