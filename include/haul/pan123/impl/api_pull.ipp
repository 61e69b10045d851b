#ifndef HAUL_PAN123_IMPL_API_PULL_IPP
#define HAUL_PAN123_IMPL_API_PULL_IPP

#include <haul/async/offload.hpp>
#include <haul/download_task.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/media_type.hpp>
#include <haul/pan123/api.hpp>
#include <haul/pan123/detail/small_file.hpp>
#include <haul/pan123/impl/api_files.ipp>

#include <asio/this_coro.hpp>

#include <cstdio>
#include <functional>
#include <utility>

namespace haul::pan123 {
namespace detail {

/// What the hooks of a pull have seen.
struct pull_notes {
  std::mutex mutex;
  std::string url;             ///< the newest
  std::optional<error> asked;  ///< why there is no fresh one
  bool message = false;        ///< the host sent a message instead of the file
};

inline bool is_json(std::string_view content_type) {
  const std::string_view type = http::media_type_of(content_type);
  return http::equals_ignore_case(type, "application/json") ||
         http::equals_ignore_case(type, "text/json") ||
         http::equals_ignore_case(type, "application/problem+json");
}

/// Whether a reply of the download host is a message and not the file. A file may be JSON itself:
/// then it has the size that is known.
inline bool is_message(const reply_summary& r, bool file_is_json) {
  if (!is_json(r.content_type)) return false;
  if (r.status == 206) return false;  // a part of something: its range tells
  if (r.status >= 400 && r.status < 500) {
    return r.status != 408 && r.status != 416 && r.status != 425 && r.status != 429;
  }
  if (r.status != 200) return false;
  if (r.length) return r.length != r.expected_size;
  return !file_is_json;
}

inline bool named_json(std::string_view name) {
  constexpr std::string_view ending = ".json";
  return name.size() >= ending.size() &&
         http::equals_ignore_case(name.substr(name.size() - ending.size()), ending);
}

inline download_result failed_pull(const error& e, const std::filesystem::path& path) {
  download_result r;
  r.error = e.code();
  r.doing = operation::requesting;
  r.http_status = e.info().http_status;
  r.path = path;
  r.detail = e.info().endpoint;
  if (!e.info().message.empty()) {
    if (!r.detail.empty()) r.detail += ": ";
    r.detail += e.info().message;
  }
  if (!e.info().trace_id.empty()) r.detail += " (trace " + e.info().trace_id + ')';
  return r;
}

/// The hook that gives a fresh URL.
inline awaitable<std::string> fresh_url(core_ptr c, file_id id, std::shared_ptr<pull_notes> notes) {
  std::string url;
  try {
    std::string got = co_await api::download_url(c, id);
    url = std::move(got);
  } catch (const error& e) {
    const std::lock_guard lock{notes->mutex};
    notes->asked = e;
    throw;
  }
  {
    const std::lock_guard lock{notes->mutex};
    notes->url = url;
  }
  co_return url;
}

inline error no_file(errc why, const file_entry& e) {
  error_info info;
  info.message = e.name;
  return error{why, std::move(info)};
}

/// What is wrong with pulling this entry; nothing when it can be pulled.
inline std::optional<error> cannot_pull(const file_entry& e) {
  if (e.folder) {
    error_info info;
    info.message = "a folder cannot be downloaded as a file";
    return error{errc::invalid_argument, std::move(info)};
  }
  if (e.trashed) return no_file(errc::file_not_found, e);
  if (e.rejected()) return no_file(errc::file_rejected, e);
  if (!checksum::from_hex(hash_algorithm::md5, e.md5)) {
    error_info info;
    info.endpoint = "/api/v1/file/detail";
    info.message = "the file has no MD5";
    return error{errc::protocol_error, std::move(info)};
  }
  return std::nullopt;
}

}  // namespace detail

namespace api {

HAUL_DECL awaitable<void> task_sink::deliver(std::shared_ptr<engine::any_sink> to, haul::event e) {
  if (!to) co_return;
  awaitable<void> pending;
  const bool awaited = to->deliver(e, pending);
  if (awaited) co_await std::move(pending);
}

/// Downloads a file whose entry is known.
inline awaitable<download_result> pull_entry(core_ptr c, file_entry entry,
                                             std::filesystem::path path, task_sink sink,
                                             download_options o) {
  if (const auto why = pan123::detail::cannot_pull(entry)) {
    co_return pan123::detail::failed_pull(*why, path);
  }
  const auto notes = std::make_shared<pan123::detail::pull_notes>();
  std::optional<error> failed;
  try {
    const std::string url = co_await pan123::detail::fresh_url(c, entry.id, notes);
  } catch (const error& e) {
    failed = e;
  }
  if (failed) co_return pan123::detail::failed_pull(*failed, path);

  download_request request{notes->url, path};
  request.name(entry.name).size(entry.size);
  request.checksum(*checksum::from_hex(hash_algorithm::md5, entry.md5));
  request.refresh_url([c, id = entry.id, notes](std::error_code) {
    return pan123::detail::fresh_url(c, id, notes);
  });
  request.check_reply([notes, json = pan123::detail::named_json(entry.name)](
                          const reply_summary& r) -> std::error_code {
    if (!pan123::detail::is_message(r, json)) return {};
    const std::lock_guard lock{notes->mutex};
    notes->message = true;
    return haul::errc::forbidden;  // asks for a fresh URL; what is there stays
  });
  download_task<task_sink> task{c->in(), std::move(request), std::move(sink), o};
  download_result result = co_await task.run();
  if (!result.error || result.error == condition::stopped) co_return result;

  bool message = false;
  std::string url;
  {
    const std::lock_guard lock{notes->mutex};
    if (notes->asked) {
      result.error = notes->asked->code();
      result.detail = pan123::detail::failed_pull(*notes->asked, path).detail;
    } else {
      message = notes->message && result.error == haul::errc::forbidden;
      url = notes->url;
    }
  }
  if (message) {
    std::string body = co_await c->peek(std::move(url), 8192);
    result.error = errc::download_refused;
    result.detail = c->redact(wire::download_message(body).value_or(std::string{}));
  }
  co_return result;
}

HAUL_DECL awaitable<download_result> pull(core_ptr c, file_id id, std::filesystem::path path,
                                          task_sink sink, download_options o) {
  std::optional<error> failed;
  file_entry entry;
  try {
    file_entry got = co_await detail(c, id);
    entry = std::move(got);
  } catch (const error& e) {
    failed = e;
  }
  if (failed) co_return pan123::detail::failed_pull(*failed, path);
  download_result result =
      co_await pull_entry(std::move(c), std::move(entry), std::move(path), std::move(sink), o);
  co_return result;
}

/// The offline download's own folder holds one file, as soon as the platform shows it.
inline awaitable<std::optional<file_entry>> only_file(core_ptr c, file_id folder) {
  file_id after = 0;
  for (;;) {
    const wire::file_page page = co_await list_page(c, folder, after);
    for (const file_entry& e : page.files) {
      if (!e.folder && !e.trashed) co_return e;
    }
    if (page.next <= after) co_return std::nullopt;
    after = page.next;
  }
}

inline awaitable<file_entry> appeared(core_ptr c, file_id folder) {
  constexpr unsigned most = 10;
  for (unsigned asked = 1; asked <= most; ++asked) {
    std::optional<file_entry> found = co_await only_file(c, folder);
    if (found) co_return std::move(*found);
    co_await c->pause(poll_delay(asked, c->options()), std::nullopt);
  }
  error_info info;
  info.endpoint = "/api/v2/file/list";
  throw c->fail(errc::file_missing, std::move(info));
}

/// Keeps a new state wherever it was asked to be kept.
inline awaitable<void> keep_state(core_ptr c, const offline_pull_request& r,
                                  const offline_state& state) {
  if (r.on_state()) r.on_state()(state);
  if (r.state_file().empty()) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::function<std::error_code()> job =
      pan123::detail::writing(c->environment(), r.state_file(), to_text(state));
  const std::error_code failed = co_await offload(c->environment(), executor, std::move(job));
  if (failed) {
    error_info info;
    info.message = r.state_file().string();
    throw error{failed, std::move(info)};
  }
}

/// The state to begin with. A state that cannot be read, or is another link's, is not passed over:
/// that would make a second task.
inline awaitable<offline_state> first_state(core_ptr c, const offline_pull_request& r) {
  check_offline(r.url(), r.name());
  pan123::detail::need_folder("/upload/v1/file/mkdir", r.parent());
  offline_state state;
  bool found = false;
  error_info info;
  if (r.resume()) {
    state = *r.resume();
    found = state.at != offline_state::stage::begun;
  } else if (!r.state_file().empty()) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::function<pan123::detail::small_file()> job =
        pan123::detail::reading(c->environment(), r.state_file());
    const pan123::detail::small_file read =
        co_await offload(c->environment(), executor, std::move(job));
    info.message = r.state_file().string();
    if (read.error && read.error != std::errc::no_such_file_or_directory) {
      throw error{read.error, std::move(info)};
    }
    if (!read.error) {
      const auto parsed = parse_offline_state(read.text);
      if (!parsed) throw error{errc::bad_state, std::move(info)};
      state = *parsed;
      found = true;
    }
  }
  if (found && state.url != r.url()) {
    info.message += info.message.empty() ? "it" : " ";
    info.message += " is of another link";
    throw error{errc::bad_state, std::move(info)};
  }
  state.url = r.url();
  co_return state;
}

/// The part in the cloud: until there is a file to pull.
inline awaitable<file_entry> offline_to_cloud(core_ptr c, const offline_pull_request& r,
                                              offline_state& state) {
  using stage = offline_state::stage;
  if (state.at == stage::begun) {
    // Its own folder, because the platform does not tell which file a task has made.
    char name[32];
    std::snprintf(name, sizeof name, "haul-%016llx",
                  static_cast<unsigned long long>(c->environment().random()));
    std::string folder_name = name;
    const file_id folder = co_await mkdir(c, r.parent(), std::move(folder_name));
    state.folder = folder;
    state.at = stage::folder;
    co_await keep_state(c, r, state);
  }
  if (state.at == stage::creating) {
    // Whether there is a task cannot be asked; whether it is done can.
    const std::optional<file_entry> found = co_await only_file(c, state.folder);
    state.at = stage::folder;
    if (found) {
      state.file = found->id;
      state.at = stage::downloaded;
      co_await keep_state(c, r, state);
    }
  }
  if (state.at == stage::folder) {
    state.at = stage::creating;
    co_await keep_state(c, r, state);
    offline_request request{r.url()};
    request.folder(state.folder).name(r.name());
    std::optional<error> refused;
    try {
      const task_id task = co_await offline_create(c, std::move(request));
      state.task = task;
    } catch (const error& e) {
      refused = e;
    }
    if (refused) {
      // A clear no: there is no task.
      const error_info& said = refused->info();
      if (said.code != 0 || (said.http_status >= 400 && said.http_status < 500)) {
        state.at = stage::folder;
        co_await keep_state(c, r, state);
      }
      throw *refused;
    }
    state.at = stage::waiting;
    co_await keep_state(c, r, state);
  }
  if (state.at == stage::waiting) {
    std::optional<error> failed;
    try {
      co_await offline_wait(c, state.task, r.wait_limit());
    } catch (const error& e) {
      failed = e;
    }
    if (failed) {
      if (failed->code() == errc::offline_failed) {
        // This task is at its end: the next run makes another.
        state.at = stage::folder;
        state.task = 0;
        co_await keep_state(c, r, state);
      }
      throw *failed;
    }
    const file_entry entry = co_await appeared(c, state.folder);
    state.file = entry.id;
    state.at = stage::downloaded;
    co_await keep_state(c, r, state);
    co_return entry;
  }
  file_entry entry = co_await detail(c, state.file);
  co_return entry;
}

/// Removes the download's own folder with what is in it.
inline awaitable<void> remove_folder(core_ptr c, file_id folder) {
  file_ids ids(1, folder);
  file_ids again = ids;
  co_await trash(c, std::move(ids));
  co_await remove(c, std::move(again));
}

inline awaitable<void> forget_state(core_ptr c, const offline_pull_request& r) {
  if (r.state_file().empty()) co_return;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::function<std::error_code()> job = pan123::detail::removing(c->environment(), r.state_file());
  const std::error_code ignored = co_await offload(c->environment(), executor, std::move(job));
  (void)ignored;
}

HAUL_DECL awaitable<offline_pull_result> offline_pull(core_ptr c, offline_pull_request r,
                                                      task_sink sink) {
  using stage = offline_state::stage;
  offline_pull_result result;
  result.download.path = r.path();
  std::optional<error> failed;
  file_entry entry;
  try {
    offline_state state = co_await first_state(c, r);
    result.state = std::move(state);
    if (result.state.at != stage::pulled) {
      file_entry got = co_await offline_to_cloud(c, r, result.state);
      entry = std::move(got);
    }
  } catch (const error& e) {
    failed = e;
  }
  if (failed) {
    result.download = pan123::detail::failed_pull(*failed, r.path());
    co_return result;
  }
  if (result.state.at != stage::pulled) {
    download_result downloaded =
        co_await pull_entry(c, std::move(entry), r.path(), std::move(sink), r.options());
    result.download = std::move(downloaded);
    if (result.download.error) co_return result;
    result.state.at = stage::pulled;
  }
  try {
    co_await keep_state(c, r, result.state);
    if (r.wants_clean_up()) co_await remove_folder(c, result.state.folder);
    co_await forget_state(c, r);
  } catch (const error& e) {
    result.left_behind = e.what();
  }
  co_return result;
}

}  // namespace api
}  // namespace haul::pan123

#endif
