#ifndef LAUNCHER_RECORD_HPP
#define LAUNCHER_RECORD_HPP

#include "manifest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the launcher writes down in the folder of a game. Pure.
namespace launcher {

/// How a file looked when it was known to be right: while it looks so, it is not hashed again.
struct stamp {
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< as the file system counts, in its finest unit

  friend bool operator==(const stamp&, const stamp&) = default;
};

/// `.launcher/installed.json`: what is in the folder.
struct install_record {
  /// Every file of the selection was right, and nothing was in between two versions.
  bool whole = false;
  std::string source;  ///< where the manifest is from
  std::vector<std::string> groups;
  manifest what;
  std::map<std::string, stamp> stamps;
};

/// `.launcher/commit.json`: everything is there and right; files are moved in from the staging
/// folder, and what is obsolete goes. As long as it is there, the folder is in between.
struct commit_record {
  struct move {
    std::string from;  ///< below the folder of the game, as is `to`
    std::string to;
  };
  install_record next;  ///< without the stamps of what is moved
  std::vector<move> moves;
  std::vector<std::string> removes;
};

/// Where an unfinished installation gets its manifest: `.launcher/source.json`.
struct source_record {
  std::string source;
  std::optional<std::vector<std::string>> groups;  ///< none: the manifest's defaults
};

std::string to_text(const install_record& r);
std::string to_text(const commit_record& r);
std::string to_text(const source_record& r);

// Nothing when it is not what `to_text` writes: torn, or somebody else's.
std::optional<install_record> read_install_record(std::string_view text);
std::optional<commit_record> read_commit_record(std::string_view text);
std::optional<source_record> read_source_record(std::string_view text);

}  // namespace launcher

#endif
