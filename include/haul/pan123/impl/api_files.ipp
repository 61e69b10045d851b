#ifndef HAUL_PAN123_IMPL_API_FILES_IPP
#define HAUL_PAN123_IMPL_API_FILES_IPP

#include <haul/http/url.hpp>
#include <haul/pan123/api.hpp>
#include <haul/system/system_environment.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace haul::pan123 {
namespace detail {

inline error bad_argument(std::string endpoint, std::string what) {
  error_info info;
  info.endpoint = std::move(endpoint);
  info.message = std::move(what);
  return error{errc::invalid_argument, std::move(info)};
}

/// Refuses what the platform would, before it is asked.
inline void need_ids(const char* endpoint, const std::vector<std::int64_t>& ids, std::size_t most) {
  if (ids.empty()) throw bad_argument(endpoint, "no ids");
  if (ids.size() > most) {
    throw bad_argument(endpoint, "more than " + std::to_string(most) + " ids");
  }
  for (const std::int64_t id : ids) {
    if (id <= 0) throw bad_argument(endpoint, std::to_string(id) + " is no id");
  }
}
inline void need_id(const char* endpoint, std::int64_t id) {
  if (id <= 0) throw bad_argument(endpoint, std::to_string(id) + " is no id");
}
inline void need_folder(const char* endpoint, file_id id) {
  if (id < 0) throw bad_argument(endpoint, std::to_string(id) + " is no folder");
}
inline void need_name(const char* endpoint, std::string_view name) {
  std::string problem = wire::problem_of_name(name);
  if (!problem.empty()) throw bad_argument(endpoint, std::move(problem));
}

inline boost::json::array json_ids(const std::vector<std::int64_t>& ids) {
  return boost::json::array(ids.begin(), ids.end());
}

/// For calls whose answer has no data.
inline awaitable<void> just_call(core_ptr c, wire::call request) {
  const boost::json::value ignored = co_await c->call(std::move(request));
  (void)ignored;
}

/// Makes a call and takes its data apart.
template <class T>
awaitable<T> call_for(core_ptr c, wire::call request,
                      T (*read)(const boost::json::value&, std::string&)) {
  wire::call sent = request;
  const boost::json::value data = co_await c->call(std::move(sent));
  std::string problem;
  T result = read(data, problem);
  if (!problem.empty()) throw c->broken(request, problem);
  co_return result;
}

template <char const* Name, char const* Other = Name>
std::int64_t read_id(const boost::json::value& data, std::string& problem) {
  wire::reader r{data, "data"};
  const std::int64_t id = r.id(Name, Other);
  if (id <= 0) r.fail(Name);
  problem = r.problem();
  return id;
}

template <char const* Name>
std::string read_text(const boost::json::value& data, std::string& problem) {
  wire::reader r{data, "data"};
  std::string text = r.text(Name);
  if (text.empty()) r.fail(Name);
  problem = r.problem();
  return text;
}

inline constexpr char dir_id[] = "dirID";
inline constexpr char task_id_name[] = "taskID";
inline constexpr char copy_task_id[] = "taskId";
inline constexpr char download_url_name[] = "downloadUrl";
inline constexpr char url_name[] = "url";
inline constexpr char filename_name[] = "filename";

inline copied_file read_copied(const boost::json::value& data, std::string& problem) {
  wire::reader r{data, "data"};
  copied_file f;
  f.source = r.id("sourceFileId", "sourceFileID");
  f.copy = r.id("targetFileId", "targetFileID");
  problem = r.problem();
  return f;
}

inline std::int64_t read_copy_status(const boost::json::value& data, std::string& problem) {
  wire::reader r{data, "data"};
  const std::int64_t status = r.number("status");
  if (status < 0 || status > 3) r.fail("status");
  problem = r.problem();
  return status;
}

inline file_ids read_abnormal(const boost::json::value& data, std::string& problem) {
  file_ids ids;
  if (data.is_null()) return ids;
  wire::reader r{data, "data"};
  if (!r.has("abnormalFileIDs")) return ids;
  for (const auto& v : r.array("abnormalFileIDs")) {
    if (!v.is_int64()) r.fail("abnormalFileIDs");
    if (v.is_int64()) ids.push_back(v.get_int64());
  }
  problem = r.problem();
  return ids;
}

}  // namespace detail

