#ifndef HAUL_SERVICE_PATH_CONFINEMENT_HPP
#define HAUL_SERVICE_PATH_CONFINEMENT_HPP

#include <haul/config.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace haul::service {

/// The place below a folder that a client's words name, or nothing when they name one elsewhere.
///
/// Refused: an absolute path, one with `..`, a drive, a backslash, a control character or bytes
/// that are not UTF-8 in it, one that leads out of the root through a symbolic link, and one with a
/// link to nowhere on its way, since what is made there later would be made through it. Empty
/// segments and `.` count for nothing; what is empty altogether is the root itself. The place need
/// not exist.
///
/// The result is absolute and free of links, as is the root in front of it, so that one place has
/// one name. It holds for as long as nobody else moves links about below the root.
///
/// Asks the disk: not for a loop that must not block. Nothing when the root does not exist.
///
/// @param root   An existing folder; may be a link itself.
/// @param below  In UTF-8, with slashes.
HAUL_DECL std::optional<std::filesystem::path> confine(const std::filesystem::path& root,
                                                       std::string_view below);

/// Whether a path, its links followed, is that of the root or one below it. Nothing need exist but
/// the root.
HAUL_DECL bool is_confined(const std::filesystem::path& root, const std::filesystem::path& path);

/// What stands behind the root in a path below it, with slashes, in UTF-8; empty for the root
/// itself and for a path elsewhere. Compares words: both as `confine` gives them.
HAUL_DECL std::string path_below(const std::filesystem::path& root,
                                 const std::filesystem::path& path);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/path_confinement.ipp>
#endif

#endif
