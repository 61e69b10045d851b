#ifndef HAUL_SERVICE_FILE_PATTERN_HPP
#define HAUL_SERVICE_FILE_PATTERN_HPP

#include <haul/config.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace haul::service {

/// What stands for the words in brackets of a FilePattern. All that BBDown has beside these, such
/// as `<dfn>` or `<ownerName>`, is of videos and empty here.
struct pattern_values {
  std::string title;       ///< `<videoTitle>`
  std::string page_title;  ///< `<pageTitle>`
  std::string aid;         ///< `<aid>`
  std::size_t page = 1;    ///< `<pageNumber>`, and `<pageNumberWithZero>`: as wide as the last one
  std::size_t pages = 1;
};

/// The path below a folder that a FilePattern gives, with slashes; nothing for one that is to lead
/// elsewhere (absolute, with a drive, or with `..`).
///
/// Both kinds of slash part folders. What comes of each part is made a safe file name; an empty one
/// counts for nothing, and the title stands in when none is left. The name never ends as the files
/// do that belong to a download under way.
///
/// @param extension  With its dot, or empty; put behind the last name if that does not end with it.
HAUL_DECL std::optional<std::string> expand_file_pattern(std::string_view pattern,
                                                         const pattern_values& values,
                                                         std::string_view extension);

/// A file name in two: what is in front of its extension, and that with its dot. What looks like no
/// extension is none.
struct split_name {
  std::string_view stem;
  std::string_view extension;
};
HAUL_DECL split_name split_file_name(std::string_view name) noexcept;

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/file_pattern.ipp>
#endif

#endif
