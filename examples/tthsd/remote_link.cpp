#include "tthsd/remote_link.hpp"

#include "tthsd/websocket.hpp"
#include <haul/async/backoff.hpp>
#include <haul/async/watchdog.hpp>
#include <haul/http/head_parser.hpp>
#include <haul/system/route.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

namespace tthsd {
namespace {

constexpr std::chrono::seconds patience{30};  // for a handshake, or for a peer that does not read
constexpr std::chrono::milliseconds first_wait{250};
constexpr std::chrono::milliseconds longest_wait{10'000};

haul::session_options no_proxy() {
  haul::session_options o;
  o.proxy_from_environment = false;
  o.worker_threads = 1;
  return o;
}

/// Masks and keys must not be guessed (RFC 6455, 5.3).
template <std::size_t N>
std::array<unsigned char, N> random_bytes() {
  std::array<unsigned char, N> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(N)) != 1) {
    throw std::system_error{std::make_error_code(std::errc::io_error)};
  }
  return bytes;
}

}  // namespace

struct remote_link::connection {
  connection(stream s, asio::steady_timer t)
      : peer(std::move(s)), deadline(std::move(t), [this] { peer.close(); }) {}

  stream peer;
  haul::watchdog<asio::steady_timer> deadline;
  websocket::frame_reader reader;
  std::string answers;  // control frames to be sent
  bool broken = false;
};

std::optional<remote_target> read_remote_target(const std::string& url, remote_target::kind how) {
  std::string text = url;
  bool secure = false;
  if (const std::size_t end = text.find("://"); end != std::string::npos) {
    const std::string_view scheme = std::string_view{text}.substr(0, end);
    const auto is = [&](std::string_view s) { return haul::http::equals_ignore_case(scheme, s); };
    secure = is("wss") || is("https");
    if (!secure && !is("ws") && !is("http") && !is("tcp")) return std::nullopt;
    text.erase(0, end + 3);
  }
  const auto parsed = haul::http::parse_url((secure ? "https://" : "http://") + text);
  if (parsed.error) return std::nullopt;
  return remote_target{how, parsed.value.where()};
}

std::string remote_text(const wire_event& e) {
  boost::json::error_code ec;
  const boost::json::value parsed = boost::json::parse(e.event, ec);
  boost::json::object out;
  const auto copy = [&](const char* key) {
    const boost::json::object* from = parsed.if_object();
    const boost::json::value* v = from ? from->if_contains(key) : nullptr;
    out[key] = v ? *v : boost::json::value{""};
  };
  copy("Type");
  out["Msg"] = e.msg;
  copy("Name");
  copy("ShowName");
  copy("ID");
  return boost::json::serialize(out);
}

remote_link::remote_link(const asio::any_io_executor& executor, remote_target to)
    : strand_(asio::make_strand(executor)),
      to_(std::move(to)),
      environment_(no_proxy()),
      wake_(strand_),
      pause_(strand_),
      end_(strand_) {}

void remote_link::start() {
  asio::co_spawn(strand_, run(shared_from_this()), [](std::exception_ptr) {});
}

void remote_link::push(const wire_event& e) {
  item fresh{remote_text(e), e.replaceable};
  const std::lock_guard lock{mutex_};
  if (finished_ || abandoned_) return;
  if (waiting_.size() >= most_waiting) {
    auto at =
        std::find_if(waiting_.begin(), waiting_.end(), [](const item& i) { return i.replaceable; });
    waiting_.erase(at == waiting_.end() ? waiting_.begin() : at);
  }
  waiting_.push_back(std::move(fresh));
  wake_.notify();
}

void remote_link::finish() {
  {
    const std::lock_guard lock{mutex_};
    if (finished_ || abandoned_) return;
    finished_ = true;
  }
  asio::post(strand_, [self = shared_from_this()] {
    self->last_moment_ = self->environment_.now() + longest_linger;
    self->progressed();
    self->pause_.cancel();
  });
  wake_.notify();
}

/// Once nothing comes any more: there is time again for the next step.
void remote_link::progressed() {
  if (last_moment_ == std::chrono::steady_clock::time_point{}) return;
  end_.expires_at(std::min(environment_.now() + linger, last_moment_));
  end_.async_wait([weak = weak_from_this()](std::error_code ec) {
    const auto s = weak.lock();
    if (s && !ec) s->abandon();
  });
}

void remote_link::abandon() {
  {
    const std::lock_guard lock{mutex_};
    abandoned_ = true;
    waiting_.clear();
  }
  asio::post(strand_, [self = shared_from_this()] {
    self->pause_.cancel();
    self->close_connection();
  });
  wake_.notify();
}

void remote_link::close_connection() {
  if (!open_) return;
  open_->broken = true;
  open_->peer.close();
  wake_.notify();
}

bool remote_link::done() {
  const std::lock_guard lock{mutex_};
  return abandoned_ || (finished_ && waiting_.empty() && !underway_);
}

