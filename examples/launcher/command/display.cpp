#include "display.hpp"

#include "haul/terminal.hpp"
#include "haul/text.hpp"

#include <algorithm>
#include <cstdio>
#include <variant>

namespace launcher::command {
namespace {

using namespace std::chrono_literals;
using haul_command::printable;
using haul_command::size_text;

constexpr auto draw_interval = 100ms;
constexpr auto line_interval = 5s;

void write_out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string files_text(std::size_t n) { return std::to_string(n) + (n == 1 ? " file" : " files"); }

std::optional<double> part_of(std::uint64_t done, std::uint64_t all) {
  if (all == 0) return std::nullopt;
  return static_cast<double>(std::min(done, all)) / static_cast<double>(all);
}

}  // namespace

haul_command::transfer_view view_of(const game_status& g) {
  haul_command::transfer_view v;
  v.label = printable(g.name);
  if (g.now == phase::checking) {
    v.label += ": checking";
  } else if (g.now == phase::fetching) {
    v.label += ": " + std::to_string(g.files_done) + '/' + files_text(g.files);
  } else {
    v.note = name_of(g.now);
    return v;
  }
  if (g.paused) v.note = "paused";
  v.done = part_of(g.bytes_done, g.bytes);
  v.downloaded = g.bytes_done;
  v.total = g.bytes;
  v.speed = g.speed;
  v.time_left = g.time_left;
  return v;
}

haul_command::transfer_view view_of(const overall_status& s) {
  haul_command::transfer_view v;
  v.label = "all: " + std::to_string(s.files_done) + '/' + files_text(s.files);
  v.done = part_of(s.bytes_done, s.bytes);
  v.downloaded = s.bytes_done;
  v.total = s.bytes;
  v.speed = s.speed;
  v.time_left = s.time_left;
  return v;
}

display::display(mode how, bool colour) : mode_(how), colour_(colour && how == mode::bars) {}

std::chrono::milliseconds display::interval() const {
  return mode_ == mode::bars ? draw_interval : line_interval;
}

void display::take(const event& e) {
  std::visit([this](const auto& x) { on(x); }, e);
}

void display::on(const plan_made& e) {
  std::string line = printable(e.name) + ' ' + printable(e.version) + ": ";
  if (e.to_fetch == 0) {
    line += "nothing to fetch";
  } else {
    line += std::to_string(e.to_fetch) + " of " + files_text(e.files) + " to fetch, " +
            size_text(e.bytes);
  }
  if (e.to_remove > 0) line += "; " + std::to_string(e.to_remove) + " to remove";
  note(line);
}

void display::on(const file_bad& e) {
  note(printable(e.game) + ": " + printable(e.path) + ' ' + printable(e.why));
}

void display::on(const file_retrying& e) {
  note(printable(e.game) + ": " + printable(e.path) + ": again: " + printable(e.message));
}

void display::on(const file_failed& e) {
  error(printable(e.game) + ": " + printable(e.path) + ": " + printable(e.message));
}

void display::on(const limit_changed& e) {
  note(e.bytes_per_second == 0 ? "no limit"
                               : "at most " + haul_command::speed_text(e.bytes_per_second));
}

void display::on(const game_paused& e) {
  note(printable(e.game) + (e.now ? ": paused" : ": goes on"));
}

void display::on(const game_started& e) {
  note(printable(e.game) + ": started as process " + std::to_string(e.process));
}

void display::on(const game_ended& e) { note(printable(e.game) + ": ended"); }

void display::on(const finished& e) {
  const outcome& o = e.result;
  const std::string game = printable(e.game) + ": ";
  const std::string version = o.version.empty() ? "" : printable(o.version) + ' ';
  switch (o.what) {
    case outcome::kind::failed:
    case outcome::kind::damaged:
      error(game + printable(o.message));
      return;
    case outcome::kind::stopped:
      if (!o.message.empty()) note(game + printable(o.message));
      return;
    case outcome::kind::removed:
      note(game + version + "removed, " + files_text(o.removed));
      return;
    case outcome::kind::played:
      if (!o.message.empty()) note(game + printable(o.message));
      return;
    case outcome::kind::whole:
      break;
  }
  std::string line = game + version + "is whole";
  if (o.changed > 0) {
    line += "; " + files_text(o.changed) + " put in place, " + size_text(o.received) + " fetched";
  }
  if (o.removed > 0) line += ", " + std::to_string(o.removed) + " removed";
  note(line + "; " + haul_command::duration_text(o.elapsed));
}

void display::note(const std::string& line) {
  if (mode_ != mode::quiet) write_line(line, false);
}

void display::error(const std::string& line) { write_line(line, true); }

void display::write_line(const std::string& line, bool is_error) {
  std::string text = erased_block();
  const bool red = colour_ && is_error;
  if (red) text += "\x1b[31m";
  if (is_error || mode_ == mode::lines) text += "launcher: ";
  text += line;
  if (red) text += "\x1b[0m";
  text += '\n';
  write_out(text + drawn_block());
}

void display::tick(const overall_status& s) {
  now_ = s;
  if (mode_ == mode::bars) {
    write_out(erased_block() + drawn_block());
  } else if (mode_ == mode::lines) {
    for (const game_status& g : s.games) {
      if (g.now != phase::checking && g.now != phase::fetching) continue;
      const haul_command::transfer_view v = view_of(g);
      note(v.label + ": " + haul_command::progress_text(v));
    }
  }
}

std::string display::erased_block() const {
  if (drawn_ == 0) return {};
  // To the first line of the block, and away with all that follows.
  return "\x1b[" + std::to_string(drawn_) + "A\r\x1b[J";
}

std::string display::drawn_block() {
  drawn_ = 0;
  if (mode_ != mode::bars || over_) return {};
  const haul_command::terminal_size size = haul_command::size_of_terminal();
  // The last column is left free: some terminals wrap when it is written to.
  const std::size_t columns = std::max<std::size_t>(size.columns, 2) - 1;
  const std::size_t most = std::max<std::size_t>(size.rows, 4) - 3;
  std::string text;
  for (const game_status& g : now_.games) {
    if (drawn_ == most) break;
    text += haul_command::bar_line(view_of(g), columns) + '\n';
    ++drawn_;
  }
  if (now_.games.size() > 1 && now_.files > 0) {
    text += haul_command::bar_line(view_of(now_), columns) + '\n';
    ++drawn_;
  }
  return text;
}

void display::finish(bool interrupted) {
  over_ = true;
  if (interrupted) {
    error("interrupted; the same command goes on where it was");
  } else if (mode_ == mode::bars) {
    write_out(erased_block());
    drawn_ = 0;
  }
}

}  // namespace launcher::command
