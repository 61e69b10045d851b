#include "disk.hpp"

#include "names.hpp"
#include <haul/system/digest.hpp>
#include <haul/system/file.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#ifdef __linux__
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace launcher {
namespace {

namespace fs = std::filesystem;
using haul::system::file;
using haul::system::open_mode;

constexpr std::size_t block_size = 512u << 10;

/// Calls `use(data, n)` with a file from its beginning on, in blocks that end where a piece does.
template <class Use>
void read_all(const fs::path& path, std::uint64_t piece, const reading& go_on, std::error_code& ec,
              Use&& use) {
  file f = file::open(path, open_mode::read, ec);
  if (ec) return;
  const std::unique_ptr<char[]> block{new char[block_size]};
  for (std::uint64_t at = 0;;) {
    const std::uint64_t room = piece == 0 ? block_size : piece - at % piece;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, room));
    const std::size_t got = f.read_at(at, block.get(), want, ec);
    if (ec) return;
    use(static_cast<const char*>(block.get()), got, at + got, got < want);
    at += got;
    if (got < want) return;
    if (go_on && !go_on(got)) {
      ec = std::make_error_code(std::errc::operation_canceled);
      return;
    }
  }
}

}  // namespace

fs::path below(const fs::path& root, std::string_view path) {
  return path.empty() ? root : root / fs::path{std::u8string{path.begin(), path.end()}};
}

std::string read_text(const fs::path& path, std::size_t most, std::error_code& ec) {
  file f = file::open(path, open_mode::read, ec);
  if (ec) return {};
  const std::uint64_t size = f.size(ec);
  if (!ec && size > most) ec = std::make_error_code(std::errc::file_too_large);
  if (ec) return {};
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(f.read_at(0, text.data(), text.size(), ec));
  return text;
}

std::optional<stamp> stamp_of(const fs::path& path) {
  std::error_code ec;
  if (fs::symlink_status(path, ec).type() != fs::file_type::regular) return std::nullopt;
  stamp s;
  s.size = fs::file_size(path, ec);
  if (ec) return std::nullopt;
  const auto modified = fs::last_write_time(path, ec);
  if (ec) return std::nullopt;
  s.modified = static_cast<std::int64_t>(modified.time_since_epoch().count());
  return s;
}

void clone_file(const fs::path& from, const fs::path& to, std::error_code& ec) {
#ifdef FICLONE
  {
    const int source = ::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (source < 0) return ec.assign(errno, std::system_category());
    const int target = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const bool cloned = target >= 0 && ::ioctl(target, FICLONE, source) == 0;
    if (target >= 0) ::close(target);
    ::close(source);
    ec.clear();
    if (cloned) return;
  }
#endif
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, ec);
  if (!ec) {
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write, fs::perm_options::add, ec);
  }
}

std::string sha256_of(const fs::path& path, const reading& go_on, std::error_code& ec) {
  haul::system::digest whole{haul::hash_algorithm::sha256};
  read_all(path, 0, go_on, ec,
           [&](const char* data, std::size_t n, std::uint64_t, bool) { whole.update(data, n); });
  return ec ? std::string{} : whole.finish().hex();
}

std::string sha256_of(const fs::path& path, haul::piece_hashes& pieces, const reading& go_on,
                      std::error_code& ec) {
  haul::system::digest whole{haul::hash_algorithm::sha256};
  haul::system::digest part{haul::hash_algorithm::sha256};
  std::uint64_t in_part = 0;
  read_all(path, pieces.piece_size(), go_on, ec,
           [&](const char* data, std::size_t n, std::uint64_t end, bool last) {
             whole.update(data, n);
             part.update(data, n);
             in_part += n;
             if (in_part > 0 && (last || end % pieces.piece_size() == 0)) {
               pieces.add(part.finish());
               part = haul::system::digest{haul::hash_algorithm::sha256};
               in_part = 0;
             }
           });
  return ec ? std::string{} : whole.finish().hex();
}

std::uint64_t right_bytes(const fs::path& path, const haul::piece_hashes& pieces,
                          std::uint64_t size, const reading& go_on, std::error_code& ec) {
  haul::piece_hashes there{haul::hash_algorithm::sha256, pieces.piece_size()};
  sha256_of(path, there, go_on, ec);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < std::min(there.size(), pieces.size()); ++i) {
    if (there[i] == pieces[i]) bytes += pieces.range(i, size).size();
  }
  return ec ? 0 : bytes;
}

