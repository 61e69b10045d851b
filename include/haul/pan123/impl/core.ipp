#ifndef HAUL_PAN123_IMPL_CORE_IPP
#define HAUL_PAN123_IMPL_CORE_IPP

#include <haul/async/offload.hpp>
#include <haul/engine/session_core.hpp>
#include <haul/http/client.hpp>
#include <haul/http/retry_after.hpp>
#include <haul/pan123/core.hpp>
#include <haul/pan123/detail/run_on.hpp>
#include <haul/pan123/detail/small_file.hpp>

#include <asio/error.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace haul::pan123 {
namespace detail {

inline constexpr std::size_t largest_answer = 8u << 20;

}  // namespace detail

HAUL_DECL core::core(const session& in, credentials who, client_options options)
    : session_(in),
      who_(std::move(who)),
      options_(std::move(options)),
      early_(300 + static_cast<std::int64_t>(session_.environment().random() % 301)),
      gate_(session_.get_executor(), 1) {
  if (!can_renew()) {
    token_.value = who_.text();
    generation_ = 1;
  }
}

HAUL_DECL std::vector<std::string> core::secrets() const {
  std::vector<std::string> all{who_.secret(), who_.text()};
  const std::lock_guard lock{mutex_};
  all.push_back(token_.value);
  all.push_back(token_.refresh_token);
  all.insert(all.end(), old_tokens_.begin(), old_tokens_.end());
  return all;
}

// The token.

HAUL_DECL std::optional<core::access> core::usable(std::uint64_t refused) {
  const auto now = environment().wall_clock();
  const std::lock_guard lock{mutex_};
  if (generation_ <= refused) return std::nullopt;
  if (can_renew() && now >= renew_at_) return std::nullopt;
  return access{token_.value, generation_};
}

/// A token that should be renewed but is still good.
HAUL_DECL std::optional<core::access> core::unexpired(std::uint64_t refused) {
  const auto now = environment().wall_clock();
  const std::lock_guard lock{mutex_};
  if (generation_ <= refused || now >= token_.expires) return std::nullopt;
  renew_at_ = now + std::chrono::seconds{30};
  return access{token_.value, generation_};
}

HAUL_DECL void core::install(const token& t) {
  const auto now = environment().wall_clock();
  const std::lock_guard lock{mutex_};
  constexpr std::size_t most = 8;
  if (!token_.value.empty()) old_tokens_.push_back(token_.value);
  if (!token_.refresh_token.empty()) old_tokens_.push_back(token_.refresh_token);
  while (old_tokens_.size() > most) old_tokens_.erase(old_tokens_.begin());
  token_ = t;
  ++generation_;
  renew_at_ = renewal_time(now, t.expires, early_);
}

/// Takes what stands in the token file, if it is of use.
HAUL_DECL bool core::adopt(const token& t, std::uint64_t refused) {
  const auto now = environment().wall_clock();
  {
    const std::lock_guard lock{mutex_};
    const bool same = generation_ > 0 && t.value == token_.value;
    // The newer one: an older has been used.
    if (!t.refresh_token.empty() && t.expires > token_.expires) {
      token_.refresh_token = t.refresh_token;
    }
    if (same && generation_ <= refused) return false;
    if (now >= t.expires - early_) return false;
  }
  install(t);
  return true;
}

HAUL_DECL awaitable<core::access> core::obtain(std::uint64_t refused) {
  if (const std::optional<access> at_hand = usable(refused)) co_return *at_hand;
  std::uint64_t seen = 0;
  {
    const std::lock_guard lock{mutex_};
    seen = attempts_;
  }
  const semaphore::permit permit = co_await gate_.acquire();
  if (const std::optional<access> at_hand = usable(refused)) co_return *at_hand;
  std::exception_ptr failed;
  {
    const std::lock_guard lock{mutex_};
    // Who waited for an attempt shares what came of it.
    if (attempts_ != seen) failed = failed_;
  }
  if (failed) std::rethrow_exception(failed);
  if (can_renew() && !options_.token_file.empty()) {
    const std::optional<token> kept = co_await load_token();
    if (kept && adopt(*kept, refused)) {
      const std::lock_guard lock{mutex_};
      co_return access{token_.value, generation_};
    }
  }
  if (!can_renew()) throw fail(errc::unauthorized, {});
  token fresh;
  try {
    token got = co_await request_token();
    fresh = std::move(got);
  } catch (const error&) {
    failed = std::current_exception();
  }
  {
    const std::lock_guard lock{mutex_};
    ++attempts_;
    failed_ = failed;
  }
  if (failed) {
    if (const std::optional<access> old = unexpired(refused)) co_return *old;
    std::rethrow_exception(failed);
  }
  install(fresh);
  access got;
  {
    const std::lock_guard lock{mutex_};
    got = access{token_.value, generation_};
  }
  const token_renewed news{fresh.expires};
  tell(news);
  if (!options_.token_file.empty()) co_await save_token(std::move(fresh));
  co_return got;
}

