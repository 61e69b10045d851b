#include "nginx.hpp"

#include "child_process.hpp"
#include "fault_server.hpp"
#include "net.hpp"
#include "temp_dir.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#ifndef _WIN32
#include <unistd.h>
#endif

namespace haul::test {

namespace fs = std::filesystem;

struct nginx::impl {
  nginx_options options;
  temp_dir dir;
  fs::path root;
  std::uint16_t port = 0;
  std::uint16_t tls_port = 0;
  std::uintmax_t log_start = 0;
  std::optional<child_process> child;

  void write_config() const {
    const std::string d = dir.path().string();
    std::string text;
    text += "daemon off;\nworker_processes " + std::to_string(options.workers) + ";\n";
    // The folders of a test belong to who runs it.
#ifndef _WIN32
    if (::geteuid() == 0) text += "user root;\n";
#endif
    text += "pid " + d + "/nginx.pid;\nlock_file " + d + "/nginx.lock;\n";
    text += "error_log " + d + "/error.log notice;\n";
    text += "events { worker_connections 4096; }\nworker_rlimit_nofile 8192;\n";
    text += "http {\n";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      text += std::string(kind) + "_temp_path " + d + "/" + kind + ";\n";
    }
    text += "default_type application/octet-stream;\nsendfile on;\nkeepalive_requests 1000000;\n";
    text +=
        "log_format haul '$msec\\t$request_time\\t$connection\\t$connection_requests\\t"
        "$request_method\\t$request_uri\\t$status\\t$body_bytes_sent\\t$http_range\\t"
        "$sent_http_content_range\\t$http_if_range\\t$ssl_protocol\\t$ssl_session_reused\\t"
        "$request_completion\\t$http_host\\t$http_user_agent';\n";
    text += "access_log " + d + "/access.log haul;\n";
    text += options.http_lines + "\nserver {\n";
    text += "listen 127.0.0.1:" + std::to_string(port) + " backlog=1024;\n";
    if (options.tls) {
      text += "listen 127.0.0.1:" + std::to_string(tls_port) + " ssl backlog=1024;\n";
      text += "ssl_certificate " + options.tls->certificate.string() + ";\n";
      text += "ssl_certificate_key " + options.tls->key.string() + ";\n";
      text += "ssl_protocols TLSv1.2 TLSv1.3;\nssl_session_cache shared:haul:1m;\n";
    }
    text += "server_name localhost;\n" + options.server_lines + "\n";
    text += "location / {\nroot " + root.string() + ";\n" + options.location_lines + "\n}\n}\n}\n";
    write_file(dir / "nginx.conf", text);
  }

  // False: a port was taken.
  bool try_start() {
    std::error_code ec;
    fs::remove(dir / "error.log", ec);
    write_config();
    child_options how;
    how.death_signal = SIGTERM;
    const std::string d = dir.path().string();
    child.emplace(
        "nginx",
        std::vector<std::string>{"-p", d + "/", "-e", d + "/error.log", "-c", d + "/nginx.conf"},
        how);
    bool taken = false;
    const bool ready = wait_until([&] {
      const std::string said = errors();
      taken = said.find("Address already in use") != std::string::npos;
      // Written once all ports are bound, so whoever answers on them is this nginx.
      const bool workers = said.find("start worker process ") != std::string::npos;
      return taken || !child->running() ||
             (workers && can_connect(port) && (!options.tls || can_connect(tls_port)));
    });
    if (ready && !taken && child->running()) return true;
    child->kill_now();
    if (taken) return false;
    throw std::runtime_error("nginx did not start: " + errors() + child->err());
  }

  std::string errors() const {
    std::error_code ec;
    return fs::exists(dir / "error.log", ec) ? read_file(dir / "error.log") : std::string();
  }
};

