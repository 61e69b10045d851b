#include "net.hpp"

#include <haul/config.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <system_error>

namespace haul::test {

bool can_connect(std::uint16_t port) {
  asio::io_context io;
  asio::ip::tcp::socket s{io};
  std::error_code ec;
  s.connect({asio::ip::address_v4::loopback(), port}, ec);
  return !ec;
}

}  // namespace haul::test