HAUL_DECL wire::call core::token_call() const {
  if (!who_.oauth()) {
    wire::call c{"POST", "/api/v1/access_token"};
    boost::json::object body;
    body["clientID"] = who_.id();
    body["clientSecret"] = who_.secret();
    c.json(body);
    c.authorized = false;
    return c;
  }
  std::string refresh;
  {
    const std::lock_guard lock{mutex_};
    refresh = token_.refresh_token;
  }
  if (refresh.empty() && who_.what() == credentials::kind::oauth_refresh) refresh = who_.text();
  wire::call c{"POST", "/api/v1/oauth2/access_token"};
  c.query("client_id", who_.id()).query("client_secret", who_.secret());
  if (refresh.empty()) {
    c.query("grant_type", "authorization_code").query("code", who_.text());
    c.query("redirect_uri", who_.redirect_uri());
  } else {
    c.query("grant_type", "refresh_token").query("refresh_token", refresh);
  }
  c.authorized = false;
  c.bare_answer = true;
  c.repeatable = false;  // codes and refresh tokens are good for one use
  return c;
}

HAUL_DECL awaitable<token> core::request_token() {
  const wire::call c = token_call();
  wire::call sent = c;
  const boost::json::value data = co_await call(std::move(sent));
  std::string problem;
  token t = who_.oauth() ? wire::read_oauth_token(data, environment().wall_clock(), problem)
                         : wire::read_token(data, problem);
  if (!problem.empty()) throw broken(c, problem);
  co_return t;
}

HAUL_DECL awaitable<std::optional<token>> core::load_token() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::function<detail::small_file()> job = detail::reading(environment(), options_.token_file);
  const detail::small_file read = co_await offload(environment(), executor, std::move(job));
  std::optional<token> kept;
  if (!read.error) kept = wire::parse_token_file(read.text, who_.id());
  co_return kept;
}

HAUL_DECL awaitable<void> core::save_token(token t) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::function<std::error_code()> job =
      detail::writing(environment(), options_.token_file, wire::format_token_file(t, who_.id()));
  const std::error_code failed = co_await offload(environment(), executor, std::move(job));
  if (failed) {
    error_info info;
    info.message = options_.token_file.string() + ": " + failed.message();
    throw fail(errc::token_file_failed, std::move(info));
  }
}

// A call.

HAUL_DECL awaitable<boost::json::value> core::call(wire::call c) {
  attempt_history history;
  std::uint64_t refused = 0;
  for (;;) {
    access use;
    if (c.authorized) {
      access got = co_await obtain(refused);
      use = std::move(got);
    }
    co_await pace(c.path, c.deadline);
    std::shared_ptr<http::request> request = prepare(c, use.value);
    raw_reply raw = co_await send(std::move(request), limits_of(c), detail::largest_answer);
    wire::answer said;
    if (raw.error) {
      said.error = raw.error;
      said.message = std::move(raw.detail);
    } else {
      said = wire::read_answer(raw.status, raw.body, c.bare_answer);
    }
    const attempt_outcome outcome{said.error, raw.retry_after};
    const next_step step =
        after_attempt(outcome, history, c.repeatable, c.authorized && can_renew(), options_,
                      environment().random());
    switch (step.what) {
      case next_step::kind::done:
        co_return std::move(said.data);
      case next_step::kind::new_token:
        refused = use.generation;
        break;
      case next_step::kind::again: {
        const call_retried news{c.path, said.error, history.failures, step.delay};
        tell(news);
        co_await pause(step.delay, c.deadline);
        break;
      }
      case next_step::kind::fail: {
        error_info info;
        info.endpoint = c.path;
        info.code = said.code;
        info.http_status = raw.status;
        info.message = std::move(said.message);
        info.trace_id = redact(std::move(said.trace_id));
        throw fail(said.error, std::move(info));
      }
    }
  }
}

HAUL_DECL awaitable<void> core::pause(clock::duration time,
                                      std::optional<clock::time_point> deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto until = environment().now() + time;
  if (deadline && until > *deadline) throw fail(errc::timed_out, {});
  auto timer = environment().make_timer(executor);
  timer.expires_at(until);
  co_await timer.async_wait(haul::detail::use_awaitable);
}

