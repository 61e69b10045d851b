#ifndef LAUNCHER_MAKE_MANIFEST_HPP
#define LAUNCHER_MAKE_MANIFEST_HPP

#include "crew.hpp"
#include "manifest.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace launcher {

/// What a folder does not tell about the game in it.
struct manifest_order {
  std::filesystem::path folder;
  std::string game;
  std::string name;  ///< empty: as `game`
  std::string version;
  std::vector<std::string> base_urls;
  std::string start;
  std::vector<std::string> arguments;
  /// What is in a folder belongs to the group. Of two that fit, the longer one counts.
  struct group_folder {
    manifest_group group;
    std::string below;
  };
  std::vector<group_folder> groups;
  std::uint64_t piece_size = 1u << 20;  ///< files of more than one piece get hashes of their pieces
};

/// Makes the manifest of a folder: every file in it, hashed on the threads of the crew. Links and
/// what else is no plain file are refused; a launcher's own folder is passed over.
manifest_result make_manifest(const manifest_order& order, crew& with);

}  // namespace launcher

#endif
