#ifndef HAUL_HTTP_RETRY_AFTER_HPP
#define HAUL_HTTP_RETRY_AFTER_HPP

#include <haul/http/date.hpp>
#include <haul/http/grammar.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace haul::http {

/// The longest wait that `parse_retry_after` gives: 2^31 seconds, as RFC 9111, 1.2.2 has it for
/// numbers of seconds. It can be turned into nanoseconds without overflow.
inline constexpr std::chrono::seconds max_retry_after{std::int64_t{1} << 31};

/// How long to wait by a Retry-After field (RFC 9110, 10.2.3): a number of seconds, or a date. A
/// date in the past is no wait, a longer wait than `max_retry_after` is that one.
inline std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                             std::chrono::sys_seconds now) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_digit)) {
    const auto number = parse_decimal(value);
    const auto most = static_cast<std::uint64_t>(max_retry_after.count());
    if (!number || *number > most) return max_retry_after;
    return std::chrono::seconds{static_cast<std::int64_t>(*number)};
  }
  const auto date = parse_date(value);
  if (!date) return std::nullopt;
  return std::clamp<std::chrono::seconds>(*date - now, std::chrono::seconds{0}, max_retry_after);
}

}  // namespace haul::http

#endif
