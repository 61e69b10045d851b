#include "screen.hpp"

#include "terminal.hpp"

#include <algorithm>
#include <cstdio>

namespace haul_command {
namespace {

using namespace std::chrono_literals;

constexpr auto draw_interval = 100ms;
constexpr auto line_interval = 5s;

void write_out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

screen::screen(const char* program, mode how, bool colour)
    : program_(program), mode_(how), colour_(colour && how == mode::bars) {}

std::chrono::milliseconds screen::interval() const {
  return mode_ == mode::bars ? draw_interval : line_interval;
}

void screen::note(const std::string& line) {
  if (mode_ != mode::quiet) write_line(line, false);
}

void screen::error(const std::string& line) { write_line(line, true); }

void screen::write_line(const std::string& line, bool is_error) {
  std::string text = erased_block();
  const bool red = colour_ && is_error;
  if (red) text += "\x1b[31m";
  if (is_error || mode_ == mode::lines) text += program_ + ": ";
  text += line;
  if (red) text += "\x1b[0m";
  text += '\n';
  write_out(text + drawn_block());
}

void screen::redraw() {
  if (mode_ == mode::bars) write_out(erased_block() + drawn_block());
}

std::string screen::erased_block() const {
  if (drawn_ == 0) return {};
  // To the first line of the block, and away with all that follows.
  return "\x1b[" + std::to_string(drawn_) + "A\r\x1b[J";
}

std::string screen::drawn_block() {
  drawn_ = 0;
  if (mode_ != mode::bars) return {};
  const terminal_size size = size_of_terminal();
  // The last column is left free: some terminals wrap when it is written to.
  const std::size_t columns = std::max<std::size_t>(size.columns, 2) - 1;
  std::string text;
  for (const transfer_view& v : bars(std::max<std::size_t>(size.rows, 4) - 2)) {
    text += bar_line(v, columns) + '\n';
    ++drawn_;
  }
  return text;
}

screen::mode choose_mode(bool quiet, bool json_events) {
  if (quiet) return screen::mode::quiet;
  const bool alone = !json_events || !output_is_terminal();
  return can_draw() && alone ? screen::mode::bars : screen::mode::lines;
}

}  // namespace haul_command