bool is_executable(const fs::path& path) {
  std::error_code ec;
  return (fs::status(path, ec).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

void make_executable(const fs::path& path, std::error_code& ec) {
  fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, ec);
}

fs::path real_disk::at(const std::string& path) const { return below(root_, path); }

/// Whether a folder on the way to the path is a link.
bool real_disk::through_link(const std::string& path) const {
  std::error_code ec;
  for (std::string_view p = parent_of(path); !p.empty(); p = parent_of(p)) {
    if (fs::symlink_status(below(root_, p), ec).type() == fs::file_type::symlink) return true;
  }
  return false;
}

std::error_code real_disk::sync_files(const std::vector<std::string>& paths) {
  std::mutex mutex;
  std::error_code first;
  crew_.for_each(paths.size(), [&](std::size_t i) {
    std::error_code ec;
    file f = file::open(at(paths[i]), open_mode::read, ec);
    if (!ec) f.sync(ec);
    if (!ec) return;
    const std::lock_guard lock{mutex};
    if (!first) first = ec;
  });
  return first;
}

std::error_code real_disk::sync_folder(const std::string& path) {
  std::error_code ec;
  haul::system::sync_directory(at(path), ec);
  if (ec == std::errc::no_such_file_or_directory || ec == std::errc::not_a_directory) return {};
  return ec;
}

std::error_code real_disk::write(const std::string& path, const std::string& text) {
  const fs::path target = at(path);
  fs::path fresh = target;
  fresh += ".new";
  std::error_code ec;
  {
    file f = file::open(fresh, open_mode::create, ec);
    if (!ec) f.write_at(0, text.data(), text.size(), ec);
    if (!ec) f.sync(ec);
  }
  if (!ec) haul::system::rename_file(fresh, target, ec);
  return ec;
}

std::error_code real_disk::make_folder(const std::string& path) {
  std::error_code ec;
  fs::create_directory(at(path), ec);
  return ec;
}

std::error_code real_disk::move(const std::string& from, const std::string& to) {
  if (through_link(to)) return std::make_error_code(std::errc::too_many_symbolic_link_levels);
  std::error_code ec;
  fs::rename(at(from), at(to), ec);
  if (ec == std::errc::no_such_file_or_directory && !exists(from)) return {};
  return ec;
}

std::error_code real_disk::remove(const std::string& path) {
  std::error_code ec;
  if (through_link(path)) return {};
  const fs::file_type there = fs::symlink_status(at(path), ec).type();
  if (there == fs::file_type::not_found || there == fs::file_type::directory) return {};
  if (ec) return ec;
  fs::remove(at(path), ec);
  return ec;
}

std::error_code real_disk::remove_folder(const std::string& path) {
  std::error_code ec;
  if (through_link(path)) return {};
  if (fs::symlink_status(at(path), ec).type() != fs::file_type::directory) return {};
  fs::remove(at(path), ec);
  return ec == std::errc::directory_not_empty || ec == std::errc::file_exists ? std::error_code{}
                                                                              : ec;
}

bool real_disk::exists(const std::string& path) { return kind_of(path) != place_kind::nothing; }

std::optional<stamp> real_disk::look(const std::string& path) {
  return through_link(path) ? std::nullopt : stamp_of(at(path));
}

place_kind real_disk::kind_of(const std::string& path) const {
  std::error_code ec;
  switch (fs::symlink_status(at(path), ec).type()) {
    case fs::file_type::not_found:
      return place_kind::nothing;
    case fs::file_type::regular:
      return place_kind::file;
    case fs::file_type::directory:
      return place_kind::folder;
    case fs::file_type::symlink:
      return place_kind::link;
    case fs::file_type::none:
      // A file stands where the path has a folder.
      return ec == std::errc::not_a_directory ? place_kind::nothing : place_kind::other;
    default:
      return place_kind::other;
  }
}

bool real_disk::has_others(const std::string& folder,
                           const std::vector<std::string>& listed) const {
  std::error_code ec;
  for (fs::recursive_directory_iterator it{at(folder), ec}, end; !ec && it != end;
       it.increment(ec)) {
    if (it->symlink_status(ec).type() == fs::file_type::directory) continue;
    const std::u8string name = it->path().lexically_relative(root_).generic_u8string();
    const std::string path{name.begin(), name.end()};
    if (std::find(listed.begin(), listed.end(), path) == listed.end()) return true;
  }
  return static_cast<bool>(ec);
}

}  // namespace launcher
