#include "fault_server.hpp"

#include <haul/config.hpp>

#include "pattern.hpp"

#include <asio.hpp>
#include <asio/ssl.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#endif
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace haul::test {

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

// How often a wait looks whether the peer is still there, and a hold whether its gate is open.
constexpr milliseconds wait_quantum{10};
constexpr milliseconds hold_quantum{1};
constexpr std::size_t max_request_head = 256 * 1024;
constexpr std::size_t max_request_body = 16 * 1024 * 1024;

bool same_text(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<asked_range> parse_range(std::string_view text) {
  text = trim(text);
  if (text.substr(0, 6) != "bytes=") return std::nullopt;
  text = trim(text.substr(6));
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto left = text.substr(0, dash);
  const auto right = text.substr(dash + 1);
  asked_range range;
  if (!left.empty()) {
    range.first = number_of(left);
    if (!range.first) return std::nullopt;
  }
  if (!right.empty()) {
    range.last = number_of(right);
    if (!range.last) return std::nullopt;
  }
  if (left.empty() && right.empty()) return std::nullopt;
  if (range.first && range.last && *range.last < *range.first) return std::nullopt;
  return range;
}

std::string path_of(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != std::string_view::npos) {
    const auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return std::string(target.substr(0, target.find('?')));
}

bool parse_request(std::string_view head, request_info& r) {
  const auto next_line = [&head] {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    return line;
  };
  const auto start = next_line();
  const auto one = start.find(' ');
  const auto two = start.rfind(' ');
  if (one == std::string_view::npos || two == one) return false;
  r.method = start.substr(0, one);
  r.target = start.substr(one + 1, two - one - 1);
  r.version = start.substr(two + 1);
  r.path = path_of(r.target);
  for (auto line = next_line(); !line.empty(); line = next_line()) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    header_field f;
    f.name = line.substr(0, colon);
    f.value = trim(line.substr(colon + 1));
    r.fields.push_back(std::move(f));
  }
  std::size_t ranges = 0;
  for (const header_field& f : r.fields) {
    if (!same_text(f.name, "Range")) continue;
    r.range = parse_range(f.value);
    ++ranges;
  }
  if (ranges > 1) r.range.reset();
  return true;
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

std::string basic_credentials(const std::string& user, const std::string& password) {
  const std::string plain = user + ":" + password;
  std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                reinterpret_cast<const unsigned char*>(plain.data()),
                                static_cast<int>(plain.size()));
  coded.resize(static_cast<std::size_t>(n));
  return "Basic " + coded;
}

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return std::string(digits.data(), end);
}

clock::time_point after(clock::time_point t, clock::duration d) {
  return d > std::chrono::hours(24 * 365) ? clock::time_point::max() : t + d;
}

// The connection has ended, by plan or by the peer: nothing more can be said on it.
struct connection_over {};

// The server whose thread this is.
thread_local const void* current_server = nullptr;

}  // namespace

// --- gate

struct gate::state {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::size_t arrivals = 0;
};

gate::gate() : state_(std::make_shared<state>()) {}

void gate::open() const {
  const std::lock_guard lock(state_->mutex);
  state_->open = true;
}

bool gate::is_open() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open;
}

void gate::arrive() const {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->arrivals;
  }
  state_->changed.notify_all();
}

std::size_t gate::arrivals() const {
  const std::lock_guard lock(state_->mutex);
  return state_->arrivals;
}

bool gate::wait_for_arrivals(std::size_t n, milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->arrivals >= n; });
}

// --- a reply, decided

struct fault_server::reply {
  int status = 0;
  std::string head;
  std::shared_ptr<const resource> from;
  std::optional<std::string> text;  // instead of the resource
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  framing how = framing::content_length;
  bool send_body = true;
  bool keep = true;
  ending end = ending::graceful;
  reply_plan plan;

  reply(const request_info& r, std::shared_ptr<const resource> source, reply_plan p)
      : from(std::move(source)), plan(std::move(p)) {
    if (!plan.raw_) decide(r);
    settle_end();
  }

  void fill(std::uint64_t offset, char* out, std::size_t n) const {
    if (text) {
      text->copy(out, n, offset);
      return;
    }
    const std::uint64_t at = first + offset;
    if (from->body) {
      from->body->copy(out, n, at);
    } else {
      fill_pattern(from->seed, at, out, n);
    }
    if (plan.seed_ && at + n > plan.seed_from_) {
      const std::uint64_t start = std::max(at, plan.seed_from_);
      fill_pattern(*plan.seed_, start, out + (start - at),
                   static_cast<std::size_t>(at + n - start));
    }
    for (const auto& [bad, count] : plan.corrupt_) {
      const std::uint64_t begin = std::max(at, bad);
      const std::uint64_t end_of_bad = std::min(at + n, bad + count);
      for (std::uint64_t i = begin; i < end_of_bad; ++i) {
        char& c = out[i - at];
        c = static_cast<char>(c ^ 0x5a);
      }
    }
  }

 private:
  std::vector<header_field> fields_;
  bool lies_longer_ = false;

