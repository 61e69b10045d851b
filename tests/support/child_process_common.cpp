// What knows no system.

#include "child_process.hpp"

namespace haul::test {

child_options plain_environment() {
  child_options o;
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                           "no_proxy", "NO_PROXY", "COLUMNS", "LINES", "NO_COLOR"}) {
    o.env.emplace_back(name, std::nullopt);
  }
  o.env.emplace_back("LC_ALL", "C");
  return o;
}

exit_status child_process::wait_or_kill(std::chrono::milliseconds timeout) {
  if (const auto status = wait_for(timeout)) return *status;
  exit_status status = kill_now();
  status.timed_out = true;
  return status;
}

run_result run(const std::string& program, std::vector<std::string> args, child_options options,
               std::chrono::milliseconds timeout) {
  child_process child(program, std::move(args), std::move(options));
  run_result result;
  result.status = child.wait_or_kill(timeout);
  result.out = child.out();
  result.err = child.err();
  return result;
}

}  // namespace haul::test
