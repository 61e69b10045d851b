#include "game_run.hpp"

#include "disk.hpp"
#include "names.hpp"
#include "swap.hpp"
#include <haul/async/offload.hpp>
#include <haul/engine/paths.hpp>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace launcher {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t most_record_bytes = 256u << 20;
constexpr auto look_interval = 100ms;

std::string quoted(const fs::path& p) { return '\'' + p.string() + '\''; }

std::string size_words(std::uint64_t bytes) {
  if (bytes < 1u << 20) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes >> 20) + " MiB";
}

std::string files_words(std::size_t n) { return std::to_string(n) + (n == 1 ? " file" : " files"); }

}  // namespace

game_run::game_run(shared_parts& shared, game_task task, std::size_t number)
    : shared_(shared), task_(std::move(task)), number_(number) {}

haul::awaitable<outcome> game_run::run() {
  outcome result = co_await run_all();
  result.version = what_.version;
  result.received = bodies_;
  result.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_);
  lock_.close();
  enter(phase::finished);
  co_return result;
}

haul::awaitable<outcome> game_run::run_all() {
  ended end = co_await on_crew(&game_run::open_folder);
  if (end) co_return *end;
  if (task_.what == action::uninstall) {
    enter(phase::removing);
    end = co_await on_crew(&game_run::remove_all);
    co_return *end;
  }
  enter(phase::reading);
  end = co_await get_manifest();
  if (end) co_return *end;
  for (const manifest_file& f : what_.files) {
    if (!what_.selected(f, groups_)) continue;
    ++files_;
    bytes_ += f.size;
  }
  enter(phase::checking);
  end = co_await on_crew(&game_run::check);
  if (!end) end = judge();
  if (end) co_return *end;
  if (task_.what == action::play) {
    outcome played = co_await play();
    co_return played;
  }
  enter(phase::preparing);
  end = co_await on_crew(&game_run::prepare);
  if (!end) end = make_requests();
  if (end) co_return *end;
  if (!requests_.empty()) {
    enter(phase::fetching);
    end = co_await fetch();
    if (end) co_return *end;
  }
  // From here on to the end: a swap that has begun is finished.
  enter(phase::installing);
  end = co_await on_crew(&game_run::install);
  co_return *end;
}

haul::awaitable<game_run::ended> game_run::on_crew(job j) {
  auto work = [self = shared_from_this(), j]() -> ended {
    try {
      if (ended end = self->stopped()) return end;
      return (*self.*j)();
    } catch (const std::exception& e) {
      return self->fail(e.what());
    }
  };
  ended end = co_await haul::offload(shared_.hands, shared_.io.get_executor(), std::move(work));
  co_return end;
}

void game_run::enter(phase p) {
  phase_ = p;
  tell(phase_changed{task_.id, p});
}

game_run::ended game_run::fail(const std::string& what) const {
  outcome o = conclude(outcome::kind::failed);
  o.message = what;
  return o;
}

game_run::ended game_run::stopped() const {
  if (!progress_.stop) return std::nullopt;
  return conclude(outcome::kind::stopped);
}

outcome game_run::conclude(outcome::kind k) const {
  outcome o;
  o.what = k;
  return o;
}

fs::path game_run::own(std::string_view name) const { return task_.folder / own_folder / name; }

fs::path game_run::staged(const finding& f) const {
  return below(task_.folder, stage_folder) / staged_name(*f.file);
}

// --- the folder ---

game_run::ended game_run::open_folder() {
  std::error_code ec;
  const bool makes = task_.what == action::install;
  if (!makes && !fs::is_directory(own(""), ec)) {
    return fail("there is no game in " + quoted(task_.folder) + ": install it first");
  }
  fs::create_directories(own(""), ec);
  if (ec) return fail(quoted(task_.folder) + ": " + ec.message());
  lock_ = haul::system::file::open(own("lock"), haul::system::open_mode::update, ec);
  if (ec) return fail(quoted(own("lock")) + ": " + ec.message());
  if (!lock_.try_lock(ec)) {
    return fail(ec ? quoted(own("lock")) + ": " + ec.message()
                   : "another launcher is at work in " + quoted(task_.folder));
  }
  if (ended end = finish_what_was_begun()) return end;
  const std::string text = read_text(own("installed.json"), most_record_bytes, ec);
  if (!ec) {
    before_ = read_install_record(text);
    if (!before_ && task_.what != action::install && task_.what != action::repair) {
      return fail(quoted(own("installed.json")) + " is damaged: install the game again over it");
    }
  } else if (ec != std::errc::no_such_file_or_directory) {
    return fail(quoted(own("installed.json")) + ": " + ec.message());
  }
  if (before_) {
    source_ = before_->source;
    asked_groups_ = before_->groups;
  }
  // What has been begun since then, and not finished.
  if (const auto begun = read_source_record(read_text(own("source.json"), 1u << 20, ec))) {
    source_ = begun->source;
    asked_groups_ = begun->groups;
  }
  if (!task_.manifest.empty()) source_ = task_.manifest;
  if (task_.groups) asked_groups_ = task_.groups;
  return std::nullopt;
}

