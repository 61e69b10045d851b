#ifndef HAUL_ENGINE_PATHS_HPP
#define HAUL_ENGINE_PATHS_HPP

#include <filesystem>
#include <system_error>

namespace haul::engine {

/// Where the bytes go until the file is complete.
inline std::filesystem::path part_path(std::filesystem::path target) {
  target += ".haul";
  return target;
}

/// Where it is written down which bytes those are.
inline std::filesystem::path journal_path(std::filesystem::path target) {
  target += ".haul-journal";
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

/// Whether the path can only mean a folder.
inline bool names_folder(const std::filesystem::path& path) {
  return path.empty() || !path.has_filename() || path.filename() == "." || path.filename() == "..";
}

}  // namespace haul::engine

#endif
