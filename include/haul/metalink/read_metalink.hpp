#ifndef HAUL_METALINK_READ_METALINK_HPP
#define HAUL_METALINK_READ_METALINK_HPP

#include <haul/config.hpp>

#include <haul/checksum.hpp>
#include <haul/download_request.hpp>
#include <haul/error.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>
#include <haul/piece_hashes.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace haul {

/// A file that a Metalink describes.
struct metalink_file {
  std::string name;                    ///< a relative path with `/`, safe on every system
  std::vector<std::string> urls;       ///< http and https only, the best first
  std::optional<std::uint64_t> size;   ///< in bytes
  std::vector<checksum> checksums;     ///< those of a kind that haul knows
  std::optional<piece_hashes> pieces;  ///< of one kind that haul knows

  /// The download of this file into a folder.
  download_request request(const std::filesystem::path& folder) const {
    const std::u8string path{name.begin(), name.end()};
    download_request r{urls.front(), folder / std::filesystem::path{path}};
    for (std::size_t i = 1; i < urls.size(); ++i) r.mirror(urls[i]);
    if (size) r.size(*size);
    for (const checksum& c : checksums) r.checksum(c);
    if (pieces) r.pieces(*pieces);
    return r;
  }
};

/// What a Metalink says.
struct metalink {
  std::vector<metalink_file> files;  ///< in the order of the Metalink
  std::error_code error;             ///< malformed_metalink: none of it is to be used
  std::string detail;                ///< what is wrong, and with which file
};

namespace metalink_detail {

inline constexpr std::size_t most_files = 100'000;

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

inline std::optional<std::uint64_t> number(std::string_view text) {
  text = trimmed(text);
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// The hash function of a `type` attribute (the names of IANA's registry).
inline std::optional<hash_algorithm> algorithm(std::string_view type) {
  if (type == "md5") return hash_algorithm::md5;
  if (type == "sha-1") return hash_algorithm::sha1;
  if (type == "sha-256") return hash_algorithm::sha256;
  if (type == "sha-512") return hash_algorithm::sha512;
  return std::nullopt;
}

/// Whether a path stays below the folder that it is put into, whatever system that is on (RFC 5854,
/// 4.1.2.1).
inline bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 4096) return false;
  for (;;) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (part.empty() || http::safe_file_name(part) != part) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

/// Reads one `file` element; what is wrong with it, if anything.
inline std::string read_file(const pugi::xml_node& node, metalink_file& f) {
  f.name = node.attribute("name").value();
  if (!is_safe_path(f.name)) return "its name is missing, or is not a safe relative path";
  if (const auto size = node.child("size")) {
    f.size = number(size.text().get());
    if (!f.size) return "its size is not a number";
  }
  for (const auto hash : node.children("hash")) {
    const auto kind = algorithm(hash.attribute("type").value());
    if (!kind) continue;
    const auto sum = checksum::from_hex(*kind, trimmed(hash.text().get()));
    if (!sum) return "a hash is not hexadecimal, or has not the length of its kind";
    f.checksums.push_back(*sum);
  }
  for (const auto pieces : node.children("pieces")) {
    const auto kind = algorithm(pieces.attribute("type").value());
    if (!kind || f.pieces) continue;
    const auto length = number(pieces.attribute("length").value());
    if (!length || *length == 0) return "the length of its pieces is not a number";
    f.pieces.emplace(*kind, *length);
    for (const auto hash : pieces.children("hash")) {
      if (!f.pieces->add_hex(trimmed(hash.text().get()))) return "a hash of a piece is not one";
    }
    const bool fits = f.size ? f.pieces->fits(*f.size) : f.pieces->usable();
    if (!fits) return "it has more or fewer hashes than pieces";
  }
  std::multimap<std::uint64_t, std::string> places;  // of the same priority: in the file's order
  for (const auto url : node.children("url")) {
    const std::string text{trimmed(url.text().get())};
    const auto priority = number(url.attribute("priority").as_string("999999"));
    if (http::parse_url(text).error) continue;
    places.emplace(priority.value_or(999'999), text);
  }
  if (places.empty()) return "it has no http or https URL";
  for (auto& p : places) f.urls.push_back(std::move(p.second));
  return {};
}

}  // namespace metalink_detail

/// Reads a Metalink of version 4 (RFC 5854). URLs that are not http or https are passed over, and
/// so are hashes of kinds that haul does not know; anything else that is wrong makes it useless.
///
/// Entities of a document type are not expanded, and nothing is fetched.
inline metalink read_metalink(std::string_view text) {
  metalink m;
  const auto refuse = [&](std::string what) -> metalink& {
    m.files.clear();
    m.error = errc::malformed_metalink;
    m.detail = std::move(what);
    return m;
  };
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_auto);
  if (!parsed) {
    return refuse(std::string{parsed.description()} + ", at byte " + std::to_string(parsed.offset));
  }
  const pugi::xml_node root = document.child("metalink");
  if (!root) return refuse("there is no metalink element");
  if (root.child("files")) return refuse("it is of version 3; only version 4 is read");
  std::set<std::string> names;
  for (const auto node : root.children("file")) {
    if (m.files.size() == metalink_detail::most_files) return refuse("it has too many files");
    metalink_file f;
    const std::string wrong = metalink_detail::read_file(node, f);
    const std::string which = "file " + std::to_string(m.files.size() + 1);
    if (!wrong.empty()) return refuse(which + ": " + wrong);
    if (!names.insert(f.name).second) return refuse(which + ": an earlier one has the same name");
    m.files.push_back(std::move(f));
  }
  if (m.files.empty()) return refuse("it has no file");
  return m;
}

}  // namespace haul

#endif
