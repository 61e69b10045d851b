#ifndef HAUL_SERVICE_IMPL_MEDIA_IPP
#define HAUL_SERVICE_IMPL_MEDIA_IPP

#include <haul/async/detail/job_service.hpp>
#include <haul/async/offload.hpp>
#include <haul/http/percent.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/impl/validation.ipp>
#include <haul/service/media.hpp>
#include <haul/service/media_core.hpp>
#include <haul/service/validation.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace haul::service {
namespace detail {

inline constexpr std::string_view batch_kind = "media-batch";
inline constexpr std::string_view file_kind = "media-file";

// g++ 12 takes the operator delete of this coroutine for that of another allocation.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
inline awaitable<response> serve_media(std::shared_ptr<media_core> core, request r) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto begin = [core, r = std::move(r)] { return core->begin(r); };
  system::disk_workers& workers = core->workers(executor);
  media_step first = co_await offload(workers, executor, std::move(begin));
  if (first.submits == media_step::purpose::none) co_return std::move(first.answer);
  const auto step = std::make_shared<media_step>(std::move(first));
  const auto told = std::make_shared<submit_result>();
  if (!step->files.empty()) {
    const batch_options options = step->options;
    std::vector<download_request> files = std::move(step->files);
    submit_result result = co_await core->target().submit(std::move(files), options);
    *told = std::move(result);
  }
  auto finish = [core, step, told] { return core->finish(*step, *told); };
  response answer = co_await offload(workers, executor, std::move(finish));
  co_return answer;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

inline std::string text_of(const json_value& v, const char* name) {
  const json_value* m = v.find(name);
  return m && m->is(json_value::kind::text) ? m->text() : std::string{};
}
inline std::int64_t number_of(const json_value& v, const char* name) {
  const json_value* m = v.find(name);
  return m && m->is(json_value::kind::integer) ? to_int64(m->text()).value_or(0) : 0;
}
inline bool flag_of(const json_value& v, const char* name) {
  const json_value* m = v.find(name);
  return m && m->flag();
}

}  // namespace detail

HAUL_DECL system::disk_workers& media_core::workers(const asio::any_io_executor& executor) {
  std::call_once(bound_, [&] {
    asio::use_service<haul::detail::job_service>(asio::query(executor, asio::execution::context))
        .add(workers_.source());
  });
  return workers_;
}

HAUL_DECL media::media(downloads& to, records& kept, catalog& ids, media_options options)
    : core_(std::make_shared<media_core>(to, kept, ids, std::move(options))) {}

HAUL_DECL awaitable<response> media::operator()(request r) {
  return detail::serve_media(core_, std::move(r));
}

struct media_core::route {
  enum class action : std::uint8_t {
    start_batch,
    show_batch,
    cancel_batch,
    pause_batch,
    resume_batch,
    list_batches,
    start_concurrent,
    start,
    show,
    cancel,
    cancel_concurrent,
    pause,
    resume,
    serve,
    remove,
    stats,
    add_entries,
    remove_entry,
  };
  enum class parameter : std::uint8_t { none, batch_id, message_id };

  std::string_view method;
  std::string_view name;
  parameter takes;
  action what;
  bool extended = false;
};

HAUL_DECL auto media_core::routes() -> const std::vector<route>& {
  using a = route::action;
  using p = route::parameter;
  static const std::vector<route> all{
      {"POST", "batch-download", p::none, a::start_batch},
      {"GET", "batch-status", p::batch_id, a::show_batch},
      {"POST", "batch-cancel", p::batch_id, a::cancel_batch},
      {"POST", "batch-concurrent-download", p::none, a::start_concurrent},
      {"POST", "start-download", p::message_id, a::start},
      {"GET", "download-status", p::message_id, a::show},
      {"POST", "cancel-download", p::message_id, a::cancel},
      {"POST", "cancel-concurrent-download", p::message_id, a::cancel_concurrent},
      {"GET", "download-stats", p::none, a::stats},
      {"GET", "download", p::message_id, a::serve},
      {"DELETE", "media", p::message_id, a::remove},
      {"GET", "batches", p::none, a::list_batches, true},
      {"POST", "batch-pause", p::batch_id, a::pause_batch, true},
      {"POST", "batch-resume", p::batch_id, a::resume_batch, true},
      {"POST", "pause-download", p::message_id, a::pause, true},
      {"POST", "resume-download", p::message_id, a::resume, true},
      {"POST", "catalog", p::none, a::add_entries, true},
      {"DELETE", "catalog", p::message_id, a::remove_entry, true},
  };
  return all;
}

