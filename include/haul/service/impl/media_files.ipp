#ifndef HAUL_SERVICE_IMPL_MEDIA_FILES_IPP
#define HAUL_SERVICE_IMPL_MEDIA_FILES_IPP

#include <haul/http/file_name.hpp>
#include <haul/http/percent.hpp>
#include <haul/service/impl/media_batches.ipp>
#include <haul/service/impl/validation.ipp>
#include <haul/service/media_core.hpp>
#include <haul/service/path_confinement.hpp>
#include <haul/service/validation.hpp>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace haul::service {
namespace detail {

/// The value of a member of a query, decoded; the last one counts, as with FastAPI.
inline std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix((std::min)(part.size() + 1, query.size()));
    const std::size_t equals = part.find('=');
    if (equals == part.npos) continue;
    std::string key{part.substr(0, equals)};
    std::string value{part.substr(equals + 1)};
    std::replace(key.begin(), key.end(), '+', ' ');
    std::replace(value.begin(), value.end(), '+', ' ');
    if (http::percent_decode(key) == name) found = http::to_valid_utf8(http::percent_decode(value));
  }
  return found;
}

inline std::string_view content_type_of(std::string_view name, std::string_view type) {
  struct known {
    std::string_view name;
    std::string_view type;
  };
  static constexpr known extensions[] = {
      {"jpg", "image/jpeg"},       {"jpeg", "image/jpeg"},       {"png", "image/png"},
      {"gif", "image/gif"},        {"webp", "image/webp"},       {"mp4", "video/mp4"},
      {"mkv", "video/x-matroska"}, {"webm", "video/webm"},       {"mov", "video/quicktime"},
      {"mp3", "audio/mpeg"},       {"ogg", "audio/ogg"},         {"m4a", "audio/mp4"},
      {"flac", "audio/flac"},      {"wav", "audio/x-wav"},       {"pdf", "application/pdf"},
      {"zip", "application/zip"},  {"json", "application/json"}, {"txt", "text/plain"},
  };
  static constexpr known types[] = {
      {"photo", "image/jpeg"},
      {"video", "video/mp4"},
      {"audio", "audio/mpeg"},
      {"voice", "audio/ogg"},
  };
  const std::size_t dot = name.rfind('.');
  const std::string extension = dot == name.npos ? "" : lower_case(name.substr(dot + 1));
  for (const known& k : extensions) {
    if (k.name == extension) return k.type;
  }
  for (const known& k : types) {
    if (extension.empty() && k.name == type) return k.type;
  }
  return "application/octet-stream";
}

inline std::string attachment(std::string_view name) {
  std::string quoted;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '-' || c == '~';
    if (plain) {
      quoted += c;
    } else {
      http::append_percent_encoded(quoted, c);
    }
  }
  if (quoted == name) return "attachment; filename=\"" + quoted + '"';
  return "attachment; filename*=utf-8''" + quoted;
}

}  // namespace detail

HAUL_DECL bool media_core::is_there(const std::string& path) const {
  return size_of(path).has_value();
}

HAUL_DECL std::optional<std::uint64_t> media_core::size_of(const std::string& path) const {
  const auto at = path.empty() ? std::nullopt : confine(options_.root, path);
  std::error_code ec;
  if (!at || !std::filesystem::is_regular_file(*at, ec) || ec) return std::nullopt;
  const std::uintmax_t size = std::filesystem::file_size(*at, ec);
  if (ec) return std::nullopt;
  return size;
}

/// Brings what is known of a file up to date; its status, if it is still under way.
HAUL_DECL std::optional<file_status> media_core::refresh(std::int64_t id, item& it) {
  if (it.settled) return std::nullopt;
  const std::optional<file_status> s = downloads_.file(it.file);
  if (s && !is_final(s->state)) return s;
  it.settled = true;
  unsettled_.erase(id);
  if (!s) {
    // The manager has forgotten how it ended. Nothing but a whole file has its final name.
    it.done = it.done || is_there(it.path);
  } else if (s->state == file_state::completed) {
    it.done = true;
  } else if (s->state == file_state::cancelled) {
    it.error = detail::was_cancelled;
  } else {
    it.error = detail::download_error(s->message);
  }
  put_item(id, it);
  return std::nullopt;
}

HAUL_DECL std::size_t media_core::active_now() {
  const std::lock_guard lock{mutex_};
  std::size_t n = 0;
  const std::set<std::int64_t> open = unsettled_;
  for (const std::int64_t id : open) n += refresh(id, items_[id]).has_value();
  return n;
}

