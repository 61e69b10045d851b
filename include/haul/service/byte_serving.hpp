#ifndef HAUL_SERVICE_BYTE_SERVING_HPP
#define HAUL_SERVICE_BYTE_SERVING_HPP

#include <haul/config.hpp>

#include <haul/http/fields.hpp>
#include <haul/service/message.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace haul::service {

/// A file as it stands on the disk when it is asked for.
struct served_file {
  std::string name;                     ///< its own, without folders
  std::uint64_t size = 0;               ///< bytes
  std::chrono::nanoseconds modified{};  ///< since 1970
};

/// What to answer, and which bytes of the file follow.
class file_reply {
 public:
  int status = 200;
  http::field_list fields;  ///< without Content-Length and Content-Type
  std::uint64_t first = 0;
  std::uint64_t count = 0;  ///< bytes of the body; for HEAD, those that GET would give
  bool with_body = true;
};

/// How a GET or HEAD for a file is answered (RFC 9110, 13 and 14): 200, 206 for one range, 304 for
/// `If-None-Match`, 416 for a range behind its end. Several ranges at once get the whole file.
HAUL_DECL file_reply serve_file(const served_file& file, const request& r);

/// By the ending of a name; `application/octet-stream` for what is not known.
HAUL_DECL std::string_view content_type_of(std::string_view name);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/byte_serving.ipp>
#endif

#endif
