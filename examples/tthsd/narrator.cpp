#include "tthsd/narrator.hpp"

#include <haul/error.hpp>
#include <haul/json/to_json.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <utility>
#include <variant>

namespace tthsd {

narrator::narrator(std::vector<told_task> tasks, bool parallel, std::function<void(wire_event)> out)
    : tasks_(std::move(tasks)), parallel_(parallel), out_(std::move(out)), states_(tasks_.size()) {
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].twin) twins_[*tasks_[i].twin].push_back(i);
  }
}

void narrator::begin() {
  emit(wire_event::no_task, haul::batch_started{"", tasks_.size(), parallel_});
  const auto now = clock::now();
  if (!parallel_) return tell_due(0, now);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].refused) tell_outside(i, now);
  }
}

bool narrator::is_outside(std::size_t i) const { return tasks_[i].refused || tasks_[i].twin; }

void narrator::set_speed(state& s, std::uint64_t speed) {
  speed_ = speed_ - s.speed + speed;
  s.speed = speed;
  peak_ = std::max(peak_, speed_);
}

void narrator::hear(const haul::event& e, clock::time_point now) {
  std::visit(
      [&](const auto& x) {
        using type = std::decay_t<decltype(x)>;
        if constexpr (requires { x.task; }) {
          std::size_t i = 0;
          const std::string& id = x.task->id;
          const auto read = std::from_chars(id.data(), id.data() + id.size(), i);
          if (read.ec != std::errc{} || i >= tasks_.size()) return;
          if constexpr (std::is_same_v<type, haul::task_started>) {
            begin_one(i);
          } else if constexpr (requires { on(i, x, now); }) {
            on(i, x, now);
          } else if constexpr (requires { on(i, x); }) {
            on(i, x);
          }
        }
      },
      e);
}

void narrator::on(std::size_t i, const haul::transfer_started& e, clock::time_point now) {
  states_[i].last.total = e.total;
  first_update(i, now);
}

void narrator::on(std::size_t i, const haul::progress& e, clock::time_point now) {
  state& s = states_[i];
  s.last = e;
  set_speed(s, e.speed);
  if (stopped_) return;
  first_update(i, now);
  if (paused_ || now - s.told_at < spacing) {
    s.held = e;
  } else {
    update(i, e, now);
  }
}

void narrator::on(std::size_t i, const haul::retrying& e) {
  ++retries_;
  if (stopped_) return;
  haul::retrying mine = e;
  mine.task = tasks_[i].info;
  emit(i, mine);
}

void narrator::on(std::size_t i, const haul::failed& e, clock::time_point now) {
  first_update(i, now);
  flush(i, now);
  emit(i, haul::failed{tasks_[i].info, e.result});
}

void narrator::on(std::size_t i, const haul::task_finished& e, clock::time_point now) {
  state& s = states_[i];
  s.result = e.result;
  set_speed(s, 0);
  first_update(i, now);
  if (!e.result.error) {
    haul::progress whole = s.last;
    whole.downloaded = e.result.size;
    whole.total = e.result.size;
    whole.elapsed = e.result.elapsed;
    s.last = whole;
    s.held.reset();
    const std::uint64_t end = std::max(s.high, e.result.size);
    if (s.told_downloaded != end || s.told_total != end) update(i, whole, now);
  } else {
    flush(i, now);
  }
  end_one(i);
  if (!stopped_ && !is_outside(i)) tell_due(i, now);
}

void narrator::begin_one(std::size_t i) {
  states_[i].started = true;
  emit(i, haul::task_started{tasks_[i].info});
}

void narrator::end_one(std::size_t i) {
  states_[i].ended = true;
  emit(i, haul::task_finished{tasks_[i].info, {}});
}

void narrator::first_update(std::size_t i, clock::time_point now) {
  state& s = states_[i];
  if (s.zero) return;
  s.zero = true;
  haul::progress none;
  none.task = tasks_[i].info;
  none.total = s.last.total;
  s.told_total = none.total.value_or(0);
  s.told_at = now;
  emit(i, none);
}

void narrator::flush(std::size_t i, clock::time_point now) {
  state& s = states_[i];
  if (s.held) update(i, *std::exchange(s.held, std::nullopt), now);
}