bool remote_link::take() {
  if (underway_) return true;
  const std::lock_guard lock{mutex_};
  if (abandoned_ || waiting_.empty()) return false;
  underway_ = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

haul::awaitable<void> remote_link::run(self_ptr self) {
  unsigned failures = 0;
  while (!self->done()) {
    const bool worked = co_await converse(self);
    self->close_connection();
    self->open_.reset();
    if (self->done()) break;
    failures = worked ? 1 : failures + 1;
    self->pause_.expires_after(
        haul::backoff(failures, first_wait, longest_wait, self->environment_.random()));
    std::error_code ec;
    co_await self->pause_.async_wait(haul::detail::into(ec));
  }
  self->end_.cancel();
}

/// One connection, to its end; true when something was sent over it.
haul::awaitable<bool> remote_link::converse(self_ptr self) {
  bool worked = false;
  try {
    const haul::system::route way{self->to_.where, std::nullopt};
    const haul::timeouts limits{};
    stream made = co_await self->environment_.connect(self->strand_, way, limits);
    if (self->done()) co_return worked;
    const auto c = std::make_shared<connection>(std::move(made), asio::steady_timer{self->strand_});
    self->open_ = c;
    const bool frames = self->to_.how == remote_target::kind::websocket;
    if (frames) co_await shake_hands(self, c);
    self->progressed();
    asio::co_spawn(self->strand_, listen(self, c), [](std::exception_ptr) {});
    while (!c->broken) {
      if (!c->answers.empty()) {
        std::string bytes = std::exchange(c->answers, {});
        co_await write(self, c, std::move(bytes));
      } else if (self->take()) {
        std::string bytes = self->underway_->text;
        if (frames) {
          bytes = websocket::frame(websocket::opcode::text, bytes, random_bytes<4>());
        } else {
          bytes += '\n';
        }
        co_await write(self, c, std::move(bytes));
        self->underway_.reset();
        self->progressed();
        worked = true;
      } else if (self->done()) {
        co_await say_goodbye(self, c);
        break;
      } else {
        co_await self->wake_.wait();
      }
    }
  } catch (const std::exception&) {
    // The connection is of no use: another one is made, or none.
  }
  co_return worked;
}

haul::awaitable<void> remote_link::write(self_ptr self, connection_ptr c, std::string bytes) {
  std::size_t done = 0;
  c->deadline.arm(self->environment_.now() + patience);
  while (done < bytes.size()) {
    std::error_code ec;
    done += c->peer.write_some(bytes.data() + done, bytes.size() - done, ec);
    if (ec == asio::error::would_block) {
      ec = co_await c->peer.wait(haul::system::readiness::write);
    }
    if (ec) throw std::system_error{ec};
  }
  c->deadline.rest();
}

/// The peer is told that this was all, and may then read at its leisure and close: to close first
/// would make a reset of whatever it still says, which takes with it what it has not read yet.
haul::awaitable<void> remote_link::say_goodbye(self_ptr self, connection_ptr c) {
  if (self->to_.how == remote_target::kind::websocket) {
    std::string bytes = websocket::frame(websocket::opcode::close, "\x03\xe8", random_bytes<4>());
    co_await write(self, c, std::move(bytes));
  }
  c->peer.shutdown_send();
  while (!c->broken) co_await self->wake_.wait();
}

haul::awaitable<void> remote_link::shake_hands(self_ptr self, connection_ptr c) {
  const std::string key = websocket::key_of(random_bytes<16>());
  std::string hello = websocket::handshake(self->to_.where.authority(), "/websocket", key);
  co_await write(self, c, std::move(hello));
  c->deadline.arm(self->environment_.now() + patience);
  haul::http::head_parser parser;
  std::string head;
  for (;;) {
    char block[1024];
    std::error_code ec;
    const std::size_t n = c->peer.read_some(block, sizeof block, ec);
    if (ec == asio::error::would_block) {
      ec = co_await c->peer.wait(haul::system::readiness::read);
    }
    if (ec) throw std::system_error{ec};
    head.append(block, n);
    const haul::http::head_parser::result found = parser.parse(head);
    if (found.error) throw std::system_error{found.error};
    if (!found.done) continue;
    const bool good = websocket::accepts(parser.head(), key) &&
                      self->take_control(*c, std::string_view{head}.substr(found.consumed));
    if (!good) throw std::system_error{haul::errc::unexpected_status};
    c->deadline.rest();
    co_return;
  }
}

/// What the peer says: of use only to answer its pings, and to know when it is gone.
haul::awaitable<void> remote_link::listen(self_ptr self, connection_ptr c) {
  const bool frames = self->to_.how == remote_target::kind::websocket;
  while (!c->broken) {
    char block[4096];
    std::error_code ec;
    const std::size_t n = c->peer.read_some(block, sizeof block, ec);
    if (ec == asio::error::would_block) {
      ec = co_await c->peer.wait(haul::system::readiness::read);
    }
    bool good = !ec;
    if (good && frames && n > 0) good = self->take_control(*c, std::string_view{block, n});
    if (!good) c->broken = true;
    if (!good || !c->answers.empty()) self->wake_.notify();
  }
}

/// False when the peer has broken the rules, or says goodbye.
bool remote_link::take_control(connection& c, std::string_view bytes) {
  std::vector<websocket::frame_reader::control> found;
  const bool good = c.reader.feed(bytes, found);
  for (const auto& f : found) {
    if (f.what == websocket::opcode::close) return false;
    if (f.what != websocket::opcode::ping) continue;
    // Only the last ping needs an answer (RFC 6455, 5.5.3).
    c.answers = websocket::frame(websocket::opcode::pong, f.payload, random_bytes<4>());
  }
  return good;
}

}  // namespace tthsd
