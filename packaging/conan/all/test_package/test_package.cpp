// What a program that uses haul's package may look like at its smallest.
#include <haul/error.hpp>
#include <haul/http/url.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/io_context.hpp>

#include <cstdio>
#include <system_error>

int main() {
  asio::io_context io;
  const std::error_code ec = haul::errc::not_found;
  std::printf("haul %s: %s\n", HAUL_VERSION_STRING, ec.message().c_str());
  return ec == haul::condition::refused ? 0 : 1;
}
