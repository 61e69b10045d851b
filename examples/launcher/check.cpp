#include "check.hpp"

#include "disk.hpp"
#include "names.hpp"
#include "swap.hpp"
#include <haul/engine/paths.hpp>
#include <haul/system/digest.hpp>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace launcher {
namespace {

namespace fs = std::filesystem;

class folder_check {
 public:
  folder_check(const check_input& in, crew& with, check_progress& progress)
      : in_(in), progress_(progress), disk_(in.folder, with) {
    if (!in.before) return;
    before_ = in.before->what.selection(in.before->groups);
    for (const auto& [path, f] : before_) by_bytes_.emplace(f->sha256, path);
  }

  void look_at(finding& f) {
    const std::string& path = f.file->path;
    const std::optional<stamp> now = disk_.look(path);
    if (now && now->size == f.file->size && (as_before(path, *now, *f.file) || hashed(f))) {
      f.what = finding::kind::right;
      f.now = *now;
      f.rights = !f.file->executable || is_executable(place(path));
    } else if (f.what != finding::kind::unreadable && now) {
      f.what = finding::kind::wrong;
      if (now->size != f.file->size) {
        f.why = "has " + std::to_string(now->size) + " bytes, not " + std::to_string(f.file->size);
      }
    } else if (f.what != finding::kind::unreadable && disk_.exists(path)) {
      f.what = finding::kind::wrong;
      f.why = "is not a plain file";
    }
    if (in_.stage && f.what != finding::kind::right && !progress_.stop) find_a_way(f, now);
    progress_.bytes += f.file->size;
    ++progress_.files;
  }

 private:
  fs::path place(std::string_view path) const { return below(in_.folder, path); }

  /// Whether it was found right before, with these bytes, and has not changed since.
  bool as_before(std::string_view path, const stamp& now, const manifest_file& due) const {
    if (in_.thorough) return false;
    const auto file = before_.find(path);
    return file != before_.end() && file->second->sha256 == due.sha256 && unchanged(path, now);
  }
  bool unchanged(std::string_view path, const stamp& now) const {
    if (!in_.before) return false;
    const auto at = in_.before->stamps.find(std::string{path});
    return at != in_.before->stamps.end() && at->second == now;
  }

  bool hashed(finding& f) {
    std::error_code ec;
    const std::string hash = sha256_of(place(f.file->path), going_on(), ec);
    if (ec) {
      f.what = finding::kind::unreadable;
      f.why = ec.message();
      return false;
    }
    f.why = "has other bytes";
    if (hash == f.file->sha256) f.why.clear();
    return hash == f.file->sha256;
  }

  void find_a_way(finding& f, const std::optional<stamp>& now) {
    const fs::path staged = below(in_.folder, stage_folder) / staged_name(*f.file);
    std::error_code ec;
    if (const auto there = stamp_of(staged)) {
      // Whatever an earlier run has left: only its bytes count.
      f.staged = there->size == f.file->size && sha256_of(staged, going_on(), ec) == f.file->sha256;
      if (f.staged) return;
    }
    if (f.file->size == 0) return;
    const auto twin = by_bytes_.find(f.file->sha256);
    if (twin != by_bytes_.end() && twin->second != f.file->path) {
      const auto there = disk_.look(std::string{twin->second});
      if (there && there->size == f.file->size) f.copy_from = twin->second;
      if (!f.copy_from.empty()) return;
    }
    if (!now || !f.file->pieces || stamp_of(haul::engine::part_path(staged))) return;
    const auto old = before_.find(f.file->path);
    if (!in_.thorough && old != before_.end() && unchanged(f.file->path, *now)) {
      f.common = bytes_in_common(*old->second, *f.file);
    } else {
      f.common = right_bytes(place(f.file->path), *f.file->pieces, f.file->size, going_on(), ec);
    }
    if (f.common > 0) f.seed = f.file->path;
  }

  reading going_on() const {
    return [this](std::uint64_t) { return !progress_.stop.load(std::memory_order_relaxed); };
  }

  const check_input& in_;
  check_progress& progress_;
  real_disk disk_;
  std::map<std::string_view, const manifest_file*> before_;
  std::unordered_map<std::string_view, std::string_view> by_bytes_;
};

}  // namespace

std::vector<finding> check_folder(const check_input& in, crew& with, check_progress& progress) {
  std::vector<finding> out;
  for (const manifest_file& f : in.what.files) {
    if (!in.what.selected(f, in.groups)) continue;
    out.emplace_back();
    out.back().file = &f;
  }
  folder_check check{in, with, progress};
  with.for_each(out.size(), [&](std::size_t i) {
    if (!progress.stop) check.look_at(out[i]);
  });
  return out;
}

std::string staged_name(const manifest_file& f) {
  haul::system::digest d{haul::hash_algorithm::sha256};
  d.update(f.path.data(), f.path.size() + 1);  // with the zero at its end
  d.update(f.sha256.data(), f.sha256.size());
  return d.finish().hex().substr(0, 40);
}

std::vector<std::string> obsolete_files(const install_record& before, const manifest& next,
                                        const std::vector<std::string>& groups) {
  std::vector<std::string> out;
  const auto wanted = next.selection(groups);
  for (const auto& [path, file] : before.what.selection(before.groups)) {
    if (!wanted.contains(path)) out.emplace_back(path);
  }
  return out;
}

}  // namespace launcher
