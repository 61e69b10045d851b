#include "terminal.hpp"

#include <haul/http/grammar.hpp>

#include <cstdlib>
#include <optional>
#include <string_view>

#ifndef _WIN32
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

}  // namespace haul_command
