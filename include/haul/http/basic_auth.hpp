#ifndef HAUL_HTTP_BASIC_AUTH_HPP
#define HAUL_HTTP_BASIC_AUTH_HPP

#include <haul/http/base64.hpp>

#include <string>
#include <string_view>

namespace haul::http {

/// The value of an Authorization or Proxy-Authorization field for Basic authentication
/// (RFC 7617). A user name cannot hold a colon: the server reads what follows it as the password.
inline std::string basic_credentials(std::string_view user, std::string_view password) {
  std::string pair;
  pair.reserve(user.size() + 1 + password.size());
  pair.append(user).append(1, ':').append(password);
  return "Basic " + encode_base64(pair);
}

}  // namespace haul::http

#endif
