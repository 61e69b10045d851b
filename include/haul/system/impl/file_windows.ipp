#ifndef HAUL_SYSTEM_IMPL_FILE_WINDOWS_IPP
#define HAUL_SYSTEM_IMPL_FILE_WINDOWS_IPP

#include <haul/error.hpp>
#include <haul/system/file.hpp>
#include <haul/system/windows.hpp>

#include <algorithm>
#include <sddl.h>
#include <string>
#include <vector>
#include <winioctl.h>

namespace haul::system {
namespace detail {

/// ERROR_DIRECTORY_NOT_SUPPORTED, where the system itself says that access is denied.
inline constexpr DWORD is_directory = 336;

inline void set_error(std::error_code& ec, DWORD code) {
  switch (code) {
    case is_directory:
      ec = std::make_error_code(std::errc::is_a_directory);
      break;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
      ec = std::make_error_code(std::errc::file_exists);
      break;
    default:
      ec.assign(static_cast<int>(code), std::system_category());
      break;
  }
}
inline void set_from_last_error(std::error_code& ec) { set_error(ec, ::GetLastError()); }

inline HANDLE to_handle(std::intptr_t h) noexcept { return reinterpret_cast<HANDLE>(h); }

/// Closes what is open for the time of a call only.
class scoped_handle {
 public:
  explicit scoped_handle(HANDLE h) noexcept : handle_(h) {}
  scoped_handle(const scoped_handle&) = delete;
  scoped_handle& operator=(const scoped_handle&) = delete;
  ~scoped_handle() {
    if (is_open()) ::CloseHandle(handle_);
  }
  bool is_open() const noexcept { return handle_ != INVALID_HANDLE_VALUE; }
  HANDLE get() const noexcept { return handle_; }

