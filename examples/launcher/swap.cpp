#include "swap.hpp"

#include "names.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace launcher {
namespace {

using kind = step::kind;

step make(kind what, std::string_view path) {
  step s;
  s.what = what;
  s.path = path;
  return s;
}

/// The folders that files are in, and those above them, the outer ones first.
std::set<std::string> folders_of(const std::vector<std::string>& files) {
  std::set<std::string> out;
  for (const std::string& f : files) {
    for (std::string_view p = parent_of(f); !p.empty(); p = parent_of(p)) {
      if (!out.emplace(p).second) break;
    }
  }
  return out;
}

std::vector<std::string> targets_of(const commit_record& r) {
  std::vector<std::string> out;
  for (const auto& m : r.moves) out.push_back(m.to);
  return out;
}

/// What has to go before the moves: a file where a folder is to be, or a folder where a file is, or
/// another spelling of a new name.
struct early_removals {
  explicit early_removals(const commit_record& r) : places(folders_of(targets_of(r))) {
    for (const auto& m : r.moves) {
      targets.insert(m.to);
      spellings.emplace(fold_case(m.to), &m);
    }
  }

  bool is_early(const std::string& path) const {
    if (places.contains(path) || spelling_of(path)) return true;
    for (std::string_view p = parent_of(path); !p.empty(); p = parent_of(p)) {
      if (targets.contains(std::string{p})) return true;
    }
    return false;
  }
  /// Of what takes the name with another spelling: where it still is.
  const commit_record::move* spelling_of(const std::string& path) const {
    const auto at = spellings.find(fold_case(path));
    return at == spellings.end() ? nullptr : at->second;
  }

