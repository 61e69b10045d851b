#ifndef HAUL_SYSTEM_ADDRESS_HPP
#define HAUL_SYSTEM_ADDRESS_HPP

#include <haul/config.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace haul::system {

/// An IP address as it is written, with all four numbers or with colons. On Windows, Asio alone
/// would also take `127.1`, and a port behind an address.
inline std::optional<asio::ip::address> parse_address(std::string_view text) {
  const auto dots = std::count(text.begin(), text.end(), '.');
  const bool v6 = std::count(text.begin(), text.end(), ':') >= 2 && text.front() != '[';
  const bool v4 = dots == 3 && text.find_first_not_of("0123456789.") == text.npos;
  if (!v6 && !v4) return std::nullopt;
  std::error_code error;
  const auto address = asio::ip::make_address(std::string{text}, error);
  return error ? std::nullopt : std::optional{address};
}

}  // namespace haul::system

#endif