HAUL_DECL media_step media_core::start_download(std::int64_t id, const request& r) {
  media_step step;
  validation wrong;
  if (const auto force = detail::query_value(r.query(), "force")) {
    step.options.force =
        wrong.boolean(json_value{*force}, location("query", "force")).value_or(false);
  }
  if (!wrong.ok()) return media_step{wrong.answer()};
  const std::optional<catalog_entry> e = catalog_.find(id);
  if (!e) return media_step{detail_response(404, detail::no_message)};
  if (e->url.empty()) return media_step{detail_response(400, detail::no_media)};
  step.submits = media_step::purpose::single;
  step.options.max_concurrent = 1;
  step.options.download = options_.download;
  const std::lock_guard lock{mutex_};
  step.verdicts.push_back(classify(id, step.options.force, step));
  return step;
}

HAUL_DECL response media_core::finish_single(const media_step&, const media_verdict& v) {
  using outcome = media_verdict::outcome;
  if (v.what == outcome::failed) return detail_response(500, v.reason);
  const std::optional<catalog_entry> e = catalog_.find(v.id);
  const std::string type = e ? e->type : std::string{};
  const std::string path = [&] {
    const std::lock_guard lock{mutex_};
    return items_[v.id].path;
  }();
  json_value body = json_value::object();
  if (v.what == outcome::already) {
    const std::optional<std::uint64_t> size = size_of(path);
    body.set("status", "already_downloaded").set("message", "文件已存在");
    body.set("file_path", file_path(path));
    body.set("file_size", size ? json_value{*size} : json_value{});
    body.set("download_url", download_url(path));
  } else if (v.what == outcome::active) {
    body.set("status", "download_in_progress").set("message", "该文件正在下载中，请稍候");
    body.set("message_id", v.id).set("media_type", type);
  } else {
    body.set("status", "download_started").set("message", "下载任务已启动");
    body.set("message_id", v.id).set("media_type", type);
    body.set("estimated_size", e && e->size ? json_value{*e->size} : json_value{});
  }
  return json_response(200, body);
}

HAUL_DECL response media_core::download_status(std::int64_t id) {
  const std::optional<catalog_entry> e = catalog_.find(id);
  if (!e) return detail_response(404, detail::no_message);
  json_value body = json_value::object();
  if (e->url.empty()) {
    return json_response(200, body.set("status", "no_media").set("message", detail::no_media));
  }
  item it;
  std::optional<file_status> running;
  {
    const std::lock_guard lock{mutex_};
    if (const auto at = items_.find(id); at != items_.end()) {
      running = refresh(id, at->second);
      it = at->second;
    }
  }
  if (running) {
    const std::uint64_t total = running->total ? *running->total : e->size.value_or(0);
    body.set("status", "downloading").set("message", "文件正在下载中");
    body.set("progress", running->percent).set("downloaded_size", running->downloaded);
    body.set("total_size", total).set("download_speed", running->speed);
    body.set("estimated_time_remaining", seconds_left(running->downloaded, total, running->speed));
    body.set("download_started_at", nullptr);
    body.set("media_type", e->type).set("file_id", it.file);
  } else if (it.done) {
    if (const std::optional<std::uint64_t> size = size_of(it.path)) {
      body.set("status", "downloaded").set("message", "文件已下载");
      body.set("file_path", file_path(it.path)).set("file_size", *size);
      body.set("download_url", download_url(it.path));
      body.set("progress", 100).set("downloaded_size", *size).set("total_size", *size);
      body.set("download_speed", 0).set("estimated_time_remaining", 0);
    } else {
      body.set("status", "file_missing").set("message", detail::is_missing);
    }
  } else if (it.error == detail::was_cancelled) {
    body.set("status", "cancelled").set("message", detail::was_cancelled).set("error", it.error);
  } else if (!it.error.empty()) {
    body.set("status", "download_failed").set("message", "下载失败").set("error", it.error);
  } else {
    body.set("status", "not_downloaded").set("message", "文件未下载");
    body.set("media_type", e->type).set("file_id", nullptr);
  }
  return json_response(200, body);
}

HAUL_DECL response media_core::cancel_download(std::int64_t id, bool concurrent) {
  json_value body = json_value::object();
  if (!concurrent) {
    const std::optional<catalog_entry> e = catalog_.find(id);
    if (!e) return detail_response(404, detail::no_message);
    if (e->url.empty()) {
      return json_response(200, body.set("status", "no_media").set("message", detail::no_media));
    }
  }
  bool cancelled = false;
  {
    const std::lock_guard lock{mutex_};
    const auto at = items_.find(id);
    if (at != items_.end() && refresh(id, at->second)) {
      downloads_.cancel_file(at->second.file);
      // It may have come to its end in between.
      const std::optional<file_status> after = downloads_.file(at->second.file);
      cancelled = !after || after->state == file_state::cancelled;
      refresh(id, at->second);
    }
  }
  if (cancelled) {
    body.set("status", "cancelled");
    body.set("message", concurrent ? "并发下载已取消" : detail::was_cancelled);
    body.set("message_id", id);
  } else {
    body.set("status", "not_downloading");
    body.set("message", concurrent ? "该文件未在下载中" : "该文件当前未在下载中");
    if (concurrent) body.set("message_id", id);
  }
  return json_response(200, body);
}

