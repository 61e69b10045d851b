// The swap of two versions, with the power lost, or the process killed, at every step of it and of
// what goes on after it. The disk is a model: names and data that nobody has synced are kept or
// lost as the dice say, each for itself.

#include "launcher/swap.hpp"

#include "catch.hpp"
#include "launcher/disk.hpp"
#include "launcher/names.hpp"
#include "support/temp_dir.hpp"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace launcher;
using haul::test::temp_dir;
using haul::test::write_file;

namespace {

struct power_lost {};

class model_disk final : public swap_disk {
 public:
  bool syncs = true;  // false: as a disk that only says that it does
  int calls_left = -1;

  /// A file as one finds it after a peaceful shutdown.
  void put(const std::string& path, const std::string& data) {
    make_parents(path);
    const auto i = std::make_shared<inode>(inode{data, true});
    live_.files[path] = durable_.files[path] = i;
  }
  /// A file that has just been written.
  void put_unsynced(const std::string& path, const std::string& data) {
    make_parents(path);
    link(path, std::make_shared<inode>(inode{data, false}));
  }
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    for (const auto& [path, i] : live_.files) out.emplace(path, i->data);
    return out;
  }

  void lose_power(std::mt19937& dice) {
    for (const change& c : pending_) {
      if (dice() % 2 == 0) apply(c, durable_);
    }
    live_ = durable_;
    std::erase_if(live_.folders, [&](const std::string& f) { return !reachable(f); });
    std::erase_if(live_.files, [&](const auto& f) { return !reachable(f.first); });
    for (auto& [path, i] : live_.files) {
      if (!i->synced && dice() % 2 == 0) i->data.resize(dice() % (i->data.size() + 1));
      i->synced = true;
    }
    restart();
  }
  /// As after kill -9: what the system has been told is there.
  void restart() {
    durable_ = live_;
    for (auto& [path, i] : live_.files) i->synced = true;
    pending_.clear();
  }

  std::error_code sync_files(const std::vector<std::string>& paths) override {
    call();
    for (const std::string& p : paths) {
      const auto at = live_.files.find(p);
      if (at == live_.files.end())
        return std::make_error_code(std::errc::no_such_file_or_directory);
      at->second->synced = at->second->synced || syncs;
    }
    return {};
  }
  std::error_code sync_folder(const std::string& path) override {
    call();
    if (!syncs) return {};
    std::erase_if(pending_, [&](const change& c) {
      if (parent_of(c.to) != path) return false;
      apply(c, durable_);
      return true;
    });
    return {};
  }
  std::error_code write(const std::string& path, const std::string& text) override {
    call();
    link(path, std::make_shared<inode>(inode{text, syncs}));
    return {};
  }
  std::error_code make_folder(const std::string& path) override {
    call();
    if (live_.files.contains(path)) return std::make_error_code(std::errc::file_exists);
    if (!is_folder(parent_of(path))) {
      return std::make_error_code(std::errc::no_such_file_or_directory);
    }
    if (!live_.folders.contains(path)) change_both({change::kind::make_folder, "", path, nullptr});
    return {};
  }
  std::error_code move(const std::string& from, const std::string& to) override {
    call();
    const auto at = live_.files.find(from);
    if (at == live_.files.end()) return {};
    if (live_.folders.contains(to)) return std::make_error_code(std::errc::is_a_directory);
    if (!is_folder(parent_of(to))) return std::make_error_code(std::errc::not_a_directory);
    change_both({change::kind::move, from, to, at->second});
    return {};
  }
  std::error_code remove(const std::string& path) override {
    call();
    if (live_.files.contains(path)) change_both({change::kind::remove, "", path, nullptr});
    return {};
  }
  std::error_code remove_folder(const std::string& path) override {
    call();
    if (!live_.folders.contains(path)) return {};
    for (const auto& [name, i] : live_.files) {
      if (name.starts_with(path + '/')) return {};
    }
    for (const std::string& name : live_.folders) {
      if (name.starts_with(path + '/')) return {};
    }
    change_both({change::kind::remove_folder, "", path, nullptr});
    return {};
  }
  bool exists(const std::string& path) override {
    return live_.files.contains(path) || live_.folders.contains(path);
  }
  std::optional<stamp> look(const std::string& path) override {
    const auto at = live_.files.find(path);
    if (at == live_.files.end()) return std::nullopt;
    return stamp{at->second->data.size(), 1};
  }

 private:
  struct inode {
    std::string data;
    bool synced = false;
  };
  using inode_ptr = std::shared_ptr<inode>;
  struct tree {
    std::map<std::string, inode_ptr> files;
    std::set<std::string> folders;
  };
  struct change {
    enum class kind { link, move, remove, make_folder, remove_folder };
    kind what;
    std::string from;
    std::string to;
    inode_ptr file;
  };

