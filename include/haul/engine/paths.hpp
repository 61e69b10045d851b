#ifndef HAUL_ENGINE_PATHS_HPP
#define HAUL_ENGINE_PATHS_HPP

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace haul::engine {

/// A path as the system writes it. A path object costs several times as much.
using native_text = std::filesystem::path::string_type;

inline constexpr std::string_view part_suffix = ".haul";
inline constexpr std::string_view journal_suffix = ".haul-journal";

/// Where the bytes go until the file is complete.
inline std::filesystem::path part_path(std::filesystem::path target) {
  target += part_suffix;
  return target;
}

/// Where it is written down which bytes those are.
inline std::filesystem::path journal_path(std::filesystem::path target) {
  target += journal_suffix;
  return target;
}

/// Where a journal is written anew, before it takes the place of the old one.
inline std::filesystem::path fresh_journal_path(std::filesystem::path target) {
  target += ".haul-journal.new";
  return target;
}

/// Removes the journal of a target, and one that was being written anew, if they can be.
template <class Environment>
void remove_journal(Environment& environment, const std::filesystem::path& target) {
  std::error_code ignored;
  environment.remove(journal_path(target), ignored);
  environment.remove(fresh_journal_path(target), ignored);
}

/// The path of a file in a folder, where the file's name is UTF-8.
inline native_text path_in(const native_text& folder, const std::string& name) {
#ifdef _WIN32
  return (std::filesystem::path{folder} / std::u8string{name.begin(), name.end()}).native();
#else
  native_text joined;
  joined.reserve(folder.size() + 1 + name.size());
  joined = folder;
  if (!folder.empty() && folder.back() != '/') joined += '/';
  return joined.append(name);
#endif
}

/// The last part of a path; empty after a separator.
inline native_text last_part(const native_text& text) {
#ifdef _WIN32
  return std::filesystem::path{text}.filename().native();
#else
  return text.substr(text.rfind('/') + 1);
#endif
}

/// Whether the text of a path can only mean a folder.
inline bool names_folder(const native_text& text) {
  const native_text last = last_part(text);
  constexpr native_text::value_type dot{'.'};
  return last.empty() || (last.size() == 1 && last[0] == dot) ||
         (last.size() == 2 && last[0] == dot && last[1] == dot);
}

/// The same for all ways to write a path that need no look at the disk to be told to be one.
inline native_text target_key(const native_text& text) {
#ifndef _WIN32
  std::string_view rest{text};
  while (rest.starts_with("./")) rest.remove_prefix(2);
  const bool plain =
      rest.find("./") == std::string_view::npos && text.find("//") == native_text::npos;
  if (plain && !names_folder(text)) return native_text{rest};
#endif
  return std::filesystem::path{text}.lexically_normal().native();
}

}  // namespace haul::engine

#endif