  std::set<std::string> places;  // folders that have to be
  std::set<std::string> targets;
  std::unordered_map<std::string, const commit_record::move*> spellings;
};

std::error_code run(swap_disk& disk, const step& s) {
  switch (s.what) {
    case kind::sync_files:
      return disk.sync_files(s.paths);
    case kind::sync_folder:
      return disk.sync_folder(s.path);
    case kind::write:
      return disk.write(s.path, s.text);
    case kind::make_folder:
      return disk.make_folder(s.path);
    case kind::move:
      return disk.move(s.path, s.other);
    case kind::remove:
      if (!s.other.empty() && !disk.exists(s.other)) return {};
      return disk.remove(s.path);
    case kind::remove_folder:
      return disk.remove_folder(s.path);
  }
  return {};
}

bool run_all(swap_disk& disk, const std::vector<step>& steps, swap_result& result) {
  for (const step& s : steps) {
    result.error = run(disk, s);
    if (result.error) {
      result.path = s.what == kind::move ? s.other : s.path;
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<step> steps_to_commit(const commit_record& r) {
  std::vector<step> steps;
  step data = make(kind::sync_files, stage_folder);
  for (const auto& m : r.moves) data.paths.push_back(m.from);
  if (!data.paths.empty()) {
    steps.push_back(std::move(data));
    steps.push_back(make(kind::sync_folder, stage_folder));
  }
  steps.push_back(make(kind::sync_folder, own_folder));
  steps.push_back(make(kind::sync_folder, ""));
  step record = make(kind::write, commit_file);
  record.text = to_text(r);
  steps.push_back(std::move(record));
  steps.push_back(make(kind::sync_folder, own_folder));
  return steps;
}

std::vector<step> steps_to_apply(const commit_record& r) {
  const early_removals early{r};
  std::vector<step> steps;
  std::set<std::string> left = folders_of(r.removes);  // folders that may have become empty
  std::set<std::string> changed;
  for (const std::string& path : r.removes) {
    if (!early.is_early(path)) continue;
    step s = make(kind::remove, path);
    // On a file system that takes both spellings for one, it has become the new file by then.
    if (const auto* m = early.spelling_of(path)) s.other = m->from;
    steps.push_back(std::move(s));
    changed.emplace(parent_of(path));
  }
  // Inner folders stand behind their outer ones.
  for (auto at = left.rbegin(); at != left.rend(); ++at) {
    bool in_the_way = early.targets.contains(*at);
    for (std::string_view p = parent_of(*at); !p.empty(); p = parent_of(p)) {
      in_the_way = in_the_way || early.targets.contains(std::string{p});
    }
    if (!in_the_way) continue;
    steps.push_back(make(kind::remove_folder, *at));
    changed.emplace(parent_of(*at));
  }
  for (const std::string& folder : early.places) {
    steps.push_back(make(kind::make_folder, folder));
    changed.emplace(parent_of(folder));
  }
  // Before anything is moved: a removal that the power takes back after the move would not be made
  // again, and a folder that it takes back would take what was moved into it along.
  for (const std::string& folder : changed) steps.push_back(make(kind::sync_folder, folder));
  for (const auto& m : r.moves) {
    step s = make(kind::move, m.from);
    s.other = m.to;
    steps.push_back(std::move(s));
  }
  for (const std::string& path : r.removes) {
    if (!early.is_early(path)) steps.push_back(make(kind::remove, path));
  }
  for (auto at = left.rbegin(); at != left.rend(); ++at) {
    if (!early.places.contains(*at) && !early.targets.contains(*at)) {
      steps.push_back(make(kind::remove_folder, *at));
    }
  }
  left.insert(early.places.begin(), early.places.end());
  for (auto at = left.rbegin(); at != left.rend(); ++at) {
    if (!early.targets.contains(*at)) steps.push_back(make(kind::sync_folder, *at));
  }
  steps.push_back(make(kind::sync_folder, ""));
  if (!r.moves.empty()) steps.push_back(make(kind::sync_folder, stage_folder));
  return steps;
}

std::vector<step> steps_to_finish(const install_record& r) {
  std::vector<step> steps;
  step record = make(kind::write, installed_file);
  record.text = to_text(r);
  steps.push_back(std::move(record));
  steps.push_back(make(kind::sync_folder, own_folder));
  steps.push_back(make(kind::remove, commit_file));
  steps.push_back(make(kind::sync_folder, own_folder));
  return steps;
}

swap_result swap_in(swap_disk& disk, const commit_record& r) {
  swap_result result;
  if (!run_all(disk, steps_to_commit(r), result)) return result;
  return finish_swap(disk, r);
}

swap_result finish_swap(swap_disk& disk, const commit_record& r) {
  swap_result result;
  if (!run_all(disk, steps_to_apply(r), result)) return result;
  install_record now = r.next;
  const auto files = now.what.selection(now.groups);
  for (const auto& m : r.moves) {
    const std::optional<stamp> there = disk.look(m.to);
    const auto file = files.find(m.to);
    if (there && file != files.end() && there->size == file->second->size) {
      now.stamps.insert_or_assign(m.to, *there);
    } else {
      result.missing.push_back(m.to);
      now.stamps.erase(m.to);
    }
  }
  now.whole = now.whole && result.missing.empty();
  run_all(disk, steps_to_finish(now), result);
  return result;
}

std::string obstacle(const commit_record& r, const place_view& there) {
  const std::vector<std::string> targets = targets_of(r);
  const std::set<std::string> removed(r.removes.begin(), r.removes.end());
  for (const std::string& folder : folders_of(targets)) {
    switch (there.kind_of(folder)) {
      case place_kind::nothing:
      case place_kind::folder:
        continue;
      case place_kind::link:
        return '\'' + folder +
               "' is a link, and a game's files are not put through one: make it a "
               "folder";
      case place_kind::file:
        if (removed.contains(folder)) continue;
        [[fallthrough]];
      case place_kind::other:
        return '\'' + folder + "' is in the way of a folder: move it away";
    }
  }
  for (const std::string& path : targets) {
    const place_kind k = there.kind_of(path);
    if (k == place_kind::other) return '\'' + path + "' is in the way of a file: move it away";
    if (k == place_kind::folder && there.has_others(path, r.removes)) {
      return "the folder '" + path +
             "' is in the way of a file, and something in it is not the "
             "game's: move it away";
    }
  }
  return {};
}

}  // namespace launcher