  void call() {
    if (calls_left == 0) throw power_lost{};
    if (calls_left > 0) --calls_left;
  }
  void make_parents(const std::string& path) {
    for (std::string_view p = parent_of(path); !p.empty(); p = parent_of(p)) {
      live_.folders.emplace(p);
      durable_.folders.emplace(p);
    }
  }
  bool is_folder(std::string_view path) const {
    return path.empty() || live_.folders.contains(std::string{path});
  }
  bool reachable(const std::string& path) const {
    for (std::string_view p = parent_of(path); !p.empty(); p = parent_of(p)) {
      if (!durable_.folders.contains(std::string{p})) return false;
    }
    return true;
  }
  void link(const std::string& path, inode_ptr i) {
    change_both({change::kind::link, "", path, std::move(i)});
  }
  void change_both(change c) {
    apply(c, live_);
    pending_.push_back(std::move(c));
  }
  static void apply(const change& c, tree& t) {
    switch (c.what) {
      case change::kind::link:
        t.files[c.to] = c.file;
        break;
      case change::kind::move: {
        const auto at = t.files.find(c.from);
        // Its first name may never have reached the disk: then it has neither.
        if (at == t.files.end() || at->second != c.file || t.folders.contains(c.to)) break;
        t.files.erase(at);
        t.files[c.to] = c.file;
        break;
      }
      case change::kind::remove:
        t.files.erase(c.to);
        break;
      case change::kind::make_folder:
        if (!t.files.contains(c.to)) t.folders.insert(c.to);
        break;
      case change::kind::remove_folder:
        t.folders.erase(c.to);
        break;
    }
  }

  tree live_;
  tree durable_;
  std::vector<change> pending_;
};

using version = std::map<std::string, std::string>;  // path -> bytes

// The second has: changed and unchanged files, new folders, a file that becomes a folder, a folder
// that becomes a file, another spelling, and folders that become empty.
const version first_version{{"a", "a of one"},     {"b", "the same"},      {"c", "c of one"},
                            {"e/f", "f of one"},   {"e/g/h", "h of one"},  {"Case.txt", "one"},
                            {"dir/x", "x of one"}, {"dir/stays", "stays"}, {"gone/deep/z", "z"}};
const version second_version{{"a", "a of two"},  {"b", "the same"},      {"c/d", "d of two"},
                             {"e", "e of two"},  {"case.txt", "two"},    {"dir/stays", "stays"},
                             {"n/w/new", "new"}, {"dir/other", "of two"}};

manifest manifest_of(const version& v, const std::string& name) {
  manifest m;
  m.game = "g";
  m.name = "g";
  m.version = name;
  m.base_urls = {"http://h/"};
  for (const auto& [path, bytes] : v) {
    manifest_file f;
    f.path = path;
    f.size = bytes.size();
    f.sha256 = std::string(64, 'a');
    m.files.push_back(std::move(f));
  }
  return m;
}

install_record record_of(const version& v, const std::string& name) {
  install_record r;
  r.whole = true;
  r.source = "http://h/m.json";
  r.what = manifest_of(v, name);
  for (const auto& [path, bytes] : v) r.stamps.emplace(path, stamp{bytes.size(), 1});
  return r;
}

commit_record swap_of_both() {
  commit_record r;
  r.next = record_of(second_version, "two");
  int n = 0;
  for (const auto& [path, bytes] : second_version) {
    const auto old = first_version.find(path);
    if (old != first_version.end() && old->second == bytes) continue;
    r.next.stamps.erase(path);
    r.moves.push_back({std::string{stage_folder} + "/s" + std::to_string(n++), path});
  }
  for (const auto& [path, bytes] : first_version) {
    if (!second_version.contains(path)) r.removes.push_back(path);
  }
  return r;
}

model_disk staged() {
  model_disk disk;
  for (const auto& [path, bytes] : first_version) disk.put(path, bytes);
  disk.put(std::string{installed_file}, to_text(record_of(first_version, "one")));
  disk.put("save.dat", "the user's");
  for (const auto& m : swap_of_both().moves) disk.put_unsynced(m.from, second_version.at(m.to));
  return disk;
}

/// What the folder has of the game and of the user.
version game_in(const model_disk& disk) {
  version v = disk.files();
  std::erase_if(v, [](const auto& f) { return f.first.starts_with(".launcher/"); });
  return v;
}

