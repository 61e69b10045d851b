#include "fuzz.hpp"
#include <haul/http/date.hpp>
#include <haul/http/retry_after.hpp>

#include <chrono>

using namespace haul::http;
using std::chrono::seconds;
using std::chrono::sys_seconds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const haul_fuzz::exact_copy text{haul_fuzz::input{data, size}.rest()};
  const auto date = parse_date(text.view());
  if (date) {
    const std::string written = format_date(*date);
    HAUL_FUZZ_CHECK(written.size() == 29);
    // The leap second at the end of the year 9999 is the one date that cannot be written.
    HAUL_FUZZ_CHECK(parse_date(written) == date || date->time_since_epoch().count() > 253402300799);
  }
  for (const std::int64_t now : {std::int64_t{0}, std::int64_t{784111777}, std::int64_t{1} << 34,
                                 std::int64_t{-62135596800}}) {
    const auto wait = parse_retry_after(text.view(), sys_seconds{seconds{now}});
    if (date) HAUL_FUZZ_CHECK(wait.has_value());
    if (wait) HAUL_FUZZ_CHECK(*wait >= seconds{0} && *wait <= max_retry_after);
  }
  return 0;
}
