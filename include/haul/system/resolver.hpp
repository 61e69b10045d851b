#ifndef HAUL_SYSTEM_RESOLVER_HPP
#define HAUL_SYSTEM_RESOLVER_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/async/watchdog.hpp>
#include <haul/detail/failure.hpp>
#include <haul/error.hpp>
#include <haul/system/address.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_executor.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace haul::system {

/// Names to addresses, with a small cache. Each look-up has a thread of its own, which nobody waits
/// for: a name service that hangs holds up neither other names nor the end of the program.
///
/// @par Thread Safety
/// Safe.
class resolver {
 public:
  using addresses = std::vector<asio::ip::address>;
  using clock = std::chrono::steady_clock;

  /// The addresses of `host`, in the order of the system's preference.
  ///
  /// @param limit  How long to wait; 0 is for ever.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total. The look-up itself goes on, for the next who asks.
  ///
  /// @throws detail::failure  host_not_found, resolve_failed or resolve_timeout.
  awaitable<addresses> resolve(asio::any_io_executor executor, std::string host,
                               std::chrono::milliseconds limit) {
    if (const auto literal = parse_address(host)) {
      addresses one(1, *literal);
      co_return one;
    }
    const std::shared_ptr<lookup> found = find_or_start(host);
    // The look-up may outlive the executor's context, and so may what it notifies.
    const auto woken = std::make_shared<notifier>(asio::system_executor{});
    watchdog<asio::steady_timer> deadline{asio::steady_timer{executor},
                                          [woken] { woken->notify(); }};
    if (limit.count() > 0) deadline.arm(clock::now() + limit);
    if (!found->ended_or_wake(woken)) co_await woken->wait();
    co_return found->take_result(host);
  }

 private:
  struct lookup {
    const clock::time_point started = clock::now();

    bool failed() {
      const std::lock_guard lock{mutex};
      return ended && error;
    }
    bool ended_or_wake(const std::shared_ptr<notifier>& n) {
      const std::lock_guard lock{mutex};
      if (!ended) waiting.push_back(n);
      return ended;
    }
    addresses take_result(const std::string& host) {
      const std::lock_guard lock{mutex};
      if (!ended) throw haul::detail::failure{errc::resolve_timeout, operation::resolving, host};
      if (error) throw haul::detail::failure{error, operation::resolving, host};
      return result;
    }
    void end(std::error_code ec, addresses found) {
      std::vector<std::shared_ptr<notifier>> woken;
      {
        const std::lock_guard lock{mutex};
        ended = true;
        error = ec;
        result = std::move(found);
        woken.swap(waiting);
      }
      for (const auto& n : woken) n->notify();
    }

   private:
    std::mutex mutex;
    std::vector<std::shared_ptr<notifier>> waiting;
    addresses result;
    std::error_code error;
    bool ended = false;
  };

  static constexpr std::chrono::seconds lifetime{60};
  static constexpr std::size_t most_entries = 1024;

  std::shared_ptr<lookup> find_or_start(const std::string& host) {
    const std::lock_guard lock{mutex_};
    const auto now = clock::now();
    if (const auto at = cache_.find(host); at != cache_.end()) {
      if (!at->second->failed() && now - at->second->started < lifetime) return at->second;
      cache_.erase(at);
    }
    if (cache_.size() >= most_entries) cache_.clear();
    auto fresh = std::make_shared<lookup>();
    cache_.emplace(host, fresh);
    std::thread{[fresh, host] { look_up(*fresh, host); }}.detach();
    return fresh;
  }

  static void look_up(lookup& l, const std::string& host) {
    addresses found;
    std::error_code ec;
    try {
      asio::io_context context;
      asio::ip::tcp::resolver system{context};
      const auto results = system.resolve(host, "", ec);
      for (const auto& r : results) found.push_back(r.endpoint().address());
    } catch (...) {
      ec = errc::resolve_failed;
    }
    if (ec == asio::error::host_not_found || ec == asio::error::no_data || (!ec && found.empty())) {
      ec = errc::host_not_found;
    } else if (ec) {
      ec = errc::resolve_failed;
    }
    l.end(ec, std::move(found));
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<lookup>> cache_;
};

}  // namespace haul::system

#endif
