#ifndef HAUL_HTTP_FILE_NAME_HPP
#define HAUL_HTTP_FILE_NAME_HPP

#include <haul/config.hpp>

#include <haul/http/url.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace haul::http {

/// The longest name that `safe_file_name` gives, in bytes. File systems take 255; the rest is for
/// the suffix of a part file and its journal.
inline constexpr std::size_t max_file_name = 240;

/// Makes a name that comes from a server fit to be one in a folder, on every system; empty if
/// nothing is left of it.
///
/// The result is valid UTF-8 of at most `max_file_name` bytes. It has no separator of either kind
/// (what stands in front of the last one is cut off), no colon and so neither drive nor stream, and
/// none of `<>"|?*`. It has no control character, and none that changes the direction of text or
/// cannot be seen. It does not begin with a space or a dot, so it is neither `..` nor hidden, and
/// does not end with one. It is not the name of a device of Windows, with an extension or without.
/// What is too long is cut in front of the extension, between characters.
///
/// To make a name safe twice changes nothing.
HAUL_DECL std::string safe_file_name(std::string_view name);

/// The name that the last segment of a URL's path gives, decoded and made safe; empty if none.
HAUL_DECL std::string file_name_of_url(const url& u);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_file_name.ipp>
#endif

#endif