/// A swap that was cut short is finished before anything else; it needs nothing but the disk.
game_run::ended game_run::finish_what_was_begun() {
  std::error_code ec;
  const std::string text = read_text(own("commit.json"), most_record_bytes, ec);
  if (ec == std::errc::no_such_file_or_directory) return std::nullopt;
  if (ec) return fail(quoted(own("commit.json")) + ": " + ec.message());
  real_disk disk{task_.folder, shared_.hands};
  const auto begun = read_commit_record(text);
  if (begun) {
    const swap_result r = finish_swap(disk, *begun);
    if (r.error) return fail(quoted(below(task_.folder, r.path)) + ": " + r.error.message());
    fs::remove_all(below(task_.folder, stage_folder), ec);
    return std::nullopt;
  }
  if (task_.what != action::repair && task_.what != action::install) {
    return fail(quoted(own("commit.json")) + " is damaged: repair the game");
  }
  // Nobody knows any more what was to be moved: nothing is whole until all of it has been read.
  if (auto r = read_install_record(read_text(own("installed.json"), most_record_bytes, ec))) {
    r->whole = false;
    r->stamps.clear();
    ec = disk.write(std::string{installed_file}, to_text(*r));
    if (!ec) ec = disk.sync_folder(std::string{own_folder});
    if (ec) return fail(quoted(own("installed.json")) + ": " + ec.message());
  }
  ec = disk.remove(std::string{commit_file});
  if (ec) return fail(quoted(own("commit.json")) + ": " + ec.message());
  return std::nullopt;
}

// --- the manifest ---

haul::awaitable<game_run::ended> game_run::get_manifest() {
  const bool recorded = task_.what == action::verify || task_.what == action::play ||
                        (task_.what == action::repair && task_.manifest.empty());
  if (recorded && before_) {
    what_ = before_->what;
    groups_ = before_->groups;
    co_return std::nullopt;
  }
  if (recorded && task_.what != action::repair) {
    co_return fail("the game in " + quoted(task_.folder) +
                   " is not installed yet: go on with its installation");
  }
  if (source_.empty()) co_return fail("it is not known where the manifest is: name it");
  manifest_path_ = source_;
  if (is_url(source_)) {
    manifest_path_ = own("incoming.json");
    haul::download_request request{source_, manifest_path_};
    haul::download_options o = shared_.options.download;
    o.overwrite = true;
    o.resume = false;
    o.durability = haul::durability::none;
    request.check_reply([](const haul::reply_summary& r) {
      const bool large = r.status == 200 && r.length.value_or(0) > most_manifest_bytes;
      return large ? std::make_error_code(std::errc::file_too_large) : std::error_code{};
    });
    manifest_task_ = std::make_unique<haul::download_task<>>(shared_.session, std::move(request),
                                                             haul::null_sink{}, o);
    haul::download_result r = co_await manifest_task_->run();
    manifest_task_.reset();
    if (progress_.stop) co_return stopped();
    if (r.error) co_return fail("the manifest at " + r.url + ": " + r.message());
    bodies_ += r.received;
  }
  ended end = co_await on_crew(&game_run::read_it);
  co_return end;
}

game_run::ended game_run::read_it() {
  std::error_code ec;
  const std::string text = read_text(manifest_path_, most_manifest_bytes, ec);
  if (ec) return fail("the manifest " + quoted(manifest_path_) + ": " + ec.message());
  if (is_url(source_)) fs::remove(manifest_path_, ec);
  return take(parse_manifest(text));
}