  void field(std::string name, std::string value) {
    fields_.push_back(header_field{std::move(name), std::move(value)});
  }

  void refuse(int code) {
    status = code;
    text = std::to_string(code) + " " + reason_of(code) + "\n";
    field("Content-Type", "text/plain");
  }

  bool range_applies(const request_info& r) const {
    if (plan.ignore_range_ || plan.status_ == 200 || !r.range || !from->supports_ranges) {
      return false;
    }
    if (r.method != "GET" && r.method != "HEAD") return false;
    const auto condition = r.field("If-Range");
    if (!condition || !from->honours_if_range || plan.ignore_if_range_) return true;
    const bool strong = !from->etag.empty() && from->etag.front() == '"';
    if (condition->find('"') != std::string::npos) return strong && *condition == from->etag;
    return !from->last_modified.empty() && *condition == from->last_modified;
  }

  void decide(const request_info& r) {
    const std::optional<int>& asked = plan.status_;
    if (asked && *asked != 200 && *asked != 206) {
      refuse(*asked);
    } else if (plan.body_) {
      status = asked.value_or(200);
      text = "";
    } else if (!from) {
      refuse(404);
    } else if (!from->user.empty() && r.field("Authorization").value_or("") !=
                                          basic_credentials(from->user, from->password)) {
      refuse(401);
      field("WWW-Authenticate", "Basic realm=\"test\"");
    } else if (from->status != 200) {
      refuse(from->status);
      if (!from->location.empty()) field("Location", from->location);
    } else {
      serve(r);
    }
    if (plan.body_) {
      text = *plan.body_;
      fields_.clear();
      field("Content-Type", plan.body_type_);
    }
    if (text) length = text->size();
    compose(r);
  }

  void serve(const request_info& r) {
    const std::uint64_t total = from->length();
    status = plan.status_.value_or(200);
    length = total;
    if (range_applies(r) || status == 206) {
      std::uint64_t last = total - 1;
      const asked_range asked = r.range.value_or(asked_range{0, {}});
      if (asked.first) {
        first = *asked.first;
        if (asked.last) last = std::min(last, *asked.last);
      } else {
        first = total - std::min(total, asked.last.value_or(0));
      }
      if (total == 0 || first >= total) {
        first = 0;
        refuse(416);
        field("Content-Range", "bytes */" + std::to_string(total));
        return;
      }
      status = 206;
      const std::int64_t shifted = static_cast<std::int64_t>(first) + plan.start_shift_;
      first = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(0, shifted)), last);
      last = std::min(total - 1, last + plan.extend_);
      if (plan.shorten_) last = std::min(last, first + *plan.shorten_ - 1);
      length = last - first + 1;
      const auto lie = [this](std::uint64_t n) {
        return std::to_string(static_cast<std::int64_t>(n) + plan.content_range_shift_);
      };
      field("Content-Range", "bytes " + lie(first) + "-" + lie(last) + "/" +
                                 plan.total_.value_or(std::to_string(total)));
    }
    field("Content-Type", from->content_type);
    if (!from->etag.empty()) field("ETag", from->etag);
    if (!from->last_modified.empty()) field("Last-Modified", from->last_modified);
    if (from->claims_ranges) field("Accept-Ranges", "bytes");
    if (!from->content_disposition.empty()) {
      field("Content-Disposition", from->content_disposition);
    }
    for (const header_field& f : from->fields) fields_.push_back(f);
  }

  void compose(const request_info& r) {
    const bool bodiless = status == 204 || status == 304;
    const bool http10 = plan.http10_ || (from && from->http10);
    if (from && !text) how = from->how;
    if (plan.framing_) how = *plan.framing_;
    send_body = !bodiless && r.method != "HEAD" && !plan.without_body_;
    if (!bodiless) {
      if (how == framing::chunked) field("Transfer-Encoding", "chunked");
      if (plan.content_length_ || how == framing::content_length) {
        field("Content-Length", plan.content_length_.value_or(std::to_string(length)));
      }
    }
    if (plan.content_length_) {
      lies_longer_ = number_of(*plan.content_length_).value_or(0) > length;
    }
    if (plan.content_range_) {
      std::erase_if(fields_, [](const header_field& f) { return f.name == "Content-Range"; });
      field("Content-Range", *plan.content_range_);
    }

    const std::string wish = r.field("Connection").value_or("");
    keep = r.version == "HTTP/1.0" || http10 ? same_text(wish, "keep-alive")
                                             : !same_text(wish, "close");
    if (how == framing::until_close && send_body) keep = false;
    bool say_close = !keep;
    if (plan.after_ == after_reply::close || plan.after_ == after_reply::stay_though_said) {
      say_close = true;
    }
    if (plan.after_ == after_reply::close_silently) say_close = false;
    if (say_close) {
      field("Connection", "close");
    } else if (http10) {
      field("Connection", "keep-alive");
    }

    for (const std::string& name : plan.removed_) {
      std::erase_if(fields_, [&](const header_field& f) { return same_text(f.name, name); });
    }
    for (const header_field& f : plan.fields_) fields_.push_back(f);

    if (plan.raw_head_) {
      head = *plan.raw_head_;
      keep = false;
      return;
    }
    head = http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
    head += std::to_string(status) + " ";
    head += plan.reason_.empty() ? reason_of(status) : plan.reason_;
    head += "\r\n";
    for (const header_field& f : fields_) head += f.name + ": " + f.value + "\r\n";
    head += "\r\n";
  }

  void settle_end() {
    if (plan.raw_) keep = false;
    if (lies_longer_ || plan.bad_chunk_ != bad_chunk::none) {
      keep = false;
      end = ending::abrupt;
    }
    switch (plan.after_) {
      case after_reply::automatic:
        break;
      case after_reply::close:
      case after_reply::close_silently:
        keep = false;
        end = plan.after_how_;
        break;
      case after_reply::stay_though_said:
        keep = true;
        break;
    }
  }
};

