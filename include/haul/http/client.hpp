#ifndef HAUL_HTTP_CLIENT_HPP
#define HAUL_HTTP_CLIENT_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/detail/failure.hpp>
#include <haul/download_options.hpp>
#include <haul/error.hpp>
#include <haul/http/basic_auth.hpp>
#include <haul/http/connection_pool.hpp>
#include <haul/http/exchange.hpp>
#include <haul/http/fields.hpp>
#include <haul/http/redirect.hpp>
#include <haul/http/request_head.hpp>
#include <haul/http/url.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/route.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace haul::http {

/// A request, as the program states it; the client adds what the protocol wants.
class request {
 public:
  explicit request(url target) : to(std::move(target)), home(to.where()) {}

  std::string method = "GET";
  url to;
  origin home;  ///< whose secrets the request carries
  field_list
      fields;        ///< sent to every origin, but for Authorization and Cookie, which go home only
  std::string user;  ///< for basic authentication at home, if `has_credentials`
  std::string password;
  bool has_credentials = false;
  std::string body;
  /// The request must not reach the server twice. It goes over a new connection: what is sent over
  /// a kept one that has died is sent again, and nobody knows what became of the first.
  bool once = false;
};

/// A reply whose body has not been read, and where it came from.
template <system::environment Environment>
struct reply {
  std::unique_ptr<exchange<Environment>> body;
  url from;  ///< after redirects
  unsigned redirects = 0;

  const response_head& head() const noexcept { return body->head(); }
};

/// Makes requests over the connections of a pool: redirects, authentication, proxies.
///
/// @par Thread Safety
/// Safe.
template <system::environment Environment>
class client {
 public:
  using exchange_type = exchange<Environment>;
  using reply_type = reply<Environment>;
  using pool_type = connection_pool<Environment>;

  client(Environment& environment, pool_type& pool, std::string user_agent)
      : environment_(environment), pool_(pool), user_agent_(std::move(user_agent)) {}

  /// Sends the request and follows its redirects; completes with the first reply that is none,
  /// whatever its status.
  ///
  /// A kept connection that turns out to be dead costs nothing: the request is sent again on
  /// another.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal; the connection is closed.
  ///
  /// @throws detail::failure  when there is no reply, or a redirect that is not to be followed.
  awaitable<reply_type> open(asio::any_io_executor executor, const request& r, timeouts limits,
                             redirect_policy policy) {
    url at = r.to;
    unsigned followed = 0;
    for (;;) {
      std::unique_ptr<exchange_type> x = co_await ask(executor, r, at, limits);
      redirect_decision next =
          decide_redirect(at, x->head().status, x->head().fields, followed, policy);
      if (next.error) {
        haul::detail::failure f{next.error, operation::requesting, at.str()};
        f.http_status = x->head().status;
        throw f;
      }
      if (!next.follow) {
        reply_type done;
        done.body = std::move(x);
        done.from = std::move(at);
        done.redirects = followed;
        co_return std::move(done);
      }
      discard(*x);
      at = std::move(next.next);
      ++followed;
    }
  }

 private:
  awaitable<std::unique_ptr<exchange_type>> ask(asio::any_io_executor executor, const request& r,
                                                const url& at, timeouts limits) {
    system::route way{at.where(), environment_.choose_proxy(at.where())};
    std::string bytes = serialize(r, at, way);
    bool fresh = r.once;
    for (;;) {
      typename pool_type::connection_ptr connection;
      if (!fresh) connection = pool_.take(way);
      if (!connection) {
        auto made = co_await pool_.acquire(executor, way, limits, fresh);
        connection = std::move(made);
      }
      auto x = std::make_unique<exchange_type>(environment_, pool_, executor, std::move(connection),
                                               limits);
      std::optional<haul::detail::failure> failed;
      try {
        co_await x->start(r.method, bytes);
      } catch (const haul::detail::failure& f) {
        failed = f;
      }
      if (!failed) co_return std::move(x);
      // The server may close a kept connection at any time (RFC 9112, 9.3.1).
      const bool lost = failed->error == errc::connection_closed ||
                        failed->error == std::errc::connection_reset ||
                        failed->error == std::errc::broken_pipe;
      if (!lost || fresh || !x->reused() || x->answered()) throw *failed;
      fresh = true;
    }
  }

  std::string serialize(const request& r, const url& at, const system::route& way) const {
    const bool home = at.where() == r.home;
    request_head h{r.method, way.absolute_form() ? at.str() : at.target()};
    h.append("Host", at.where().authority());
    if (!r.fields.find("User-Agent")) h.append("User-Agent", user_agent_);
    if (!r.fields.find("Accept")) h.append("Accept", "*/*");
    if (!r.fields.find("Accept-Encoding")) h.append("Accept-Encoding", "identity");
    r.fields.for_each([&](std::string_view name, std::string_view value) {
      const bool secret = equals_ignore_case(name, "Authorization") ||
                          equals_ignore_case(name, "Cookie") ||
                          equals_ignore_case(name, "Proxy-Authorization");
      if (home || !secret) h.append(name, value);
    });
    const bool authorized = home && r.fields.find("Authorization");
    if (!authorized && at.has_credentials()) {
      h.append("Authorization", basic_credentials(at.user(), at.password()));
    } else if (!authorized && home && r.has_credentials) {
      h.append("Authorization", basic_credentials(r.user, r.password));
    }
    if (way.absolute_form() && way.proxy->has_credentials) {
      h.append("Proxy-Authorization", basic_credentials(way.proxy->user, way.proxy->password));
    }
    if (!r.body.empty() || (r.method != "GET" && r.method != "HEAD")) {
      h.append("Content-Length", std::to_string(r.body.size()));
    }
    if (!h.valid()) {
      throw haul::detail::failure{errc::invalid_argument, operation::requesting,
                                  "a header field is not valid"};
    }
    return h.finish(r.body);
  }

  /// Reads what has come of a body that nobody wants, so that the connection can be kept.
  static void discard(exchange_type& x) {
    char scrap[4096];
    std::error_code ec;
    for (int i = 0; i < 16 && !x.complete() && !ec; ++i) x.read_some(scrap, sizeof scrap, ec);
  }

  Environment& environment_;
  pool_type& pool_;
  std::string user_agent_;
};

}  // namespace haul::http

#endif
