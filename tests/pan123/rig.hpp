#ifndef HAUL_TEST_PAN123_RIG_HPP
#define HAUL_TEST_PAN123_RIG_HPP

#include "catch.hpp"
#include "pan123/platform.hpp"
#include "support/temp_dir.hpp"
#include <haul/pan123/client.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::test {

using namespace std::chrono_literals;

inline constexpr auto too_long = 100s;

/// A client of the mock platform on a loop of its own. Waits are short, rates are off.
struct pan_rig {
  explicit pan_rig(pan_platform& to) : pan_rig(to, own(to)) {}
  pan_rig(pan_platform& to, pan123::credentials who)
      : platform(to),
        session(io.get_executor(), trusting(to)),
        who_(std::move(who)),
        options(quick(to)) {}

  static pan123::credentials own(const pan_platform& to) {
    return pan123::credentials::client(to.client_id, to.client_secret);
  }
  static session_options trusting(pan_platform& to) {
    session_options o;
    o.proxy_from_environment = false;
    o.ca_file = to.ca.file().string();
    return o;
  }
  static pan123::client_options quick(pan_platform& to) {
    pan123::client_options o;
    o.base_url = to.base_url();
    o.rates.set_all(0);
    o.retry_delay = 20ms;
    o.poll_delay = 5ms;
    o.max_poll_delay = 20ms;
    o.busy_delay = 5ms;
    o.parse_delay = 5ms;
    return o;
  }

  /// Made at the first use, from the options as they are then.
  pan123::client& client() {
    if (!client_) {
      options.events = [this](const pan123::event& e) { events.push_back(e); };
      client_.emplace(session, who_, options);
    }
    return *client_;
  }

  void finish() {
    io.restart();
    io.run_for(too_long);
    CHECK(io.stopped());
  }

  /// Runs until something has happened.
  template <class Done>
  void run_until(Done done) {
    const auto last = std::chrono::steady_clock::now() + too_long;
    while (!done()) {
      REQUIRE(std::chrono::steady_clock::now() < last);
      io.restart();
      io.run_one_for(10ms);
    }
  }

  /// Runs a call to its end; what it throws comes out.
  template <class T>
  T run(awaitable<T> op) {
    std::optional<T> result;
    std::exception_ptr failed;
    asio::co_spawn(io, std::move(op), [&](std::exception_ptr e, T value) {
      failed = e;
      result = std::move(value);
    });
    finish();
    if (failed) std::rethrow_exception(failed);
    return std::move(*result);
  }
  void run(awaitable<void> op) {
    std::exception_ptr failed;
    asio::co_spawn(io, std::move(op), [&](std::exception_ptr e) { failed = e; });
    finish();
    if (failed) std::rethrow_exception(failed);
  }

  /// The error that a call ends with.
  template <class T>
  std::optional<pan123::error> fail(awaitable<T> op) {
    try {
      run(std::move(op));
    } catch (const pan123::error& e) {
      return e;
    }
    return std::nullopt;
  }
  template <class T>
  std::error_code code(awaitable<T> op) {
    const auto e = fail(std::move(op));
    return e ? e->code() : std::error_code{};
  }

  template <class E>
  std::vector<E> seen() const {
    std::vector<E> all;
    for (const auto& e : events) {
      if (const E* one = std::get_if<E>(&e)) all.push_back(*one);
    }
    return all;
  }

  pan_platform& platform;
  asio::io_context io{1};
  haul::session session;
  pan123::credentials who_;
  pan123::client_options options;
  std::vector<pan123::event> events;
  std::optional<pan123::client> client_;
};

}  // namespace haul::test

#endif
