#ifndef HAUL_PAN123_IMPL_API_UPLOAD_IPP
#define HAUL_PAN123_IMPL_API_UPLOAD_IPP

#include <haul/async/offload.hpp>
#include <haul/pan123/api.hpp>
#include <haul/pan123/impl/api_files.ipp>
#include <haul/system/digest.hpp>

#include <asio/this_coro.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

namespace haul::pan123 {
namespace detail {

/// A file that is read on disk workers, one job at a time.
struct upload_source {
  std::filesystem::path path;
  system::file file;
  std::uint64_t size = 0;
  system::digest whole{hash_algorithm::md5};
  std::uint64_t at = 0;
  std::string bytes;      ///< the last ones read
  std::string bytes_md5;  ///< of them
};

using upload_ptr = std::shared_ptr<upload_source>;

inline std::error_code open_source(session::environment_type& environment, upload_source& s) {
  std::error_code ec;
  const system::path_status status = environment.status(s.path, ec);
  if (!ec && !status.exists) ec = std::make_error_code(std::errc::no_such_file_or_directory);
  if (!ec && status.directory) ec = std::make_error_code(std::errc::is_a_directory);
  if (ec) return ec;
  s.file = environment.open(s.path, system::open_mode::read, ec);
  if (!ec) s.size = s.file.size(ec);
  return ec;
}

/// Reads the next `n` bytes, less only at the end.
inline std::error_code read_source(upload_source& s, std::uint64_t n, bool slice) {
  std::error_code ec;
  const std::uint64_t left = s.size - (std::min)(s.at, s.size);
  s.bytes.resize(static_cast<std::size_t>((std::min)(n, left)));
  const std::size_t got = s.file.read_at(s.at, s.bytes.data(), s.bytes.size(), ec);
  if (!ec && got < s.bytes.size()) ec = errc::upload_changed;
  if (ec) return ec;
  s.at += got;
  s.whole.update(s.bytes.data(), s.bytes.size());
  if (slice) {
    system::digest d{hash_algorithm::md5};
    d.update(s.bytes.data(), s.bytes.size());
    s.bytes_md5 = d.finish().hex();
  }
  return ec;
}

inline std::function<std::error_code()> opening(session::environment_type& environment,
                                                upload_ptr s) {
  return [&environment, s = std::move(s)] { return open_source(environment, *s); };
}
inline std::function<std::error_code()> reading_source(upload_ptr s, std::uint64_t n, bool slice) {
  return [s = std::move(s), n, slice] { return read_source(*s, n, slice); };
}

inline error local_failure(std::error_code ec, const std::filesystem::path& path) {
  error_info info;
  info.message = path.string();
  return error{ec, std::move(info)};
}

inline awaitable<void> read_next(core_ptr c, upload_ptr s, std::uint64_t n, bool slice) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::function<std::error_code()> job = reading_source(s, n, slice);
  const std::error_code failed = co_await offload(c->environment(), executor, std::move(job));
  if (failed) throw local_failure(failed, s->path);
}

/// The server that takes the slices. The platform names it with http; the token goes over TLS all
/// the same if it came that way.
inline std::string slice_server(std::string url, bool secure) {
  if (secure && url.rfind("http://", 0) == 0) url.insert(4, "s");
  return url;
}

}  // namespace detail

namespace api {

/// Waits until the platform has checked an upload.
inline awaitable<file_id> finish_upload(core_ptr c, std::string upload_id) {
  for (unsigned asked = 1;; ++asked) {
    wire::call request{"POST", "/upload/v2/file/upload_complete"};
    boost::json::object body;
    body["preuploadID"] = upload_id;
    request.json(body);
    std::optional<error> failed;
    wire::upload_state state;
    try {
      const wire::upload_state got = co_await pan123::detail::call_for<wire::upload_state>(
          c, std::move(request), wire::read_upload_state);
      state = got;
    } catch (const error& e) {
      failed = e;
    }
    if (failed && failed->code() != errc::still_verifying) throw *failed;
    if (!failed && state.completed && state.id != 0) co_return state.id;
    co_await c->pause(poll_delay(asked, c->options()), std::nullopt);
  }
}

HAUL_DECL awaitable<uploaded_file> upload(core_ptr c, upload_request r) {
  const char* const create = "/upload/v2/file/create";
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const std::string name = r.name().empty() ? r.path().filename().string() : r.name();
  pan123::detail::need_folder(create, r.parent());
  pan123::detail::need_name(create, name);
  const auto s = std::make_shared<pan123::detail::upload_source>();
  s->path = r.path();
  std::function<std::error_code()> open = pan123::detail::opening(c->environment(), s);
  const std::error_code failed = co_await offload(c->environment(), executor, std::move(open));
  if (failed) throw pan123::detail::local_failure(failed, s->path);
  if (s->size == 0) throw pan123::detail::bad_argument(create, "the file is empty");
  constexpr std::uint64_t largest = 10ull << 30;
  if (s->size > largest) throw pan123::detail::bad_argument(create, "the file is over 10 GiB");

  constexpr std::uint64_t block = 4u << 20;
  while (s->at < s->size) co_await pan123::detail::read_next(c, s, block, false);
  uploaded_file done;
  done.size = s->size;
  done.md5 = s->whole.finish().hex();

  boost::json::object body;
  body["parentFileID"] = r.parent();
  body["filename"] = name;
  body["etag"] = done.md5;
  body["size"] = s->size;
  if (r.duplicate() != on_duplicate::refuse) body["duplicate"] = static_cast<int>(r.duplicate());
  wire::call request{"POST", create};
  request.json(body);
  const wire::upload_start start = co_await pan123::detail::call_for<wire::upload_start>(
      c, std::move(request), wire::read_upload_start);
  if (start.reused) {
    done.id = start.id;
    done.reused = true;
    const upload_progress news{name, s->size, s->size, true};
    c->tell(news);
    co_return done;
  }

  s->at = 0;
  s->whole = system::digest{hash_algorithm::md5};
  const std::string server = pan123::detail::slice_server(start.servers.front(), c->secure());
  for (std::int64_t number = 1; s->at < s->size; ++number) {
    co_await pan123::detail::read_next(c, s, start.slice_size, true);
    char boundary[64];
    std::snprintf(boundary, sizeof boundary, "haul-%016llx%016llx",
                  static_cast<unsigned long long>(c->environment().random()),
                  static_cast<unsigned long long>(c->environment().random()));
    wire::form form{boundary};
    form.text("preuploadID", start.upload_id);
    form.text("sliceNo", std::to_string(number));
    form.text("sliceMD5", s->bytes_md5);
    form.file("slice", "slice", s->bytes);
    wire::call slice{"POST", "/upload/v2/file/slice"};
    slice.base = server;
    slice.content_type = form.content_type();
    slice.body = std::move(form).finish();
    slice.head = std::chrono::milliseconds{slice.body.size() / 32};  // at 32 kB a second, at worst
    co_await pan123::detail::just_call(c, std::move(slice));
    const upload_progress news{name, s->at, s->size, false};
    c->tell(news);
  }
  std::string().swap(s->bytes);
  if (s->whole.finish().hex() != done.md5) {
    throw pan123::detail::local_failure(errc::upload_changed, s->path);
  }
  const file_id id = co_await finish_upload(c, start.upload_id);
  done.id = id;
  co_return done;
}

}  // namespace api
}  // namespace haul::pan123

#endif