nginx::nginx(nginx_options options) : impl_(std::make_unique<impl>()) {
  impl_->options = std::move(options);
  impl_->root = impl_->options.root.empty() ? impl_->dir / "root" : impl_->options.root;
  fs::create_directories(impl_->root);
  for (int attempt = 0; attempt < 10; ++attempt) {
    impl_->port = free_port();
    if (impl_->options.tls) impl_->tls_port = free_port();
    if (impl_->try_start()) return;
  }
  throw std::runtime_error("nginx found no free port");
}

nginx::~nginx() { stop(); }

bool nginx::available() {
  try {
    return run("nginx", {"-v"}).status.ok();
  } catch (const std::system_error&) {
    return false;
  }
}

const fs::path& nginx::root() const { return impl_->root; }
std::uint16_t nginx::port() const { return impl_->port; }
std::uint16_t nginx::tls_port() const { return impl_->tls_port; }

std::string nginx::url(std::string_view path, std::string_view host) const {
  return "http://" + std::string(host) + ":" + std::to_string(impl_->port) + std::string(path);
}

std::string nginx::tls_url(std::string_view path, std::string_view host) const {
  return "https://" + std::string(host) + ":" + std::to_string(impl_->tls_port) + std::string(path);
}

void nginx::stop() {
  if (!impl_->child) return;
  impl_->child->send_signal(SIGTERM);
  impl_->child->wait_or_kill(std::chrono::seconds(5));
  impl_->child.reset();
}

void nginx::start() {
  if (impl_->child) return;
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (impl_->try_start()) return;
  }
  throw std::runtime_error("nginx did not get its port back");
}

std::vector<nginx_request> nginx::log() const {
  std::error_code ec;
  const fs::path path = impl_->dir / "access.log";
  if (!fs::exists(path, ec)) return {};
  const std::string text = read_file(path).substr(impl_->log_start);
  std::vector<nginx_request> rows;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // It is being written.
    std::vector<std::string> cells;
    for (std::size_t from = at; from <= end;) {
      const std::size_t to = std::min(text.find('\t', from), end);
      cells.push_back(text.substr(from, to - from));
      from = to + 1;
    }
    at = end + 1;
    if (cells.size() != 16) throw std::runtime_error("a line of nginx's log is not as asked for");
    const auto number = [](const std::string& cell) {
      return std::strtoull(cell.c_str(), nullptr, 10);
    };
    nginx_request row;
    row.time = std::strtod(cells[0].c_str(), nullptr);
    row.request_time = std::strtod(cells[1].c_str(), nullptr);
    row.connection = number(cells[2]);
    row.on_connection = number(cells[3]);
    row.method = cells[4];
    row.uri = cells[5];
    row.status = static_cast<int>(number(cells[6]));
    row.body_bytes = number(cells[7]);
    row.range = cells[8];
    row.content_range = cells[9];
    row.if_range = cells[10];
    row.tls_version = cells[11];
    row.tls_resumed = cells[12] == "r";
    row.complete = cells[13] == "OK";
    row.host = cells[14];
    row.user_agent = cells[15];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<nginx_request> nginx::log_when(
    const std::function<bool(const std::vector<nginx_request>&)>& wanted,
    std::chrono::milliseconds timeout) const {
  std::vector<nginx_request> rows;
  wait_until(
      [&] {
        rows = log();
        return wanted(rows);
      },
      timeout);
  return rows;
}

std::vector<nginx_request> nginx::settled_log() const {
  std::vector<nginx_request> last = log();
  auto changed = std::chrono::steady_clock::now();
  wait_until([&] {
    auto now = log();
    if (now.size() != last.size()) changed = std::chrono::steady_clock::now();
    last = std::move(now);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::chrono::steady_clock::now() - changed > std::chrono::milliseconds(500);
  });
  return last;
}

void nginx::clear_log() {
  std::error_code ec;
  const auto size = fs::file_size(impl_->dir / "access.log", ec);
  impl_->log_start = ec ? 0 : size;
}

std::string nginx::error_log() const { return impl_->errors(); }

}  // namespace haul::test