HAUL_DECL response media_core::hold_download(std::int64_t id, bool pause) {
  if (!catalog_.find(id)) return detail_response(404, detail::no_message);
  bool held = false;
  {
    const std::lock_guard lock{mutex_};
    const auto at = items_.find(id);
    if (at != items_.end() && refresh(id, at->second)) {
      const std::string& file = at->second.file;
      held = !(pause ? downloads_.pause_file(file) : downloads_.resume_file(file));
    }
  }
  json_value body = json_value::object();
  if (held) {
    body.set("status", pause ? "paused" : "resumed");
    body.set("message", pause ? "下载已暂停" : "下载已恢复");
    body.set("message_id", id);
  } else {
    body.set("status", "not_downloading").set("message", "该文件当前未在下载中");
  }
  return json_response(200, body);
}

HAUL_DECL response media_core::serve_file(std::int64_t id) {
  const std::optional<catalog_entry> e = catalog_.find(id);
  if (!e) return detail_response(404, detail::no_message);
  if (e->url.empty()) return detail_response(400, detail::no_media);
  item it;
  {
    const std::lock_guard lock{mutex_};
    if (const auto at = items_.find(id); at != items_.end()) {
      refresh(id, at->second);
      it = at->second;
    }
  }
  if (!it.done) return detail_response(404, "媒体文件未下载");
  if (!is_there(it.path)) return detail_response(404, "媒体文件不存在");
  std::string name = http::safe_file_name(e->name.value_or(""));
  if (name.empty()) name = it.path.substr(it.path.rfind('/') + 1);
  response answer;
  answer.file(detail::content_type_of(it.path, e->type), *confine(options_.root, it.path));
  answer.field("Content-Disposition", detail::attachment(name));
  return answer;
}

HAUL_DECL response media_core::delete_file(std::int64_t id) {
  if (!catalog_.find(id)) return detail_response(404, detail::no_message);
  const std::lock_guard lock{mutex_};
  const auto at = items_.find(id);
  if (at != items_.end()) refresh(id, at->second);
  json_value body = json_value::object();
  if (at == items_.end() || !at->second.done) {
    body.set("status", "no_file").set("message", "没有本地文件可删除");
    return json_response(200, body);
  }
  item& it = at->second;
  std::error_code ec;
  if (const auto path = confine(options_.root, it.path)) std::filesystem::remove(*path, ec);
  if (ec) return detail_response(500, "删除文件失败: " + ec.message());
  it.done = false;
  it.error.clear();
  put_item(id, it);
  body.set("status", "deleted").set("message", "文件已删除").set("message_id", id);
  return json_response(200, body);
}

HAUL_DECL response media_core::download_stats() {
  json_value current = json_value::list();
  {
    const std::lock_guard lock{mutex_};
    const std::set<std::int64_t> open = unsettled_;
    for (const std::int64_t id : open) {
      const std::optional<file_status> s = refresh(id, items_[id]);
      if (s && s->state == file_state::downloading) current.push(id);
    }
  }
  const std::size_t most = options_.max_concurrent;
  const std::size_t active = current.items().size();
  json_value stats = json_value::object();
  stats.set("total_active_downloads", active);
  stats.set("user_active_downloads", json_value::object());
  stats.set("max_concurrent_downloads", most);
  stats.set("user_concurrent_limit", most);
  stats.set("started_at", nullptr);
  stats.set("current_downloads", std::move(current));
  stats.set("available_slots", most - (std::min)(most, active));
  json_value body = json_value::object();
  body.set("status", "success").set("stats", std::move(stats));
  return json_response(200, body);
}

HAUL_DECL response media_core::put_catalog(const request& r) {
  const json_body body = read_json_body(r, true);
  if (body.answer) return *body.answer;
  validation wrong;
  std::vector<catalog_entry> entries;
  const bool many = body.value->is(json_value::kind::list);
  for (std::size_t i = 0; i < (many ? body.value->items().size() : 1); ++i) {
    const json_value& v = many ? body.value->items()[i] : *body.value;
    auto e = read_entry(v, wrong, many ? location("body", i) : location("body"));
    if (e) entries.push_back(std::move(*e));
  }
  if (!wrong.ok()) return wrong.answer();
  std::size_t added = 0;
  for (const catalog_entry& e : entries) added += catalog_.put(e);
  json_value answer = json_value::object();
  answer.set("status", "ok").set("added", added);
  answer.set("updated", entries.size() - added).set("total", catalog_.size());
  return json_response(200, answer);
}

}  // namespace haul::service

#endif
