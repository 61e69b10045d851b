#include "tthsd/foreign_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tthsd {
namespace {

constexpr std::uintptr_t page = 4096;  // or a multiple of it

/// Whether the eight bytes around an address can be read: the kernel reads a signal set there, and
/// then refuses what is to be done with it.
bool readable(std::uintptr_t at) {
  const auto* set = reinterpret_cast<const void*>(at & ~std::uintptr_t{7});
  return ::syscall(SYS_rt_sigprocmask, ~0, set, nullptr, 8) == 0 || errno != EFAULT;
}

/// As many bytes as can be read, up to `n`.
std::size_t copy_out(std::uintptr_t from, char* to, std::size_t n) {
  n = static_cast<std::size_t>(std::min<std::uintptr_t>(n, UINTPTR_MAX - from));
  if (n == 0) return 0;
  ::iovec here{to, n};
  ::iovec there{reinterpret_cast<void*>(from), n};
  const ::ssize_t got = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == EFAULT) return 0;
  // Forbidden in some containers: the page is probed, and then read.
  if (!readable(from)) return 0;
  n = static_cast<std::size_t>(std::min<std::uintptr_t>(n, page - from % page));
  std::memcpy(to, reinterpret_cast<const void*>(from), n);
  return n;
}

}  // namespace

std::optional<std::string> read_text(const char* from, std::size_t most) {
  if (!from) return std::nullopt;
  std::string text;
  auto at = reinterpret_cast<std::uintptr_t>(from);
  char block[4096];
  for (;;) {
    // Never past a page that may be the last one, unless it is known to go on.
    const std::size_t left = static_cast<std::size_t>(page - at % page);
    const std::size_t got = copy_out(at, block, std::min(left, sizeof block));
    if (got == 0) return std::nullopt;
    const char* end = static_cast<const char*>(std::memchr(block, 0, got));
    text.append(block, end ? static_cast<std::size_t>(end - block) : got);
    if (text.size() > most) return std::nullopt;
    if (end) return text;
    at += got;
  }
}

std::optional<bool> read_flag(const bool* from) {
  char byte = 2;
  if (!from || copy_out(reinterpret_cast<std::uintptr_t>(from), &byte, 1) != 1) return std::nullopt;
  if (byte != 0 && byte != 1) return std::nullopt;
  return byte == 1;
}

}  // namespace tthsd
