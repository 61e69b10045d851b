#include "cli.hpp"

#include <algorithm>
#include <numeric>

namespace haul::test {

std::string command_path() { return HAUL_COMMAND; }

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

std::uint64_t body_bytes(const nginx& server) {
  const auto log = server.settled_log();
  return std::accumulate(
      log.begin(), log.end(), std::uint64_t{0},
      [](std::uint64_t sum, const nginx_request& r) { return sum + r.body_bytes; });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace haul::test
