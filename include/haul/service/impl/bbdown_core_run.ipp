#ifndef HAUL_SERVICE_IMPL_BBDOWN_CORE_RUN_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_CORE_RUN_IPP

#include <haul/engine/paths.hpp>
#include <haul/error.hpp>
#include <haul/service/bbdown_core.hpp>
#include <haul/service/file_pattern.hpp>
#include <haul/service/path_confinement.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace haul::service::bbdown_detail {

HAUL_DECL void bbdown_core::start(const job_ptr& j) {
  asio::co_spawn(j->at, drive(shared_from_this(), j), asio::detached);
}

HAUL_DECL awaitable<void> bbdown_core::drive(std::shared_ptr<bbdown_core> self, job_ptr j) {
  using kind = step::kind;
  try {
    for (bool over = false; !over;) {
      step s = self->next_step(*j);
      switch (s.what) {
        case kind::submit: {
          const submit_result told = co_await self->in_.submit(std::move(s.files), s.options);
          self->submitted(*j, told);
          break;
        }
        case kind::wait: {
          const std::optional<batch_status> end = co_await self->in_.wait(std::move(s.batch));
          // The manager is closing: the task goes on after a restart.
          if (!self->waited(*j, end)) co_return;
          break;
        }
        case kind::hold: {
          std::error_code ignored;
          j->timer.expires_at(s.until);
          co_await j->timer.async_wait(haul::detail::into(ignored));
          break;
        }
        case kind::finish:
          over = true;
          break;
        case kind::leave:
          co_return;
      }
    }
  } catch (const std::exception& e) {
    const std::lock_guard lock{self->mutex_};
    fail(*j, e.what());
  }
  self->finish(j);
}

HAUL_DECL auto bbdown_core::next_step(job& j) -> step {
  const std::lock_guard lock{mutex_};
  bbdown_record& r = j.record;
  step s;
  if (stopping_) return s;
  if (!r.batch.empty()) {
    s.what = step::kind::wait;
    s.batch = r.batch;
    return s;
  }
  s.what = step::kind::finish;
  if (!j.plan.error.empty()) {
    fail(j, j.plan.error);
    return s;
  }
  if (r.cancelled || j.plan.look_only) return s;
  if (r.paused) {
    s.what = step::kind::hold;
    s.until = (std::chrono::steady_clock::time_point::max)();
    return s;
  }
  if (r.todo.empty()) {
    if (j.not_before && r.next < j.plan.items.size() &&
        std::chrono::steady_clock::now() < *j.not_before) {
      s.what = step::kind::hold;
      s.until = *j.not_before;
      return s;
    }
    choose_items(j);
  }
  if (r.todo.empty()) return s;
  // A server whose names keep colliding, or a manager that forgets at once.
  if (++j.rounds > 100) {
    fail(j, "there is no name left for the file");
    return s;
  }
  return submission(j);
}

/// Those to be downloaded next: all that are left, or one where there are delays.
HAUL_DECL void bbdown_core::choose_items(job& j) {
  bbdown_record& r = j.record;
  j.rounds = 0;
  while (r.next < j.plan.items.size()) {
    const std::size_t at = r.next++;
    const bbdown_plan::item& item = j.plan.items[at];
    if (j.plan.archive && archive_.contains(item.key)) {
      ++r.done;
      continue;
    }
    r.todo.push_back({at, utf8_of(item.target), false, false});
    if (j.plan.delay.count() > 0) return;
  }
}

/// The next batch. What replaces files and what does not cannot be in one.
HAUL_DECL auto bbdown_core::submission(job& j) -> step {
  bbdown_record& r = j.record;
  // That of its first file is not the title of several.
  if (j.plan.items.size() > 1) r.task.title = j.plan.title;
  for (attempt& a : r.todo) place(j, a);
  const bool force = r.todo.front().force;
  std::vector<attempt> others;
  r.sent.clear();
  for (attempt& a : r.todo) (a.force == force ? r.sent : others).push_back(std::move(a));
  r.todo = std::move(others);
  step s;
  s.what = step::kind::submit;
  s.options = j.plan.batch;
  s.options.force = force;
  for (const attempt& a : r.sent) {
    download_request file{j.plan.items[a.item].url, path_of(a.path)};
    file.id(bbdown_file_id(r.task, a.item));
    for (const auto& field : j.plan.headers) file.header(field.name, field.value);
    s.files.push_back(std::move(file));
  }
  return s;
}