namespace api {

HAUL_DECL awaitable<account> user_info(core_ptr c) {
  wire::call request{"GET", "/api/v1/user/info"};
  co_return co_await pan123::detail::call_for<account>(std::move(c), std::move(request),
                                                       wire::read_account);
}

// Files.

HAUL_DECL awaitable<wire::file_page> list_page(core_ptr c, file_id folder, file_id after) {
  wire::call request{"GET", "/api/v2/file/list"};
  pan123::detail::need_folder("/api/v2/file/list", folder);
  request.query("parentFileId", folder).query("limit", std::int64_t{100});
  if (after > 0) request.query("lastFileId", after);
  co_return co_await pan123::detail::call_for<wire::file_page>(std::move(c), std::move(request),
                                                               wire::read_page);
}

HAUL_DECL awaitable<file_entry> detail(core_ptr c, file_id id) {
  pan123::detail::need_id("/api/v1/file/detail", id);
  wire::call request{"GET", "/api/v1/file/detail"};
  request.query("fileID", id);
  co_return co_await pan123::detail::call_for<file_entry>(std::move(c), std::move(request),
                                                          wire::read_detail);
}

HAUL_DECL awaitable<std::vector<file_entry>> infos(core_ptr c, file_ids ids) {
  pan123::detail::need_ids("/api/v1/file/infos", ids, 100);
  wire::call request{"POST", "/api/v1/file/infos"};
  boost::json::object body;
  body["fileIds"] = pan123::detail::json_ids(ids);
  request.json(body);
  co_return co_await pan123::detail::call_for<std::vector<file_entry>>(
      std::move(c), std::move(request), wire::read_infos);
}

HAUL_DECL awaitable<std::string> download_url(core_ptr c, file_id id) {
  pan123::detail::need_id("/api/v1/file/download_info", id);
  wire::call request{"GET", "/api/v1/file/download_info"};
  request.query("fileId", id);
  co_return co_await pan123::detail::call_for<std::string>(
      std::move(c), std::move(request),
      pan123::detail::read_text<pan123::detail::download_url_name>);
}

HAUL_DECL awaitable<file_id> mkdir(core_ptr c, file_id parent, std::string name) {
  pan123::detail::need_folder("/upload/v1/file/mkdir", parent);
  pan123::detail::need_name("/upload/v1/file/mkdir", name);
  wire::call request{"POST", "/upload/v1/file/mkdir"};
  boost::json::object body;
  body["name"] = name;
  body["parentID"] = parent;
  request.json(body);
  request.repeatable = false;
  co_return co_await pan123::detail::call_for<std::int64_t>(
      std::move(c), std::move(request), pan123::detail::read_id<pan123::detail::dir_id>);
}

/// The folder of this name, or 0.
inline awaitable<file_id> find_folder(core_ptr c, file_id parent, std::string name) {
  file_id after = 0;
  for (;;) {
    const wire::file_page page = co_await list_page(c, parent, after);
    for (const file_entry& e : page.files) {
      if (e.folder && !e.trashed && e.name == name) co_return e.id;
    }
    if (page.next <= after) co_return 0;
    after = page.next;
  }
}

HAUL_DECL awaitable<file_id> ensure_dir(core_ptr c, file_id parent, std::string path) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = (std::min)(path.find('/', at), path.size());
    if (end > at) names.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  for (const std::string& name : names) pan123::detail::need_name("/upload/v1/file/mkdir", name);
  file_id here = parent;
  for (const std::string& name : names) {
    file_id next = co_await find_folder(c, here, name);
    if (next == 0) {
      std::optional<error> refused;
      try {
        const file_id made = co_await mkdir(c, here, name);
        next = made;
      } catch (const error& e) {
        refused = e;
      }
      if (refused) {
        // Somebody else may have made it meanwhile, or it was made and the answer was lost.
        const file_id found = co_await find_folder(c, here, name);
        if (found == 0) throw *refused;
        next = found;
      }
    }
    here = next;
  }
  co_return here;
}

