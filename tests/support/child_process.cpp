#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

extern char** environ;

namespace haul::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() { reset(); }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

pipe_ends make_pipe() {
  std::array<int, 2> fds{};
#ifdef __APPLE__
  if (::pipe(fds.data()) != 0) fail("pipe");
  for (const int fd : fds) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
#else
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("pipe");
#endif
  pipe_ends ends;
  ends.read = descriptor(fds[0]);
  ends.write = descriptor(fds[1]);
  return ends;
}

pipe_ends make_terminal() {
  pipe_ends ends;
  ends.read = descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (ends.read.get() < 0 || ::grantpt(ends.read.get()) != 0 || ::unlockpt(ends.read.get()) != 0) {
    fail("posix_openpt");
  }
  std::array<char, 128> name{};
  if (::ptsname_r(ends.read.get(), name.data(), name.size()) != 0) fail("ptsname");
  ends.write = descriptor(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (ends.write.get() < 0) fail("open the terminal");
  winsize size{};
  size.ws_row = 24;
  size.ws_col = 80;
  ::ioctl(ends.write.get(), TIOCSWINSZ, &size);
  // As written, without CR before LF.
  termios settings{};
  ::tcgetattr(ends.write.get(), &settings);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  ::tcsetattr(ends.write.get(), TCSANOW, &settings);
  return ends;
}

descriptor open_file(const std::filesystem::path& path, int flags) {
  descriptor fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (fd.get() < 0) fail("cannot open " + path.string());
  return fd;
}

descriptor input_of(const std::string& text) {
  if (text.empty()) return open_file("/dev/null", O_RDONLY);
  std::string name = (std::filesystem::temp_directory_path() / "haul-input-XXXXXX").string();
  descriptor fd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd.get() < 0) fail("cannot make " + name);
  ::unlink(name.c_str());
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0) fail("cannot write the input");
    done += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  // The administrator's folders are not in every user's PATH, but servers live there.
  std::string dirs = std::string(path ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin";
  for (std::size_t at = 0; at <= dirs.size();) {
    const std::size_t end = std::min(dirs.find(':', at), dirs.size());
    std::string candidate = dirs.substr(at, end - at) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  errno = ENOENT;
  fail("cannot find " + name);
}

std::vector<std::string> environment(const child_options& options) {
  std::map<std::string, std::string> values;
  if (!options.clear_env) {
    for (char** e = environ; *e; ++e) {
      const std::string text = *e;
      const std::size_t equals = text.find('=');
      if (equals != std::string::npos) values[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  for (const auto& [name, value] : options.env) {
    if (value) {
      values[name] = *value;
    } else {
      values.erase(name);
    }
  }
  std::vector<std::string> result;
  for (const auto& [name, value] : values) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& t : texts) result.push_back(t.data());
  result.push_back(nullptr);
  return result;
}

// Everything the child needs between fork and exec, where nothing may be allocated: another thread
// may have held the heap's lock.
struct start_plan {
  const char* program;
  char* const* args;
  char* const* env;
  const char* cwd;
  int in;
  int out;
  int err;
  int report;
  int death_signal;
  pid_t parent;
  const std::pair<int, unsigned long>* limits;
  std::size_t limit_count;
  const unsigned* user;
};

[[noreturn]] void report_and_exit(int report) {
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
  ::_exit(127);
}

[[noreturn]] void become(const start_plan& p) {
  ::setpgid(0, 0);
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, p.death_signal);
  if (::getppid() != p.parent) ::_exit(127);
#endif
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  // First out of the way of 0 to 3, which are about to be replaced.
  const int in = ::fcntl(p.in, F_DUPFD, 10);
  const int out = ::fcntl(p.out, F_DUPFD, 10);
  const int err = ::fcntl(p.err, F_DUPFD, 10);
  const int report = ::fcntl(p.report, F_DUPFD, 10);
  if (in < 0 || out < 0 || err < 0 || report < 0) report_and_exit(p.report);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0 || ::dup2(report, 3) < 0) {
    report_and_exit(report);
  }
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  // Sockets of this process must not live on in the child: their peers would never see the end.
  bool closed = false;
#ifdef SYS_close_range
  closed = ::syscall(SYS_close_range, 4U, ~0U, 0U) == 0;
#endif
  if (!closed) {
    for (int fd = 4; fd < 4096; ++fd) ::close(fd);
  }
  if (p.cwd && ::chdir(p.cwd) != 0) report_and_exit(3);
  for (std::size_t i = 0; i < p.limit_count; ++i) {
    rlimit limit{};
    limit.rlim_cur = p.limits[i].second;
    limit.rlim_max = p.limits[i].second;
#ifdef __GLIBC__
    const auto which = static_cast<__rlimit_resource>(p.limits[i].first);
#else
    const int which = p.limits[i].first;
#endif
    if (::setrlimit(which, &limit) != 0) report_and_exit(3);
  }
  if (p.user) {
    if (::setgid(*p.user) != 0 || ::setuid(*p.user) != 0) report_and_exit(3);
#ifdef __linux__
    // A change of user clears it.
    ::prctl(PR_SET_PDEATHSIG, p.death_signal);
#endif
  }
  ::execve(p.program, p.args, p.env);
  report_and_exit(3);
}

}  // namespace

struct child_process::impl {
  pid_t pid = -1;
  std::mutex wait_mutex;
  std::optional<exit_status> status;

  descriptor out_pipe;
  descriptor err_pipe;
  pipe_ends wake;
  mutable std::mutex text_mutex;
  std::string out;
  std::string err;
  std::thread reader;

