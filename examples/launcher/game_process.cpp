#include "game_process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace launcher {

game_process game_process::start(const std::filesystem::path& program,
                                 const std::vector<std::string>& arguments,
                                 const std::filesystem::path& folder, std::error_code& ec) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);

  ::posix_spawn_file_actions_t actions;
  ::posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  // The launcher ignores some signals, and a child inherits that.
  ::sigset_t usual;
  ::sigemptyset(&usual);
  for (const int s : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM}) ::sigaddset(&usual, s);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes,
                             static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF));
  ::pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, words.front().c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  game_process p;
  ec.clear();
  if (failed != 0) {
    ec.assign(failed, std::system_category());
  } else {
    p.id_ = pid;
  }
  return p;
}

std::optional<game_process::ending> game_process::poll() {
  if (id_ < 0) return ending{};
  int status = 0;
  ::pid_t got;
  do {
    got = ::waitpid(static_cast<::pid_t>(id_), &status, WNOHANG);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  ending e;
  if (got > 0 && WIFEXITED(status)) e.code = WEXITSTATUS(status);
  if (got > 0 && WIFSIGNALED(status)) e.signal = WTERMSIG(status);
  id_ = -1;
  return e;
}

}  // namespace launcher
