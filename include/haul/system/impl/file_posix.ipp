#ifndef HAUL_SYSTEM_IMPL_FILE_POSIX_IPP
#define HAUL_SYSTEM_IMPL_FILE_POSIX_IPP

#include <haul/system/file.hpp>

#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace haul::system {
namespace detail {

inline void set_from_errno(std::error_code& ec) { ec.assign(errno, std::system_category()); }

}  // namespace detail

HAUL_DECL file file::open(const std::filesystem::path& path, open_mode mode, std::error_code& ec) {
  ec.clear();
  int flags = O_CLOEXEC;
  switch (mode) {
    case open_mode::read:
      flags |= O_RDONLY;
      break;
    case open_mode::update:
      flags |= O_RDWR | O_CREAT;
      break;
    case open_mode::create:
      flags |= O_RDWR | O_CREAT | O_TRUNC;
      break;
    case open_mode::create_private:
      flags |= O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
      break;
  }
  file f;
  do {
    f.handle_ = ::open(path.c_str(), flags, mode == open_mode::create_private ? 0600 : 0666);
  } while (f.handle_ < 0 && errno == EINTR);
  if (f.handle_ < 0) {
    detail::set_from_errno(ec);
    f.handle_ = -1;
  }
  return f;
}

HAUL_DECL file file::open_unnamed(const std::filesystem::path& folder, std::error_code& ec) {
  ec.clear();
  file f;
#ifdef O_TMPFILE
  const char* const where = folder.empty() ? "." : folder.c_str();
  do {
    f.handle_ = ::open(where, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
  } while (f.handle_ < 0 && errno == EINTR);
  if (f.handle_ >= 0) return f;
  f.handle_ = -1;
  // A kernel that does not know of it takes it for an attempt to write to a folder.
  if (errno != EISDIR && errno != EOPNOTSUPP && errno != EINVAL) {
    detail::set_from_errno(ec);
    return f;
  }
#else
  static_cast<void>(folder);
#endif
  ec = std::make_error_code(std::errc::operation_not_supported);
  return f;
}

HAUL_DECL void file::name(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
#ifdef O_TMPFILE
  const int fd = static_cast<int>(handle_);
#ifdef AT_EMPTY_PATH
  // Whoever opened the file may do so since Linux 6.10; before, it is a privilege.
  if (::linkat(fd, "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return;
  if (errno != ENOENT && errno != EINVAL) return detail::set_from_errno(ec);
#endif
  char self[32];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  if (::linkat(AT_FDCWD, self, AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
  detail::set_from_errno(ec);
#else
  static_cast<void>(path);
  ec = std::make_error_code(std::errc::operation_not_supported);
#endif
}

HAUL_DECL void file::close() noexcept {
  if (handle_ != -1) ::close(static_cast<int>(std::exchange(handle_, -1)));
}

HAUL_DECL std::size_t file::read_at(std::uint64_t offset, void* to, std::size_t n,
                                    std::error_code& ec) {
  ec.clear();
  std::size_t done = 0;
  while (done < n) {
    const ::ssize_t got = ::pread(static_cast<int>(handle_), static_cast<char*>(to) + done,
                                  n - done, static_cast<::off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) detail::set_from_errno(ec);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

HAUL_DECL void file::write_at(std::uint64_t offset, const void* from, std::size_t n,
                              std::error_code& ec) {
  ec.clear();
  std::size_t done = 0;
  while (done < n) {
    const ::ssize_t put = ::pwrite(static_cast<int>(handle_), static_cast<const char*>(from) + done,
                                   n - done, static_cast<::off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return detail::set_from_errno(ec);
    done += static_cast<std::size_t>(put);
  }
}

HAUL_DECL void file::reserve(std::uint64_t n, std::error_code& ec) {
  ec.clear();
#ifdef __linux__
  if (n > 0) {
    int failed;
    do {
      failed = ::fallocate(static_cast<int>(handle_), 0, 0, static_cast<::off_t>(n));
    } while (failed && errno == EINTR);
    if (failed && errno != EOPNOTSUPP && errno != ENOSYS) return detail::set_from_errno(ec);
  }
#endif
  resize(n, ec);
}

HAUL_DECL void file::resize(std::uint64_t n, std::error_code& ec) {
  ec.clear();
  if (::ftruncate(static_cast<int>(handle_), static_cast<::off_t>(n))) detail::set_from_errno(ec);
}

HAUL_DECL std::uint64_t file::size(std::error_code& ec) {
  ec.clear();
  struct ::stat s {};
  if (::fstat(static_cast<int>(handle_), &s)) {
    detail::set_from_errno(ec);
    return 0;
  }
  return static_cast<std::uint64_t>(s.st_size);
}

HAUL_DECL void file::sync(std::error_code& ec) {
  ec.clear();
#ifdef __APPLE__
  if (::fcntl(static_cast<int>(handle_), F_FULLFSYNC) == 0) return;
  if (::fsync(static_cast<int>(handle_))) detail::set_from_errno(ec);
#else
  if (::fdatasync(static_cast<int>(handle_))) detail::set_from_errno(ec);
#endif
}

HAUL_DECL bool file::try_lock(std::error_code& ec) {
  ec.clear();
  if (::flock(static_cast<int>(handle_), LOCK_EX | LOCK_NB) == 0) return true;
  // A file system without locks does not keep anybody from downloading.
  if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return true;
  if (errno != EWOULDBLOCK) detail::set_from_errno(ec);
  return false;
}

HAUL_DECL path_status status_of(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  struct ::stat s {};
  path_status status;
  if (::stat(path.c_str(), &s)) {
    if (errno != ENOENT) detail::set_from_errno(ec);
    return status;
  }
  status.exists = true;
  status.directory = S_ISDIR(s.st_mode);
  status.size = static_cast<std::uint64_t>(s.st_size);
  status.modified = std::chrono::sys_seconds{std::chrono::seconds{s.st_mtime}};
  return status;
}

HAUL_DECL file_names names_in(const std::filesystem::path& folder, std::size_t most,
                              std::error_code& ec) {
  ec.clear();
  file_names names;
#ifdef __linux__
  struct close_folder {
    void operator()(::DIR* d) const noexcept { ::closedir(d); }
  };
  const std::unique_ptr<::DIR, close_folder> d{::opendir(folder.empty() ? "." : folder.c_str())};
  if (!d) {
    if (errno != ENOENT) detail::set_from_errno(ec);
    return names;
  }
  for (;;) {
    errno = 0;
    const ::dirent* entry = ::readdir(d.get());
    if (!entry) break;
    const std::string_view name{entry->d_name};
    if (name == "." || name == "..") continue;
    if (names.size() == most) {
      errno = EOVERFLOW;
      break;
    }
    names.emplace(name);
  }
  if (errno != 0) detail::set_from_errno(ec);
#else
  static_cast<void>(folder);
  static_cast<void>(most);
  ec = std::make_error_code(std::errc::operation_not_supported);
#endif
  return names;
}

HAUL_DECL void rename_file(const std::filesystem::path& from, const std::filesystem::path& to,
                           std::error_code& ec) {
  std::filesystem::rename(from, to, ec);
}

HAUL_DECL void rename_if_absent(const std::filesystem::path& from, const std::filesystem::path& to,
                                std::error_code& ec) {
#ifdef RENAME_NOREPLACE
  ec.clear();
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) return detail::set_from_errno(ec);
#endif
  const path_status there = status_of(to, ec);
  if (ec) return;
  if (there.exists) {
    ec = std::make_error_code(std::errc::file_exists);
  } else {
    rename_file(from, to, ec);
  }
}

HAUL_DECL void remove_file(const std::filesystem::path& path, std::error_code& ec) {
  std::filesystem::remove(path, ec);
}

HAUL_DECL void make_directories(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  if (!path.empty()) std::filesystem::create_directories(path, ec);
}

HAUL_DECL void sync_directory(const std::filesystem::path& path, std::error_code& ec) {
  ec.clear();
  const std::filesystem::path folder = path.empty() ? std::filesystem::path{"."} : path;
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return detail::set_from_errno(ec);
  if (::fsync(fd)) detail::set_from_errno(ec);
  ::close(fd);
}

HAUL_DECL std::uint64_t free_space(const std::filesystem::path& path, std::error_code& ec) {
  const auto space = std::filesystem::space(path.empty() ? "." : path, ec);
  return ec ? 0 : space.available;
}

}  // namespace haul::system

#endif