HAUL_DECL void bbdown_core::submitted(job& j, const submit_result& told) {
  bool pause = false;
  bool cancel = false;
  {
    const std::lock_guard lock{mutex_};
    bbdown_record& r = j.record;
    const std::vector<attempt> asked = std::move(r.sent);
    r.sent.clear();
    if (told.error) fail(j, told.message.empty() ? told.error.message() : told.message);
    using outcome = submitted_file::outcome;
    for (std::size_t i = 0; i < told.files.size() && i < asked.size(); ++i) {
      const submitted_file& f = told.files[i];
      const attempt& a = asked[i];
      const std::filesystem::path path = path_of(a.path);
      if (f.what == outcome::started && f.id == bbdown_file_id(r.task, a.item)) {
        r.sent.push_back(a);
      } else if (f.what == outcome::started) {
        again(j, a, path, true);  // it is another's, who has the same target
      } else if (f.what == outcome::already_downloaded && engine::names_folder(path.native())) {
        again(j, a, path, false);
        r.todo.back().force = true;  // downloaded again, then, and in its own place
      } else if (f.what == outcome::already_downloaded || f.error == errc::target_exists) {
        again(j, a, path, false);
      } else {
        fail(j, f.message.empty() ? f.error.message() : f.message);
      }
    }
    // Nothing of it may be this task's; then it is not to be waited for.
    if (!r.sent.empty()) r.batch = told.batch;
    pause = r.paused && !r.batch.empty();
    cancel = r.cancelled && !r.batch.empty();
    save(j);
  }
  // Asked for while there was nothing to pause.
  if (pause) in_.pause(told.batch);
  if (cancel) in_.cancel(told.batch);
}

/// False when the batch has not ended.
HAUL_DECL bool bbdown_core::waited(job& j, const std::optional<batch_status>& s) {
  const std::lock_guard lock{mutex_};
  bbdown_record& r = j.record;
  if (s && s->completed + s->failed + s->cancelled < s->total) return false;
  const std::vector<attempt> sent = std::move(r.sent);
  r.sent.clear();
  r.batch.clear();
  if (!s) {
    // The store had not heard of it when the process died, or it has been forgotten: once more.
    for (const attempt& a : sent) again(j, a, path_of(a.path), false);
    return true;
  }
  bbdown_record before = r;
  before.sent = sent;
  bbdown_task seen = r.task;
  look_at_batch(seen, before, j.plan.items.size(), *s);
  r.task.title = seen.title;
  r.task.progress = seen.progress;
  r.task.total = seen.total;
  for (const attempt& a : sent) {
    const std::string id = bbdown_file_id(r.task, a.item);
    const auto f = std::find_if(s->files.begin(), s->files.end(),
                                [&](const file_status& each) { return each.id == id; });
    if (f == s->files.end()) {
      fail(j, "the batch has lost a file");
    } else {
      file_ended(j, a, *f);
    }
  }
  if (j.plan.delay.count() > 0) {
    j.not_before = std::chrono::steady_clock::now() + j.plan.delay;
  }
  save(j);
  return true;
}

HAUL_DECL void bbdown_core::file_ended(job& j, const attempt& a, const file_status& f) {
  bbdown_record& r = j.record;
  if (f.state == file_state::failed && !engine::names_folder(f.path.native()) &&
      (f.error == errc::target_exists || f.error == errc::duplicate_target)) {
    again(j, a, f.path, f.error == errc::duplicate_target);
    return;
  }
  r.task.downloaded += static_cast<double>(f.downloaded);
  if (f.state == file_state::completed) {
    ++r.done;
    r.task.paths.push_back(path_below(root_, f.path));
    if (j.plan.archive && a.item < j.plan.items.size()) archive_.add(j.plan.items[a.item].key);
  } else if (f.state == file_state::cancelled) {
    r.cancelled = true;
  } else {
    fail(j, f.message.empty() ? f.error.message() : f.message);
  }
}

