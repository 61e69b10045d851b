#ifndef HAUL_SERVICE_IMPL_MEDIA_BATCHES_IPP
#define HAUL_SERVICE_IMPL_MEDIA_BATCHES_IPP

#include <haul/detail/hex.hpp>
#include <haul/error.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>
#include <haul/service/media_core.hpp>
#include <haul/service/path_confinement.hpp>
#include <haul/service/validation.hpp>

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

namespace haul::service {
namespace detail {

// What the original says, to the letter.
inline constexpr std::string_view no_message = "消息不存在";
inline constexpr std::string_view no_media = "该消息不包含媒体文件";
inline constexpr std::string_view no_batch = "批量下载任务不存在";
inline constexpr std::string_view was_cancelled = "下载已取消";
inline constexpr std::string_view is_missing = "文件记录存在但实际文件丢失";

inline std::string download_error(std::string_view why) {
  std::string text = "下载器错误: ";
  text += why;
  return text;
}

inline std::string not_started(std::string_view why) {
  std::string text = "启动下载失败: ";
  text += why;
  return text;
}

}  // namespace detail

HAUL_DECL std::string media_core::fresh_hex() {
  std::string text;
  haul::detail::append_hex(text, random_(), 8);
  return text;
}

HAUL_DECL media_step media_core::start_batch(const request& r, bool concurrent) {
  const json_body body = read_json_body(r);
  if (body.answer) return media_step{*body.answer};
  validation wrong;
  std::vector<std::int64_t> ids;
  if (const json_value* list = body.value->find("message_ids")) {
    if (const json_value* items = wrong.list(*list, location("body", "message_ids"))) {
      for (std::size_t i = 0; i < items->items().size(); ++i) {
        const auto id = wrong.integer(items->items()[i], location("body", "message_ids", i));
        ids.push_back(id.value_or(0));
      }
    }
  } else {
    wrong.missing(location("body", "message_ids"), *body.value);
  }
  media_step step;
  if (const json_value* force = body.value->find("force")) {
    step.options.force = wrong.boolean(*force, location("body", "force")).value_or(false);
  }
  std::int64_t at_once = 3;
  if (const json_value* most = body.value->find("max_concurrent")) {
    at_once = wrong.integer(*most, location("body", "max_concurrent"), 1).value_or(at_once);
  }
  if (!wrong.ok()) return media_step{wrong.answer()};
  if (ids.empty()) return media_step{detail_response(400, "消息ID列表不能为空")};
  if (ids.size() > options_.max_files) {
    const std::string most = std::to_string(options_.max_files) + "个文件";
    return media_step{
        detail_response(400, (concurrent ? "一次最多可下载" : "单次批量下载最多支持") + most)};
  }
  step.options.max_concurrent =
      concurrent ? options_.max_concurrent
                 : static_cast<unsigned>(std::min<std::int64_t>(at_once, options_.max_concurrent));
  step.options.download = options_.download;
  step.submits = concurrent ? media_step::purpose::concurrent : media_step::purpose::batch;
  const std::lock_guard lock{mutex_};
  sweep();
  std::unordered_map<std::int64_t, media_verdict> known;
  for (const std::int64_t id : ids) {
    auto at = known.find(id);
    if (at == known.end()) at = known.emplace(id, classify(id, step.options.force, step)).first;
    step.verdicts.push_back(at->second);
  }
  return step;
}

/// What is to become of one id; a file that is to be started joins the step.
HAUL_DECL media_verdict media_core::classify(std::int64_t id, bool force, media_step& to) {
  media_verdict v;
  v.id = id;
  v.what = media_verdict::outcome::failed;
  const std::optional<catalog_entry> e = catalog_.find(id);
  if (!e || e->url.empty()) {
    v.reason = e ? detail::no_media : detail::no_message;
    return v;
  }
  item& it = items_[id];
  const std::optional<file_status> running = refresh(id, it);
  if (running && to.submits != media_step::purpose::batch) {
    v.what = media_verdict::outcome::active;
    return v;
  }
  if (it.done && !running && !force) {
    if (is_there(it.path)) {
      v.what = media_verdict::outcome::already;
      return v;
    }
    item reset = it;
    reset.done = false;
    reset.file.clear();
    try {
      put_item(id, reset);
    } catch (const std::exception& x) {
      v.reason = std::string{"重置下载状态失败: "} + x.what();
      return v;
    }
    it = reset;
  }
  if (prepare(*e, it, to, v)) v.what = media_verdict::outcome::start;
  return v;
}

HAUL_DECL bool media_core::prepare(const catalog_entry& e, item& it, media_step& to,
                                   media_verdict& v) {
  if (it.path.empty()) {
    it.path = choose_path(e);
    owners_.emplace(it.path, e.id);
    put_item(e.id, it);
  }
  const std::optional<std::filesystem::path> target = confine(options_.root, it.path);
  if (!target) {
    v.reason = detail::not_started("路径不在下载目录内");
    return false;
  }
  download_request wanted{e.url, *target};
  wanted.id("media-" + std::to_string(e.id) + '-' + fresh_hex());
  if (e.name) wanted.name(*e.name);
  if (e.hash) wanted.checksum(*e.hash);
  if (e.size) wanted.size(*e.size);
  v.index = to.files.size();
  to.files.push_back(std::move(wanted));
  return true;
}

/// A place for the file that no other id has, and where nothing stands yet.
HAUL_DECL std::string media_core::choose_path(const catalog_entry& e) {
  std::string name = http::safe_file_name(e.name.value_or(""));
  if (name.empty()) {
    const auto url = http::parse_url(e.url);
    if (!url.error) name = http::file_name_of_url(url.value);
  }
  if (name.empty()) name = "media_" + std::to_string(e.id);
  // No name of another download's part file or journal.
  if (name.ends_with(".haul") || name.ends_with(".haul-journal")) name += "_";
  const std::string folder = e.type + "s/";
  const std::size_t dot = name.rfind('.');
  const std::string stem = name.substr(0, dot);
  const std::string extension = dot == name.npos ? std::string{} : name.substr(dot);
  for (int i = 0;; ++i) {
    std::string path = folder;
    if (i == 0) {
      path += name;
    } else {
      std::string suffix = '_' + std::to_string(e.id);
      if (i > 1) suffix += '_' + std::to_string(i);
      path += http::safe_file_name(stem.substr(0, 200) + suffix + extension);
    }
    if (owners_.contains(path)) continue;
    const std::optional<std::filesystem::path> at = confine(options_.root, path);
    std::error_code ec;
    if (!at || !std::filesystem::exists(*at, ec)) return path;
  }
}

/// The verdicts as they are now that the manager has spoken; the items with them.
HAUL_DECL std::vector<media_verdict> media_core::settle(const media_step& s,
                                                        const submit_result& told) {
  using outcome = media_verdict::outcome;
  const std::lock_guard lock{mutex_};
  std::vector<media_verdict> verdicts = s.verdicts;
  std::set<std::int64_t> seen;
  // Where a hash is known, the manager has looked at what is there.
  const auto known_hash = [this](std::int64_t id) {
    const std::optional<catalog_entry> e = catalog_.find(id);
    return e && e->hash;
  };
  for (media_verdict& v : verdicts) {
    if (v.what != outcome::start) continue;
    const submitted_file& f = told.files.at(v.index);
    item& it = items_[v.id];
    const bool first = seen.insert(v.id).second;
    switch (f.what) {
      case submitted_file::outcome::started:
        if (!first) break;
        it.file = f.id;
        it.error.clear();
        it.settled = false;
        unsettled_.insert(v.id);
        put_item(v.id, it);
        break;
      case submitted_file::outcome::already_downloaded:
        v.what = outcome::already;
        if (!first) break;
        it.error.clear();
        it.done = true;
        put_item(v.id, it);
        break;
      case submitted_file::outcome::refused:
        if (f.error == errc::target_exists && !known_hash(v.id)) {
          // Another request has brought it meanwhile: the path is this id's alone, and nothing but
          // a whole file has its final name.
          v.what = outcome::already;
          if (!first) break;
          it.done = true;
          put_item(v.id, it);
          break;
        }
        v.what = outcome::failed;
        v.reason = detail::not_started(f.message);
    }
  }
  return verdicts;
}

HAUL_DECL response media_core::finish_batch(const media_step&,
                                            const std::vector<media_verdict>& verdicts,
                                            const std::string& manager) {
  using outcome = media_verdict::outcome;
  json_value started = json_value::list();
  json_value already = json_value::list();
  json_value failed = json_value::list();
  std::string id;
  {
    const std::lock_guard lock{mutex_};
    batch b;
    for (const media_verdict& v : verdicts) {
      if (v.what == outcome::start) {
        started.push(v.id);
        const item& it = items_[v.id];
        b.rows.push_back({v.id, it.file, it.path});
      } else if (v.what == outcome::already) {
        already.push(v.id);
      } else {
        failed.push(json_value::object().set("message_id", v.id).set("reason", v.reason));
      }
    }
    if (!b.rows.empty()) {
      id = manager;
      while (!is_batch_id(id) || batches_.contains(id)) id = "batch_" + fresh_hex();
      b.manager = manager;
      b.created = now();
      b.arrival = arrivals_++;
      put_batch(id, b);
      batches_.emplace(id, std::move(b));
    }
  }
  const std::size_t n = started.items().size();
  json_value body = json_value::object();
  body.set("batch_id", id);
  body.set("status", n > 0 ? "started" : "no_files_to_download");
  body.set("message", n > 0 ? "批量下载任务已启动，包含 " + std::to_string(n) + " 个文件"
                            : std::string{"没有需要下载的文件"});
  body.set("total_files", verdicts.size());
  body.set("started_downloads", std::move(started));
  body.set("already_downloaded", std::move(already));
  body.set("failed_to_start", std::move(failed));
  return json_response(200, body);
}

HAUL_DECL response media_core::finish_concurrent(const media_step&,
                                                 const std::vector<media_verdict>& verdicts) {
  using outcome = media_verdict::outcome;
  json_value started = json_value::list();
  json_value active = json_value::list();
  json_value failed = json_value::list();
  for (const media_verdict& v : verdicts) {
    if (v.what == outcome::active) {
      active.push(v.id);
    } else if (v.what == outcome::failed) {
      failed.push(json_value::object().set("message_id", v.id).set("error", v.reason));
    } else {
      started.push(v.id);
    }
  }
  json_value body = json_value::object();
  if (active.items().size() == verdicts.size()) {
    body.set("status", "all_already_downloading");
    body.set("message", "所有文件都已在下载中");
    body.set("already_downloading", std::move(active));
    return json_response(200, body);
  }
  body.set("status", "started");
  body.set("message", "批量并发下载已启动");
  body.set("total_requested", verdicts.size());
  body.set("successfully_started", started.items().size());
  body.set("already_downloading", active.items().size());
  body.set("failed_to_start", failed.items().size());
  body.set("started_downloads", std::move(started));
  body.set("already_downloading_list", std::move(active));
  body.set("failed_downloads", std::move(failed));
  body.set("current_concurrent_downloads", active_now());
  return json_response(200, body);
}

/// The batch of this id, unless it has been over for too long.
HAUL_DECL auto media_core::find_batch(const std::string& id) -> std::optional<batch> {
  const std::lock_guard lock{mutex_};
  const auto at = batches_.find(id);
  if (at == batches_.end()) return std::nullopt;
  const batch& b = at->second;
  if (b.finished && now() - *b.finished > options_.keep_for) {
    records_.erase("media-batch", id);
    batches_.erase(at);
    return std::nullopt;
  }
  return b;
}

/// Forgets batches that have been over for too long, or are too many. One that the manager does
/// not know counts as over.
HAUL_DECL void media_core::sweep() {
  const std::chrono::sys_seconds today = now();
  std::vector<std::map<std::string, batch>::iterator> over;
  for (auto at = batches_.begin(); at != batches_.end(); ++at) {
    batch& b = at->second;
    if (!b.finished) {
      const std::optional<haul::batch_status> s = downloads_.counts(b.manager);
      if (s && s->pending + s->downloading + s->paused > 0) continue;
      b.finished = today;
      put_batch(at->first, b);
    }
    over.push_back(at);
  }
  std::sort(over.begin(), over.end(), [](const auto& x, const auto& y) {
    return std::pair{*x->second.finished, x->second.arrival} <
           std::pair{*y->second.finished, y->second.arrival};
  });
  for (std::size_t i = 0; i < over.size(); ++i) {
    const bool surplus = over.size() - i > options_.keep_count;
    if (!surplus && today - *over[i]->second.finished <= options_.keep_for) continue;
    records_.erase("media-batch", over[i]->first);
    batches_.erase(over[i]);
  }
}

/// @param look  Whether the files are looked for on the disk.
HAUL_DECL json_value media_core::describe_row(const row& r, const file_status* f, bool look,
                                              media_counts& n) {
  json_value v = json_value::object();
  const std::optional<catalog_entry> e = catalog_.find(r.id);
  if (!e) {
    ++n.failed;
    v.set("message_id", r.id).set("status", "not_found").set("progress", 0);
    v.set("error", detail::no_message);
    return v;
  }
  file_status gone;  // the manager has forgotten it
  if (!f) {
    const std::lock_guard lock{mutex_};
    const auto at = items_.find(r.id);
    const bool done = at != items_.end() && at->second.done;
    gone.state = done ? file_state::completed : file_state::failed;
    if (at != items_.end()) gone.message = at->second.error;
    f = &gone;
  }
  const bool cancelled = f->state == file_state::cancelled;
  const bool running = f->state == file_state::downloading;
  const std::uint64_t total = f->total ? *f->total : e->size.value_or(0);
  const std::uint64_t speed = running ? f->speed : 0;
  v.set("message_id", r.id).set("media_type", e->type);
  v.set("media_filename", e->name ? json_value{*e->name} : json_value{});
  v.set("progress", cancelled ? 0u : f->percent);
  v.set("downloaded_size", cancelled ? 0 : f->downloaded);
  v.set("total_size", total);
  v.set("download_speed", speed);
  v.set("estimated_time_remaining", seconds_left(f->downloaded, total, speed));
  switch (f->state) {
    case file_state::completed:
      if (!look || is_there(r.path)) {
        ++n.completed;
        v.set("status", "completed");
        v.set("file_path", file_path(r.path)).set("download_url", download_url(r.path));
      } else {
        ++n.failed;
        v.set("status", "file_missing").set("error", detail::is_missing);
      }
      break;
    case file_state::cancelled:
      ++n.failed;
      ++n.cancelled;
      v.set("status", "cancelled").set("error", detail::was_cancelled);
      break;
    case file_state::failed:
      ++n.failed;
      v.set("status", "failed").set("error", detail::download_error(f->message));
      break;
    case file_state::downloading:
      ++n.downloading;
      v.set("status", "downloading");
      break;
    case file_state::paused:
      ++n.paused;
      [[fallthrough]];
    case file_state::pending:
      ++n.pending;
      v.set("status", options_.extended && f->state == file_state::paused ? "paused" : "pending");
  }
  return v;
}

HAUL_DECL json_value media_core::describe_rows(const batch& b, const haul::batch_status& s,
                                               bool look, media_counts& n) {
  std::unordered_map<std::string_view, const file_status*> by_id;
  for (const file_status& f : s.files) by_id.emplace(f.id, &f);
  json_value rows = json_value::list();
  for (const row& r : b.rows) {
    const auto at = by_id.find(r.file);
    rows.push(describe_row(r, at == by_id.end() ? nullptr : at->second, look, n));
  }
  return rows;
}

HAUL_DECL response media_core::batch_status(const std::string& id) {
  const std::optional<batch> b = find_batch(id);
  const std::optional<haul::batch_status> s = b ? downloads_.status(b->manager) : std::nullopt;
  if (!s) return detail_response(404, detail::no_batch);
  media_counts n;
  json_value rows = describe_rows(*b, *s, true, n);
  json_value body = json_value::object();
  body.set("batch_id", id).set("total_files", b->rows.size());
  body.set("completed", n.completed).set("downloading", n.downloading);
  body.set("failed", n.failed).set("pending", n.pending);
  body.set("overall_status", overall_status(n, options_.extended));
  body.set("files", std::move(rows));
  return json_response(200, body);
}

HAUL_DECL response media_core::batch_cancel(const std::string& id) {
  const std::optional<batch> b = find_batch(id);
  const std::optional<haul::batch_status> before = b ? downloads_.status(b->manager) : std::nullopt;
  if (!before) return detail_response(404, detail::no_batch);
  downloads_.cancel(b->manager);
  std::size_t n = 0;
  for (const file_status& f : before->files) {
    if (is_final(f.state)) continue;
    // It may have come to its end in between.
    const std::optional<file_status> after = downloads_.file(f.id);
    if (!after || after->state == file_state::cancelled) ++n;
  }
  json_value body = json_value::object();
  body.set("status", "cancelled");
  body.set("message", "批量下载任务已取消，取消了 " + std::to_string(n) + " 个下载");
  body.set("batch_id", id);
  body.set("cancelled_downloads", n);
  body.set("total_files", b->rows.size());
  return json_response(200, body);
}

HAUL_DECL response media_core::batch_hold(const std::string& id, bool pause) {
  const std::optional<batch> b = find_batch(id);
  if (!b || (pause ? downloads_.pause(b->manager) : downloads_.resume(b->manager))) {
    return detail_response(404, detail::no_batch);
  }
  json_value body = json_value::object();
  body.set("status", pause ? "paused" : "resumed");
  body.set("message", pause ? "批量下载任务已暂停" : "批量下载任务已恢复");
  body.set("batch_id", id);
  return json_response(200, body);
}

HAUL_DECL response media_core::list_batches() {
  std::vector<std::pair<std::string, batch>> all;
  {
    const std::lock_guard lock{mutex_};
    sweep();
    for (const auto& [id, b] : batches_) all.emplace_back(id, b);
  }
  std::sort(all.begin(), all.end(),
            [](const auto& x, const auto& y) { return x.second.arrival < y.second.arrival; });
  json_value list = json_value::list();
  for (const auto& [id, b] : all) {
    const std::optional<haul::batch_status> s = downloads_.status(b.manager);
    if (!s) continue;
    media_counts n;
    describe_rows(b, *s, false, n);
    json_value v = json_value::object();
    v.set("batch_id", id).set("total_files", b.rows.size());
    v.set("completed", n.completed).set("downloading", n.downloading);
    v.set("failed", n.failed).set("pending", n.pending);
    v.set("overall_status", overall_status(n, true));
    v.set("created_at", b.created.time_since_epoch().count());
    list.push(std::move(v));
  }
  return json_response(200, json_value::object().set("batches", std::move(list)));
}

}  // namespace haul::service

#endif
