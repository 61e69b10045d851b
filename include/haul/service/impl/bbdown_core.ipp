#ifndef HAUL_SERVICE_IMPL_BBDOWN_CORE_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_CORE_IPP

#include <haul/detail/hex.hpp>
#include <haul/http/media_type.hpp>
#include <haul/http/url.hpp>
#include <haul/service/bbdown_core.hpp>
#include <haul/service/bbdown_json.hpp>
#include <haul/service/serve_options.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <random>
#include <set>

namespace haul::service::bbdown_detail {

/// Sixteen hexadecimal digits that no other task has.
inline std::string random_task_id() {
  std::random_device source;
  std::string id;
  for (int word = 0; word < 2; ++word) haul::detail::append_hex(id, source(), 8);
  return id;
}

HAUL_DECL bbdown_core::bbdown_core(asio::any_io_executor executor, downloads& in, records& kept,
                                   bbdown_options options)
    : executor_(std::move(executor)),
      in_(in),
      kept_(kept),
      options_(std::move(options)),
      root_(std::filesystem::canonical(options_.root)),
      archive_(options_.archive.empty() ? root_ / ".haul-archive" : options_.archive) {
  const auto number = [this](std::string_view key) {
    std::uint64_t n = 0;
    std::from_chars(key.data(), key.data() + key.size(), n);
    last_key_ = (std::max)(last_key_, n);
  };
  std::set<std::string> ended;
  std::vector<std::string> useless;
  kept_.for_each("bbdown-finished", [&](std::string_view key, std::string_view value) {
    number(key);
    if (std::optional<bbdown_task> t = parse_bbdown_task(value)) {
      ended.insert(t->id);
      std::string json = json_of(*t);
      finished_.push_back({std::move(*t), std::move(json), std::string{key}});
    } else {
      useless.emplace_back(key);
    }
  });
  for (const std::string& key : useless) kept_.erase("bbdown-finished", key);
  useless.clear();
  kept_.for_each("bbdown-running", [&](std::string_view key, std::string_view value) {
    number(key);
    std::optional<bbdown_record> r = parse_bbdown_record(value);
    // A process may die between the two words about the end of a task.
    job_ptr j = r && !ended.contains(r->task.id) ? make_job(std::move(*r)) : nullptr;
    if (j) {
      j->key = key;
      running_.push_back(std::move(j));
    } else {
      useless.emplace_back(key);
    }
  });
  for (const std::string& key : useless) kept_.erase("bbdown-running", key);
}

/// With its plan; nothing when it cannot have been accepted.
HAUL_DECL auto bbdown_core::make_job(bbdown_record record) -> job_ptr {
  const std::optional<serve_options> asked = parse_serve_options(record.body);
  if (!asked) return nullptr;
  const std::vector<std::string> urls = split_urls(asked->url);
  if (urls.empty()) return nullptr;
  record.todo.insert(record.todo.begin(), record.sent.begin(),
                     record.batch.empty() ? record.sent.end() : record.sent.begin());
  if (record.batch.empty()) record.sent.clear();
  auto j = std::make_shared<job>(std::move(record), executor_);
  j->plan = plan_bbdown_task(*asked, urls, options_);
  if (!j->plan.error.empty()) j->record.todo.clear();  // the root is another one now
  for (const attempt& a : j->record.todo) {
    if (a.item >= j->plan.items.size()) return nullptr;  // of another version of haul
  }
  for (const attempt& a : j->record.sent) j->reserved.push_back(path_of(a.path));
  return j;
}

HAUL_DECL void bbdown_core::recover() {
  std::vector<job_ptr> jobs;
  {
    const std::lock_guard lock{mutex_};
    for (const job_ptr& j : running_) {
      if (!std::exchange(j->started, true)) jobs.push_back(j);
    }
  }
  for (const job_ptr& j : jobs) start(j);
}

HAUL_DECL void bbdown_core::stop() {
  std::vector<job_ptr> jobs;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(stopping_, true)) return;
    jobs = running_;
  }
  for (const job_ptr& j : jobs) wake(j);
}

HAUL_DECL void bbdown_core::wake(const job_ptr& j) {
  asio::post(j->at, [j] { j->timer.cancel(); });
}