// --- what the threads share

class fault_server::impl {
 public:
  explicit impl(server_options o);
  ~impl() { stop(); }

  // Runs on the server's thread, and waits for it.
  void on_server(const std::function<void()>& what);
  // A client may have the last byte before the server has counted it: lets it finish its step.
  void settle();
  void listen();
  void start_accepting();
  void stop();

  awaitable<void> accept_loop(std::shared_ptr<tcp::acceptor> acceptor, std::uint64_t mine);
  void accepted(tcp::socket socket);

  std::uint64_t begin_exchange(request_info& r, clock::time_point now);
  std::uint64_t wanted_requests();
  template <class F>
  void update(std::uint64_t id, F change) {
    const std::lock_guard lock(mutex);
    if (id >= log_base && id - log_base < entries.size()) change(entries[id - log_base]);
  }
  void end_exchange(std::uint64_t id, bool complete);
  void fail(std::string what) {
    const std::lock_guard lock(mutex);
    problems.push_back(std::move(what));
  }

  server_options options;
  std::uint16_t port = 0;

  // Of the server's thread. The context goes first: its end destroys the frames of all coroutines,
  // and with them the sessions, which still count themselves out below.
  std::map<std::uint64_t, session*> sessions;
  clock::time_point link_free{};
  std::uint64_t generation = 0;
  std::optional<asio::ssl::context> tls;

  std::atomic<std::uint64_t> total_rate{0};

  mutable std::mutex mutex;  // for what follows
  std::map<std::string, std::shared_ptr<const resource>, std::less<>> resources;
  std::map<std::string, behaviour, std::less<>> behaviours;
  behaviour general;
  connection_behaviour on_connect;
  provider provided;
  std::map<std::string, std::uint64_t, std::less<>> path_requests;
  std::uint64_t request_number = 0;
  std::uint64_t connection_number = 0;
  std::deque<exchange> entries;
  std::uint64_t log_base = 0;
  server_counters count;
  std::vector<std::string> problems;

  std::mutex lifecycle;  // one start or stop at a time
  std::unique_ptr<asio::io_context> io;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::thread thread;
};

// --- one connection

class fault_server::session : public std::enable_shared_from_this<session> {
 public:
  session(impl& server, tcp::socket socket, connection_info info)
      : server_(server),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        watchdog_(socket_.get_executor()),
        info_(info) {
    server_.sessions.emplace(info_.number, this);
  }

  ~session() {
    server_.sessions.erase(info_.number);
    if (exchange_) server_.end_exchange(*exchange_, false);
    const std::lock_guard lock(server_.mutex);
    --server_.count.connections_open;
  }

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  static awaitable<void> run(std::shared_ptr<session> self) {
    try {
      co_await self->greet();
      co_await self->serve();
    } catch (const connection_over&) {
    } catch (const std::system_error&) {
      // The peer went away, or broke its protocol: the log shows how far the reply came.
    } catch (const std::exception& e) {
      self->server_.fail(e.what());
    }
    self->close(ending::abrupt);
  }

  /// Whether it is at a request whose client still wants the reply.
  bool is_wanted() { return exchange_ && !has_lost_peer(); }

  void close(ending how) {
    asio::error_code ec;
    if (!socket_.is_open()) return;
    if (how == ending::reset) socket_.set_option(tcp::socket::linger(true, 0), ec);
    if (how != ending::reset) socket_.shutdown(tcp::socket::shutdown_both, ec);
    socket_.close(ec);
    timer_.cancel();
  }

