#ifndef HAUL_TEST_CHILD_PROCESS_HPP
#define HAUL_TEST_CHILD_PROCESS_HPP

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#ifdef _WIN32
// Without effect there: a child ends with what holds it.
#define SIGKILL 9
#ifdef _MSC_VER
using pid_t = int;
#endif
#endif

namespace haul::test {

struct exit_status {
  int code = -1;           ///< -1: it did not exit by itself
  int signal = 0;          ///< what killed it
  bool timed_out = false;  ///< and so was killed

  bool ok() const { return code == 0; }
};

struct child_options {
  /// Set on top of this process's environment, or instead of it; no value: unset.
  std::vector<std::pair<std::string, std::optional<std::string>>> env = {};
  bool clear_env = false;
  std::filesystem::path cwd = {};
  std::string input = {};               ///< standard input
  std::filesystem::path out_file = {};  ///< instead of capturing
  std::filesystem::path err_file = {};  ///< instead of capturing
  bool terminal = false;                ///< output and errors go to one terminal, read as output
  /// What the child gets when the thread that started it ends (Linux). Daemons with workers want
  /// SIGTERM, so that they can take the workers with them.
  int death_signal = SIGKILL;
  /// Limits for the child: (RLIMIT_…, value), such as RLIMIT_FSIZE.
  std::vector<std::pair<int, unsigned long>> limits = {};
  /// Run as this user and group (only root may).
  std::optional<unsigned> user = {};
};

/// A terminal-less environment in which no proxy is set.
child_options plain_environment();

/// A program run in a process group of its own. The destructor kills the group.
///
/// On Windows it gets no input, terminal, limits, user or signals.
class child_process {
 public:
  /// `program` is looked up in PATH unless it has a slash. Throws std::system_error if it cannot be
  /// started.
  child_process(const std::string& program, std::vector<std::string> args,
                child_options options = {});
  ~child_process();
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) noexcept;

  pid_t pid() const;
  bool running();
  void send_signal(int signal);  ///< to the program only
  void kill_group(int signal);

  /// Kills the group at once, as `kill -9` does, and waits.
  exit_status kill_now();
  exit_status wait();
  /// Nothing if it is still running then.
  std::optional<exit_status> wait_for(std::chrono::milliseconds timeout);
  /// As wait_for; what runs on is killed.
  exit_status wait_or_kill(std::chrono::milliseconds timeout);

  /// What it has written so far; all of it once it has been waited for.
  std::string out() const;
  std::string err() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

struct run_result {
  exit_status status;
  std::string out;
  std::string err;
};

run_result run(const std::string& program, std::vector<std::string> args,
               child_options options = {},
               std::chrono::milliseconds timeout = std::chrono::seconds(60));

}  // namespace haul::test

#endif
