#ifndef HAUL_SYSTEM_CONNECTOR_HPP
#define HAUL_SYSTEM_CONNECTOR_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/watchdog.hpp>
#include <haul/detail/failure.hpp>
#include <haul/download_options.hpp>
#include <haul/error.hpp>
#include <haul/http/head_parser.hpp>
#include <haul/system/connect_race.hpp>
#include <haul/system/http_connect.hpp>
#include <haul/system/resolver.hpp>
#include <haul/system/route.hpp>
#include <haul/system/socks5.hpp>
#include <haul/system/system_stream.hpp>
#include <haul/system/tls.hpp>

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace haul::system {

/// Opens connections: resolve, race the addresses, go through the proxy, shake hands. Each step has
/// its deadline.
///
/// @par Thread Safety
/// Safe.
class connector {
 public:
  explicit connector(const std::string& ca_file) : tls_(ca_file) {}

  /// @par Per-Operation Cancellation
  /// Terminal; nothing is left open.
  ///
  /// @throws detail::failure  with the step that failed.
  awaitable<system_stream> connect(asio::any_io_executor executor, route to, timeouts limits) {
    if (to.origin.secure && tls_.error()) {
      throw haul::detail::failure{tls_.error(), operation::handshaking, tls_.detail()};
    }
    const std::string host = to.proxy ? to.proxy->host : to.origin.host;
    const std::uint16_t port = to.proxy ? to.proxy->port : to.origin.port;
    resolver::addresses addresses = co_await resolver_.resolve(executor, host, limits.resolve);
    const auto race = std::make_shared<connect_race>(executor, std::move(addresses), port);
    watchdog<asio::steady_timer> deadline{asio::steady_timer{executor}, [race] { race->expire(); }};
    arm(deadline, limits.connect);
    asio::ip::tcp::socket socket = co_await connect_race::run(race);
    deadline.disarm();
    system_stream stream{std::move(socket)};
    if (to.proxy && !to.absolute_form()) co_await within(executor, limits, stream, &to, nullptr);
    if (to.origin.secure) co_await within(executor, limits, stream, &to, &tls_);
    co_return std::move(stream);
  }

 private:
  using deadline_type = watchdog<asio::steady_timer>;

  static void arm(deadline_type& deadline, std::chrono::milliseconds limit) {
    if (limit.count() > 0) deadline.arm(std::chrono::steady_clock::now() + limit);
  }

  /// One handshake, with TLS or else with the proxy, within its deadline.
  static awaitable<void> within(asio::any_io_executor executor, const timeouts& limits,
                                system_stream& stream, const route* to, tls_context* tls) {
    deadline_type deadline{asio::steady_timer{executor}, [&stream] { stream.close(); }};
    arm(deadline, limits.handshake);
    std::exception_ptr failed;
    try {
      if (tls) {
        std::string host = to->origin.host;
        std::string key = to->key();
        co_await stream.handshake(*tls, std::move(host), std::move(key));
      } else if (to->proxy->how == proxy::kind::http) {
        co_await tunnel(stream, *to);
      } else {
        co_await socks(stream, *to);
      }
    } catch (...) {
      failed = std::current_exception();
    }
    if (deadline.expired()) {
      throw haul::detail::failure{errc::handshake_timeout, operation::handshaking,
                                  tls ? to->origin.host : to->proxy->host};
    }
    if (failed) std::rethrow_exception(failed);
  }

  static haul::detail::failure proxy_failure(std::error_code ec, const route& to) {
    return haul::detail::failure{ec, operation::handshaking, "proxy " + to.proxy->host};
  }

  static awaitable<void> ready(system_stream& stream, readiness what) {
    const std::error_code ec = co_await stream.wait(what);
    if (ec) throw std::system_error{ec};
  }

  static awaitable<void> send(system_stream& stream, std::string bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      std::error_code ec;
      done += stream.write_some(bytes.data() + done, bytes.size() - done, ec);
      if (ec && ec != asio::error::would_block) {
        throw haul::detail::failure{ec, operation::handshaking};
      }
      if (ec) co_await ready(stream, readiness::write);
    }
  }

  /// Reads between 1 and `n` bytes.
  static awaitable<std::size_t> receive(system_stream& stream, char* to, std::size_t n) {
    for (;;) {
      std::error_code ec;
      const std::size_t got = stream.read_some(to, n, ec);
      if (got > 0) co_return got;
      if (ec == asio::error::eof) ec = errc::connection_closed;
      if (ec != asio::error::would_block) {
        throw haul::detail::failure{ec, operation::handshaking};
      }
      co_await ready(stream, readiness::read);
    }
  }

  static awaitable<void> tunnel(system_stream& stream, const route& to) {
    std::string request = connect_request(to.origin, *to.proxy);
    co_await send(stream, std::move(request));
    http::head_parser parser;
    std::string head;
    for (;;) {
      // One byte at a time where nothing tells the end: what comes behind the head belongs to TLS.
      char byte;
      co_await receive(stream, &byte, 1);
      head += byte;
      if (byte != '\n') continue;
      const auto parsed = parser.parse(head);
      if (parsed.error) throw proxy_failure(errc::proxy_malformed, to);
      if (!parsed.done) continue;
      const int status = parser.head().status;
      if (status >= 100 && status < 200) {
        parser.reset();
        head.clear();
        continue;
      }
      if (const std::error_code ec = error_of_connect(parser.head())) {
        haul::detail::failure f = proxy_failure(ec, to);
        f.detail += " answered " + std::to_string(status);
        throw f;
      }
      co_return;
    }
  }

  static awaitable<void> socks(system_stream& stream, const route& to) {
    socks5_client client{to.origin, *to.proxy};
    std::string out = client.greeting();
    co_await send(stream, std::move(out));
    std::string in;
    for (;;) {
      // One byte at a time: what comes behind the answer belongs to the host.
      char byte;
      co_await receive(stream, &byte, 1);
      in += byte;
      socks5_client::result r = client.feed(in);
      if (r.error) throw proxy_failure(r.error, to);
      in.erase(0, r.consumed);
      if (!r.send.empty()) co_await send(stream, std::move(r.send));
      if (r.done) co_return;
    }
  }

  resolver resolver_;
  tls_context tls_;
};

}  // namespace haul::system

#endif