HAUL_DECL awaitable<void> core::pace(std::string endpoint,
                                     std::optional<clock::time_point> deadline) {
  const auto now = environment().now();
  clock::time_point at = now;
  {
    const std::lock_guard lock{mutex_};
    auto bucket = buckets_.find(endpoint);
    if (bucket == buckets_.end()) {
      bucket = buckets_.emplace(endpoint, call_bucket{options_.rates.find(endpoint)}).first;
    }
    at = bucket->second.take(now);
  }
  if (at > now) co_await pause(at - now, deadline);
}

HAUL_DECL std::shared_ptr<http::request> core::prepare(const wire::call& c,
                                                       const std::string& token) const {
  std::string base = c.base.empty() ? options_.base_url : c.base;
  while (!base.empty() && base.back() == '/') base.pop_back();
  const http::url_result parsed = http::parse_url(base + c.path + c.target);
  if (parsed.error) {
    error_info info;
    info.endpoint = c.path;
    info.message = "the server's URL cannot be used";
    throw fail(c.base.empty() ? errc::invalid_argument : errc::protocol_error, std::move(info));
  }
  auto r = std::make_shared<http::request>(parsed.value);
  r->method = c.method;
  r->fields.append("Platform", "open_platform");
  if (c.authorized) r->fields.append("Authorization", "Bearer " + token);
  if (c.method != "GET") r->fields.append("Content-Type", c.content_type);
  r->body = c.body;
  r->once = !c.repeatable;
  return r;
}

HAUL_DECL haul::timeouts core::limits_of(const wire::call& c) {
  haul::timeouts limits = options_.timeouts;
  if (limits.head.count() > 0) limits.head += c.head;
  if (c.deadline) {
    const auto left =
        (std::max)(std::chrono::milliseconds{1},
                   std::chrono::ceil<std::chrono::milliseconds>(*c.deadline - environment().now()));
    for (auto* limit :
         {&limits.resolve, &limits.connect, &limits.handshake, &limits.head, &limits.stall}) {
      *limit = limit->count() > 0 ? (std::min)(*limit, left) : left;
    }
  }
  return limits;
}

HAUL_DECL awaitable<core::raw_reply> core::send(std::shared_ptr<http::request> r,
                                                haul::timeouts limits, std::size_t most) {
  const asio::any_io_executor executor = asio::make_strand(session_.get_executor());
  awaitable<raw_reply> op = exchange(shared_from_this(), executor, std::move(r), limits, most);
  raw_reply reply = co_await detail::run_on(executor, std::move(op));
  co_return reply;
}

HAUL_DECL awaitable<core::raw_reply> core::exchange(std::shared_ptr<core> self,
                                                    asio::any_io_executor executor,
                                                    std::shared_ptr<http::request> r,
                                                    haul::timeouts limits, std::size_t most) {
  raw_reply got;
  http::redirect_policy policy;
  policy.max = 0;  // the platform does not redirect, and secrets are not to follow
  try {
    http::reply<environment_type> reply =
        co_await self->session_.core()->client.open(executor, *r, limits, policy);
    got.status = reply.head().status;
    if (const auto after = reply.head().fields.find("Retry-After")) {
      got.retry_after = http::parse_retry_after(*after, self->environment().wall_clock());
    }
    http::exchange<environment_type>& x = *reply.body;
    char buffer[16 * 1024];
    while (!x.complete() && got.body.size() < most) {
      if (!x.buffered()) co_await x.wait();
      std::error_code ec;
      const std::size_t n =
          x.read_some(buffer, (std::min)(sizeof buffer, most - got.body.size()), ec);
      got.body.append(buffer, n);
      if (ec && ec != asio::error::would_block) {
        throw haul::detail::failure{ec, operation::receiving};
      }
    }
  } catch (const haul::detail::failure& f) {
    got.error = f.error;
    if (f.error == haul::errc::too_many_redirects || f.error == haul::errc::bad_redirect ||
        f.error == haul::errc::insecure_redirect) {
      got.error = errc::protocol_error;
      got.detail = "a redirect";
    } else if (f.what_for != operation::requesting) {
      got.detail = f.detail;  // a host or a certificate; of a request it could be the whole URL
    }
  }
  co_return got;
}

HAUL_DECL awaitable<std::string> core::peek(std::string url, std::size_t most) {
  const http::url_result parsed = http::parse_url(url);
  if (parsed.error) co_return std::string{};
  auto r = std::make_shared<http::request>(parsed.value);
  r->fields.append("Range", "bytes=0-" + std::to_string(most - 1));
  const raw_reply reply = co_await send(std::move(r), options_.timeouts, most);
  co_return reply.body;
}

}  // namespace haul::pan123

#endif
