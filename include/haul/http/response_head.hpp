#ifndef HAUL_HTTP_RESPONSE_HEAD_HPP
#define HAUL_HTTP_RESPONSE_HEAD_HPP

#include <haul/http/fields.hpp>

#include <string>

namespace haul::http {

/// The status line and the fields of a reply (RFC 9112, 4).
struct response_head {
  int minor_version = 1;  ///< y of HTTP/1.y
  int status = 0;         ///< 100 to 999
  std::string reason;     ///< what the server calls the status; often empty, never relied on
  field_list fields;
};

}  // namespace haul::http

#endif
