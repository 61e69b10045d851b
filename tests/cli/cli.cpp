#include "cli.hpp"

#include "support/fault_server.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

namespace haul::test {

using namespace std::chrono_literals;

std::string command_path() { return HAUL_COMMAND; }

child_options plain_environment() {
  child_options o;
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                           "no_proxy", "NO_PROXY", "COLUMNS", "LINES", "NO_COLOR"}) {
    o.env.emplace_back(name, std::nullopt);
  }
  o.env.emplace_back("LC_ALL", "C");
  return o;
}

child_process haul_start(arguments args, child_options how) {
  return child_process(command_path(), std::move(args), std::move(how));
}

run_result haul_run(arguments args, child_options how, std::chrono::milliseconds timeout) {
  return run(command_path(), std::move(args), std::move(how), timeout);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string only_line(const std::string& text) {
  const auto lines = lines_of(text);
  return lines.size() == 1 ? lines.front() : std::string{};
}

std::vector<nginx_request> settled_log(const nginx& server) {
  std::vector<nginx_request> last = server.log();
  auto changed = std::chrono::steady_clock::now();
  wait_until([&] {
    auto now = server.log();
    if (now.size() != last.size()) changed = std::chrono::steady_clock::now();
    last = std::move(now);
    std::this_thread::sleep_for(20ms);
    return std::chrono::steady_clock::now() - changed > 500ms;
  });
  return last;
}

std::uint64_t body_bytes(const nginx& server) {
  const auto log = settled_log(server);
  return std::accumulate(
      log.begin(), log.end(), std::uint64_t{0},
      [](std::uint64_t sum, const nginx_request& r) { return sum + r.body_bytes; });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace haul::test