/// What has been said is never taken back: where a file on the server was replaced by a smaller
/// one, the counts stay where they were.
void narrator::update(std::size_t i, haul::progress p, clock::time_point now) {
  state& s = states_[i];
  s.held.reset();
  s.high = std::max(s.high, p.downloaded);
  p.downloaded = s.high;
  if (p.total) p.total = std::max(*p.total, s.high);
  p.task = tasks_[i].info;
  s.told_downloaded = p.downloaded;
  s.told_total = p.total.value_or(0);
  s.told_at = now;
  emit(i, p, true);
}

/// A task that the engine has not been given.
void narrator::tell_outside(std::size_t i, clock::time_point now) {
  const told_task& t = tasks_[i];
  if (t.refused) return refuse(i, t.refused, now);
  states_[i].last = states_[*t.twin].last;
  tell_whole(i, states_[*t.twin].result.value_or(haul::download_result{}), now);
}

void narrator::refuse(std::size_t i, std::error_code why, clock::time_point now) {
  haul::download_result r;
  r.error = why;
  tell_whole(i, r, now);
}

/// A task from its beginning to its end at once.
void narrator::tell_whole(std::size_t i, const haul::download_result& r, clock::time_point now) {
  begin_one(i);
  const haul::task_ref& info = tasks_[i].info;
  if (r.error && r.error != haul::errc::stopped) on(i, haul::failed{info, r}, now);
  on(i, haul::task_finished{info, r}, now);
}

/// Tells of tasks outside the engine in their turn, now that one has ended: one after another in a
/// sequence, else as soon as their outcome is known.
void narrator::tell_due(std::size_t ended, clock::time_point now) {
  if (parallel_) {
    const auto same = twins_.find(ended);
    if (same == twins_.end()) return;
    for (const std::size_t i : same->second) tell_outside(i, now);
    return;
  }
  for (; next_ < tasks_.size(); ++next_) {
    if (states_[next_].ended) continue;
    const auto& twin = tasks_[next_].twin;
    if (!is_outside(next_) || (twin && !states_[*twin].ended)) return;
    tell_outside(next_, now);
  }
}

void narrator::pause() {
  paused_ = true;
  note("暂停", "下载已暂停");
}

void narrator::resume() {
  paused_ = false;
  note("恢复", "下载已恢复");
  const auto now = clock::now();
  for (std::size_t i = 0; i < states_.size(); ++i) flush(i, now);
}

void narrator::stop() {
  stopped_ = true;
  for (state& s : states_) s.held.reset();
  note("停止", "下载已停止");
}

void narrator::finish() {
  const auto now = clock::now();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].started && !states_[i].ended) {
      first_update(i, now);
      end_one(i);
    }
  }
  for (std::size_t i = next_; i < tasks_.size() && !stopped_; ++i) {
    if (is_outside(i) && !states_[i].ended) tell_outside(i, now);
  }
  haul::batch_finished over;
  over.parallel = parallel_;
  emit(wire_event::no_task, over);
}

narrator::totals narrator::sum() const {
  totals t;
  t.tasks = tasks_.size();
  t.peak = peak_;
  t.retries = retries_;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const state& s = states_[i];
    if (!tasks_[i].twin) {
      t.downloaded += s.last.downloaded;
      t.expected += s.last.total.value_or(0);
    }
    if (!s.ended) continue;
    if (s.result && !s.result->error) ++t.completed;
    if (s.result && s.result->error && s.result->error != haul::errc::stopped) ++t.failed;
  }
  t.speed = paused_ ? 0 : speed_;
  return t;
}

/// About the downloader as a whole, so without a task's id.
void narrator::note(const char* name, const char* text) {
  boost::json::object event;
  event["Type"] = "msg";
  event["Name"] = name;
  event["ShowName"] = "";
  event["ID"] = "";
  boost::json::object msg;
  msg["Text"] = text;
  out_(wire_event{boost::json::serialize(event), boost::json::serialize(msg), wire_event::no_task,
                  false});
}

void narrator::emit(std::size_t task, const haul::event& e, bool replaceable) {
  if (auto j = haul::to_json(e)) {
    out_(wire_event{std::move(j->event), std::move(j->msg), task, replaceable});
  }
}

}  // namespace tthsd