HAUL_DECL awaitable<void> move(core_ptr c, file_ids ids, file_id to) {
  pan123::detail::need_ids("/api/v1/file/move", ids, 100);
  pan123::detail::need_folder("/api/v1/file/move", to);
  wire::call request{"POST", "/api/v1/file/move"};
  boost::json::object body;
  body["fileIDs"] = pan123::detail::json_ids(ids);
  body["toParentFileID"] = to;
  request.json(body);
  co_await pan123::detail::just_call(std::move(c), std::move(request));
}

HAUL_DECL awaitable<void> rename(core_ptr c, file_id id, std::string name) {
  pan123::detail::need_id("/api/v1/file/name", id);
  pan123::detail::need_name("/api/v1/file/name", name);
  wire::call request{"PUT", "/api/v1/file/name"};
  boost::json::object body;
  body["fileId"] = id;
  body["fileName"] = name;
  request.json(body);
  co_await pan123::detail::just_call(std::move(c), std::move(request));
}

HAUL_DECL awaitable<copied_file> copy(core_ptr c, file_id id, file_id to) {
  pan123::detail::need_id("/api/v1/file/copy", id);
  pan123::detail::need_folder("/api/v1/file/copy", to);
  wire::call request{"POST", "/api/v1/file/copy"};
  boost::json::object body;
  body["fileId"] = id;
  body["targetDirId"] = to;
  request.json(body);
  request.repeatable = false;
  co_return co_await pan123::detail::call_for<copied_file>(std::move(c), std::move(request),
                                                           pan123::detail::read_copied);
}

HAUL_DECL awaitable<void> copy_all(core_ptr c, file_ids ids, file_id to,
                                   std::chrono::milliseconds limit) {
  pan123::detail::need_ids("/api/v1/file/async/copy", ids, 3000);
  pan123::detail::need_folder("/api/v1/file/async/copy", to);
  std::optional<core::clock::time_point> deadline;
  if (limit.count() > 0) deadline = c->environment().now() + limit;
  wire::call request{"POST", "/api/v1/file/async/copy"};
  boost::json::object body;
  body["fileIds"] = pan123::detail::json_ids(ids);
  body["targetDirId"] = to;
  request.json(body);
  request.repeatable = false;
  const std::int64_t task = co_await pan123::detail::call_for<std::int64_t>(
      c, std::move(request),
      pan123::detail::read_id<pan123::detail::copy_task_id, pan123::detail::task_id_name>);
  for (unsigned asked = 1;; ++asked) {
    wire::call ask{"GET", "/api/v1/file/async/copy/process"};
    ask.query("taskId", task);
    ask.deadline = deadline;
    const std::int64_t status = co_await pan123::detail::call_for<std::int64_t>(
        c, std::move(ask), pan123::detail::read_copy_status);
    if (status == 2) co_return;
    if (status == 3) {
      error_info info;
      info.endpoint = "/api/v1/file/async/copy/process";
      info.message = "the copy failed";
      throw c->fail(errc::refused, std::move(info));
    }
    co_await c->pause(poll_delay(asked, c->options()), deadline);
  }
}

inline awaitable<void> call_with_ids(core_ptr c, std::string path, file_ids ids) {
  pan123::detail::need_ids(path.c_str(), ids, 100);
  wire::call request{"POST", std::move(path)};
  boost::json::object body;
  body["fileIDs"] = pan123::detail::json_ids(ids);
  request.json(body);
  co_await pan123::detail::just_call(std::move(c), std::move(request));
}

HAUL_DECL awaitable<void> trash(core_ptr c, file_ids ids) {
  std::string path = "/api/v1/file/trash";
  co_await call_with_ids(std::move(c), std::move(path), std::move(ids));
}

HAUL_DECL awaitable<void> remove(core_ptr c, file_ids ids) {
  std::string path = "/api/v1/file/delete";
  co_await call_with_ids(std::move(c), std::move(path), std::move(ids));
}

