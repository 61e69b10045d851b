#include "rig.hpp"

#include "support/fault_server.hpp"
#include <haul/http/grammar.hpp>

#include <boost/json/parse.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace haul::test {

std::optional<std::string> raw_reply::field(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = std::string_view{head}.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (http::equals_ignore_case(line.substr(0, colon), name)) {
      return std::string{http::trim_ows(line.substr(colon + 1))};
    }
  }
  return std::nullopt;
}

wire::wire(std::uint16_t port, std::chrono::seconds patience)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(patience.count());
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    throw std::runtime_error{"cannot connect to port " + std::to_string(port)};
  }
}

wire::~wire() {
  if (socket_ >= 0) ::close(socket_);
}

bool wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool wire::more() {
  char block[64 * 1024];
  const auto n = ::recv(socket_, block, sizeof block, 0);
  if (n <= 0) return false;
  kept_.append(block, static_cast<std::size_t>(n));
  return true;
}

std::string wire::receive_until(std::string_view text) {
  while (kept_.find(text) == std::string::npos) {
    if (!more()) break;
  }
  const std::size_t at = kept_.find(text);
  const std::size_t end = at == std::string::npos ? kept_.size() : at + text.size();
  std::string out = kept_.substr(0, end);
  kept_.erase(0, end);
  return out;
}

bool wire::closed_by_peer() {
  char block[4096];
  for (;;) {
    const auto n = ::recv(socket_, block, sizeof block, 0);
    if (n > 0) continue;
    return n == 0 || errno == ECONNRESET;
  }
}

raw_reply wire::receive(bool head) {
  raw_reply r;
  r.head = receive_until("\r\n\r\n");
  if (!r.head.ends_with("\r\n\r\n") || r.head.size() < 12) return r;
  r.status = std::stoi(r.head.substr(9, 3));
  if (head || r.status == 204 || r.status == 304) return r;
  if (const auto length = r.field("Content-Length")) {
    const std::size_t n = std::stoull(*length);
    while (kept_.size() < n && more()) {
    }
    r.whole = kept_.size() >= n;
    r.body = kept_.substr(0, n);
    kept_.erase(0, n);
    return r;
  }
  if (r.field("Transfer-Encoding") == "chunked") {
    for (;;) {
      const std::string line = receive_until("\r\n");
      if (!line.ends_with("\r\n")) break;
      const std::size_t n = std::stoull(line, nullptr, 16);
      while (kept_.size() < n + 2 && more()) {
      }
      if (kept_.size() < n + 2) break;
      r.body += kept_.substr(0, n);
      kept_.erase(0, n + 2);
      if (n == 0) return r;
    }
    r.whole = false;
    return r;
  }
  while (more()) {
  }
  r.body = std::exchange(kept_, {});
  return r;
}

std::string hauld_command() { return HAULD_COMMAND; }

hauld_run::hauld_run(std::vector<std::string> more, std::string listen) : root_(*folder_ / "root") {
  start(std::move(more), std::move(listen));
}

void hauld_run::start(std::vector<std::string> more, std::string listen) {
  std::vector<std::string> args{"--listen", std::move(listen),         "--root", root_.string(),
                                "--db",     (*folder_ / "db").string()};
  args.insert(args.end(), more.begin(), more.end());
  child_options how = plain_environment();
  how.env.emplace_back("HAULD_TOKEN", std::nullopt);
  process_.emplace(hauld_command(), std::move(args), std::move(how));
  std::string line;
  wait_until(
      [&] {
        line = process_->out();
        return line.ends_with('\n') || !process_->running();
      },
      std::chrono::seconds(60));
  const std::size_t colon = line.rfind(':');
  if (!line.ends_with('\n') || colon == std::string::npos) {
    throw std::runtime_error{"hauld did not start: " + line + process_->err()};
  }
  port_ = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
}

void hauld_run::kill() { process_->kill_now(); }

raw_reply hauld_run::ask(std::string_view method, std::string_view target, std::string_view fields,
                         std::string_view body) const {
  std::string bytes{method};
  bytes.append(" ").append(target).append(" HTTP/1.1\r\nConnection: close\r\n").append(fields);
  if (fields.find("Host:") == std::string_view::npos) bytes += "Host: " + authority() + "\r\n";
  if (method != "GET" && method != "HEAD" &&
      fields.find("Content-Length:") == std::string_view::npos) {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  bytes += "\r\n";
  bytes += body;
  wire w{port_};
  w.send(bytes);
  return w.receive(method == "HEAD");
}

boost::json::value hauld_run::row(std::string_view name) const {
  const raw_reply r = get("/ui/api/downloads");
  boost::json::error_code ec;
  const boost::json::value v = boost::json::parse(r.body, ec);
  if (ec || !v.is_object()) return nullptr;
  for (const boost::json::value& f : v.at("files").as_array()) {
    if (text_in(f, "name") == name) return f;
  }
  return nullptr;
}

bool hauld_run::wait_for_state(std::string_view name, std::string_view state,
                               std::chrono::seconds patience) const {
  return wait_until([&] { return text_in(row(name), "state") == state; }, patience);
}

std::string text_in(const boost::json::value& row, std::string_view key) {
  if (!row.is_object()) return {};
  const boost::json::value* v = row.as_object().if_contains(key);
  return v && v->is_string() ? std::string{std::string_view{v->as_string()}} : std::string{};
}

}  // namespace haul::test
