// The only file that includes RESTinio: it takes its time to compile.

#include "server.hpp"

#include <haul/http/percent.hpp>
#include <haul/service/byte_serving.hpp>
#include <haul/service/path_confinement.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <list>
#include <optional>
#include <restinio/all.hpp>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace hauld {
namespace {

using haul::service::access_decision;
using haul::service::request;
using haul::service::response;

struct server_traits : restinio::default_single_thread_traits_t {
  static constexpr bool use_connection_count_limiter = true;
};
using http_server = restinio::http_server_t<server_traits>;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

/// Where a reply goes: one request of one connection. RESTinio's own builders add a
/// `Content-Length` to every reply, also to a 204, which must have none (RFC 9110, 8.6); so the
/// bytes are made here, and the connection is handed what is to be written.
class outlet {
 public:
  explicit outlet(const restinio::request_handle_t& r)
      : connection_(restinio::impl::access_req_connection(*r)),
        id_(r->request_id()),
        head_(r->header().method() == restinio::http_method_head()),
        modern_(r->header().http_minor() > 0),
        keep_(r->header().should_keep_alive()) {}

  bool for_head() const noexcept { return head_; }
  bool modern() const noexcept { return modern_; }
  bool keeps() const noexcept { return keep_; }
  void close_after() noexcept { keep_ = false; }

  std::string head_of(int status, const haul::http::field_list& fields,
                      const haul::http::field_list& more,
                      std::optional<std::uint64_t> length) const {
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
    out.append(reason_of(status)).append("\r\n");
    const auto add = [&out](std::string_view name, std::string_view value) {
      // What a handler takes over from a request must not end the line.
      if (!haul::http::is_field_value(value)) return;
      out.append(name).append(": ").append(value).append("\r\n");
    };
    fields.for_each(add);
    more.for_each(add);
    if (length) add("Content-Length", std::to_string(*length));
    add("X-Content-Type-Options", "nosniff");
    if (!keep_) {
      add("Connection", "close");
    } else if (!modern_) {
      add("Connection", "keep-alive");
    }
    return out += "\r\n";
  }

  using written = restinio::write_status_cb_t;

  /// @param last  Nothing of this reply follows.
  void write(restinio::writable_items_container_t parts, bool last, written then = {}) const {
    restinio::write_group_t group{std::move(parts)};
    if (then) group.after_write_notificator(std::move(then));
    connection_->write_response_parts(
        id_,
        restinio::response_output_flags_t{last ? restinio::response_parts_attr_t::final_parts
                                               : restinio::response_parts_attr_t::not_final_parts,
                                          restinio::response_connection_attr(keep_)},
        std::move(group));
  }

  void send(const response& r, const haul::http::field_list& more) const {
    const bool bodiless = r.status() == 204 || r.status() == 304;
    std::optional<std::uint64_t> length;
    if (!bodiless) length = r.body().size();
    restinio::writable_items_container_t parts;
    parts.emplace_back(head_of(r.status(), r.fields(), more, length));
    if (!bodiless && !head_ && !r.body().empty()) parts.emplace_back(std::string{r.body()});
    write(std::move(parts), true);
  }

 private:
  restinio::impl::connection_handle_t connection_;
  restinio::request_id_t id_;
  bool head_;
  bool modern_;
  bool keep_;
};

response plain(int status, std::string text) {
  response r{status};
  if (!text.empty()) r.body("text/plain; charset=utf-8", std::move(text) + '\n');
  return r;
}

request translate(restinio::request_t& from) {
  const auto& head = from.header();
  request r{std::string{head.method().c_str()}, std::string{head.request_target()}};
  head.for_each_field(
      [&r](const restinio::http_header_field_t& f) { r.field(f.name(), f.value()); });
  r.body(std::move(from.body()));
  return r;
}

/// A file of the media folder, open.
class open_file {
 public:
  explicit open_file(const std::filesystem::path& path)
      // Without waiting for whoever should write into a pipe, and not through a link that has come
      // since the path was looked at.
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    struct stat s {};
    if (!descriptor_.is_valid() || ::fstat(descriptor_.fd(), &s) != 0 || !S_ISREG(s.st_mode))
      return;
    good_ = true;
    what_.name = path.filename().string();
    what_.size = static_cast<std::uint64_t>(s.st_size);
    what_.modified =
        std::chrono::seconds{s.st_mtim.tv_sec} + std::chrono::nanoseconds{s.st_mtim.tv_nsec};
  }