/// Nothing when the folder is what it says to be, or says that it is in between.
std::string lie_of(const model_disk& disk) {
  const auto files = disk.files();
  if (const auto at = files.find(std::string{commit_file}); at != files.end()) {
    return read_commit_record(at->second) ? "" : "the commit record cannot be read";
  }
  const auto at = files.find(std::string{installed_file});
  if (at == files.end()) return "there is no record";
  const auto record = read_install_record(at->second);
  if (!record) return "the record cannot be read";
  if (!record->whole) return "it is not whole";
  version due = record->what.version == "one" ? first_version : second_version;
  due["save.dat"] = "the user's";
  return game_in(disk) == due ? "" : "it is not version " + record->what.version;
}

std::string version_in(const model_disk& disk) {
  const auto record = read_install_record(disk.files().at(std::string{installed_file}));
  return record ? record->what.version : "";
}

/// What a run does first: goes on where there is something to go on with. True when it got to its
/// end before the next loss.
bool next_run(model_disk& disk, int calls) {
  disk.calls_left = calls;
  try {
    const auto files = disk.files();
    const auto at = files.find(std::string{commit_file});
    if (at != files.end()) {
      const swap_result r = finish_swap(disk, *read_commit_record(at->second));
      REQUIRE_FALSE(r.error);
      REQUIRE(r.missing.empty());
    }
    disk.calls_left = -1;
    return true;
  } catch (const power_lost&) {
    return false;
  }
}

int calls_of_a_swap() {
  model_disk disk = staged();
  disk.calls_left = 1'000'000;
  REQUIRE_FALSE(swap_in(disk, swap_of_both()).error);
  return 1'000'000 - disk.calls_left;
}

}  // namespace

TEST_CASE("a swap in peace", "[launcher][swap]") {
  model_disk disk = staged();
  const swap_result r = swap_in(disk, swap_of_both());
  CHECK_FALSE(r.error);
  CHECK(r.missing.empty());
  CHECK(lie_of(disk).empty());
  CHECK(version_in(disk) == "two");
  CHECK_FALSE(disk.exists(std::string{commit_file}));
  CHECK_FALSE(disk.exists("gone"));
  CHECK_FALSE(disk.exists("e/g"));
}

TEST_CASE("a swap that is cut short at every step, and again", "[launcher][swap]") {
  const bool power = GENERATE(false, true);
  const int calls = calls_of_a_swap();
  REQUIRE(calls > 30);
  int went_forward = 0;
  int stayed = 0;
  for (int cut = 0; cut <= calls; ++cut) {
    for (unsigned seed = 1; seed <= (power ? 60u : 5u); ++seed) {
      CAPTURE(power, cut, seed);
      std::mt19937 dice{seed};
      model_disk disk = staged();
      disk.calls_left = cut;
      try {
        swap_in(disk, swap_of_both());
      } catch (const power_lost&) {
      }
      const auto lose = [&] { power ? disk.lose_power(dice) : disk.restart(); };
      lose();
      REQUIRE(lie_of(disk) == "");
      // The next runs are cut short too, each somewhere.
      for (int runs = 0; !next_run(disk, static_cast<int>(dice() % 60)) && runs < 20; ++runs) {
        lose();
        REQUIRE(lie_of(disk) == "");
      }
      REQUIRE(next_run(disk, -1));
      REQUIRE(lie_of(disk) == "");
      REQUIRE_FALSE(disk.exists(std::string{commit_file}));
      ++(version_in(disk) == "two" ? went_forward : stayed);
      // And what a run has said at its end stays so.
      lose();
      REQUIRE(lie_of(disk) == "");
    }
  }
  CHECK(went_forward > 0);
  CHECK(stayed > 0);
}

TEST_CASE("the model sees a swap that is wrong", "[launcher][swap]") {
  // On a disk that does not sync, something is a lie sooner or later.
  int lies = 0;
  const int calls = calls_of_a_swap();
  for (int cut = 0; cut <= calls; ++cut) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
      std::mt19937 dice{seed};
      model_disk disk = staged();
      disk.syncs = false;
      disk.calls_left = cut;
      try {
        swap_in(disk, swap_of_both());
      } catch (const power_lost&) {
      }
      disk.lose_power(dice);
      if (!lie_of(disk).empty()) ++lies;
    }
  }
  CHECK(lies > 0);
  // And files that are moved before it is written down that they will be.
  lies = 0;
  for (int cut = 0; cut <= calls; ++cut) {
    model_disk disk = staged();
    disk.calls_left = cut;
    try {
      finish_swap(disk, swap_of_both());
    } catch (const power_lost&) {
    }
    disk.restart();
    if (!lie_of(disk).empty()) ++lies;
  }
  CHECK(lies > 0);
}