  ~impl() {
    if (pid > 0) {
      kill_all();
      wait();
    }
    stop_reading();
  }

  void kill_all() {
    // After the program itself is reaped, its group may still hold what it started.
    ::kill(-pid, SIGKILL);
  }

  void stop_reading() {
    wake.write.reset();
    if (reader.joinable()) reader.join();
  }

  void read_all() {
    std::array<pollfd, 3> fds{};
    fds[0].fd = out_pipe.get();
    fds[1].fd = err_pipe.get();
    fds[2].fd = wake.read.get();
    for (pollfd& p : fds) p.events = POLLIN;
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;
      for (std::size_t i = 0; i < 2; ++i) {
        if (fds[i].fd < 0 || fds[i].revents == 0) continue;
        std::array<char, 64 * 1024> block;
        const ssize_t n = ::read(fds[i].fd, block.data(), block.size());
        if (n > 0) {
          const std::lock_guard lock(text_mutex);
          (i == 0 ? out : err).append(block.data(), static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
          fds[i].fd = -1;  // A terminal says EIO at its end.
        }
      }
      if (fds[2].revents != 0) return;
    }
    const std::lock_guard lock(text_mutex);
    at_end = true;
  }

  bool reading_done() const {
    const std::lock_guard lock(text_mutex);
    return at_end;
  }

  bool reap(bool block) {
    const std::lock_guard lock(wait_mutex);
    if (status) return true;
    int raw = 0;
    pid_t got = 0;
    do {
      got = ::waitpid(pid, &raw, block ? 0 : WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got == 0) return false;
    exit_status s;
    if (got == pid && WIFEXITED(raw)) s.code = WEXITSTATUS(raw);
    if (got == pid && WIFSIGNALED(raw)) s.signal = WTERMSIG(raw);
    status = s;
    return true;
  }

  std::optional<exit_status> wait_for(std::chrono::milliseconds timeout) {
    const auto latest = std::chrono::steady_clock::now() + timeout;
    while (!reap(false)) {
      if (std::chrono::steady_clock::now() >= latest) return std::nullopt;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    finish_reading();
    return status;
  }

  exit_status wait() {
    reap(true);
    finish_reading();
    return *status;
  }

  // What it started may hold the pipes for ever.
  void finish_reading() const {
    for (int i = 0; i < 1000 && !reading_done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  bool at_end = false;
};

child_process::child_process(const std::string& program, std::vector<std::string> args,
                             child_options options)
    : impl_(std::make_unique<impl>()) {
  const std::string file = find_program(program);
  args.insert(args.begin(), program);
  std::vector<std::string> env = environment(options);
  const std::vector<char*> arg_pointers = pointers(args);
  const std::vector<char*> env_pointers = pointers(env);

  const descriptor in = input_of(options.input);
  pipe_ends out;
  pipe_ends err;
  if (options.terminal) {
    out = make_terminal();
  } else {
    if (options.out_file.empty()) {
      out = make_pipe();
    } else {
      out.write = open_file(options.out_file, O_WRONLY | O_CREAT | O_APPEND);
    }
    if (options.err_file.empty()) {
      err = make_pipe();
    } else {
      err.write = open_file(options.err_file, O_WRONLY | O_CREAT | O_APPEND);
    }
  }
  pipe_ends report = make_pipe();
  impl_->wake = make_pipe();

  start_plan plan{};
  plan.program = file.c_str();
  plan.args = arg_pointers.data();
  plan.env = env_pointers.data();
  plan.cwd = options.cwd.empty() ? nullptr : options.cwd.c_str();
  plan.in = in.get();
  plan.out = out.write.get();
  plan.err = options.terminal ? out.write.get() : err.write.get();
  plan.report = report.write.get();
  plan.death_signal = options.death_signal;
  plan.parent = ::getpid();
  plan.limits = options.limits.data();
  plan.limit_count = options.limits.size();
  plan.user = options.user ? &*options.user : nullptr;

  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) become(plan);
  // Both set it, as either may come first.
  ::setpgid(pid, pid);
  impl_->pid = pid;
  report.write.reset();
  out.write.reset();
  err.write.reset();
  int error = 0;
  if (::read(report.read.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    impl_->pid = -1;
    throw std::system_error(error, std::generic_category(), "cannot run " + file);
  }
  impl_->out_pipe = std::move(out.read);
  impl_->err_pipe = std::move(err.read);
  impl_->reader = std::thread([p = impl_.get()] { p->read_all(); });
}

child_process::~child_process() = default;
child_process::child_process(child_process&&) noexcept = default;
child_process& child_process::operator=(child_process&&) noexcept = default;

pid_t child_process::pid() const { return impl_->pid; }
bool child_process::running() { return !impl_->reap(false); }

void child_process::send_signal(int signal) {
  // Not to a number that may be another process by now.
  const std::lock_guard lock(impl_->wait_mutex);
  if (!impl_->status) ::kill(impl_->pid, signal);
}

void child_process::kill_group(int signal) { ::kill(-impl_->pid, signal); }

exit_status child_process::kill_now() {
  impl_->kill_all();
  return impl_->wait();
}

exit_status child_process::wait() { return impl_->wait(); }

std::optional<exit_status> child_process::wait_for(std::chrono::milliseconds timeout) {
  return impl_->wait_for(timeout);
}

std::string child_process::out() const {
  const std::lock_guard lock(impl_->text_mutex);
  return impl_->out;
}

std::string child_process::err() const {
  const std::lock_guard lock(impl_->text_mutex);
  return impl_->err;
}

}  // namespace haul::test