 private:
  awaitable<void> greet() {
    const connection_behaviour decide = [this] {
      const std::lock_guard lock(server_.mutex);
      return server_.on_connect;
    }();
    if (decide) {
      const connection_plan plan = decide(info_);
      co_await wait(plan.delay);
      if (plan.until) co_await hold(*plan.until);
      if (!plan.say.empty()) {
        co_await asio::async_write(socket_, asio::buffer(plan.say), use_awaitable);
      }
      if (plan.what == connection_plan::act::end) {
        co_await end(plan.how);
        throw connection_over();
      }
      if (plan.what == connection_plan::act::silence) co_await wait(forever);
    }
    if (!server_.tls) co_return;
    tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *server_.tls);
    asio::error_code ec;
    co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                   asio::redirect_error(use_awaitable, ec));
    {
      const std::lock_guard lock(server_.mutex);
      if (ec) {
        ++server_.count.tls_failed;
      } else {
        ++server_.count.tls_handshakes;
        if (SSL_session_reused(tls_->native_handle())) ++server_.count.tls_resumed;
      }
    }
    if (ec) throw connection_over();
  }

  awaitable<void> serve() {
    for (bool keep = true; keep;) {
      request_info r;
      r.connection = info_.number;
      r.on_connection = ++requests_;
      r.ipv6 = info_.ipv6;
      if (tls_) describe_tls(r);
      co_await read_request(r);
      keep = co_await answer(r);
    }
  }

  void describe_tls(request_info& r) {
    SSL* ssl = tls_->native_handle();
    r.tls = true;
    r.tls_resumed = SSL_session_reused(ssl) == 1;
    r.tls_version = SSL_get_version(ssl);
    if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) r.sni = name;
  }

  // Appends what comes next to the input; ends the connection if nothing does.
  awaitable<void> read_more() {
    std::array<char, 16 * 1024> block;
    asio::error_code ec;
    std::size_t n = 0;
    if (tls_) {
      n = co_await tls_->async_read_some(asio::buffer(block),
                                         asio::redirect_error(use_awaitable, ec));
    } else {
      n = co_await socket_.async_read_some(asio::buffer(block),
                                           asio::redirect_error(use_awaitable, ec));
    }
    if (ec) throw connection_over();
    input_.append(block.data(), n);
  }

  awaitable<void> read_request(request_info& r) {
    const bool timed = server_.options.idle_timeout.count() > 0;
    if (timed) watch(server_.options.idle_timeout);
    std::size_t end = input_.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (input_.size() > max_request_head) throw connection_over();
      co_await read_more();
      end = input_.find("\r\n\r\n");
    }
    if (timed) watchdog_.cancel();
    r.arrived = clock::now();
    const bool ok = parse_request(std::string_view(input_).substr(0, end + 2), r);
    input_.erase(0, end + 4);
    if (!ok) {
      server_.fail("a request that is not HTTP/1.1");
      const std::string refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
      co_await write(refusal.data(), refusal.size());
      throw connection_over();
    }
    const auto length = number_of(r.field("Content-Length").value_or("0")).value_or(0);
    if (length > max_request_body) throw connection_over();
    while (input_.size() < length) co_await read_more();
    r.body = input_.substr(0, length);
    input_.erase(0, length);
  }

  // True: the connection stays.
  awaitable<bool> answer(request_info& r) {
    exchange_ = server_.begin_exchange(r, r.arrived);
    const std::uint64_t id = *exchange_;
    const reply a = decide(r);
    server_.update(id, [&](exchange& e) {
      e.status = a.status;
      e.body_first = a.first;
      e.body_length = a.send_body && !a.plan.raw_ ? a.length : 0;
    });
    for (const raw_part& part : a.plan.interim_) co_await send_raw(part, a);
    if (a.plan.raw_) {
      for (const raw_part& part : *a.plan.raw_) co_await send_raw(part, a);
    } else {
      co_await send_head(a);
      server_.update(id, [](exchange& e) { e.head_sent = clock::now(); });
      if (a.send_body) co_await send_body(a);
    }
    server_.end_exchange(id, true);
    exchange_.reset();
    if (a.keep) co_return true;
    co_await wait(a.plan.after_delay_);
    co_await end(a.end);
    co_return false;
  }

  reply decide(const request_info& r) {
    behaviour b;
    {
      const std::lock_guard lock(server_.mutex);
      const auto found = server_.behaviours.find(r.path);
      b = found != server_.behaviours.end() ? found->second : server_.general;
    }
    reply_plan plan;
    if (b) {
      try {
        plan = b(r);
      } catch (const std::exception& e) {
        server_.fail(std::string("a behaviour threw: ") + e.what());
        plan.with_status(500);
      }
    }
    std::shared_ptr<const resource> found;
    provider provided;
    {
      const std::lock_guard lock(server_.mutex);
      const auto it = server_.resources.find(r.path);
      if (it != server_.resources.end()) found = it->second;
      provided = server_.provided;
    }
    if (!found && provided) {
      if (auto made = provided(r.path)) {
        found = std::make_shared<const resource>(std::move(*made));
      }
    }
    return reply(r, std::move(found), std::move(plan));
  }

  awaitable<void> send_raw(const raw_part& part, const reply& a) {
    co_await wait(part.delay);
    if (part.until) co_await hold(*part.until);
    co_await send_bytes(part.bytes, a);
  }

  awaitable<void> send_head(const reply& a) {
    const std::string_view head = a.head;
    std::size_t sent = 0;
    for (const reply_step& s : a.plan.head_steps_) {
      if (s.at > head.size()) break;
      co_await send_bytes(head.substr(sent, s.at - sent), a);
      sent = s.at;
      co_await take(s);
    }
    co_await send_bytes(head.substr(sent), a);
  }

  // Small things, byte by byte if that is wanted.
  awaitable<void> send_bytes(std::string_view bytes, const reply& a) {
    if (!a.plan.dribble_) {
      if (!bytes.empty()) co_await write(bytes.data(), bytes.size());
      co_return;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      co_await write(bytes.data() + i, 1);
      if (a.plan.dribble_pause_.count() > 0) {
        const auto later = clock::now() + a.plan.dribble_pause_;
        co_await wait_until_time(later);
      }
    }
  }

  awaitable<void> send_body(const reply& a) {
    const bool chunked = a.how == framing::chunked;
    std::size_t most = server_.options.block;
    if (chunked && a.from && a.from->chunk_size != 0) most = std::min(most, a.from->chunk_size);
    if (!chunked && a.plan.dribble_) most = 1;
    rate_ = a.from ? a.from->rate : 0;
    pace_start_ = clock::now();
    pace_sent_ = 0;

    auto next = a.plan.body_steps_.begin();
    const auto last = a.plan.body_steps_.end();
    std::uint64_t sent = 0;
    bool bad_chunk_sent = a.plan.bad_chunk_ == bad_chunk::none;
    for (;;) {
      for (; next != last && next->at <= sent; ++next) co_await take(*next);
      if (sent == a.length) break;
      std::uint64_t n = std::min<std::uint64_t>(most, a.length - sent);
      if (next != last) n = std::min(n, next->at - sent);
      n = co_await pace(n);
      const auto size = static_cast<std::size_t>(n);
      if (chunked) {
        bad_chunk fault = bad_chunk::none;
        if (!bad_chunk_sent && sent >= a.plan.bad_chunk_from_ &&
            a.plan.bad_chunk_ != bad_chunk::no_last_chunk) {
          fault = a.plan.bad_chunk_;
          bad_chunk_sent = true;
        }
        make_chunk(a, sent, size, fault);
      } else {
        output_.resize(size);
        a.fill(sent, output_.data(), size);
      }
      if (chunked || a.plan.dribble_) {
        const std::string_view bytes = output_;
        co_await send_bytes(bytes, a);
        count_body(n);
      } else {
        std::size_t written = 0;
        const bool ok = co_await try_write(output_.data(), size, written);
        count_body(written);
        if (!ok) throw connection_over();
      }
      sent += n;
    }
    if (chunked && a.plan.bad_chunk_ != bad_chunk::no_last_chunk) {
      output_ = "0\r\n";
      if (a.from) {
        for (const header_field& f : a.from->trailers) output_ += f.name + ": " + f.value + "\r\n";
      }
      output_ += "\r\n";
      const std::string_view bytes = output_;
      co_await send_bytes(bytes, a);
    }
  }

  void make_chunk(const reply& a, std::uint64_t at, std::size_t n, bad_chunk fault) {
    const std::string_view crlf = fault == bad_chunk::bare_lf ? "\n" : "\r\n";
    switch (fault) {
      case bad_chunk::size_not_hex:
        output_ = "xyz";
        break;
      case bad_chunk::size_overflow:
        output_ = "1" + std::string(16, '0');
        break;
      case bad_chunk::size_negative:
        output_ = "-" + hex(n);
        break;
      case bad_chunk::size_empty:
        output_.clear();
        break;
      case bad_chunk::data_too_long:
        output_ = hex(n / 2);
        break;
      default:
        output_ = hex(n);
        break;
    }
    if (a.from) output_ += a.from->chunk_extension;
    output_ += crlf;
    const std::size_t start = output_.size();
    output_.resize(start + n);
    a.fill(at, output_.data() + start, n);
    if (fault != bad_chunk::no_crlf_after_data) output_ += crlf;
  }

  void count_body(std::uint64_t n) {
    const std::uint64_t id = *exchange_;
    const std::lock_guard lock(server_.mutex);
    server_.count.body_bytes += n;
    if (id >= server_.log_base) server_.entries[id - server_.log_base].body_sent += n;
  }

  // Waits until some of these bytes may go, and says how many.
  awaitable<std::uint64_t> pace(std::uint64_t n) {
    clock::time_point when{};
    if (rate_ != 0) {
      n = std::min(n, std::max<std::uint64_t>(1, rate_ / 100));
      when = pace_start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(
                               static_cast<double>(pace_sent_) / static_cast<double>(rate_) * 1e9));
      pace_sent_ += n;
    }
    const std::uint64_t shared = server_.total_rate.load();
    if (shared != 0) {
      n = std::min(n, std::max<std::uint64_t>(1, shared / 200));
      const clock::time_point start = std::max(clock::now(), server_.link_free);
      when = std::max(when, start);
      server_.link_free = start + std::chrono::nanoseconds(static_cast<std::int64_t>(
                                      static_cast<double>(n) / static_cast<double>(shared) * 1e9));
    }
    if (rate_ != 0 || shared != 0) co_await wait_until_time(when);
    co_return n;
  }

  awaitable<void> take(const reply_step& s) {
    switch (s.what) {
      case reply_step::kind::wait:
        co_await wait(s.duration);
        break;
      case reply_step::kind::hold:
        co_await hold(*s.until);
        break;
      case reply_step::kind::rate:
        rate_ = s.rate;
        break;
      case reply_step::kind::rekey:
        // It goes with the next bytes.
        if (tls_) SSL_key_update(tls_->native_handle(), SSL_KEY_UPDATE_REQUESTED);
        break;
      case reply_step::kind::end:
        co_await end(s.how);
        throw connection_over();
    }
    pace_start_ = clock::now();
    pace_sent_ = 0;
  }

  // False: the peer went away, after this many bytes.
  awaitable<bool> try_write(const char* bytes, std::size_t n, std::size_t& written) {
    asio::error_code ec;
    if (tls_) {
      written = co_await asio::async_write(*tls_, asio::buffer(bytes, n),
                                           asio::redirect_error(use_awaitable, ec));
    } else {
      written = co_await asio::async_write(socket_, asio::buffer(bytes, n),
                                           asio::redirect_error(use_awaitable, ec));
    }
    co_return !ec;
  }

  awaitable<void> write(const char* bytes, std::size_t n) {
    std::size_t written = 0;
    const bool ok = co_await try_write(bytes, n, written);
    if (!ok) throw connection_over();
  }

  awaitable<void> wait(milliseconds d) {
    if (d.count() <= 0) co_return;
    const clock::time_point end_of_wait =
        d == forever ? clock::time_point::max() : after(clock::now(), d);
    co_await wait_until_time(end_of_wait);
  }

  awaitable<void> wait_until_time(clock::time_point end_of_wait) {
    for (clock::time_point now = clock::now(); now < end_of_wait; now = clock::now()) {
      check_peer();
      timer_.expires_at(std::min<clock::time_point>(end_of_wait, now + wait_quantum));
      asio::error_code ec;
      co_await timer_.async_wait(asio::redirect_error(use_awaitable, ec));
    }
    check_peer();
  }

  // Looks again and again instead of being told: a gate may outlive the server.
  awaitable<void> hold(gate g) {
    g.arrive();
    while (!g.is_open()) {
      check_peer();
      timer_.expires_after(hold_quantum);
      asio::error_code ec;
      co_await timer_.async_wait(asio::redirect_error(use_awaitable, ec));
    }
    check_peer();
  }

  // Who waits does not read, and would not see that the peer has gone.
  void check_peer() {
    if (has_lost_peer()) throw connection_over();
  }

  bool has_lost_peer() {
    if (!socket_.is_open()) return true;
#ifdef POLLRDHUP
    pollfd p{};
    p.fd = socket_.native_handle();
    p.events = POLLRDHUP;
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
#else
    asio::error_code ec;
    char byte = 0;
    socket_.non_blocking(true, ec);
    socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
    return ec && ec != asio::error::would_block;
#endif
  }

  awaitable<void> end(ending how) {
    asio::error_code ec;
    if (how == ending::graceful && tls_ && socket_.is_open()) {
      // Sends close_notify and waits for the peer's, which not every peer sends.
      watch(milliseconds(500));
      co_await tls_->async_shutdown(asio::redirect_error(use_awaitable, ec));
      watchdog_.cancel();
    }
#ifdef __linux__
    if (how == ending::reset) {
      // RST throws away what is not delivered yet; the plan said these bytes arrive.
      const clock::time_point latest = clock::now() + std::chrono::seconds(2);
      for (int left = 1; left > 0 && clock::now() < latest && socket_.is_open();) {
        if (::ioctl(socket_.native_handle(), SIOCOUTQ, &left) != 0) break;
        if (left <= 0) break;
        timer_.expires_after(hold_quantum);
        co_await timer_.async_wait(asio::redirect_error(use_awaitable, ec));
      }
    }
#endif
    close(how);
  }

  // Closes the socket unless it is cancelled in time.
  void watch(milliseconds d) {
    watchdog_.expires_after(d);
    watchdog_.async_wait([weak = weak_from_this()](const asio::error_code& ec) {
      if (ec) return;
      if (const auto self = weak.lock()) self->close(ending::abrupt);
    });
  }

  impl& server_;
  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer timer_;
  asio::steady_timer watchdog_;
  connection_info info_;
  std::uint64_t requests_ = 0;
  std::optional<std::uint64_t> exchange_;
  std::string input_;
  std::string output_;
  std::uint64_t rate_ = 0;
  clock::time_point pace_start_{};
  std::uint64_t pace_sent_ = 0;
};