 private:
  HANDLE handle_;
};

/// The name that the system's calls get. One that is longer than they take (MAX_PATH, less room
/// for a short name in a folder) has to be absolute, behind `\\?\`.
inline std::wstring system_name(const std::filesystem::path& path) {
  const std::wstring& given = path.native();
  if (given.starts_with(LR"(\\?\)") || given.starts_with(LR"(\\.\)")) return given;
  // Also for what is short: the current folder may be long.
  std::wstring full(given.size() + 256, L'\0');
  for (;;) {
    const DWORD n =
        ::GetFullPathNameW(given.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr);
    if (n == 0) return given;
    const bool fits = n < full.size();
    full.resize(n);
    if (fits) break;
  }
  static constexpr std::size_t longest = 247;
  if (full.size() <= longest || full.starts_with(LR"(\\.\)")) return full;
  if (full.starts_with(LR"(\\)")) return LR"(\\?\UNC\)" + full.substr(2);
  return LR"(\\?\)" + full;
}

/// NUL, COM1 and their like, which up to Windows 10 are in every folder, also with an ending. No
/// file can be made there; what is written is lost, or printed.
inline bool is_device(const std::wstring& name) { return name.starts_with(LR"(\\.\)"); }

inline bool is_absent(DWORD error) noexcept {
  return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
}

/// Programs that look at every new file (virus scanners, indexers) hold it open for a moment, and
/// what would be done with it fails meanwhile: tries again for about a second.
///
/// @param call  Returns the system's error, 0 for none.
template <class Call>
DWORD patiently(Call&& call) {
  DWORD error = call();
  for (DWORD pause = 1; pause <= 512; pause *= 2) {
    const bool held = error == ERROR_SHARING_VIOLATION || error == ERROR_LOCK_VIOLATION ||
                      error == ERROR_ACCESS_DENIED || error == ERROR_USER_MAPPED_FILE;
    if (!held) break;
    ::Sleep(pause);
    error = call();
  }
  return error;
}

/// That a folder or a file behind it can be read, and nothing else.
inline bool attributes_of(const std::wstring& name, WIN32_FILE_ATTRIBUTE_DATA& found) {
  return ::GetFileAttributesExW(name.c_str(), GetFileExInfoStandard, &found) != 0;
}

inline bool is_folder(const std::wstring& name) {
  WIN32_FILE_ATTRIBUTE_DATA found{};
  return attributes_of(name, found) && (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/// For what does not need to be read or written. Folders can be opened too.
inline HANDLE open_for(const std::wstring& name, DWORD access) {
  return ::CreateFileW(name.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
}

/// An access list with everything for the user of this process, nothing for anybody else, and
/// nothing of the folder's. Null, with an error of the system, when there is none; else to be
/// freed.
inline PSECURITY_DESCRIPTOR for_this_user_only() {
  HANDLE token = nullptr;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &token)) return nullptr;
  const scoped_handle closed_later{token};
  std::uint64_t room[32];  // a TOKEN_USER and its SID, which has 68 bytes at the most
  DWORD size = sizeof room;
  if (!::GetTokenInformation(token, TokenUser, room, size, &size)) return nullptr;
  wchar_t* sid = nullptr;
  if (!::ConvertSidToStringSidW(reinterpret_cast<const TOKEN_USER*>(room)->User.Sid, &sid)) {
    return nullptr;
  }
  PSECURITY_DESCRIPTOR made = nullptr;
  const std::wstring list = std::wstring{L"D:P(A;;FA;;;"} + sid + L")";
  ::LocalFree(sid);
  const bool ok = ::ConvertStringSecurityDescriptorToSecurityDescriptorW(
                      list.c_str(), SDDL_REVISION_1, &made, nullptr) != 0;
  return ok ? made : nullptr;
}

/// As POSIX has it: who has the old file open keeps it. Windows 10 of 2016 and newer, on NTFS.
inline DWORD rename_over(const std::wstring& from, const std::wstring& to) {
  static constexpr DWORD delete_access = 0x0011'0000;  // and to wait: some programs undefine DELETE
  const scoped_handle file{open_for(from, delete_access)};
  if (!file.is_open()) return ::GetLastError();
  struct rename_information {  // FILE_RENAME_INFO, whose flags not every SDK has
    DWORD flags;
    HANDLE root;
    DWORD length;
    wchar_t name[1];
  };
  static constexpr DWORD replace_if_exists = 0x1;
  static constexpr DWORD posix_semantics = 0x2;
  static constexpr auto rename_info_ex = static_cast<FILE_INFO_BY_HANDLE_CLASS>(22);
  std::vector<std::uint64_t> room((sizeof(rename_information) + to.size() * sizeof(wchar_t)) / 8 +
                                  1);
  auto* wanted = reinterpret_cast<rename_information*>(room.data());
  wanted->flags = replace_if_exists | posix_semantics;
  wanted->length = static_cast<DWORD>(to.size() * sizeof(wchar_t));
  std::copy(to.begin(), to.end(), &wanted->name[0]);
  const bool done = ::SetFileInformationByHandle(file.get(), rename_info_ex, wanted,
                                                 static_cast<DWORD>(room.size() * 8)) != 0;
  return done ? 0 : ::GetLastError();
}

}  // namespace detail

HAUL_DECL file file::open(const std::filesystem::path& path, open_mode mode, std::error_code& ec) {
  ec.clear();
  DWORD access = GENERIC_READ | GENERIC_WRITE;
  DWORD creation = OPEN_ALWAYS;
  SECURITY_ATTRIBUTES security{sizeof(SECURITY_ATTRIBUTES), nullptr, FALSE};
  switch (mode) {
    case open_mode::read:
      access = GENERIC_READ;
      creation = OPEN_EXISTING;
      break;
    case open_mode::update:
      break;
    case open_mode::create:
      creation = CREATE_ALWAYS;
      break;
    case open_mode::create_private:
      creation = CREATE_NEW;
      security.lpSecurityDescriptor = detail::for_this_user_only();
      if (!security.lpSecurityDescriptor) {
        detail::set_from_last_error(ec);
        return {};
      }
      break;
  }
  const std::wstring name = detail::system_name(path);
  file f;
  if (detail::is_device(name)) {
    ::LocalFree(security.lpSecurityDescriptor);
    ec = errc::invalid_target;
    return f;
  }
  const DWORD error = detail::patiently([&]() -> DWORD {
    // Others may do with the file what they like, as with POSIX: `try_lock` is for what excludes.
    const HANDLE h =
        ::CreateFileW(name.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                      security.lpSecurityDescriptor ? &security : nullptr, creation,
                      FILE_ATTRIBUTE_NORMAL, nullptr);
    f.handle_ = reinterpret_cast<std::intptr_t>(h);
    if (h != INVALID_HANDLE_VALUE) return 0;
    const DWORD failed = ::GetLastError();
    // A folder is no file, however long one waits.
    if (failed == ERROR_ACCESS_DENIED && detail::is_folder(name)) return detail::is_directory;
    return failed;
  });
  ::LocalFree(security.lpSecurityDescriptor);
  if (error != 0) detail::set_error(ec, error);
  return f;
}

HAUL_DECL file file::open_unnamed(const std::filesystem::path&, std::error_code& ec) {
  ec = std::make_error_code(std::errc::operation_not_supported);
  return file{};
}

HAUL_DECL void file::name(const std::filesystem::path&, std::error_code& ec) {
  ec = std::make_error_code(std::errc::operation_not_supported);
}

HAUL_DECL void file::close() noexcept {
  if (handle_ != -1) ::CloseHandle(detail::to_handle(std::exchange(handle_, -1)));
}

namespace detail {

/// The longest part of a transfer that is left to one call.
inline constexpr std::size_t most_at_once = 1u << 30;

inline OVERLAPPED at_offset(std::uint64_t offset) {
  OVERLAPPED o{};
  o.Offset = static_cast<DWORD>(offset);
  o.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return o;
}

}  // namespace detail

HAUL_DECL std::size_t file::read_at(std::uint64_t offset, void* to, std::size_t n,
                                    std::error_code& ec) {
  ec.clear();
  std::size_t done = 0;
  while (done < n) {
    OVERLAPPED where = detail::at_offset(offset + done);
    const auto part = static_cast<DWORD>((std::min)(n - done, detail::most_at_once));
    DWORD got = 0;
    if (!::ReadFile(detail::to_handle(handle_), static_cast<char*>(to) + done, part, &got,
                    &where)) {
      if (::GetLastError() != ERROR_HANDLE_EOF) detail::set_from_last_error(ec);
      break;
    }
    if (got == 0) break;
    done += got;
  }
  return done;
}

HAUL_DECL void file::write_at(std::uint64_t offset, const void* from, std::size_t n,
                              std::error_code& ec) {
  ec.clear();
  std::size_t done = 0;
  while (done < n) {
    OVERLAPPED where = detail::at_offset(offset + done);
    const auto part = static_cast<DWORD>((std::min)(n - done, detail::most_at_once));
    DWORD put = 0;
    if (!::WriteFile(detail::to_handle(handle_), static_cast<const char*>(from) + done, part, &put,
                     &where)) {
      return detail::set_from_last_error(ec);
    }
    done += put;
  }
}

HAUL_DECL void file::reserve(std::uint64_t n, std::error_code& ec) {
  ec.clear();
  // NTFS fills with zeros, within the write, whatever lies between the last byte written so far and
  // a write far behind it. Not in a sparse file; its space cannot be promised, only looked for.
  DWORD ignored = 0;
  ::DeviceIoControl(detail::to_handle(handle_), FSCTL_SET_SPARSE, nullptr, 0, nullptr, 0, &ignored,
                    nullptr);
  FILE_STANDARD_INFO now{};
  std::wstring name(512, L'\0');
  DWORD length = 0;
  for (;;) {
    length = ::GetFinalPathNameByHandleW(detail::to_handle(handle_), name.data(),
                                         static_cast<DWORD>(name.size()), 0);
    const bool fits = length < name.size();
    name.resize(length);
    if (fits) break;
  }
  if (length > 0 && ::GetFileInformationByHandleEx(detail::to_handle(handle_), FileStandardInfo,
                                                   &now, sizeof now)) {
    std::error_code unknown;
    const std::uint64_t space =
        free_space(std::filesystem::path{std::move(name)}.parent_path(), unknown);
    const auto has = static_cast<std::uint64_t>(now.AllocationSize.QuadPart);
    if (!unknown && n > has && n - has > space) return detail::set_error(ec, ERROR_DISK_FULL);
  }
  resize(n, ec);
}

HAUL_DECL void file::resize(std::uint64_t n, std::error_code& ec) {
  ec.clear();
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(n);
  if (!::SetFileInformationByHandle(detail::to_handle(handle_), FileEndOfFileInfo, &end,
                                    sizeof end)) {
    detail::set_from_last_error(ec);
  }
}

HAUL_DECL std::uint64_t file::size(std::error_code& ec) {
  ec.clear();
  LARGE_INTEGER n{};
  if (!::GetFileSizeEx(detail::to_handle(handle_), &n)) detail::set_from_last_error(ec);
  return static_cast<std::uint64_t>(n.QuadPart);
}

HAUL_DECL void file::sync(std::error_code& ec) {
  ec.clear();
  if (!::FlushFileBuffers(detail::to_handle(handle_))) detail::set_from_last_error(ec);
}

HAUL_DECL bool file::try_lock(std::error_code& ec) {
  ec.clear();
  // Nobody else can write what is locked: a byte where no file has one.
  OVERLAPPED where = detail::at_offset(0x7FFF'FFFF'FFFF'FFF0);
  if (::LockFileEx(detail::to_handle(handle_), LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY,
                   0, 1, 0, &where)) {
    return true;
  }
  const DWORD error = ::GetLastError();
  // A file system without locks does not keep anybody from downloading.
  if (error == ERROR_INVALID_FUNCTION || error == ERROR_NOT_SUPPORTED) return true;
  if (error != ERROR_LOCK_VIOLATION && error != ERROR_IO_PENDING) detail::set_error(ec, error);
  return false;
}

HAUL_DECL path_status status_of(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  path_status status;
  const std::wstring name = detail::system_name(path);
  if (detail::is_device(name)) {
    ec = errc::invalid_target;
    return status;
  }
  WIN32_FILE_ATTRIBUTE_DATA found{};
  bool known = detail::attributes_of(name, found);
  if (known && (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    // What a link leads to.
    const detail::scoped_handle target{detail::open_for(name, FILE_READ_ATTRIBUTES)};
    BY_HANDLE_FILE_INFORMATION of_target{};
    known = target.is_open() && ::GetFileInformationByHandle(target.get(), &of_target) != 0;
    found.dwFileAttributes = of_target.dwFileAttributes;
    found.ftLastWriteTime = of_target.ftLastWriteTime;
    found.nFileSizeHigh = of_target.nFileSizeHigh;
    found.nFileSizeLow = of_target.nFileSizeLow;
  }
  if (!known) {
    const DWORD error = ::GetLastError();
    if (!detail::is_absent(error)) detail::set_error(ec, error);
    return status;
  }
  const auto joined = [](DWORD high, DWORD low) {
    return static_cast<std::uint64_t>(high) << 32 | low;
  };
  // In units of 100 ns since 1601.
  const auto ticks = static_cast<std::int64_t>(
      joined(found.ftLastWriteTime.dwHighDateTime, found.ftLastWriteTime.dwLowDateTime));
  status.exists = true;
  status.directory = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  status.size = joined(found.nFileSizeHigh, found.nFileSizeLow);
  status.modified =
      std::chrono::sys_seconds{std::chrono::seconds{ticks / 10'000'000 - 11'644'473'600}};
  return status;
}

HAUL_DECL file_names names_in(const std::filesystem::path&, std::size_t, std::error_code& ec) {
  ec = std::make_error_code(std::errc::operation_not_supported);
  return {};
}

HAUL_DECL void rename_file(const std::filesystem::path& from, const std::filesystem::path& to,
                           std::error_code& ec) {
  ec.clear();
  const std::wstring old_name = detail::system_name(from);
  const std::wstring new_name = detail::system_name(to);
  const DWORD error = detail::patiently([&]() -> DWORD {
    const DWORD failed = detail::rename_over(old_name, new_name);
    if (failed == 0 || detail::is_absent(failed)) return failed;
    // A file system that knows no such rename.
    if (::MoveFileExW(old_name.c_str(), new_name.c_str(),
                      MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
      return 0;
    }
    const DWORD error_of_move = ::GetLastError();
    // A folder is not replaced, however long one waits.
    if (error_of_move == ERROR_ACCESS_DENIED && detail::is_folder(new_name)) {
      return detail::is_directory;
    }
    return error_of_move;
  });
  if (error != 0) detail::set_error(ec, error);
}

HAUL_DECL void rename_if_absent(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::error_code& ec) {
  ec.clear();
  const std::wstring old_name = detail::system_name(from);
  const std::wstring new_name = detail::system_name(to);
  const DWORD error = detail::patiently([&]() -> DWORD {
    if (::MoveFileExW(old_name.c_str(), new_name.c_str(), MOVEFILE_WRITE_THROUGH)) return 0;
    return ::GetLastError();
  });
  if (error != 0) detail::set_error(ec, error);
}

HAUL_DECL void remove_file(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  const std::wstring name = detail::system_name(path);
  const DWORD error = detail::patiently([&]() -> DWORD {
    if (::DeleteFileW(name.c_str())) return 0;
    const DWORD failed = ::GetLastError();
    if (failed == ERROR_ACCESS_DENIED && detail::is_folder(name)) return detail::is_directory;
    return failed;
  });
  if (error != 0 && !detail::is_absent(error)) detail::set_error(ec, error);
}

HAUL_DECL void make_directories(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  if (path.empty()) return;
  const std::wstring name = detail::system_name(path);
  if (detail::is_folder(name) || ::CreateDirectoryW(name.c_str(), nullptr)) return;
  const DWORD error = ::GetLastError();
  // Somebody else may have been quicker.
  if (detail::is_folder(name)) return;
  const std::filesystem::path parent = path.parent_path();
  if (error != ERROR_PATH_NOT_FOUND || parent.empty() || parent == path) {
    return detail::set_error(ec, error);
  }
  make_directories(parent, ec);
  if (!ec && !::CreateDirectoryW(name.c_str(), nullptr) && !detail::is_folder(name)) {
    detail::set_from_last_error(ec);
  }
}

HAUL_DECL void sync_directory(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  const std::wstring name = detail::system_name(path.empty() ? L"." : path);
  const detail::scoped_handle folder{detail::open_for(name, GENERIC_READ | GENERIC_WRITE)};
  if (folder.is_open() && ::FlushFileBuffers(folder.get())) return;
  // Not every file system does this for folders, nor for everybody; the renames above are written
  // through in any case where they can be.
  const DWORD error = ::GetLastError();
  if (detail::is_absent(error)) detail::set_error(ec, error);
}

HAUL_DECL std::uint64_t free_space(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  std::wstring name = detail::system_name(path.empty() ? L"." : path);
  if (!name.ends_with(L'\\')) name += L'\\';
  ULARGE_INTEGER space{};
  if (!::GetDiskFreeSpaceExW(name.c_str(), &space, nullptr, nullptr)) {
    detail::set_from_last_error(ec);
  }
  return space.QuadPart;
}

}  // namespace haul::system

#endif