HAUL_DECL response bbdown_core::answer(const request& r) {
  const bbdown_route route = find_bbdown_route(r.method(), r.path(), options_.extended);
  if (route.action == bbdown_action::none) return response{404};
  if (!route.allowed) return response{405}.field("Allow", route.allow);
  switch (route.action) {
    case bbdown_action::add:
      return add(r);
    case bbdown_action::show:
      return show(route.id);
    case bbdown_action::remove_finished:
    case bbdown_action::remove_failed:
    case bbdown_action::remove:
      return remove(route.action, route.id);
    case bbdown_action::cancel:
    case bbdown_action::pause:
    case bbdown_action::resume:
      return control(route.action, route.id);
    default:
      return list(route.action);
  }
}

HAUL_DECL response bbdown_core::add(const request& r) {
  const auto refused = [] {
    return response{400}.body(bbdown_json_type, std::string{bbdown_bad_request});
  };
  const auto told = [this](const std::string& id) {
    if (!options_.extended) return response{};
    return response{}.body(bbdown_json_type, "{\"TaskId\":\"" + id + "\"}");
  };
  if (!http::is_json_type(r.fields().find("Content-Type").value_or(""))) return refused();
  if (r.body().size() > options_.max_body) return refused();
  const std::optional<serve_options> asked = parse_serve_options(r.body());
  if (!asked) return refused();
  const std::vector<std::string> urls = split_urls(asked->url);
  // The original says nothing of it, and does nothing.
  if (urls.empty()) return options_.extended ? refused() : response{};

  bbdown_record record;
  record.task.id = random_task_id();
  record.task.aid = aid_of(urls);
  record.task.url = asked->url;
  record.task.created = seconds_now();
  record.body = to_text(*asked);
  std::vector<std::string> hooks;
  if (options_.webhook && !http::parse_url(asked->webhook).error) hooks.push_back(asked->webhook);
  record.webhooks = hooks;
  const job_ptr j = make_job(std::move(record));
  std::optional<bbdown_record> twin;
  std::size_t twin_items = 0;
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return response{503};
    const std::string& aid = j->record.task.aid;
    const auto same = std::find_if(running_.begin(), running_.end(), [&](const job_ptr& other) {
      return other->record.task.aid == aid;
    });
    if (same != running_.end()) {
      twin = outline((*same)->record);
      twin_items = (*same)->plan.items.size();
    } else if (running_.size() >= options_.max_running) {
      return response{429};
    } else {
      j->key = next_key();
      j->started = true;
      running_.push_back(j);
      save(*j);
    }
  }
  if (twin) {
    if (!hooks.empty()) call(hooks, json_of(live(*twin, twin_items)));
    return told(twin->task.id);
  }
  const std::string id = j->record.task.id;
  start(j);
  return told(id);
}

HAUL_DECL response bbdown_core::list(bbdown_action which) const {
  struct view {
    bbdown_record record;
    std::size_t items;
  };
  std::vector<view> running;
  std::string finished;
  {
    const std::lock_guard lock{mutex_};
    if (which != bbdown_action::list_finished) {
      running.reserve(running_.size());
      for (const job_ptr& j : running_)
        running.push_back({outline(j->record), j->plan.items.size()});
    }
    if (which != bbdown_action::list_running) {
      for (const finished_task& f : finished_) {
        if (!finished.empty()) finished += ',';
        finished += f.json;
      }
    }
  }
  std::string body;
  if (which == bbdown_action::list) body += "{\"Running\":";
  if (which != bbdown_action::list_finished) {
    body += '[';
    for (const view& v : running) {
      if (&v != &running.front()) body += ',';
      append_json(body, live(v.record, v.items), options_.extended);
    }
    body += ']';
  }
  if (which == bbdown_action::list) body += ",\"Finished\":";
  if (which != bbdown_action::list_running) body.append("[").append(finished).append("]");
  if (which == bbdown_action::list) body += '}';
  return response{}.body(bbdown_json_type, std::move(body));
}

HAUL_DECL bool bbdown_core::is_called(const bbdown_task& task, const std::string& id) const {
  return task.aid == id || (options_.extended && task.id == id);
}

