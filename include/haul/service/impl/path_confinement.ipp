#ifndef HAUL_SERVICE_IMPL_PATH_CONFINEMENT_IPP
#define HAUL_SERVICE_IMPL_PATH_CONFINEMENT_IPP

#include <haul/http/utf8.hpp>
#include <haul/service/path_confinement.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <system_error>

namespace haul::service {
namespace detail {

/// Both absolute and free of links.
inline bool begins_with(const std::filesystem::path& path, const std::filesystem::path& root) {
  const auto [r, p] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return r == root.end();
}

/// The real place that segments lead to from one that is real; nothing where a link leads nowhere,
/// or leaves `within`.
inline std::optional<std::filesystem::path> real_place(const std::filesystem::path& from,
                                                       const std::filesystem::path& segments,
                                                       const std::filesystem::path& within) {
  namespace fs = std::filesystem;
  fs::path at = from;
  bool missing = false;
  for (const fs::path& segment : segments) {
    if (segment == "..") return std::nullopt;
    if (segment.empty() || segment == ".") continue;
    at /= segment;
    if (missing) continue;
    std::error_code ec;
    const fs::file_status there = fs::symlink_status(at, ec);
    if (there.type() == fs::file_type::not_found) {
      missing = true;
    } else if (there.type() == fs::file_type::none) {
      return std::nullopt;
    } else if (there.type() == fs::file_type::symlink) {
      at = fs::canonical(at, ec);
      if (ec || !begins_with(at, within)) return std::nullopt;
    }
  }
  return at;
}

inline bool is_segment(std::string_view s) {
  if (s == "..") return false;
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f || c == '\\') return false;
    if (c == ':' && std::filesystem::path::preferred_separator != '/') return false;
  }
  const bool drive = s.size() == 2 && s[1] == ':' && std::isalpha(static_cast<unsigned char>(s[0]));
  return !drive;
}

}  // namespace detail

HAUL_DECL std::optional<std::filesystem::path> confine(const std::filesystem::path& root,
                                                       std::string_view below) {
  namespace fs = std::filesystem;
  std::error_code ec;
  const fs::path real_root = fs::canonical(root, ec);
  if (ec || below.starts_with('/') || !http::is_utf8(below)) return std::nullopt;
  fs::path segments;
  for (std::string_view rest = below; !rest.empty();) {
    const std::size_t end = (std::min)(rest.find('/'), rest.size());
    const std::string_view s = rest.substr(0, end);
    if (!detail::is_segment(s)) return std::nullopt;
    if (!s.empty() && s != ".") segments /= fs::path{std::u8string{s.begin(), s.end()}};
    rest.remove_prefix((std::min)(end + 1, rest.size()));
  }
  return detail::real_place(real_root, segments, real_root);
}

HAUL_DECL bool is_confined(const std::filesystem::path& root, const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ec;
  const fs::path real_root = fs::canonical(root, ec);
  if (ec) return false;
  const fs::path whole = fs::absolute(path, ec);
  if (ec) return false;
  const std::optional<fs::path> place =
      detail::real_place(whole.root_path(), whole.relative_path(), whole.root_path());
  return place && detail::begins_with(*place, real_root);
}

HAUL_DECL std::string path_below(const std::filesystem::path& root,
                                 const std::filesystem::path& path) {
  if (!detail::begins_with(path, root)) return {};
  const std::filesystem::path rest = path.lexically_relative(root);
  if (rest == ".") return {};
  const std::u8string text = rest.generic_u8string();
  return {text.begin(), text.end()};
}

}  // namespace haul::service

#endif
