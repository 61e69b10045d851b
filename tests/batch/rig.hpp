#ifndef HAUL_TEST_BATCH_RIG_HPP
#define HAUL_TEST_BATCH_RIG_HPP

#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/batch_manager.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace haul::test {

using namespace std::chrono_literals;

inline constexpr std::chrono::seconds too_long{100};

inline session_options batch_session() {
  session_options o;
  o.proxy_from_environment = false;
  o.buffer_size = 16 * 1024;
  return o;
}

inline manager_options roomy() {
  manager_options o;
  o.max_files = 100'000;
  o.max_concurrent = 16;
  return o;
}

inline batch_options quick_batch(unsigned at_once = 3) {
  batch_options o;
  o.max_concurrent = at_once;
  o.download.connections = 2;
  o.download.piece_size = 4096;
  o.download.retries = 1;
  o.download.retry_delay = 5ms;
  o.download.max_retry_delay = 20ms;
  o.download.progress_interval = 10ms;
  return o;
}

/// Keeps all events of a manager. Copies share one list.
class witness {
 public:
  witness() : state_(std::make_shared<state>()) {}
  void operator()(const event& e) const {
    const std::lock_guard lock{state_->mutex};
    state_->events.push_back(e);
  }
  std::vector<event> all() const {
    const std::lock_guard lock{state_->mutex};
    return state_->events;
  }

 private:
  struct state {
    std::mutex mutex;
    std::vector<event> events;
  };
  std::shared_ptr<state> state_;
};

/// A session and a manager on an event loop with threads of its own.
template <class Store = memory_store>
class manager_rig {
 public:
  explicit manager_rig(Store store = {}, manager_options options = roomy(), unsigned threads = 1,
                       session_options shared = batch_session())
      : work_(io_.get_executor()),
        session_(io_.get_executor(), shared),
        manager_(std::in_place, session_, events, std::move(store), options) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~manager_rig() { leave(); }

  batch_manager<witness, Store>& operator*() { return *manager_; }
  batch_manager<witness, Store>* operator->() { return &*manager_; }

  /// Runs a coroutine to its end and gives what it gives.
  template <class T>
  T run(awaitable<T> coroutine) {
    std::future<T> result = asio::co_spawn(io_, std::move(coroutine), asio::use_future);
    if (result.wait_for(too_long) != std::future_status::ready) {
      throw std::runtime_error("the coroutine hangs");
    }
    return result.get();
  }

  submit_result submit(std::vector<download_request> files, batch_options o = quick_batch()) {
    return run(manager_->submit(std::move(files), o));
  }
  batch_status wait(const std::string& id) {
    auto s = run(manager_->wait(id));
    REQUIRE(s.has_value());
    return *s;
  }

  /// Everything goes, as at the end of a program that does not close.
  void leave() {
    if (threads_.empty()) return;
    work_.reset();
    io_.stop();
    for (auto& t : threads_) t.join();
    threads_.clear();
  }

  witness events;

 private:
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  session session_;
  std::optional<batch_manager<witness, Store>> manager_;
  std::vector<std::thread> threads_;
};

inline void check_counts(const batch_status& s) {
  CHECK(s.total == s.pending + s.downloading + s.paused + s.completed + s.failed + s.cancelled);
}

}  // namespace haul::test

#endif
