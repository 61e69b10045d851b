#ifndef HAUL_TEST_TASK_RIG_HPP
#define HAUL_TEST_TASK_RIG_HPP

#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/engine/paths.hpp>
#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::test {

using namespace std::chrono_literals;

/// No test comes near it, unless something hangs.
inline constexpr std::chrono::seconds too_long{100};

/// Options under which a small file goes all the ways of a big one.
inline download_options quick(unsigned connections = 4) {
  download_options o;
  o.connections = connections;
  o.piece_size = 4096;
  o.retries = 4;
  o.retry_delay = 5ms;
  o.max_retry_delay = 50ms;
  o.progress_interval = 5ms;
  return o;
}

inline session_options small_buffers() {
  session_options o;
  o.proxy_from_environment = false;
  o.buffer_size = 4096;
  return o;
}

inline session_options trusting(const test_ca& ca) {
  session_options o = small_buffers();
  o.ca_file = ca.file().string();
  return o;
}

/// Keeps what it is told. Copies share one record.
class recorder {
 public:
  recorder() : state_(std::make_shared<state>()) {}
  void operator()(const event& e) const {
    const std::lock_guard lock{state_->mutex};
    state_->events.push_back(e);
  }
  std::vector<event> all() const {
    const std::lock_guard lock{state_->mutex};
    return state_->events;
  }
  template <class E>
  std::vector<E> of() const {
    std::vector<E> found;
    for (const event& e : all()) {
      if (const auto* x = std::get_if<E>(&e)) found.push_back(*x);
    }
    return found;
  }
  template <class E>
  std::size_t count() const {
    return of<E>().size();
  }

 private:
  struct state {
    std::mutex mutex;
    std::vector<event> events;
  };
  std::shared_ptr<state> state_;
};

/// What must hold for the events of every run that has ended so.
inline void check_events(const recorder& told, const download_result& r) {
  const auto all = told.all();
  REQUIRE(all.size() >= 2);
  CHECK(std::holds_alternative<task_started>(all.front()));
  CHECK(told.count<task_started>() == 1);
  REQUIRE(std::holds_alternative<task_finished>(all.back()));
  CHECK(told.count<task_finished>() == 1);
  CHECK(std::get<task_finished>(all.back()).result.error == r.error);
  const bool was_stopped = r.error == errc::stopped;
  CHECK(told.count<stopped>() == (was_stopped ? 1u : 0u));
  CHECK(told.count<failed>() == (r.error && !was_stopped ? 1u : 0u));
  if (r.error) {
    const event& before = all[all.size() - 2];
    CHECK((std::holds_alternative<failed>(before) || std::holds_alternative<stopped>(before)));
  } else {
    const auto steps = told.of<progress>();
    REQUIRE(!steps.empty());
    CHECK(steps.back().downloaded == r.size);
    CHECK(steps.back().total == r.size);
    CHECK(told.count<transfer_started>() >= 1);
  }
  // A pause ends before the next one begins.
  int deep = 0;
  for (const event& e : all) {
    if (std::holds_alternative<paused>(e)) CHECK(++deep == 1);
    if (std::holds_alternative<resumed>(e)) CHECK(--deep == 0);
  }
}

/// A session on an event loop that one thread runs.
class loop {
 public:
  explicit loop(const session_options& options = small_buffers())
      : session(io.get_executor(), options) {}

  asio::io_context io{1};
  haul::session session;

  template <class Task>
  void start(Task& task) {
    done_ = false;
    asio::co_spawn(io, task.run(), [this](std::exception_ptr bug, download_result r) {
      done_ = true;
      bug_ = bug;
      result = std::move(r);
    });
  }
  bool done() const { return done_; }

  /// Runs what was started to its end, and until nothing is left to do.
  download_result finish() {
    io.restart();
    io.run_for(too_long);
    REQUIRE(done_);
    CHECK(io.stopped());  // nothing is left behind that keeps a loop running
    if (bug_) std::rethrow_exception(std::exchange(bug_, nullptr));
    return result;
  }

  template <class Sink = null_sink>
  download_result run(const download_request& r, const download_options& o = quick(),
                      Sink sink = {}) {
    download_task task{session, r, std::move(sink), o};
    start(task);
    return finish();
  }

  download_result result;

 private:
  bool done_ = false;
  std::exception_ptr bug_;
};

inline download_result fetch_one(const download_request& r, const download_options& o = quick(),
                                 const session_options& shared = small_buffers()) {
  loop l{shared};
  return l.run(r, o);
}

inline std::vector<std::string> files_in(const std::filesystem::path& dir) {
  return list_tree(dir);
}

/// The file is there, exact, and alone.
inline void check_exact(const download_result& r, const std::filesystem::path& path,
                        std::uint64_t seed, std::uint64_t size) {
  INFO(r.message());
  CHECK(!r.error);
  if (r.error) return;
  const auto wrong = mismatch(path, seed, size);
  INFO((wrong ? *wrong : std::string{}));
  CHECK(!wrong);
  CHECK(r.size == size);
  CHECK(!std::filesystem::exists(engine::part_path(path)));
  CHECK(!std::filesystem::exists(engine::journal_path(path)));
}

}  // namespace haul::test

#endif
