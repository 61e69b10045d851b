#include "terminal.hpp"

#include <haul/http/grammar.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#ifdef _WIN32
#include <haul/system/windows.hpp>

#include <fcntl.h>
#include <io.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace haul_command {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::size_t or_else(const char* name, std::size_t otherwise) {
  const auto n = haul::http::parse_decimal(environment(name));
  return n && *n > 0 && *n <= 10'000 ? static_cast<std::size_t>(*n) : otherwise;
}

}  // namespace

bool can_draw() {
#ifdef _WIN32
  return false;
#else
  const std::string_view kind = environment("TERM");
  return ::isatty(STDERR_FILENO) == 1 && !kind.empty() && kind != "dumb";
#endif
}

bool wants_colour() { return environment("NO_COLOR").empty(); }

terminal_size size_of_terminal() {
  terminal_size size;
#ifndef _WIN32
  winsize now{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &now) == 0) {
    if (now.ws_col > 0) size.columns = now.ws_col;
    if (now.ws_row > 0) size.rows = now.ws_row;
  }
#endif
  size.columns = or_else("COLUMNS", size.columns);
  size.rows = or_else("LINES", size.rows);
  return size;
}

bool output_is_terminal() {
#ifdef _WIN32
  return true;
#else
  return ::isatty(STDOUT_FILENO) == 1;
#endif
}

void prepare_output() {
#ifdef _WIN32
  // All text here is in UTF-8 (see haul.manifest), and lines end as on every other system.
  ::SetConsoleOutputCP(CP_UTF8);
  ::_setmode(::_fileno(stdout), _O_BINARY);
#else
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
#endif
}

std::error_code write_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return {};
  }
  return {errno, std::generic_category()};
}

}  // namespace haul_command
