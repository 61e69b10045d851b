#ifndef HAUL_PAN123_OPTIONS_HPP
#define HAUL_PAN123_OPTIONS_HPP

#include <haul/download_options.hpp>
#include <haul/pan123/event.hpp>
#include <haul/pan123/rates.hpp>

#include <chrono>
#include <filesystem>
#include <string>

namespace haul::pan123 {

/// How a client works. Members may be set after construction.
struct client_options {
  client_options() = default;  // no aggregate: safe as an argument of an awaited call

  std::string base_url = "https://open-api.123pan.com";  ///< where the platform is
  /// Where the access token is kept between runs, readable by its owner only; empty: nowhere.
  /// Several processes may share one: a token that another has got is used.
  std::filesystem::path token_file;
  rate_table rates;                                   ///< how often each endpoint may be asked
  haul::timeouts timeouts{};                          ///< of each step of a request
  unsigned retries = 4;                               ///< of a call that may heal
  std::chrono::milliseconds retry_delay{500};         ///< before the first; doubles
  std::chrono::milliseconds max_retry_delay{8'000};   ///< the longest of these
  std::chrono::milliseconds max_retry_after{60'000};  ///< the longest Retry-After to go along with
  std::chrono::milliseconds poll_delay{1'000};        ///< between two questions, at first; grows
  std::chrono::milliseconds max_poll_delay{5'000};    ///< the longest wait between two of them
  unsigned poll_failures = 10;  ///< in a row, before waiting for an offline download is given up
  std::chrono::milliseconds busy_delay{5'000};   ///< when too many offline downloads run; grows
  std::chrono::milliseconds parse_delay{3'000};  ///< when the platform could not use a link
  observer events;                               ///< is told what the client does
};

}  // namespace haul::pan123

#endif