  explicit operator bool() const noexcept { return good_; }
  const haul::service::served_file& what() const noexcept { return what_; }

  restinio::sendfile_t bytes(std::uint64_t first, std::uint64_t count) && {
    const restinio::file_meta_t meta{what_.size, std::chrono::system_clock::time_point{}};
    restinio::sendfile_t file = restinio::sendfile(std::move(descriptor_), meta, 256 * 1024);
    file.offset_and_size(static_cast<restinio::file_offset_t>(first), count);
    return file;
  }

 private:
  restinio::file_descriptor_holder_t descriptor_;
  haul::service::served_file what_;
  bool good_ = false;
};

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix);
}

}  // namespace

class server::impl : public std::enable_shared_from_this<impl> {
 public:
  impl(server_options options, haul::service::event_feed feed, asio::any_io_executor run_on)
      : options_(std::move(options)), feed_(std::move(feed)), run_on_(std::move(run_on)) {}

  std::uint16_t start() {
    asio::ip::tcp::endpoint bound;
    const auto address = asio::ip::make_address(options_.address);
    http_.emplace(
        restinio::external_io_context(io_), [&](restinio::server_settings_t<server_traits>& s) {
          s.address(address)
              .protocol(address.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4())
              .port(options_.port)
              .max_parallel_connections(options_.max_connections)
              // One at a time: a connection that is being answered is not read from.
              .max_pipelined_requests(1)
              .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                            .max_url_size(64 * 1024)
                                            .max_field_name_size(256)
                                            .max_field_value_size(64 * 1024)
                                            .max_field_count(100)
                                            // A little more is taken, so that it can be refused in
                                            // words.
                                            .max_body_size(options_.max_body + (1u << 20)))
              .read_next_http_message_timelimit(options_.request_time)
              .handle_request_timeout(options_.handling_time)
              .write_http_response_timelimit(options_.writing_time)
              .socket_options_setter([](restinio::socket_options_t& o) {
                o.set_option(asio::ip::tcp::no_delay{true});
              })
              .acceptor_post_bind_hook(
                  [&bound](asio::ip::tcp::acceptor& a) { bound = a.local_endpoint(); })
              .request_handler([this](restinio::request_handle_t r) { return take(std::move(r)); });
        });
    http_->open_sync();
    options_.access.port = bound.port();
    thread_ = std::thread{[this] { io_.run(); }};
    return bound.port();
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      http_->close_sync();
      clients_.clear();
      io_.stop();
    });
    thread_.join();
  }

 private:
  /// One reader of the events.
  struct client {
    client(outlet to, std::shared_ptr<haul::service::event_feed::reader> from)
        : out(std::move(to)), reader(std::move(from)) {}

    outlet out;
    std::shared_ptr<haul::service::event_feed::reader> reader;
    std::chrono::steady_clock::time_point written{};
    bool busy = true;
    bool gone = false;
  };

  restinio::request_handling_status_t take(restinio::request_handle_t from) {
    outlet out{from};
    const bool stranger = from->header().http_major() != 1;
    request r = translate(*from);
    from.reset();
    access_decision d = haul::service::decide_access(options_.access, r);
    if (stranger) {
      d.status = 400;
      d.reason = "HTTP/1.1 is spoken here";
    }
    if (!d.allowed()) {
      // What follows on the connection may be the rest of something that is not wanted.
      if (d.status != 204 && d.status != 401) out.close_after();
      out.send(plain(d.status, d.reason), d.fields);
      return restinio::request_accepted();
    }
    route_to(std::move(out), std::move(r), std::move(d.fields));
    return restinio::request_accepted();
  }

  void route_to(outlet out, request r, haul::http::field_list fields) {
    const std::string path = haul::service::normal_path(r.path());
    const bool reads = r.method() == "GET" || r.method() == "HEAD";
    if (path == "/events" && reads) return events(std::move(out), fields);
    if (begins_with(path, "/media/") && reads) return media(out, r, fields);
    for (const page_file& f : options_.page) {
      if (path == f.path && reads) return page(out, f, fields);
    }
    if (path == "/ui") {
      out.send(response{302}.field("Location", "/ui/"), fields);
      return;
    }
    const route* best = nullptr;
    for (const route& one : options_.routes) {
      if (begins_with(path, one.prefix) && (!best || one.prefix.size() > best->prefix.size())) {
        best = &one;
      }
    }
    if (!best) {
      out.send(plain(404, "there is nothing here"), fields);
      return;
    }
    // The reply may be a file, of which a part is asked for.
    request conditions{r.method(), r.target()};
    for (const char* name : {"Range", "If-Range", "If-None-Match"}) {
      if (const auto value = r.fields().find(name)) conditions.field(name, *value);
    }
    // Whatever the reply is, it is for the server's thread, and so is the end of the connection's
    // handle: what RESTinio counts there is counted without a lock.
    asio::co_spawn(
        run_on_, best->handle(std::move(r)),
        [self = shared_from_this(), out = std::move(out), fields = std::move(fields),
         conditions = std::move(conditions)](std::exception_ptr bug, response made) mutable {
          asio::post(self->io_, [self, out = std::move(out), fields = std::move(fields),
                                 conditions = std::move(conditions), bug, made = std::move(made)] {
            self->answer(out, conditions, bug, made, fields);
          });
        });
  }

  void answer(const outlet& out, const request& conditions, std::exception_ptr bug,
              const response& made, const haul::http::field_list& fields) const {
    if (!bug) {
      if (made.file().empty()) {
        out.send(made, fields);
      } else {
        send_file(out, made.file(), conditions, made, fields);
      }
      return;
    }
    try {
      std::rethrow_exception(bug);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "hauld: %s\n", e.what());
    }
    out.send(plain(500, "something went wrong here; the log says what"), fields);
  }

  void page(const outlet& out, const page_file& f, const haul::http::field_list& fields) const {
    response r{200};
    r.field("Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    r.field("Referrer-Policy", "no-referrer");
    r.field("Cross-Origin-Opener-Policy", "same-origin");
    r.field("Cache-Control", "no-cache");
    r.body(f.type, std::string{f.bytes});
    out.send(r, fields);
  }

  bool is_private(const std::filesystem::path& path) const {
    const std::string& text = path.native();
    for (const std::filesystem::path& p : options_.private_files) {
      if (text.starts_with(p.native())) return true;
    }
    // What is kept about the downloads, such as the archive of the BBDown dialect.
    for (const auto& part : path.lexically_relative(options_.media)) {
      if (part.native().starts_with('.')) return true;
    }
    // What is not finished yet, and what is known about it.
    for (const std::string_view tail : {".haul", ".haul-journal", ".haul-journal.new"}) {
      if (text.ends_with(tail)) return true;
    }
    return false;
  }

  void media(const outlet& out, const request& r, const haul::http::field_list& fields) const {
    const std::string below =
        haul::http::percent_decode(r.path().substr(std::string_view{"/media/"}.size()));
    const auto path = haul::service::confine(options_.media, below);
    if (!path || is_private(*path)) {
      out.send(plain(404, "there is no such file"), fields);
      return;
    }
    send_file(out, *path, r, response{200}, fields);
  }

  /// @param made  What else is to be said of it.
  void send_file(const outlet& out, const std::filesystem::path& path, const request& r,
                 const response& made, const haul::http::field_list& fields) const {
    open_file file{path};
    if (!file || is_private(path)) {
      out.send(plain(404, "there is no such file"), fields);
      return;
    }
    haul::service::file_reply reply = haul::service::serve_file(file.what(), r);
    made.fields().for_each([&reply](std::string_view name, std::string_view value) {
      reply.fields.append(name, value);
    });
    if (reply.count > 0 && !made.fields().find("Content-Type")) {
      reply.fields.append("Content-Type", haul::service::content_type_of(file.what().name));
    }
    // A page among the downloads must not act as if it were a page of this server.
    reply.fields.append("Content-Security-Policy",
                        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; "
                        "style-src 'unsafe-inline'");
    reply.fields.append("Cross-Origin-Resource-Policy", "same-origin");
    std::optional<std::uint64_t> length;
    if (reply.status != 304) length = reply.count;
    restinio::writable_items_container_t parts;
    parts.emplace_back(out.head_of(reply.status, reply.fields, fields, length));
    if (reply.with_body && reply.count > 0) {
      const auto slowest = std::chrono::seconds{reply.count / options_.slowest_file};
      parts.emplace_back(std::move(file)
                             .bytes(reply.first, reply.count)
                             .timelimit(options_.writing_time + slowest));
    }
    out.write(std::move(parts), true);
  }

  // Server-sent events.

  void events(outlet out, const haul::http::field_list& fields) {
    std::shared_ptr<haul::service::event_feed::reader> reader;
    if (!out.for_head()) {
      reader = feed_.open();
      if (!reader) {
        response busy = plain(503, "too many readers of events");
        out.send(busy.field("Retry-After", "30"), fields);
        return;
      }
    }
    if (!out.modern()) out.close_after();
    haul::http::field_list own;
    own.append("Content-Type", "text/event-stream");
    own.append("Cache-Control", "no-store");
    own.append("X-Accel-Buffering", "no");
    if (out.modern()) own.append("Transfer-Encoding", "chunked");
    restinio::writable_items_container_t parts;
    parts.emplace_back(out.head_of(200, own, fields, std::nullopt));
    if (out.for_head()) {
      out.write(std::move(parts), true);
      return;
    }
    auto c = std::make_shared<client>(std::move(out), std::move(reader));
    clients_.push_back(c);
    parts.emplace_back(framed(*c, "retry: 2000\n\n" + c->reader->take()));
    send(c, std::move(parts));
    if (clients_.size() == 1) tick();
  }

  static std::string framed(const client& c, std::string text) {
    if (!c.out.modern()) return text;
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + text + "\r\n";
  }

  void send(const std::shared_ptr<client>& c, restinio::writable_items_container_t parts) {
    c->busy = true;
    c->written = std::chrono::steady_clock::now();
    c->out.write(std::move(parts), false, [c](const asio::error_code& ec) {
      c->busy = false;
      if (ec) c->gone = true;
    });
  }

  /// What a client has not taken yet stays with the feed, as ids.
  void tick() {
    std::erase_if(clients_, [](const std::shared_ptr<client>& c) { return c->gone; });
    if (clients_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    for (const std::shared_ptr<client>& c : clients_) {
      if (c->busy) continue;
      std::string text = c->reader->take();
      if (text.empty() && now - c->written >= options_.heartbeat) text = ":\n\n";
      if (text.empty()) continue;
      restinio::writable_items_container_t parts;
      parts.emplace_back(framed(*c, std::move(text)));
      send(c, std::move(parts));
    }
    ticks_.expires_after(options_.event_interval);
    ticks_.async_wait([this](const asio::error_code& ec) {
      if (!ec) tick();
    });
  }

  server_options options_;
  haul::service::event_feed feed_;
  asio::any_io_executor run_on_;
  asio::io_context io_{1};
  asio::steady_timer ticks_{io_};
  std::list<std::shared_ptr<client>> clients_;
  std::optional<http_server> http_;
  std::thread thread_;
};

server::server(server_options options, haul::service::event_feed feed, asio::any_io_executor run_on)
    : impl_(std::make_shared<impl>(std::move(options), std::move(feed), std::move(run_on))) {}

server::~server() { stop(); }

std::uint16_t server::start() { return impl_->start(); }

void server::stop() { impl_->stop(); }

}  // namespace hauld
