#ifndef HAUL_PAN123_RETRY_HPP
#define HAUL_PAN123_RETRY_HPP

#include <haul/pan123/error.hpp>
#include <haul/pan123/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>

namespace haul::pan123 {

/// What an attempt to make a call came to.
struct attempt_outcome {
  std::error_code error;  ///< none: the call succeeded
  std::optional<std::chrono::seconds> retry_after;
};

/// What has been tried of one call.
struct attempt_history {
  unsigned failures = 0;   ///< that may heal, in a row
  bool refreshed = false;  ///< the token was renewed because of this call
};

struct next_step {
  enum class kind : std::uint8_t {
    done,       ///< the call has succeeded
    fail,       ///< with the error of the attempt
    new_token,  ///< again, with another token
    again,      ///< again, after `delay`
  };
  kind what = kind::fail;
  std::chrono::milliseconds delay{0};
};

/// The wait before a retry: it doubles with each failure up to a cap, and up to a quarter is added
/// by chance. So each wait below the cap is longer than the one before.
inline std::chrono::milliseconds growing_delay(unsigned failures, std::chrono::milliseconds base,
                                               std::chrono::milliseconds cap,
                                               std::uint64_t random) {
  const unsigned doublings = (std::min)(failures > 0 ? failures - 1 : 0u, 20u);
  const auto full = (std::min)(cap, base * (std::int64_t{1} << doublings));
  const auto quarter = static_cast<std::uint64_t>(std::max<std::int64_t>(full.count() / 4, 0));
  return full + std::chrono::milliseconds{static_cast<std::int64_t>(random % (quarter + 1))};
}

/// What to do after an attempt.
///
/// @param repeatable     Whether the call may be made again when nobody knows what became of it.
/// @param can_renew      Whether the client can get another token.
inline next_step after_attempt(const attempt_outcome& outcome, attempt_history& history,
                               bool repeatable, bool can_renew, const client_options& options,
                               std::uint64_t random) {
  using kind = next_step::kind;
  if (!outcome.error) return {kind::done, {}};
  if (outcome.error == errc::unauthorized) {
    // Once: a token that is refused when it is fresh will be refused for ever.
    if (history.refreshed || !can_renew) return {kind::fail, {}};
    history.refreshed = true;
    return {kind::new_token, {}};
  }
  // Too often: the platform has done nothing. For the rest, nobody knows.
  const bool untouched = outcome.error == errc::too_many_requests;
  const bool heals = outcome.error == errc::unavailable || outcome.error == condition::retryable;
  const bool again = untouched || (heals && repeatable && outcome.error != errc::still_verifying &&
                                   outcome.error != errc::too_many_tasks);
  if (!again || history.failures >= options.retries) return {kind::fail, {}};
  ++history.failures;
  next_step step{kind::again, growing_delay(history.failures, options.retry_delay,
                                            options.max_retry_delay, random)};
  if (outcome.retry_after) {
    if (*outcome.retry_after > options.max_retry_after) return {kind::fail, {}};
    step.delay = (std::max<std::chrono::milliseconds>)(step.delay, *outcome.retry_after);
  }
  return step;
}

/// The wait before the platform is asked again how a task stands.
///
/// @param asked  How often it has been asked, from 1.
inline std::chrono::milliseconds poll_delay(unsigned asked, const client_options& options) {
  auto delay = options.poll_delay;
  for (unsigned i = 1; i < asked && delay < options.max_poll_delay; ++i) delay = delay * 3 / 2;
  return (std::min)(delay, options.max_poll_delay);
}

/// Whether a poll that failed with this may be followed by another.
inline bool poll_goes_on(std::error_code error) {
  return error == condition::retryable || error == errc::unavailable ||
         error == errc::too_many_requests || error == errc::protocol_error;
}

/// The wait before an offline download is created again that the platform did not take; nothing
/// when it is not to be.
///
/// @param failures  In a row, from 1.
inline std::optional<std::chrono::milliseconds> create_delay(std::error_code error,
                                                             unsigned failures,
                                                             const client_options& options) {
  if (error == errc::link_not_parsed && failures <= 3) return options.parse_delay;
  if (error == errc::too_many_tasks && failures <= 4) {
    constexpr int factors[] = {1, 3, 6, 12};
    return options.busy_delay * factors[failures - 1];
  }
  return std::nullopt;
}

/// When a token is to be renewed: some minutes before it expires, and not before half of its life.
///
/// @param early  How long before, 5 to 10 minutes.
inline std::chrono::sys_seconds renewal_time(std::chrono::sys_seconds now,
                                             std::chrono::sys_seconds expires,
                                             std::chrono::seconds early) {
  return expires - (std::min)(early, (std::max)((expires - now) / 2, std::chrono::seconds{0}));
}

}  // namespace haul::pan123

#endif
