#ifndef HAUL_TEST_SERVICE_BBDOWN_RIG_HPP
#define HAUL_TEST_SERVICE_BBDOWN_RIG_HPP

#include "batch/rig.hpp"
#include "bbdown_rows.hpp"
#include <haul/service/bbdown.hpp>

#include <asio/this_coro.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace haul::test {

inline awaitable<asio::any_io_executor> executor_here() {
  co_return co_await asio::this_coro::executor;
}

/// The webhooks that have been handed out.
class hook_list {
 public:
  void add(std::string url, std::string body) {
    const std::lock_guard lock{mutex_};
    calls_.emplace_back(std::move(url), std::move(body));
  }
  std::vector<std::pair<std::string, std::string>> all() const {
    const std::lock_guard lock{mutex_};
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> calls_;
};

/// The dialect over a manager with threads of its own.
template <class Store = memory_store>
class bbdown_rig {
 public:
  explicit bbdown_rig(const temp_dir& dir, service::records& kept,
                      service::bbdown_options options = {}, Store store = {})
      : rig(std::move(store), roomy(), 2),
        in(*rig),
        service(executor(), in, kept, with(dir, options)) {
    const std::error_code ec = rig.run(rig->recover());
    REQUIRE_FALSE(ec);
    service.recover();
  }

  service::response ask(service::request r) { return rig.run(service(std::move(r))); }
  service::response get(std::string target) {
    return ask(service::request{"GET", std::move(target)});
  }
  service::response post(std::string target, std::string body) {
    return ask(service::request{"POST", std::move(target)}
                   .field("Content-Type", "application/json")
                   .body(std::move(body)));
  }
  /// Asks until the body is another one.
  std::string get_until_not(const std::string& target, const std::string& body) {
    std::string seen = body;
    REQUIRE(wait_until(
        [&] {
          seen = get(target).body();
          return seen != body;
        },
        too_long));
    return seen;
  }
  /// Nothing runs any more.
  void settle() {
    REQUIRE(wait_until([&] { return get("/get-tasks/running").body() == "[]"; }, too_long));
  }

  hook_list hooks;
  manager_rig<Store> rig;
  service::downloads_of<batch_manager<witness, Store>> in;
  service::bbdown service;

 private:
  asio::any_io_executor executor() { return rig.run(executor_here()); }
  service::bbdown_options with(const temp_dir& dir, service::bbdown_options o) {
    o.root = dir.path();
    o.batch = quick_batch();
    o.webhook = [this](std::string url, std::string body) {
      hooks.add(std::move(url), std::move(body));
    };
    return o;
  }
};

}  // namespace haul::test

#endif
