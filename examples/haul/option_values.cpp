#include "option_values.hpp"

#include "text.hpp"
#include <haul/system/proxy.hpp>

#include <CLI/CLI.hpp>

namespace haul_command {

void refuse(const std::string& option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

std::uint64_t rate_of(const std::string& option, const std::string& text) {
  const auto rate = parse_rate(text);
  if (!rate) refuse(option, '\'' + text + "' is not a number, with K, M or G or without");
  return *rate;
}

void take_proxy(haul::session_options& into, const std::string& option, const std::string& text) {
  into.proxy = text;
  into.proxy_from_environment = false;
  if (text.empty()) return;
  const auto parsed = haul::system::parse_proxy(text);
  if (parsed.error) refuse(option, printable_url(text) + ": " + parsed.error.message());
}

}  // namespace haul_command