game_run::ended game_run::take(const manifest_result& read) {
  if (!read.problem.empty()) return fail("the manifest: " + read.problem);
  what_ = read.value;
  if (before_ && before_->what.game != what_.game) {
    return fail("there is another game in " + quoted(task_.folder) + ": '" + before_->what.game +
                "', and the manifest is of '" + what_.game + '\'');
  }
  groups_ = asked_groups_ ? *asked_groups_ : what_.default_groups();
  std::sort(groups_.begin(), groups_.end());
  groups_.erase(std::unique(groups_.begin(), groups_.end()), groups_.end());
  for (const std::string& g : groups_) {
    if (what_.group(g)) continue;
    if (task_.groups) return fail("the manifest has no group '" + g + '\'');
  }
  // One that was chosen before and is no longer there.
  std::erase_if(groups_, [&](const std::string& g) { return !what_.group(g); });
  if (!is_url(source_)) source_ = fs::absolute(source_).string();
  if (!before_ || before_->source != source_ || before_->groups != groups_) {
    // So that `update` can go on with it.
    source_record r;
    r.source = source_;
    r.groups = groups_;
    real_disk disk{task_.folder, shared_.hands};
    const std::error_code ec = disk.write(std::string{own_folder} + "/source.json", to_text(r));
    if (ec) return fail(quoted(own("source.json")) + ": " + ec.message());
  }
  return std::nullopt;
}

// --- what is there ---

game_run::ended game_run::check() {
  const bool changes = task_.what != action::verify && task_.what != action::play;
  check_input in{task_.folder, what_, groups_, before_ ? &*before_ : nullptr, false, false};
  in.thorough = task_.what == action::verify || task_.what == action::repair;
  in.stage = changes;
  findings_ = check_folder(in, shared_.hands, progress_);
  if (ended end = stopped()) return end;
  if (before_ && changes) obsolete_ = obsolete_files(*before_, what_, groups_);
  return std::nullopt;
}

/// What the check has found, told; the end of a task that changes nothing.
game_run::ended game_run::judge() {
  std::size_t bad = 0;
  for (const finding& f : findings_) {
    if (f.what == finding::kind::unreadable) {
      return fail(quoted(below(task_.folder, f.file->path)) + ": " + f.why);
    }
    const bool looks = task_.what == action::verify || task_.what == action::play;
    if (f.what == finding::kind::right && (f.rights || !looks)) continue;
    ++bad;
    const bool thorough = task_.what == action::verify || task_.what == action::repair;
    if (!thorough && task_.what != action::play) continue;
    const char* why = f.what == finding::kind::missing ? "is missing" : f.why.c_str();
    if (f.what == finding::kind::right) why = "cannot be run";
    tell(file_bad{task_.id, f.file->path, why});
  }
  if (task_.what == action::verify || task_.what == action::play) {
    if (bad > 0 || !before_->whole) {
      outcome o = conclude(outcome::kind::damaged);
      o.message = bad > 0 ? std::to_string(bad) + " of " + files_words(findings_.size()) +
                                (bad == 1 ? " is" : " are") + " not right: repair it"
                          : "an installation was not finished: repair it";
      return o;
    }
    if (task_.what == action::verify) return conclude(outcome::kind::whole);
  }
  return std::nullopt;
}

// --- what is missing ---

game_run::ended game_run::prepare() {
  const fs::path stage = below(task_.folder, stage_folder);
  std::error_code ec;
  fs::create_directories(stage, ec);
  if (ec) return fail(quoted(stage) + ": " + ec.message());
  clean_stage();
  real_disk disk{task_.folder, shared_.hands};
  if (const std::string why = obstacle(swap_of_this(), disk); !why.empty()) {
    return fail("in " + quoted(task_.folder) + ' ' + why);
  }
  if (const std::string why = missing_space(stage); !why.empty()) return fail(why);
  for (finding& f : findings_) {
    if (ended end = stopped()) return end;
    if (f.what == finding::kind::right) {
      if (!f.rights) make_executable(below(task_.folder, f.file->path), ec);
      continue;
    }
    if (f.staged) continue;
    const fs::path to = staged(f);
    fs::path fresh = to;
    fresh += ".copy";
    ec.clear();
    if (f.file->size == 0) {
      haul::system::file::open(to, haul::system::open_mode::create, ec);
      f.staged = !ec;
    } else if (!f.copy_from.empty() || !f.seed.empty()) {
      clone_file(below(task_.folder, f.seed.empty() ? f.copy_from : f.seed), fresh, ec);
      if (!ec && f.seed.empty()) {
        f.staged = sha256_of(fresh, nullptr, ec) == f.file->sha256 && !ec;
        if (f.staged) fs::rename(fresh, to, ec);
        ec.clear();  // then it is fetched
      } else if (!ec) {
        // As a part file of the right size: whoever goes on with it hashes its pieces.
        fs::resize_file(fresh, f.file->size, ec);
        if (!ec) fs::rename(fresh, haul::engine::part_path(to), ec);
      }
      std::error_code ignored;
      fs::remove(fresh, ignored);
    }
    if (ec) return fail(quoted(to) + ": " + ec.message());
  }
  return std::nullopt;
}

