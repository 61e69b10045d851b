#include "make_manifest.hpp"

#include "disk.hpp"
#include "names.hpp"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <system_error>

namespace launcher {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& relative) {
  const std::u8string text = relative.generic_u8string();
  return {text.begin(), text.end()};
}

/// The plain files of the folder, by path; what is wrong goes to `problem`.
std::vector<manifest_file> files_in(const fs::path& folder, std::string& problem) {
  std::vector<manifest_file> files;
  std::error_code ec;
  fs::recursive_directory_iterator it{folder, ec};
  for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
    const std::string path = text_of(it->path().lexically_relative(folder));
    const fs::file_type kind = it->symlink_status(ec).type();
    if (kind == fs::file_type::directory) {
      if (path == own_folder) it.disable_recursion_pending();
      continue;
    }
    if (kind != fs::file_type::regular) {
      problem = path + ": is not a plain file";
      return files;
    }
    if (const std::string why = problem_of_path(path); !why.empty()) {
      problem = path + ": " + why;
      return files;
    }
    manifest_file f;
    f.path = path;
    f.executable = is_executable(it->path());
    files.push_back(std::move(f));
  }
  if (ec) problem = folder.string() + ": " + ec.message();
  std::sort(files.begin(), files.end(),
            [](const manifest_file& a, const manifest_file& b) { return a.path < b.path; });
  return files;
}

void hash(const fs::path& folder, std::uint64_t piece, manifest_file& f, std::error_code& ec) {
  const fs::path path = below(folder, f.path);
  haul::piece_hashes pieces{haul::hash_algorithm::sha256, piece};
  const auto before = stamp_of(path);
  f.sha256 = sha256_of(path, pieces, nullptr, ec);
  if (ec) return;
  const auto after = stamp_of(path);
  if (!before || before != after) {
    ec = std::make_error_code(std::errc::text_file_busy);
    return;
  }
  f.size = after->size;
  if (pieces.size() > 1) f.pieces = std::move(pieces);
}

std::string group_of(const std::string& path, const manifest_order& order) {
  const manifest_order::group_folder* best = nullptr;
  for (const auto& g : order.groups) {
    if (!path.starts_with(g.below + '/')) continue;
    if (!best || best->below.size() < g.below.size()) best = &g;
  }
  return best ? best->group.id : std::string{};
}

}  // namespace

manifest_result make_manifest(const manifest_order& order, crew& with) {
  manifest_result result;
  manifest& m = result.value;
  m.game = order.game;
  m.name = order.name.empty() ? order.game : order.name;
  m.version = order.version;
  m.base_urls = order.base_urls;
  m.start = order.start;
  m.arguments = order.arguments;
  for (const auto& g : order.groups) {
    if (!m.group(g.group.id)) m.groups.push_back(g.group);
  }
  m.files = files_in(order.folder, result.problem);
  if (!result.problem.empty()) return result;
  std::mutex mutex;
  with.for_each(m.files.size(), [&](std::size_t i) {
    std::error_code ec;
    hash(order.folder, order.piece_size, m.files[i], ec);
    m.files[i].group = group_of(m.files[i].path, order);
    if (!ec) return;
    const std::lock_guard lock{mutex};
    result.problem = m.files[i].path + ": " +
                     (ec == std::errc::text_file_busy ? "it was changed meanwhile" : ec.message());
  });
  if (!result.problem.empty()) return result;
  // What it gives must be what it takes.
  result.problem = parse_manifest(manifest_text(m)).problem;
  return result;
}

}  // namespace launcher