/// To be tried once more.
///
/// @param taken  Whether another download is writing at that place.
HAUL_DECL void bbdown_core::again(job& j, attempt a, const std::filesystem::path& path,
                                  bool taken) {
  a.path = utf8_of(path);
  a.force = false;
  a.taken = taken;
  std::erase(j.reserved, path);
  j.record.todo.push_back(std::move(a));
}

HAUL_DECL void bbdown_core::fail(job& j, const std::string& why) {
  j.record.failed = true;
  if (j.record.task.error.empty()) j.record.task.error = why;
}

/// Finds a name that takes no file from anybody: what is there is replaced only by a task of the
/// same Aid, else a number is put behind the name.
HAUL_DECL void bbdown_core::place(job& j, attempt& a) const {
  const std::filesystem::path wanted = path_of(a.path);
  if (engine::names_folder(wanted.native())) return;
  std::filesystem::path path = wanted;
  a.force = !a.taken && is_free(j, path) && is_own(j.record.task.aid, path);
  const std::string name = utf8_of(wanted.filename());
  const split_name parts = split_file_name(name);
  for (unsigned n = 2; !a.force; ++n) {
    std::error_code ec;
    const bool exists = std::filesystem::exists(std::filesystem::symlink_status(path, ec));
    if (!a.taken && !exists && is_free(j, path)) break;
    a.taken = false;
    path = wanted.parent_path() / path_of(std::string{parts.stem} + " (" + std::to_string(n) + ')' +
                                          std::string{parts.extension});
  }
  a.taken = false;
  a.path = utf8_of(path);
  j.reserved.push_back(path);
}

/// Whether no other task of this dialect is to write there. Of two items of one task the second
/// finds the place taken, too, unless it is its own try again.
HAUL_DECL bool bbdown_core::is_free(const job& j, const std::filesystem::path& path) const {
  const auto has = [&](const job& other) {
    return std::find(other.reserved.begin(), other.reserved.end(), path) != other.reserved.end();
  };
  if (has(j)) return false;
  return std::none_of(running_.begin(), running_.end(), [&](const job_ptr& o) { return has(*o); });
}

/// Whether an earlier task of the same Aid has made the file.
HAUL_DECL bool bbdown_core::is_own(const std::string& aid,
                                   const std::filesystem::path& path) const {
  const std::string below = path_below(root_, path);
  return std::any_of(finished_.begin(), finished_.end(), [&](const finished_task& f) {
    return f.task.aid == aid &&
           std::find(f.task.paths.begin(), f.task.paths.end(), below) != f.task.paths.end();
  });
}

HAUL_DECL void bbdown_core::finish(const job_ptr& j) {
  std::vector<std::string> hooks;
  std::string body;
  {
    const std::lock_guard lock{mutex_};
    bbdown_record& r = j->record;
    bbdown_task& t = r.task;
    t.finished = (std::max)(seconds_now(), t.created);
    t.successful = !r.failed && !r.cancelled;
    t.state = t.successful  ? bbdown_state::succeeded
              : r.cancelled ? bbdown_state::cancelled
                            : bbdown_state::failed;
    if (r.cancelled && t.error.empty()) t.error = std::error_code{errc::cancelled}.message();
    t.speed = 0;
    t.time_left.reset();
    if (t.successful) {
      t.progress = 1;
      t.speed =
          t.downloaded / static_cast<double>(std::max<std::int64_t>(1, *t.finished - t.created));
      if (!t.title) t.title = j->plan.title;
    }
    hooks = std::move(r.webhooks);
    body = json_of(t);
    std::erase(running_, j);
    keep(t);
    kept_.erase("bbdown-running", j->key);
  }
  call(hooks, body);
}

}  // namespace haul::service::bbdown_detail

#endif