HAUL_DECL response bbdown_core::show(const std::string& id) const {
  std::optional<bbdown_record> found;
  std::size_t items = 0;
  {
    const std::lock_guard lock{mutex_};
    for (const job_ptr& j : running_) {
      if (!is_called(j->record.task, id)) continue;
      found = outline(j->record);
      items = j->plan.items.size();
      break;
    }
    for (const finished_task& f : finished_) {
      if (!found && is_called(f.task, id)) return response{}.body(bbdown_json_type, f.json);
    }
  }
  if (!found) return response{404};
  return response{}.body(bbdown_json_type, json_of(live(*found, items)));
}

HAUL_DECL response bbdown_core::remove(bbdown_action which, const std::string& id) {
  const std::lock_guard lock{mutex_};
  std::erase_if(finished_, [&](const finished_task& f) {
    const bool gone = which == bbdown_action::remove_finished ||
                      (which == bbdown_action::remove_failed && !f.task.successful) ||
                      (which == bbdown_action::remove && is_called(f.task, id));
    if (gone) kept_.erase("bbdown-finished", f.key);
    return gone;
  });
  return response{};
}

HAUL_DECL response bbdown_core::control(bbdown_action what, const std::string& id) {
  job_ptr j;
  std::string batch;
  {
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(running_.begin(), running_.end(), [&](const job_ptr& each) {
      return is_called(each->record.task, id);
    });
    if (found == running_.end()) return response{404};
    j = *found;
    bbdown_record& r = j->record;
    if (what == bbdown_action::cancel) {
      r.cancelled = true;
    } else {
      r.paused = what == bbdown_action::pause;
    }
    batch = r.batch;
    save(*j);
  }
  // Without a batch, the task's coroutine finds it out for itself.
  if (!batch.empty()) {
    if (what == bbdown_action::cancel) {
      in_.cancel(batch);
    } else if (what == bbdown_action::pause) {
      in_.pause(batch);
    } else {
      in_.resume(batch);
    }
  }
  wake(j);
  return response{};
}

/// What `live` has to know.
HAUL_DECL bbdown_record bbdown_core::outline(const bbdown_record& r) {
  bbdown_record o;
  o.task = r.task;
  o.batch = r.batch;
  o.sent = r.sent;
  o.done = r.done;
  o.paused = r.paused;
  return o;
}

/// As it stands now.
HAUL_DECL bbdown_task bbdown_core::live(const bbdown_record& r, std::size_t items) const {
  bbdown_task t = r.task;
  const std::optional<batch_status> s = r.batch.empty() ? std::nullopt : in_.status(r.batch);
  if (s) {
    look_at_batch(t, r, items, *s);
  } else {
    t.state = r.paused      ? bbdown_state::paused
              : r.done == 0 ? bbdown_state::queued
                            : bbdown_state::running;
  }
  return t;
}

HAUL_DECL std::string bbdown_core::json_of(const bbdown_task& task) const {
  std::string json;
  append_json(json, task, options_.extended);
  return json;
}

HAUL_DECL void bbdown_core::call(const std::vector<std::string>& hooks,
                                 const std::string& body) const {
  for (const std::string& url : hooks) {
    try {
      options_.webhook(url, body);
    } catch (const std::exception&) {
      // Nobody is told of a webhook that fails.
    }
  }
}

HAUL_DECL void bbdown_core::save(const job& j) {
  kept_.put("bbdown-running", j.key, to_text(j.record));
}

HAUL_DECL void bbdown_core::keep(bbdown_task task) {
  std::string key = next_key();
  kept_.put("bbdown-finished", key, to_text(task));
  std::string json = json_of(task);
  finished_.push_back({std::move(task), std::move(json), std::move(key)});
  while (finished_.size() > options_.keep_finished) {
    kept_.erase("bbdown-finished", finished_.front().key);
    finished_.pop_front();
  }
}

/// In the order of its digits, which is that of the keys.
HAUL_DECL std::string bbdown_core::next_key() {
  const std::string n = std::to_string(++last_key_);
  return std::string(20 - n.size(), '0') + n;
}

}  // namespace haul::service::bbdown_detail

#endif
