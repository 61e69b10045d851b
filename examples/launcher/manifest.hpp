#ifndef LAUNCHER_MANIFEST_HPP
#define LAUNCHER_MANIFEST_HPP

#include <haul/piece_hashes.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a game consists of (docs/launcher.md has the format). Pure: no file and no socket.
namespace launcher {

/// The most that a manifest may have.
inline constexpr std::size_t most_manifest_bytes = 64u << 20;
inline constexpr std::size_t most_files = 200'000;
inline constexpr std::uint64_t most_file_size = std::uint64_t{1} << 43;   // 8 TiB
inline constexpr std::uint64_t most_total_size = std::uint64_t{1} << 47;  // 128 TiB
inline constexpr std::uint64_t least_piece = 4u << 10;
inline constexpr std::uint64_t most_piece = 1u << 30;

struct manifest_file {
  std::string path;  ///< below the folder of the game, with slashes
  std::uint64_t size = 0;
  std::string sha256;                        ///< 64 digits, in lower case
  std::optional<haul::piece_hashes> pieces;  ///< SHA-256 too
  std::string group;                         ///< empty: it is part of every installation
  bool executable = false;
  std::vector<std::string> urls;  ///< as given; empty: those of the manifest, with the path
};

/// What can be chosen, such as a language.
struct manifest_group {
  std::string id;
  std::string name;     ///< to be shown
  bool chosen = false;  ///< unless the user says otherwise
};

struct manifest {
  std::string game;  ///< a short name, the same in all versions
  std::string name;  ///< to be shown
  std::string version;
  std::vector<std::string> base_urls;  ///< each with all files below it
  std::string start;                   ///< the path of the file to run; empty: not said
  std::vector<std::string> arguments;
  std::vector<manifest_group> groups;
  std::vector<manifest_file> files;

  const manifest_group* group(std::string_view id) const;
  std::vector<std::string> default_groups() const;
  bool selected(const manifest_file& f, const std::vector<std::string>& groups) const;
  /// The files of an installation with these groups, by their paths.
  std::map<std::string_view, const manifest_file*> selection(
      const std::vector<std::string>& groups) const;
};

struct manifest_result {
  manifest value;
  std::string problem;  ///< one line: which file, which field, what is wrong; empty when nothing is
};

/// Reads a manifest and checks all of it. Unknown members are passed over.
manifest_result parse_manifest(std::string_view text);
manifest_result read_manifest(const boost::json::object& from);

boost::json::object to_json(const manifest& m);
boost::json::array array_of(const std::vector<std::string>& texts);
/// As text for people and programs, with a file on each line.
std::string manifest_text(const manifest& m);

struct urls_result {
  std::vector<std::string> urls;  ///< the first one, then its mirrors
  std::string problem;
};

/// Where a file is to be had from.
/// @param source  Where the manifest is from, a URL or a path: relative URLs begin there.
urls_result urls_of(const manifest& m, const manifest_file& f, std::string_view source);

/// Whether it is an http or https URL and not a path.
bool is_url(std::string_view text);

/// How many bytes of `fresh` stand in `old` at the same places, by the hashes of their pieces.
std::uint64_t bytes_in_common(const manifest_file& old, const manifest_file& fresh);

}  // namespace launcher

#endif
