#include "child_process.hpp"
#include <haul/system/windows.hpp>

#include <array>
#include <map>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace haul::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(static_cast<int>(::GetLastError()), std::system_category(), what);
}

std::wstring wide(const std::string& text) {
  return std::filesystem::path{std::u8string{text.begin(), text.end()}}.native();
}

class handle {
 public:
  handle() = default;
  explicit handle(HANDLE h) : handle_(h == INVALID_HANDLE_VALUE ? nullptr : h) {}
  handle(handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  handle& operator=(handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~handle() { reset(); }
  void reset() {
    if (handle_) ::CloseHandle(std::exchange(handle_, nullptr));
  }
  HANDLE get() const { return handle_; }

 private:
  HANDLE handle_ = nullptr;
};

struct pipe_ends {
  handle read;
  handle write;
};

pipe_ends make_pipe() {
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  HANDLE read = nullptr;
  HANDLE write = nullptr;
  if (!::CreatePipe(&read, &write, &inherited, 0)) fail("pipe");
  pipe_ends ends{handle{read}, handle{write}};
  ::SetHandleInformation(read, HANDLE_FLAG_INHERIT, 0);
  return ends;
}

handle open_file(const std::filesystem::path& path, DWORD access, DWORD creation) {
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  handle h{::CreateFileW(path.c_str(), access,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherited,
                         creation, FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (!h.get()) fail("cannot open " + path.string());
  return h;
}

// As the other side's C library takes it apart again.
std::wstring quoted(const std::wstring& text) {
  std::wstring result = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t c : text) {
    if (c == L'"') result.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    result += c;
  }
  result.append(backslashes, L'\\');
  return result + L'"';
}

std::wstring environment(const child_options& options) {
  std::map<std::wstring, std::wstring> values;
  if (!options.clear_env) {
    wchar_t* const all = ::GetEnvironmentStringsW();
    for (const wchar_t* e = all; *e; e += std::wstring_view{e}.size() + 1) {
      const std::wstring text = e;
      const std::size_t equals = text.find(L'=', 1);
      if (equals != std::wstring::npos) values[text.substr(0, equals)] = text.substr(equals + 1);
    }
    ::FreeEnvironmentStringsW(all);
  }
  for (const auto& [name, value] : options.env) {
    if (value) {
      values[wide(name)] = wide(*value);
    } else {
      values.erase(wide(name));
    }
  }
  std::wstring block;
  for (const auto& [name, value] : values) block += name + L'=' + value + L'\0';
  return block + L'\0';
}

}  // namespace

struct child_process::impl {
  handle job;  // what the program starts ends with it
  handle process;
  DWORD id = 0;
  std::optional<exit_status> status;
  bool was_killed = false;

  mutable std::mutex text_mutex;
  std::array<handle, 2> pipes;
  std::array<std::string, 2> texts;
  std::array<std::thread, 2> readers;

  ~impl() {
    if (process.get()) {
      kill_all();
      wait();
    }
  }

  void kill_all() {
    was_killed = !status;
    ::TerminateJobObject(job.get(), 1);
  }

  void read_all(std::size_t which) {
    std::array<char, 64 * 1024> block;
    DWORD n = 0;
    while (::ReadFile(pipes[which].get(), block.data(), static_cast<DWORD>(block.size()), &n,
                      nullptr) &&
           n > 0) {
      const std::lock_guard lock(text_mutex);
      texts[which].append(block.data(), n);
    }
  }

  // Lines end as everywhere else.
  std::string text(std::size_t which) const {
    const std::lock_guard lock(text_mutex);
    std::string text = texts[which];
    for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
    return text;
  }

  bool reap(DWORD milliseconds) {
    if (status) return true;
    if (::WaitForSingleObject(process.get(), milliseconds) != WAIT_OBJECT_0) return false;
    DWORD code = 0;
    ::GetExitCodeProcess(process.get(), &code);
    exit_status s;
    if (!was_killed) s.code = static_cast<int>(code);
    status = s;
    return true;
  }

  exit_status wait() {
    reap(INFINITE);
    for (std::thread& t : readers) {
      if (t.joinable()) t.join();
    }
    return *status;
  }

  std::optional<exit_status> wait_for(std::chrono::milliseconds timeout) {
    if (!reap(static_cast<DWORD>(timeout.count()))) return std::nullopt;
    return wait();
  }
};

child_process::child_process(const std::string& program, std::vector<std::string> args,
                             child_options options)
    : impl_(std::make_unique<impl>()) {
  if (options.terminal || !options.limits.empty() || options.user || !options.input.empty()) {
    throw std::logic_error("not for Windows: a terminal, input, limits and users of a child");
  }
  std::wstring command = quoted(wide(program));
  for (const std::string& a : args) command += L' ' + quoted(wide(a));
  std::wstring env = environment(options);

  const handle in = open_file("NUL", GENERIC_READ, OPEN_EXISTING);
  std::array<handle, 2> ends;
  for (const std::size_t i : {0u, 1u}) {
    const auto& file = i == 0 ? options.out_file : options.err_file;
    if (file.empty()) {
      pipe_ends p = make_pipe();
      impl_->pipes[i] = std::move(p.read);
      ends[i] = std::move(p.write);
    } else {
      ends[i] = open_file(file, FILE_APPEND_DATA, OPEN_ALWAYS);
    }
  }

  // Only these three are inherited: else a second child would keep the first one's pipes open.
  std::array<HANDLE, 3> inherited{in.get(), ends[0].get(), ends[1].get()};
  SIZE_T size = 0;
  ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
  std::vector<std::uint64_t> room(size / 8 + 1);
  const auto list = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(room.data());
  if (!::InitializeProcThreadAttributeList(list, 1, 0, &size) ||
      !::UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited.data(),
                                   sizeof inherited, nullptr, nullptr)) {
    fail("attributes of a process");
  }
  STARTUPINFOEXW start{};
  start.StartupInfo.cb = sizeof start;
  start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  start.StartupInfo.hStdInput = in.get();
  start.StartupInfo.hStdOutput = ends[0].get();
  start.StartupInfo.hStdError = ends[1].get();
  start.lpAttributeList = list;

  impl_->job = handle{::CreateJobObjectW(nullptr, nullptr)};
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  ::SetInformationJobObject(impl_->job.get(), JobObjectExtendedLimitInformation, &limits,
                            sizeof limits);
  PROCESS_INFORMATION made{};
  const bool ok =
      ::CreateProcessW(nullptr, command.data(), nullptr, nullptr, TRUE,
                       CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT | CREATE_SUSPENDED,
                       env.data(), options.cwd.empty() ? nullptr : options.cwd.c_str(),
                       &start.StartupInfo, &made) != 0;
  if (!ok) fail("cannot run " + program);
  ::DeleteProcThreadAttributeList(list);
  impl_->process = handle{made.hProcess};
  impl_->id = made.dwProcessId;
  ::AssignProcessToJobObject(impl_->job.get(), made.hProcess);
  ::ResumeThread(made.hThread);
  ::CloseHandle(made.hThread);
  ends = {};
  for (const std::size_t i : {0u, 1u}) {
    if (!impl_->pipes[i].get()) continue;
    impl_->readers[i] = std::thread([p = impl_.get(), i] { p->read_all(i); });
  }
}

child_process::~child_process() = default;
child_process::child_process(child_process&&) noexcept = default;
child_process& child_process::operator=(child_process&&) noexcept = default;

pid_t child_process::pid() const { return static_cast<pid_t>(impl_->id); }
bool child_process::running() { return !impl_->reap(0); }

void child_process::send_signal(int) { throw std::logic_error("not for Windows: signals"); }
void child_process::kill_group(int) { impl_->kill_all(); }

exit_status child_process::kill_now() {
  impl_->kill_all();
  return impl_->wait();
}

exit_status child_process::wait() { return impl_->wait(); }

std::optional<exit_status> child_process::wait_for(std::chrono::milliseconds timeout) {
  return impl_->wait_for(timeout);
}

std::string child_process::out() const { return impl_->text(0); }
std::string child_process::err() const { return impl_->text(1); }

}  // namespace haul::test
