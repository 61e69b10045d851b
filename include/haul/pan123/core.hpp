#ifndef HAUL_PAN123_CORE_HPP
#define HAUL_PAN123_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/semaphore.hpp>
#include <haul/pan123/error.hpp>
#include <haul/pan123/event.hpp>
#include <haul/pan123/options.hpp>
#include <haul/pan123/rates.hpp>
#include <haul/pan123/retry.hpp>
#include <haul/pan123/types.hpp>
#include <haul/pan123/wire.hpp>
#include <haul/session.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace haul::http {

class request;

}  // namespace haul::http

namespace haul::pan123 {

/// What the calls of a client share: the token, the rates, and the way to the platform over the
/// connections of a session.
///
/// @par Thread Safety
/// Safe.
class core : public std::enable_shared_from_this<core> {
 public:
  using clock = std::chrono::steady_clock;
  using environment_type = session::environment_type;

  HAUL_DECL core(const session& in, credentials who, client_options options);

  /// Makes a call and gives the data of its answer: with a token, within the rates, and again when
  /// that may help.
  ///
  /// @throws pan123::error
  HAUL_DECL awaitable<boost::json::value> call(wire::call c);

  /// What a host other than the platform's says at a URL: at most `most` bytes. No account headers.
  HAUL_DECL awaitable<std::string> peek(std::string url, std::size_t most);

  /// Waits; ends early, with `timed_out`, when the deadline would pass.
  HAUL_DECL awaitable<void> pause(clock::duration time, std::optional<clock::time_point> deadline);

  void tell(const event& e) {
    if (!options_.events) return;
    const std::lock_guard lock{events_mutex_};
    options_.events(e);
  }
  error fail(std::error_code ec, error_info info) const {
    info.message = wire::redact(std::move(info.message), secrets());
    return error{ec, std::move(info)};
  }
  /// For data that is not what the documents say.
  error broken(const wire::call& c, const std::string& problem) const {
    error_info info;
    info.endpoint = c.path;
    info.http_status = 200;
    info.message = problem + " is missing or has a wrong value";
    return fail(errc::protocol_error, std::move(info));
  }

  session& in() noexcept { return session_; }
  environment_type& environment() noexcept { return session_.environment(); }
  const client_options& options() const noexcept { return options_; }
  bool secure() const noexcept { return options_.base_url.rfind("https:", 0) == 0; }
  std::string redact(std::string text) const { return wire::redact(std::move(text), secrets()); }

 private:
  struct access {
    std::string value;
    std::uint64_t generation = 0;
  };
  struct raw_reply {
    int status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retry_after;
    std::error_code error;  ///< there is no reply
    std::string detail;
  };

  HAUL_DECL awaitable<access> obtain(std::uint64_t refused);
  HAUL_DECL awaitable<token> request_token();
  HAUL_DECL awaitable<std::optional<token>> load_token();
  HAUL_DECL awaitable<void> save_token(token t);
  HAUL_DECL awaitable<void> pace(std::string endpoint, std::optional<clock::time_point> deadline);
  HAUL_DECL awaitable<raw_reply> send(std::shared_ptr<http::request> r, haul::timeouts limits,
                                      std::size_t most);
  HAUL_DECL static awaitable<raw_reply> exchange(std::shared_ptr<core> self,
                                                 asio::any_io_executor executor,
                                                 std::shared_ptr<http::request> r,
                                                 haul::timeouts limits, std::size_t most);

  HAUL_DECL wire::call token_call() const;
  HAUL_DECL std::shared_ptr<http::request> prepare(const wire::call& c,
                                                   const std::string& token) const;
  HAUL_DECL haul::timeouts limits_of(const wire::call& c);
  HAUL_DECL std::optional<access> usable(std::uint64_t refused);
  HAUL_DECL std::optional<access> unexpired(std::uint64_t refused);
  HAUL_DECL bool adopt(const token& t, std::uint64_t refused);
  HAUL_DECL void install(const token& t);
  HAUL_DECL std::vector<std::string> secrets() const;
  bool can_renew() const noexcept { return who_.what() != credentials::kind::access_token; }

  session session_;
  const credentials who_;
  const client_options options_;
  std::chrono::seconds early_;  ///< how long before its end a token is renewed
  semaphore gate_;              ///< held by whoever gets a token
  std::mutex events_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, call_bucket, std::less<>> buckets_;
  token token_;
  std::vector<std::string> old_tokens_;  ///< the last few, which must not be shown either
  std::uint64_t generation_ = 0;         ///< of the token; 0 is none
  std::chrono::sys_seconds renew_at_{};
  std::uint64_t attempts_ = 0;  ///< to get a token
  std::exception_ptr failed_;   ///< the last of them, if it failed
};

using core_ptr = std::shared_ptr<core>;

}  // namespace haul::pan123

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/core.ipp>
#endif

#endif