/// The route of a path and a method; null when there is none. Then `allowed` has the methods of the
/// path, if it is one at all.
HAUL_DECL auto media_core::match(std::string_view path, std::string_view method,
                                 std::string& parameter, std::string& allowed) const
    -> const route* {
  allowed.clear();
  if (!path.starts_with(options_.base)) return nullptr;
  path.remove_prefix(options_.base.size());
  if (!path.starts_with('/')) return nullptr;
  path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  const std::string_view name = path.substr(0, slash);
  for (const route& r : routes()) {
    if (r.name != name || (r.extended && !options_.extended)) continue;
    const bool named = slash != path.npos;
    if (named != (r.takes != route::parameter::none)) continue;
    const std::string_view value = named ? path.substr(slash + 1) : std::string_view{};
    // An empty batch id is one that is not known; any other parameter must be there.
    if (value.find('/') != value.npos) continue;
    if (value.empty() && r.takes == route::parameter::message_id) continue;
    if (r.method == method) {
      parameter = value;
      return &r;
    }
    if (!allowed.empty()) allowed += ", ";
    allowed += r.method;
  }
  return nullptr;
}

HAUL_DECL media_core::media_core(downloads& to, records& kept, catalog& ids, media_options options)
    : downloads_(to), records_(kept), catalog_(ids), options_(std::move(options)) {
  std::error_code ignored;  // a request says what is wrong with the root
  std::filesystem::create_directories(options_.root, ignored);
  load();
}

HAUL_DECL void media_core::load() {
  records_.for_each(detail::file_kind, [this](std::string_view key, std::string_view text) {
    const json_value v = parse_json(text).value;
    const std::optional<std::int64_t> id = detail::to_int64(key);
    if (!id || !v.is(json_value::kind::object)) return;
    item& it = items_[*id];
    it.file = detail::text_of(v, "file");
    it.path = detail::text_of(v, "path");
    it.error = detail::text_of(v, "error");
    it.done = detail::flag_of(v, "done");
    it.settled = detail::flag_of(v, "settled");
    if (!it.path.empty()) owners_.emplace(it.path, *id);
    if (!it.settled) unsettled_.insert(*id);
  });
  records_.for_each(detail::batch_kind, [this](std::string_view key, std::string_view text) {
    const json_value v = parse_json(text).value;
    const json_value* rows = v.find("files");
    if (!rows) return;
    batch b;
    b.manager = detail::text_of(v, "manager");
    b.arrival = static_cast<std::uint64_t>(detail::number_of(v, "arrival"));
    b.created = std::chrono::sys_seconds{std::chrono::seconds{detail::number_of(v, "created")}};
    if (const std::int64_t at = detail::number_of(v, "finished"); at != 0) {
      b.finished = std::chrono::sys_seconds{std::chrono::seconds{at}};
    }
    for (const json_value& r : rows->items()) {
      b.rows.push_back(
          {detail::number_of(r, "id"), detail::text_of(r, "file"), detail::text_of(r, "path")});
    }
    arrivals_ = (std::max)(arrivals_, b.arrival + 1);
    batches_.emplace(key, std::move(b));
  });
}

HAUL_DECL void media_core::put_item(std::int64_t id, const item& it) {
  json_value v = json_value::object();
  v.set("file", it.file).set("path", it.path).set("error", it.error);
  v.set("done", it.done).set("settled", it.settled);
  records_.put(detail::file_kind, std::to_string(id), write_json(v));
}