HAUL_DECL awaitable<file_ids> recover(core_ptr c, file_ids ids) {
  pan123::detail::need_ids("/api/v1/file/recover", ids, 100);
  wire::call request{"POST", "/api/v1/file/recover"};
  boost::json::object body;
  body["fileIDs"] = pan123::detail::json_ids(ids);
  request.json(body);
  co_return co_await pan123::detail::call_for<file_ids>(std::move(c), std::move(request),
                                                        pan123::detail::read_abnormal);
}

HAUL_DECL awaitable<void> recover_to(core_ptr c, file_ids ids, file_id folder) {
  pan123::detail::need_ids("/api/v1/file/recover/by_path", ids, 100);
  pan123::detail::need_folder("/api/v1/file/recover/by_path", folder);
  wire::call request{"POST", "/api/v1/file/recover/by_path"};
  boost::json::object body;
  body["fileIDs"] = pan123::detail::json_ids(ids);
  body["parentFileID"] = folder;
  request.json(body);
  co_await pan123::detail::just_call(std::move(c), std::move(request));
}

// Offline downloads.

inline void check_offline(const std::string& url, const std::string& name) {
  const char* const path = "/api/v1/offline/download";
  const http::url_result link = http::parse_url(url);
  if (link.error) {
    throw pan123::detail::bad_argument(path, "the link: " + link.error.message());
  }
  if (!name.empty()) pan123::detail::need_name(path, name);
}

HAUL_DECL awaitable<task_id> offline_create(core_ptr c, offline_request r) {
  const std::string path = "/api/v1/offline/download";
  check_offline(r.url(), r.name());
  if (r.folder() && *r.folder() <= 0) {
    throw pan123::detail::bad_argument(path, "the root folder cannot take offline downloads");
  }
  if (!r.callback().empty()) {
    const http::url_result callback = http::parse_url(r.callback());
    if (callback.error) {
      throw pan123::detail::bad_argument(path, "the callback: " + callback.error.message());
    }
  }
  boost::json::object body;
  body["url"] = r.url();
  if (!r.name().empty()) body["fileName"] = r.name();
  if (r.folder()) body["dirID"] = *r.folder();
  if (!r.callback().empty()) body["callBackUrl"] = r.callback();
  for (unsigned failures = 1;; ++failures) {
    wire::call request{"POST", path};
    request.json(body);
    request.repeatable = false;  // there would be two tasks, and no way to find or end one
    std::optional<error> failed;
    try {
      const task_id made = co_await pan123::detail::call_for<std::int64_t>(
          c, std::move(request), pan123::detail::read_id<pan123::detail::task_id_name>);
      co_return made;
    } catch (const error& e) {
      failed = e;
    }
    const auto delay = create_delay(failed->code(), failures, c->options());
    if (!delay) throw *failed;
    const call_retried news{path, failed->code(), failures, *delay};
    c->tell(news);
    co_await c->pause(*delay, std::nullopt);
  }
}

HAUL_DECL awaitable<offline_report> offline_progress_of(
    core_ptr c, task_id id, std::optional<core::clock::time_point> deadline) {
  pan123::detail::need_id("/api/v1/offline/download/process", id);
  wire::call request{"GET", "/api/v1/offline/download/process"};
  request.query("taskID", id);
  request.deadline = deadline;
  co_return co_await pan123::detail::call_for<offline_report>(std::move(c), std::move(request),
                                                              wire::read_report);
}

HAUL_DECL awaitable<void> offline_wait(core_ptr c, task_id id, std::chrono::milliseconds limit) {
  error_info info;
  info.endpoint = "/api/v1/offline/download/process";
  std::optional<core::clock::time_point> deadline;
  if (limit.count() > 0) deadline = c->environment().now() + limit;
  unsigned failures = 0;
  for (unsigned asked = 1;; ++asked) {
    std::optional<error> failed;
    offline_report report;
    try {
      const offline_report got = co_await offline_progress_of(c, id, deadline);
      report = got;
    } catch (const error& e) {
      failed = e;
    }
    if (failed) {
      if (failed->code() == errc::timed_out) throw *failed;
      if (deadline && c->environment().now() >= *deadline) {
        throw c->fail(errc::timed_out, std::move(info));
      }
      ++failures;
      if (!poll_goes_on(failed->code()) || failures > c->options().poll_failures) throw *failed;
      const offline_poll_failed news{id, failed->code(), failures};
      c->tell(news);
    } else {
      failures = 0;
      const pan123::offline_progress news{id, report};
      c->tell(news);
      if (report.status == offline_status::succeeded) co_return;
      if (report.status == offline_status::failed) {
        throw c->fail(errc::offline_failed, std::move(info));
      }
    }
    co_await c->pause(poll_delay(asked, c->options()), deadline);
  }
}

