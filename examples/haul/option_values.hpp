#ifndef HAUL_COMMAND_OPTION_VALUES_HPP
#define HAUL_COMMAND_OPTION_VALUES_HPP

#include <haul/session_options.hpp>

#include <cstdint>
#include <string>

/// Values of options that more than one program has. What is none is refused as CLI11 does it.
namespace haul_command {

[[noreturn]] void refuse(const std::string& option, const std::string& why);

/// Bytes per second: `N[K|M|G]`.
std::uint64_t rate_of(const std::string& option, const std::string& text);

/// Makes all connections go through a proxy, or through none when the text is empty, whatever the
/// environment says.
void take_proxy(haul::session_options& into, const std::string& option, const std::string& text);

}  // namespace haul_command

#endif
