#ifndef HAUL_SERVICE_BBDOWN_JSON_HPP
#define HAUL_SERVICE_BBDOWN_JSON_HPP

#include <haul/config.hpp>

#include <haul/service/bbdown_task.hpp>

#include <string>
#include <string_view>

namespace haul::service {

/// The type of all bodies of the dialect.
inline constexpr std::string_view bbdown_json_type = "application/json; charset=utf-8";

/// What a request that cannot be read is told. Not escaped as the rest is: the original writes it
/// with another encoder.
inline constexpr std::string_view bbdown_bad_request =
    "\"\xe8\xbe\x93\xe5\x85\xa5\xe6\x9c\x89\xe8\xaf\xaf\"";

/// Appends a text in quotes as .NET's default encoder writes it: all that is not ASCII, and
/// `"&'+<>` and the backquote, as `\uXXXX` in upper case. Bytes that are not UTF-8 become U+FFFD.
HAUL_DECL void append_json_text(std::string& out, std::string_view text);

/// Appends a number as .NET writes a double: the fewest digits that read back to the same, no `.0`,
/// `1E+16` from there on and `1E-05` down to there. 0 for what is not finite, as no number is.
HAUL_DECL void append_json_number(std::string& out, double value);

/// Appends a task, its keys in the original's order.
HAUL_DECL void append_json(std::string& out, const bbdown_task& task, bool extended);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown_json.ipp>
#endif

#endif
