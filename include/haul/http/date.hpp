#ifndef HAUL_HTTP_DATE_HPP
#define HAUL_HTTP_DATE_HPP

#include <haul/config.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace haul::http {

/// Reads an HTTP-date in any of the three formats of RFC 9110, 5.6.7:
///
///     Sun, 06 Nov 1994 08:49:37 GMT
///     Sunday, 06-Nov-94 08:49:37 GMT
///     Sun Nov  6 08:49:37 1994
///
/// The name of the day must be one but need not be that of the date. A leap second is the second
/// after it. The two digits of the second format are 1970 to 2069: the RFC would have them depend
/// on the clock of the reader, which this function does not have.
HAUL_DECL std::optional<std::chrono::sys_seconds> parse_date(std::string_view text);

/// Writes the first of the formats above, for the years 0 to 9999.
HAUL_DECL std::string format_date(std::chrono::sys_seconds time);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_date.ipp>
#endif

#endif