// --- the server

fault_server::impl::impl(server_options o) : options(std::move(o)) {
  if (!options.ipv4 && !options.ipv6) throw std::invalid_argument("no address to listen on");
  io = std::make_unique<asio::io_context>(1);
  if (options.tls) {
    tls.emplace(asio::ssl::context::tls_server);
    use_leaf(tls->native_handle(), *options.tls);
    static constexpr unsigned char id[] = "haul-test";
    SSL_CTX_set_session_id_context(tls->native_handle(), id, sizeof id - 1);
    if (options.tune_tls) options.tune_tls(tls->native_handle());
  }
  listen();
  start_accepting();
  thread = std::thread([this] {
    current_server = this;
    // Not even a server that neither listens nor talks is done.
    const auto work = asio::make_work_guard(*io);
    for (;;) {
      try {
        io->run();
        return;
      } catch (const std::exception& e) {
        fail(std::string("the server's thread: ") + e.what());
      }
    }
  });
}

void fault_server::impl::stop() {
  const std::lock_guard lock(lifecycle);
  if (!io) return;
  io->stop();
  thread.join();
  acceptors.clear();
  io.reset();
}

void fault_server::impl::on_server(const std::function<void()>& what) {
  // The lock is for the test's threads; the server's own thread would wait for itself. While it
  // runs, the context is there.
  if (current_server == this) {
    what();
    return;
  }
  const std::lock_guard lock(lifecycle);
  if (!io) return;
  std::promise<void> done;
  asio::post(*io, [&] {
    try {
      what();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

void fault_server::impl::settle() {
  if (current_server == this) return;
  const std::lock_guard lock(lifecycle);
  if (!io) return;
  // To the end of the queue, three times: what is under way takes a step or two.
  std::promise<void> done;
  asio::post(*io, [&] { asio::post(*io, [&] { asio::post(*io, [&] { done.set_value(); }); }); });
  done.get_future().wait();
}

void fault_server::impl::listen() {
  const bool chosen = options.port != 0 || port != 0;
  if (port == 0) port = options.port;
  const auto open = [this](const tcp::endpoint& where) {
    auto a = std::make_shared<tcp::acceptor>(*io);
    a->open(where.protocol());
    a->set_option(tcp::acceptor::reuse_address(true));
    if (where.protocol() == tcp::v6()) a->set_option(asio::ip::v6_only(true));
    a->bind(where);
    a->listen(options.backlog);
    port = a->local_endpoint().port();
    acceptors.push_back(std::move(a));
  };
  for (int attempt = 1;; ++attempt) {
    try {
      if (options.ipv4) open(tcp::endpoint(asio::ip::address_v4::loopback(), port));
      if (options.ipv6) open(tcp::endpoint(asio::ip::address_v6::loopback(), port));
      return;
    } catch (const std::system_error&) {
      // The port is taken, perhaps for one of the two addresses only.
      acceptors.clear();
      if (attempt == 20) throw;
      if (chosen) {
        std::this_thread::sleep_for(milliseconds(50));
      } else {
        port = 0;
      }
    }
  }
}

void fault_server::impl::start_accepting() {
  ++generation;
  for (const auto& a : acceptors) {
    asio::co_spawn(*io, accept_loop(a, generation), asio::detached);
  }
}

awaitable<void> fault_server::impl::accept_loop(std::shared_ptr<tcp::acceptor> acceptor,
                                                std::uint64_t mine) {
  while (mine == generation) {
    asio::error_code ec;
    tcp::socket socket(*io);
    co_await acceptor->async_accept(socket, asio::redirect_error(use_awaitable, ec));
    if (!ec) {
      accepted(std::move(socket));
    } else if (mine == generation) {
      // Out of descriptors, most likely.
      fail("accept: " + ec.message());
      asio::steady_timer pause(*io, milliseconds(10));
      co_await pause.async_wait(use_awaitable);
    }
  }
}

void fault_server::impl::accepted(tcp::socket socket) {
  asio::error_code ec;
  connection_info info;
  info.ipv6 = socket.local_endpoint(ec).protocol() == tcp::v6();
  socket.set_option(tcp::no_delay(true), ec);
  if (options.send_buffer > 0) {
    socket.set_option(asio::socket_base::send_buffer_size(options.send_buffer), ec);
  }
  {
    const std::lock_guard lock(mutex);
    info.number = ++connection_number;
    ++count.connections;
    ++count.connections_open;
    count.connections_peak = std::max(count.connections_peak, count.connections_open);
  }
  auto s = std::make_shared<session>(*this, std::move(socket), info);
  asio::co_spawn(*io, session::run(std::move(s)), asio::detached);
}

// Those that a client has given up count no more, whether their sessions know or not.
std::uint64_t fault_server::impl::wanted_requests() {
  return static_cast<std::uint64_t>(std::count_if(
      sessions.begin(), sessions.end(), [](const auto& s) { return s.second->is_wanted(); }));
}

std::uint64_t fault_server::impl::begin_exchange(request_info& r, clock::time_point now) {
  const std::lock_guard lock(mutex);
  r.number = ++request_number;
  r.path_number = ++path_requests[r.path];
  r.arrived = now;
  ++count.requests;
  ++count.requests_active;
  if (count.requests_active > count.requests_peak) {
    count.requests_peak = std::max(count.requests_peak, wanted_requests() + 1);
  }
  exchange e;
  e.request = r;
  entries.push_back(std::move(e));
  return log_base + entries.size() - 1;
}

void fault_server::impl::end_exchange(std::uint64_t id, bool complete) {
  const std::lock_guard lock(mutex);
  --count.requests_active;
  if (id < log_base) return;
  exchange& e = entries[id - log_base];
  e.finished = true;
  e.complete = complete;
  e.ended = clock::now();
}

fault_server::fault_server(server_options options)
    : impl_(std::make_unique<impl>(std::move(options))) {}

fault_server::~fault_server() = default;

std::uint16_t fault_server::port() const { return impl_->port; }

std::string fault_server::url(std::string_view path, std::string_view host) const {
  if (host.empty()) host = impl_->options.ipv4 ? "127.0.0.1" : "[::1]";
  std::string text = impl_->options.tls ? "https://" : "http://";
  text += host;
  text += ":" + std::to_string(impl_->port);
  text += path;
  return text;
}

void fault_server::add(std::string path, resource r) {
  auto made = std::make_shared<const resource>(std::move(r));
  const std::lock_guard lock(impl_->mutex);
  impl_->resources[std::move(path)] = std::move(made);
}

void fault_server::remove(const std::string& path) {
  const std::lock_guard lock(impl_->mutex);
  impl_->resources.erase(path);
}

void fault_server::provide(provider p) {
  const std::lock_guard lock(impl_->mutex);
  impl_->provided = std::move(p);
}

void fault_server::behave(std::string path, behaviour b) {
  const std::lock_guard lock(impl_->mutex);
  impl_->behaviours[std::move(path)] = std::move(b);
}

void fault_server::behave(behaviour b) {
  const std::lock_guard lock(impl_->mutex);
  impl_->general = std::move(b);
}

void fault_server::behave_on_connect(connection_behaviour b) {
  const std::lock_guard lock(impl_->mutex);
  impl_->on_connect = std::move(b);
}

void fault_server::limit_total_rate(std::uint64_t bytes_per_second) {
  impl_->total_rate = bytes_per_second;
}

void fault_server::drop_connections(ending how) {
  impl_->on_server([this, how] {
    for (const auto& [number, s] : impl_->sessions) s->close(how);
  });
}

void fault_server::stop_accepting() {
  impl_->on_server([this] {
    ++impl_->generation;
    for (const auto& a : impl_->acceptors) {
      asio::error_code ec;
      a->cancel(ec);
    }
  });
}

void fault_server::resume_accepting() {
  impl_->on_server([this] { impl_->start_accepting(); });
}

void fault_server::stop_listening() {
  impl_->on_server([this] {
    ++impl_->generation;
    for (const auto& a : impl_->acceptors) {
      asio::error_code ec;
      a->close(ec);
    }
    impl_->acceptors.clear();
  });
}

void fault_server::listen_again() {
  impl_->on_server([this] {
    if (!impl_->acceptors.empty()) return;
    impl_->listen();
    impl_->start_accepting();
  });
}

void fault_server::stop() { impl_->stop(); }

std::vector<exchange> fault_server::log() const {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  return {impl_->entries.begin(), impl_->entries.end()};
}

std::vector<exchange> fault_server::log(std::string_view path) const {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  std::vector<exchange> found;
  for (const exchange& e : impl_->entries) {
    if (e.request.path == path) found.push_back(e);
  }
  return found;
}

server_counters fault_server::counters() const {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  return impl_->count;
}

std::uint64_t fault_server::body_bytes(std::string_view path) const {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  std::uint64_t sum = 0;
  for (const exchange& e : impl_->entries) {
    if (e.request.path == path) sum += e.body_sent;
  }
  return sum;
}

void fault_server::clear_log() {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  impl_->log_base += impl_->entries.size();
  impl_->entries.clear();
  server_counters fresh;
  fresh.connections_open = impl_->count.connections_open;
  fresh.connections_peak = fresh.connections_open;
  fresh.requests_active = impl_->count.requests_active;
  fresh.requests_peak = fresh.requests_active;
  impl_->count = fresh;
}

std::vector<std::string> fault_server::errors() const {
  impl_->settle();
  const std::lock_guard lock(impl_->mutex);
  return impl_->problems;
}

bool fault_server::wait_for(const std::function<bool(const server_counters&)>& done,
                            milliseconds timeout) const {
  return wait_until([&] { return done(counters()); }, timeout);
}

bool wait_until(const std::function<bool()>& done, milliseconds timeout) {
  const clock::time_point latest = clock::now() + timeout;
  for (;;) {
    if (done()) return true;
    if (clock::now() >= latest) return done();
    std::this_thread::sleep_for(milliseconds(1));
  }
}

std::string http_date(std::chrono::system_clock::time_point t) {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(t);
  std::tm parts{};
#ifdef _WIN32
  ::gmtime_s(&parts, &seconds);
#else
  ::gmtime_r(&seconds, &parts);
#endif
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::string(days[static_cast<std::size_t>(parts.tm_wday)]) + ", " + two(parts.tm_mday) +
         " " + months[static_cast<std::size_t>(parts.tm_mon)] + " " +
         std::to_string(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) +
         ":" + two(parts.tm_sec) + " GMT";
}

}  // namespace haul::test