/// Removes what an earlier run has staged and this one does not need.
void game_run::clean_stage() {
  std::set<std::string> wanted;
  for (const finding& f : findings_) {
    if (f.what == finding::kind::right) continue;
    const fs::path to = staged(f).filename();
    if (f.staged) wanted.insert(to.string());
    wanted.insert(haul::engine::part_path(to).string());
    wanted.insert(haul::engine::journal_path(to).string());
  }
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator{below(task_.folder, stage_folder), ec}) {
    std::error_code ignored;
    if (!wanted.contains(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
  }
}

std::string game_run::missing_space(const fs::path& stage) const {
  std::uint64_t needed = 1u << 20;  // for the records
  for (const finding& f : findings_) {
    if (f.what == finding::kind::right || f.staged) continue;
    const auto part = stamp_of(haul::engine::part_path(staged(f)));
    needed += f.file->size - std::min(f.file->size, part ? part->size : 0);
  }
  std::error_code ec;
  const std::uint64_t room = haul::system::free_space(stage, ec);
  if (ec || needed <= room) return {};
  return "not enough space in " + quoted(task_.folder) + ": " + size_words(needed) +
         " are needed and " + size_words(room) + " are free: make room";
}

game_run::ended game_run::make_requests() {
  for (finding& f : findings_) {
    if (f.what == finding::kind::right || f.staged) continue;
    const urls_result from = urls_of(what_, *f.file, source_);
    if (!from.problem.empty()) return fail("the manifest: " + f.file->path + ": " + from.problem);
    haul::download_request r{from.urls.front(), staged(f)};
    for (std::size_t i = 1; i < from.urls.size(); ++i) r.mirror(from.urls[i]);
    r.size(f.file->size).sha256(f.file->sha256);
    if (f.file->pieces) r.pieces(*f.file->pieces);
    r.id(std::to_string(number_) + ':' + std::to_string(transfers_.size())).name(f.file->path);
    requests_.push_back(std::move(r));
    transfers_.push_back(transfer{&f, f.common});
    share_.bytes += f.file->size;
    share_.bytes_done += f.common;
  }
  share_.files = requests_.size();
  plan_made plan;
  plan.game = task_.id;
  plan.name = what_.name;
  plan.version = what_.version;
  plan.files = findings_.size();
  plan.to_fetch = requests_.size();
  plan.to_remove = obsolete_.size();
  plan.bytes = share_.bytes - share_.bytes_done;
  tell(plan);
  return stopped();
}

haul::awaitable<game_run::ended> game_run::fetch() {
  haul::batch_options o;
  o.max_concurrent = shared_.options.files_at_once;
  o.priority = task_.priority;
  o.download = shared_.options.download;
  haul::submit_result told = co_await shared_.manager.submit(std::move(requests_), o);
  if (told.error) co_return fail(told.message);
  for (std::size_t i = 0; i < told.files.size(); ++i) {
    if (told.files[i].what != haul::submitted_file::outcome::refused) continue;
    const std::string& path = transfers_[i].what->file->path;
    failures_.push_back(path + ": " + told.files[i].message);
    tell(file_failed{task_.id, path, told.files[i].message});
  }
  if (!told.batch.empty()) {
    batch_ = told.batch;
    // What was asked for while it was submitted.
    shared_.manager.set_priority(batch_, task_.priority);
    if (paused_) shared_.manager.pause(batch_);
    if (!progress_.stop) co_await shared_.manager.wait(told.batch);
    batch_.clear();
  }
  if (progress_.stop) co_return stopped();
  if (failures_.empty()) co_return std::nullopt;
  outcome o_failed = conclude(outcome::kind::failed);
  o_failed.message = files_words(failures_.size()) +
                     " could not be fetched; the first one: " + failures_.front() +
                     "; the same command goes on where it was";
  co_return o_failed;
}

void game_run::heard(std::size_t file, const haul::event& e) {
  if (file >= transfers_.size()) return;
  transfer& t = transfers_[file];
  const std::string& path = t.what->file->path;
  if (const auto* begins = std::get_if<haul::transfer_started>(&e)) {
    count(file, begins->resumed, false);
  } else if (const auto* now = std::get_if<haul::progress>(&e)) {
    count(file, now->downloaded, true);
  } else if (const auto* again = std::get_if<haul::retrying>(&e)) {
    std::string why = again->error.message();
    if (!again->detail.empty()) why += " (" + again->detail + ')';
    tell(file_retrying{task_.id, path, std::move(why)});
  } else if (const auto* over = std::get_if<haul::task_finished>(&e)) {
    bodies_ += over->result.received;
    if (over->result.error == haul::errc::stopped) return;
    if (over->result.error) {
      const std::string why = over->result.url + ": " + over->result.message();
      failures_.push_back(path + ": " + why);
      tell(file_failed{task_.id, path, why});
      return;
    }
    count(file, t.what->file->size, true);
    ++share_.files_done;
    tell(file_fetched{task_.id, path, over->result.received});
  }
}

void game_run::count(std::size_t file, std::uint64_t done, bool received) {
  transfer& t = transfers_[file];
  share_.bytes_done += done - t.done;
  if (received && done > t.done) received_ += done - t.done;
  t.done = done;
  speed_.update(received_, std::chrono::steady_clock::now());
}

// --- moving in ---

commit_record game_run::swap_of_this() const {
  commit_record r;
  r.next.whole = true;
  r.next.source = source_;
  r.next.groups = groups_;
  r.next.what = what_;
  for (const finding& f : findings_) {
    if (f.what == finding::kind::right) {
      r.next.stamps.emplace(f.file->path, f.now);
      continue;
    }
    commit_record::move m;
    m.from = std::string{stage_folder} + '/' + staged_name(*f.file);
    m.to = f.file->path;
    r.moves.push_back(std::move(m));
  }
  r.removes = obsolete_;
  return r;
}

game_run::ended game_run::install() {
  std::error_code ec;
  const commit_record r = swap_of_this();
  for (const finding& f : findings_) {
    if (f.what == finding::kind::right) continue;
    if (!stamp_of(staged(f))) return fail(quoted(staged(f)) + " is gone: try again");
    if (f.file->executable) make_executable(staged(f), ec);
    if (ec) return fail(quoted(staged(f)) + ": " + ec.message());
  }
  real_disk disk{task_.folder, shared_.hands};
  swap_result swapped;
  if (r.moves.empty() && r.removes.empty()) {
    for (const step& s : steps_to_finish(r.next)) {
      if (s.what == step::kind::write) ec = disk.write(s.path, s.text);
      if (s.what == step::kind::sync_folder) ec = disk.sync_folder(s.path);
      if (ec) return fail(quoted(below(task_.folder, s.path)) + ": " + ec.message());
    }
  } else {
    swapped = swap_in(disk, r);
    if (swapped.error) {
      return fail(quoted(below(task_.folder, swapped.path)) + ": " + swapped.error.message() +
                  "; the same command goes on where it was");
    }
  }
  if (!swapped.missing.empty()) {
    return fail(quoted(below(task_.folder, swapped.missing.front())) +
                " is not as it was staged: repair the game");
  }
  fs::remove_all(below(task_.folder, stage_folder), ec);
  fs::remove(own("source.json"), ec);
  outcome o = conclude(outcome::kind::whole);
  o.changed = r.moves.size();
  o.removed = r.removes.size();
  return o;
}

game_run::ended game_run::remove_all() {
  real_disk disk{task_.folder, shared_.hands};
  outcome o = conclude(outcome::kind::removed);
  std::error_code ec;
  if (before_) {
    what_ = before_->what;
    // What is half removed does not say that it is whole.
    before_->whole = false;
    ec = disk.write(std::string{installed_file}, to_text(*before_));
    if (!ec) ec = disk.sync_folder(std::string{own_folder});
    if (ec) return fail(quoted(own("installed.json")) + ": " + ec.message());
    commit_record r;
    for (const auto& [path, f] : before_->what.selection(before_->groups)) {
      r.removes.emplace_back(path);
    }
    for (const step& s : steps_to_apply(r)) {
      if (s.what == step::kind::remove) ec = disk.remove(s.path);
      if (s.what == step::kind::remove_folder) ec = disk.remove_folder(s.path);
      if (ec) return fail(quoted(below(task_.folder, s.path)) + ": " + ec.message());
      ++o.removed;
    }
    o.removed = r.removes.size();
  }
  lock_.close();
  fs::remove_all(own(""), ec);
  if (ec) return fail(quoted(own("")) + ": " + ec.message());
  fs::remove(task_.folder, ec);  // if nothing of the user's is in it
  return o;
}

// --- playing ---

haul::awaitable<outcome> game_run::play() {
  fs::path program = task_.program;
  if (program.empty() && what_.start.empty()) {
    const ended end = fail("the manifest does not say which file to run: name it");
    co_return *end;
  }
  const fs::path folder = fs::absolute(task_.folder);
  program = program.empty() ? below(folder, what_.start) : folder / program;
  const std::vector<std::string> arguments = task_.arguments ? *task_.arguments : what_.arguments;
  ++shared_.playing;
  shared_.apply_limit();
  std::error_code ec;
  game_process process = game_process::start(program, arguments, folder, ec);
  outcome o = conclude(outcome::kind::played);
  if (ec) {
    o.what = outcome::kind::failed;
    o.message = quoted(program) + " cannot be run: " + ec.message();
  } else {
    enter(phase::playing);
    tell(game_started{task_.id, process.id()});
    clock_.emplace(shared_.io);
    std::optional<game_process::ending> end = process.poll();
    while (!end && !progress_.stop) {
      clock_->expires_after(look_interval);
      std::error_code ignored;
      co_await clock_->async_wait(haul::detail::into(ignored));
      end = process.poll();
    }
    if (end) {
      tell(game_ended{task_.id, end->code, end->signal});
      if (end->code != 0) {
        o.message = end->code > 0 ? "the game ended with code " + std::to_string(end->code)
                                  : "the game was ended by signal " + std::to_string(end->signal);
      }
    } else {
      o.what = outcome::kind::stopped;
      o.message = "the game goes on without the launcher";
    }
  }
  --shared_.playing;
  shared_.apply_limit();
  co_return o;
}

// --- asked for from outside ---

void game_run::set_priority(int priority) {
  task_.priority = priority;
  if (!batch_.empty()) shared_.manager.set_priority(batch_, priority);
  tell(priority_changed{task_.id, priority});
}

void game_run::pause(bool now) {
  if (paused_ == now) return;
  paused_ = now;
  speed_.reset();
  if (!batch_.empty()) {
    if (now) {
      shared_.manager.pause(batch_);
    } else {
      shared_.manager.resume(batch_);
    }
  }
  tell(game_paused{task_.id, now});
}

void game_run::stop() {
  progress_.stop = true;
  if (manifest_task_) manifest_task_->stop();
  if (clock_) clock_->cancel();
}

game_status game_run::status() {
  game_status s;
  s.game = task_.id;
  // Before and after that, a job may be writing the manifest.
  const bool known = phase_ >= phase::checking && phase_ != phase::removing;
  s.name = known && !what_.name.empty() ? what_.name : task_.folder.filename().string();
  s.now = phase_;
  s.priority = task_.priority;
  s.paused = paused_;
  if (phase_ == phase::checking) {
    s.files_done = progress_.files;
    s.bytes_done = progress_.bytes;
    s.files = files_;
    s.bytes = bytes_;
  } else if (phase_ == phase::fetching) {
    s.files_done = share_.files_done;
    s.files = share_.files;
    s.bytes_done = share_.bytes_done;
    s.bytes = share_.bytes;
    if (!paused_) {
      speed_.update(received_, std::chrono::steady_clock::now());
      s.speed = speed_.speed();
      s.time_left = speed_.time_left(s.bytes - std::min(s.bytes, s.bytes_done));
    }
  }
  return s;
}

}  // namespace launcher
