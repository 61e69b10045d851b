#include "proxies.hpp"

#include "child_process.hpp"
#include "fault_server.hpp"
#include "net.hpp"
#include "temp_dir.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>

namespace haul::test {
namespace {

// Starts a server on a free port; again on another one if it was taken meanwhile.
std::uint16_t start_on_free_port(std::optional<child_process>& child,
                                 const std::function<child_process(std::uint16_t)>& start) {
  std::string said;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::uint16_t port = free_port();
    child.emplace(start(port));
    const bool answered = wait_until([&] { return !child->running() || can_connect(port); });
    // If somebody else answered, then this one is about to give up.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (answered && child->running()) return port;
    child->kill_now();
    said = child->out() + child->err();
  }
  throw std::runtime_error("a proxy did not start: " + said);
}

std::vector<std::string> after_mark(const std::string& text, const std::string& mark) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // It is being written.
    const std::string line = text.substr(at + mark.size(), end - at - mark.size());
    // tinyproxy: "Request (file descriptor 5): GET ...".
    const std::size_t colon = mark.back() == ' ' ? 0 : line.find("): ") + 3;
    found.push_back(line.substr(colon));
    at = end;
  }
  return found;
}

bool count_reaches(const std::function<std::vector<std::string>()>& lines, const std::string& text,
                   std::size_t n) {
  return wait_until(
      [&] {
        std::size_t found = 0;
        for (const std::string& line : lines()) {
          if (line.find(text) != std::string::npos) ++found;
        }
        return found >= n;
      },
      std::chrono::seconds(5));
}

std::string credentials(const proxy_options& options) {
  return options.user.empty() ? "" : options.user + ":" + options.password + "@";
}

}  // namespace

struct http_proxy::impl {
  proxy_options options;
  temp_dir dir;
  std::optional<child_process> child;
  std::uint16_t port = 0;
};

http_proxy::http_proxy(proxy_options options) : impl_(std::make_unique<impl>()) {
  impl_->options = std::move(options);
  impl_->port = start_on_free_port(impl_->child, [this](std::uint16_t port) {
    const std::string dir = impl_->dir.path().string();
    std::string text = "Port " + std::to_string(port) + "\nListen 127.0.0.1\nAllow 127.0.0.1\n";
    text += "Timeout 600\nMaxClients 500\nLogLevel Connect\n";
    text += "LogFile \"" + dir + "/log\"\nPidFile \"" + dir + "/pid\"\n";
    if (!impl_->options.user.empty()) {
      text += "BasicAuth " + impl_->options.user + " " + impl_->options.password + "\n";
    }
    text += impl_->options.config_lines + "\n";
    write_file(impl_->dir / "conf", text);
    return child_process("tinyproxy", {"-d", "-c", dir + "/conf"});
  });
}

http_proxy::~http_proxy() = default;

bool http_proxy::available() {
  try {
    return run("tinyproxy", {"-v"}).status.ok();
  } catch (const std::system_error&) {
    return false;
  }
}
std::uint16_t http_proxy::port() const { return impl_->port; }

std::string http_proxy::url() const {
  return "http://" + credentials(impl_->options) + "127.0.0.1:" + std::to_string(impl_->port);
}

std::string http_proxy::url_without_credentials() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port);
}

std::string http_proxy::log() const {
  std::error_code ec;
  const auto path = impl_->dir / "log";
  return std::filesystem::exists(path, ec) ? read_file(path) : std::string();
}

std::vector<std::string> http_proxy::requests() const { return after_mark(log(), ": Request"); }

bool http_proxy::saw(const std::string& text, std::size_t n) const {
  return count_reaches([this] { return requests(); }, text, n);
}

void http_proxy::stop() { impl_->child->kill_now(); }

struct socks_proxy::impl {
  proxy_options options;
  std::optional<child_process> child;
  std::uint16_t port = 0;
};

socks_proxy::socks_proxy(proxy_options options) : impl_(std::make_unique<impl>()) {
  impl_->options = std::move(options);
  impl_->port = start_on_free_port(impl_->child, [this](std::uint16_t port) {
    std::vector<std::string> args{"-i", "127.0.0.1", "-p", std::to_string(port)};
    if (!impl_->options.user.empty()) {
      args.insert(args.end(), {"-u", impl_->options.user, "-P", impl_->options.password});
    }
    return child_process("microsocks", args);
  });
}

socks_proxy::~socks_proxy() = default;

bool socks_proxy::available() {
  // It has no option that only prints; with a wrong one it explains itself and fails.
  try {
    return run("microsocks", {"-h"}).err.find("SOCKS5") != std::string::npos;
  } catch (const std::system_error&) {
    return false;
  }
}

std::uint16_t socks_proxy::port() const { return impl_->port; }

std::string socks_proxy::url(const std::string& scheme) const {
  return scheme + "://" + credentials(impl_->options) + "127.0.0.1:" + std::to_string(impl_->port);
}

std::string socks_proxy::url_without_credentials(const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(impl_->port);
}

std::string socks_proxy::log() const { return impl_->child->err(); }

std::vector<std::string> socks_proxy::targets() const {
  return after_mark(log(), ": connected to ");
}

bool socks_proxy::saw(const std::string& target, std::size_t n) const {
  return count_reaches([this] { return targets(); }, target, n);
}

void socks_proxy::stop() { impl_->child->kill_now(); }

}  // namespace haul::test
