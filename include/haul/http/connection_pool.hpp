#ifndef HAUL_HTTP_CONNECTION_POOL_HPP
#define HAUL_HTTP_CONNECTION_POOL_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/semaphore.hpp>
#include <haul/download_options.hpp>
#include <haul/http/connection.hpp>
#include <haul/system/environment.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace haul::http {

/// The connections that all tasks of a session share: kept ones are used again, newest first, and
/// the number of those in use is bounded for each route.
///
/// Nothing is pending on an idle connection, so the pool does not keep an event loop running. Idle
/// ones that were closed by the server, or have become old, are dropped when the pool is next used.
///
/// @par Thread Safety
/// Safe.
template <system::environment Environment>
class connection_pool {
 public:
  using connection_type = connection<Environment>;
  using connection_ptr = std::unique_ptr<connection_type>;
  using clock = std::chrono::steady_clock;

  connection_pool(Environment& environment, asio::any_io_executor executor, std::size_t for_each,
                  std::chrono::milliseconds idle_timeout)
      : environment_(environment),
        executor_(std::move(executor)),
        for_each_(for_each ? for_each : 1),
        idle_timeout_(idle_timeout) {}

  /// A new connection on the way `to`. Waits while the route has its most connections in use; what
  /// it waited for may be an idle one, which is as good if `fresh` is false.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal; nothing is left open.
  ///
  /// @throws detail::failure  when no connection can be made.
  awaitable<connection_ptr> acquire(asio::any_io_executor executor, system::route to,
                                    timeouts limits, bool fresh) {
    std::string key = to.key();
    const std::shared_ptr<host> h = host_of(key);
    semaphore::permit permit = h->slots.try_acquire();
    connection_ptr c;
    if (!permit) {
      permit = co_await h->slots.acquire();
      if (!fresh) c = take_idle(*h);
    }
    if (!c) {
      typename Environment::stream s = co_await environment_.connect(executor, to, limits);
      c = std::make_unique<connection_type>(std::move(s), std::move(key));
    }
    c->permit = std::move(permit);
    co_return std::move(c);
  }

  /// An idle connection on the way `to`, if one can be had without waiting.
  connection_ptr take(const system::route& to) {
    const std::shared_ptr<host> h = host_of(to.key());
    semaphore::permit permit = h->slots.try_acquire();
    connection_ptr c = permit ? take_idle(*h) : nullptr;
    if (c) c->permit = std::move(permit);
    return c;
  }

  /// Keeps a connection whose last reply was read to its end.
  void keep(connection_ptr c) {
    std::vector<connection_ptr> dropped;
    const std::shared_ptr<host> h = host_of(c->key);
    const semaphore::permit given_back = std::move(c->permit);
    const std::lock_guard lock{mutex_};
    c->idle_since = environment_.now();
    h->idle.push_back(std::move(c));
    drop_old(dropped);
  }

  /// Whether somebody waits for a connection on this route.
  bool contended(const system::route& to) { return host_of(to.key())->slots.contended(); }

  /// Closes all idle connections.
  void clear() {
    std::vector<connection_ptr> dropped;
    const std::lock_guard lock{mutex_};
    for (auto& [key, h] : hosts_) {
      for (auto& c : h->idle) dropped.push_back(std::move(c));
      h->idle.clear();
    }
  }

 private:
  struct host {
    host(asio::any_io_executor executor, std::size_t limit) : slots(std::move(executor), limit) {}
    semaphore slots;
    std::vector<connection_ptr> idle;
  };

  std::shared_ptr<host> host_of(const std::string& key) {
    const std::lock_guard lock{mutex_};
    auto& h = hosts_[key];
    if (!h) h = std::make_shared<host>(executor_, for_each_);
    return h;
  }

  connection_ptr take_idle(host& h) {
    std::vector<connection_ptr> dropped;
    const std::lock_guard lock{mutex_};
    drop_old(dropped);
    while (!h.idle.empty()) {
      connection_ptr c = std::move(h.idle.back());
      h.idle.pop_back();
      if (!c->stream.stale()) return c;
      dropped.push_back(std::move(c));
    }
    return nullptr;
  }

  void drop_old(std::vector<connection_ptr>& dropped) {
    const auto now = environment_.now();
    if (now - swept_ < idle_timeout_ / 4) return;
    swept_ = now;
    for (auto at = hosts_.begin(); at != hosts_.end();) {
      auto& idle = at->second->idle;
      std::erase_if(idle, [&](connection_ptr& c) {
        if (now - c->idle_since < idle_timeout_) return false;
        dropped.push_back(std::move(c));
        return true;
      });
      const bool unused =
          idle.empty() && at->second.use_count() == 1 && at->second->slots.in_use() == 0;
      at = unused ? hosts_.erase(at) : std::next(at);
    }
  }

  Environment& environment_;
  asio::any_io_executor executor_;
  std::size_t for_each_;
  std::chrono::milliseconds idle_timeout_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<host>> hosts_;
  clock::time_point swept_{};
};

}  // namespace haul::http

#endif
