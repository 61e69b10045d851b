#ifndef HAUL_COMMAND_EXPLAIN_HPP
#define HAUL_COMMAND_EXPLAIN_HPP

#include <haul/download_result.hpp>

#include <string>

namespace haul_command {

/// One printable line about a download that failed: its URL, what was being done, the cause, and
/// what can be done about it where that helps.
std::string explain(const std::string& url, const haul::download_result& r);

}  // namespace haul_command

#endif