HAUL_DECL void media_core::put_batch(const std::string& id, const batch& b) {
  json_value rows = json_value::list();
  for (const row& r : b.rows) {
    rows.push(json_value::object().set("id", r.id).set("file", r.file).set("path", r.path));
  }
  json_value v = json_value::object();
  v.set("manager", b.manager).set("arrival", b.arrival);
  v.set("created", b.created.time_since_epoch().count());
  if (b.finished) v.set("finished", b.finished->time_since_epoch().count());
  v.set("files", std::move(rows));
  records_.put(detail::batch_kind, id, write_json(v));
}

HAUL_DECL std::chrono::sys_seconds media_core::now() const {
  if (options_.now) return options_.now();
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

HAUL_DECL media_step media_core::begin(const request& r) {
  try {
    return dispatch(r);
  } catch (const std::exception&) {
    return media_step{response{500}.body("text/plain; charset=utf-8", "Internal Server Error")};
  }
}

HAUL_DECL media_step media_core::dispatch(const request& r) {
  const std::string path = http::percent_decode(r.path());
  std::string parameter;
  std::string allowed;
  if (const route* to = match(path, r.method(), parameter, allowed)) {
    return perform(*to, r, parameter);
  }
  if (!allowed.empty()) {
    return media_step{detail_response(405, "Method Not Allowed").field("Allow", allowed)};
  }
  // A slash too many: the same place without it, if there is one.
  std::string_view shorter = r.path();
  while (shorter.ends_with('/')) shorter.remove_suffix(1);
  if (shorter.size() < r.path().size()) {
    const bool there = match(http::percent_decode(shorter), r.method(), parameter, allowed);
    if (there || !allowed.empty()) {
      std::string to{shorter};
      if (!r.query().empty()) to.append("?").append(r.query());
      return media_step{response{307}.field("Location", to)};
    }
  }
  return media_step{detail_response(404, "Not Found")};
}

HAUL_DECL media_step media_core::perform(const route& to, const request& r,
                                         const std::string& parameter) {
  using a = route::action;
  std::int64_t id = 0;
  if (to.takes == route::parameter::message_id) {
    validation wrong;
    const auto n =
        wrong.integer(json_value{http::to_valid_utf8(parameter)}, location("path", "message_id"));
    if (!n) return media_step{wrong.answer()};
    id = *n;
  }
  switch (to.what) {
    case a::start_batch:
      return start_batch(r, false);
    case a::start_concurrent:
      return start_batch(r, true);
    case a::start:
      return start_download(id, r);
    case a::show_batch:
      return media_step{batch_status(parameter)};
    case a::cancel_batch:
      return media_step{batch_cancel(parameter)};
    case a::pause_batch:
    case a::resume_batch:
      return media_step{batch_hold(parameter, to.what == a::pause_batch)};
    case a::list_batches:
      return media_step{list_batches()};
    case a::show:
      return media_step{download_status(id)};
    case a::cancel:
    case a::cancel_concurrent:
      return media_step{cancel_download(id, to.what == a::cancel_concurrent)};
    case a::pause:
    case a::resume:
      return media_step{hold_download(id, to.what == a::pause)};
    case a::serve:
      return media_step{serve_file(id)};
    case a::remove:
      return media_step{delete_file(id)};
    case a::stats:
      return media_step{download_stats()};
    case a::add_entries:
      return media_step{put_catalog(r)};
    case a::remove_entry:
      if (!catalog_.erase(id)) return media_step{detail_response(404, "消息不存在")};
      return media_step{
          json_response(200, json_value::object().set("status", "deleted").set("message_id", id))};
  }
  return media_step{detail_response(404, "Not Found")};
}

HAUL_DECL response media_core::finish(const media_step& s, const submit_result& told) {
  try {
    if (told.error) return detail_response(500, "启动批量下载失败: " + told.message);
    const std::vector<media_verdict> verdicts = settle(s, told);
    switch (s.submits) {
      case media_step::purpose::single:
        return finish_single(s, verdicts.front());
      case media_step::purpose::concurrent:
        return finish_concurrent(s, verdicts);
      default:
        return finish_batch(s, verdicts, told.batch);
    }
  } catch (const std::exception&) {
    return response{500}.body("text/plain; charset=utf-8", "Internal Server Error");
  }
}

}  // namespace haul::service

#endif
