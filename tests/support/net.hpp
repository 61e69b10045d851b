#ifndef HAUL_TEST_NET_HPP
#define HAUL_TEST_NET_HPP

#include <cstdint>

namespace haul::test {

/// Whether somebody listens on this port of 127.0.0.1.
bool can_connect(std::uint16_t port);

}  // namespace haul::test

#endif