// Shares and direct links.

HAUL_DECL awaitable<share_link> share_create(core_ptr c, share_request r) {
  const char* const path = "/api/v1/share/create";
  pan123::detail::need_ids(path, r.files(), 100);
  pan123::detail::need_name(path, r.name());
  const auto characters = std::count_if(r.name().begin(), r.name().end(), [](char ch) {
    return (static_cast<unsigned char>(ch) & 0xc0) != 0x80;
  });
  if (characters >= 35) {
    throw pan123::detail::bad_argument(path, "the name has 35 characters or more");
  }
  if (r.days() != 0 && r.days() != 1 && r.days() != 7 && r.days() != 30) {
    throw pan123::detail::bad_argument(path, "a share lasts 1, 7 or 30 days, or for ever (0)");
  }
  std::string list;  // a text, not an array
  for (const file_id id : r.files()) list += (list.empty() ? "" : ",") + std::to_string(id);
  boost::json::object body;
  body["shareName"] = r.name();
  body["shareExpire"] = r.days();
  body["fileIDList"] = list;
  if (!r.password().empty()) body["sharePwd"] = r.password();
  if (r.traffic()) {
    body["trafficSwitch"] = 2;
    body["trafficLimitSwitch"] = r.traffic_limit() ? 2 : 1;
    if (r.traffic_limit()) body["trafficLimit"] = *r.traffic_limit();
  }
  wire::call request{"POST", path};
  request.json(body);
  request.repeatable = false;
  co_return co_await pan123::detail::call_for<share_link>(std::move(c), std::move(request),
                                                          wire::read_share);
}

HAUL_DECL awaitable<share_page> share_list(core_ptr c, share_id after) {
  wire::call request{"GET", "/api/v1/share/list"};
  request.query("limit", std::int64_t{100});
  if (after > 0) request.query("lastShareId", after);
  co_return co_await pan123::detail::call_for<share_page>(std::move(c), std::move(request),
                                                          wire::read_shares);
}

HAUL_DECL awaitable<void> share_update(core_ptr c, std::vector<share_id> ids, bool traffic,
                                       std::optional<std::uint64_t> traffic_limit) {
  pan123::detail::need_ids("/api/v1/share/list/info", ids, 100);
  boost::json::object body;
  body["shareIdList"] = pan123::detail::json_ids(ids);
  body["trafficSwitch"] = traffic ? 2 : 1;
  body["trafficLimitSwitch"] = traffic_limit ? 2 : 1;
  if (traffic_limit) body["trafficLimit"] = *traffic_limit;
  wire::call request{"PUT", "/api/v1/share/list/info"};
  request.json(body);
  co_await pan123::detail::just_call(std::move(c), std::move(request));
}

HAUL_DECL awaitable<std::string> direct_switch(core_ptr c, file_id folder, bool on) {
  const char* const path = on ? "/api/v1/direct-link/enable" : "/api/v1/direct-link/disable";
  pan123::detail::need_id(path, folder);
  boost::json::object body;
  body["fileID"] = folder;
  wire::call request{"POST", path};
  request.json(body);
  co_return co_await pan123::detail::call_for<std::string>(
      std::move(c), std::move(request), pan123::detail::read_text<pan123::detail::filename_name>);
}

HAUL_DECL awaitable<std::string> direct_url(core_ptr c, file_id id) {
  pan123::detail::need_id("/api/v1/direct-link/url", id);
  wire::call request{"GET", "/api/v1/direct-link/url"};
  request.query("fileID", id);
  co_return co_await pan123::detail::call_for<std::string>(
      std::move(c), std::move(request), pan123::detail::read_text<pan123::detail::url_name>);
}

}  // namespace api
}  // namespace haul::pan123

#endif
