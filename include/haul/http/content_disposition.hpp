#ifndef HAUL_HTTP_CONTENT_DISPOSITION_HPP
#define HAUL_HTTP_CONTENT_DISPOSITION_HPP

#include <haul/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace haul::http {

/// The file name that a Content-Disposition field gives, in UTF-8; none if it gives none, or an
/// empty one (RFC 6266). It is what the server says and not to be used as a path:
/// see `safe_file_name`.
///
/// - `filename*` (RFC 8187, in UTF-8 or ISO-8859-1) goes before `filename`, unless it is broken.
/// - Of two parameters with the same name the first counts.
/// - `filename` may be a quoted string or, as some servers send it, bare text up to the next
///   semicolon, with spaces and all.
/// - Raw bytes in `filename` that are not UTF-8 are read as ISO-8859-1.
HAUL_DECL std::optional<std::string> parse_content_disposition_filename(std::string_view field);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_content_disposition.ipp>
#endif

#endif