TEST_CASE("what was staged and is gone makes the version not whole", "[launcher][swap]") {
  model_disk disk = staged();
  const commit_record r = swap_of_both();
  for (const step& s : steps_to_commit(r)) {
    if (s.what == step::kind::write) disk.write(s.path, s.text);
  }
  disk.remove(r.moves.front().from);
  disk.remove("a");
  const swap_result result = finish_swap(disk, r);
  CHECK_FALSE(result.error);
  CHECK(result.missing == std::vector<std::string>{r.moves.front().to});
  const auto now = read_install_record(disk.files().at(std::string{installed_file}));
  REQUIRE(now);
  CHECK_FALSE(now->whole);
}

TEST_CASE("what is in the way is told before anything is moved", "[launcher][swap]") {
  temp_dir dir;
  crew hands{2};
  const real_disk disk{dir.path(), hands};
  const commit_record r = swap_of_both();
  CHECK(obstacle(r, disk).empty());
  SECTION("the game's own files are not") {
    for (const auto& [path, bytes] : first_version) write_file(dir / path, bytes);
    CHECK(obstacle(r, disk).empty());
    write_file(dir / "e" / "mod.txt", "the user's");
    CHECK(obstacle(r, disk).find("'e'") != std::string::npos);
  }
  SECTION("a file for a folder") {
    write_file(dir / "n", "the user's");
    CHECK(obstacle(r, disk).find("'n' is in the way of a folder") != std::string::npos);
  }
  SECTION("a link that leads elsewhere") {
    temp_dir other;
    std::filesystem::create_directory_symlink(other.path(), dir / "dir");
    CHECK(obstacle(r, disk).find("'dir' is a link") != std::string::npos);
    // Nor is anything removed or moved through it.
    write_file(other / "x", "somebody else's");
    write_file(dir / "new", "new");
    real_disk writing{dir.path(), hands};
    CHECK_FALSE(writing.remove("dir/x"));
    CHECK(writing.move("new", "dir/y"));
    CHECK(haul::test::list_tree(other.path()) == std::vector<std::string>{"x"});
  }
}

TEST_CASE("a swap on a real disk, cut short at every step", "[launcher][swap]") {
  /// Passes everything on, until it has had enough.
  class cut_disk final : public swap_disk {
   public:
    cut_disk(swap_disk& to, int calls) : to_(to), left_(calls) {}
    std::error_code sync_files(const std::vector<std::string>& p) override {
      return call().sync_files(p);
    }
    std::error_code sync_folder(const std::string& p) override { return call().sync_folder(p); }
    std::error_code write(const std::string& p, const std::string& t) override {
      return call().write(p, t);
    }
    std::error_code make_folder(const std::string& p) override { return call().make_folder(p); }
    std::error_code move(const std::string& f, const std::string& t) override {
      return call().move(f, t);
    }
    std::error_code remove(const std::string& p) override { return call().remove(p); }
    std::error_code remove_folder(const std::string& p) override { return call().remove_folder(p); }
    bool exists(const std::string& p) override { return to_.exists(p); }
    std::optional<stamp> look(const std::string& p) override { return to_.look(p); }

   private:
    swap_disk& call() {
      if (left_-- == 0) throw power_lost{};
      return to_;
    }
    swap_disk& to_;
    int left_;
  };
  const commit_record r = swap_of_both();
  const int calls = calls_of_a_swap();
  crew hands{2};
  for (int cut = 0; cut <= calls; ++cut) {
    CAPTURE(cut);
    temp_dir dir;
    real_disk disk{dir.path(), hands};
    for (const auto& [path, bytes] : first_version) write_file(dir / path, bytes);
    for (const auto& m : r.moves) write_file(dir / m.from, second_version.at(m.to));
    write_file(dir / std::string{installed_file}, to_text(record_of(first_version, "one")));
    for (int run = 0; run < 3; ++run) {
      cut_disk cutting{disk, run == 0 ? cut : run == 1 ? calls - cut : -1};
      try {
        const auto there =
            read_install_record(haul::test::read_file(dir / std::string{installed_file}));
        REQUIRE(there);
        if (there->what.version == "two" && !disk.exists(std::string{commit_file})) break;
        const std::string begun = disk.exists(std::string{commit_file})
                                      ? haul::test::read_file(dir / std::string{commit_file})
                                      : std::string{};
        const swap_result done =
            begun.empty() ? swap_in(cutting, r) : finish_swap(cutting, *read_commit_record(begun));
        REQUIRE_FALSE(done.error);
        REQUIRE(done.missing.empty());
      } catch (const power_lost&) {
      }
    }
    version now;
    for (const std::string& name : haul::test::list_tree(dir.path())) {
      if (name.starts_with(".launcher/") || name.ends_with('/')) continue;
      now.emplace(name, haul::test::read_file(dir / name));
    }
    CHECK(now == second_version);
    CHECK_FALSE(disk.exists(std::string{commit_file}));
  }
}
