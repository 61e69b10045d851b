#ifndef HAUL_HTTP_CONNECTION_HPP
#define HAUL_HTTP_CONNECTION_HPP

#include <haul/async/semaphore.hpp>
#include <haul/system/environment.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace haul::http {

/// A connection that requests are made on, one after another, with its place under the limit of its
/// host.
template <system::environment Environment>
struct connection {
  connection(typename Environment::stream s, std::string k)
      : stream(std::move(s)), key(std::move(k)) {}

  typename Environment::stream stream;
  std::string key;           ///< the route's key
  semaphore::permit permit;  ///< held while it is in use
  unsigned exchanges = 0;    ///< replies that were read to their end
  std::chrono::steady_clock::time_point idle_since{};
};

}  // namespace haul::http

#endif
