#ifndef LAUNCHER_NAMES_HPP
#define LAUNCHER_NAMES_HPP

#include <string>
#include <string_view>

/// Paths in manifests, as words. Pure.
namespace launcher {

/// The folder of the launcher itself, inside the folder of a game.
inline constexpr std::string_view own_folder = ".launcher";

/// What is wrong with a path of a manifest; empty when it can be made on every system: UTF-8, with
/// slashes, neither absolute nor with `..`, without names of devices, without characters that some
/// file system does not have, not in the launcher's own folder, and of bounded length.
std::string problem_of_path(std::string_view path);

/// The text as file systems compare it that do not tell upper case from lower: with what is in
/// Latin, Greek and Cyrillic letters in lower case.
std::string fold_case(std::string_view text);

/// The folder part of a path, without a slash at its end; empty when there is none.
std::string_view parent_of(std::string_view path);

/// The path as part of a URL.
std::string percent_encode_path(std::string_view path);

/// A name of a game, a version or a group: letters, digits and `-_.+`, at most 64.
bool is_plain_name(std::string_view text);

}  // namespace launcher

#endif
