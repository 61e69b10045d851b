#include "display.hpp"

#include "haul/text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

namespace launcher::command {
namespace {

using haul_command::printable;
using haul_command::size_text;
using haul_command::transfer_view;

std::string files_text(std::size_t n) { return std::to_string(n) + (n == 1 ? " file" : " files"); }

std::optional<double> part_of(std::uint64_t done, std::uint64_t all) {
  if (all == 0) return std::nullopt;
  return static_cast<double>(std::min(done, all)) / static_cast<double>(all);
}

/// Of a game, or of all of them.
template <class Status>
transfer_view numbers_of(const Status& s) {
  transfer_view v;
  v.done = part_of(s.bytes_done, s.bytes);
  v.downloaded = s.bytes_done;
  v.total = s.bytes;
  v.speed = s.speed;
  v.time_left = s.time_left;
  return v;
}

template <class Status>
std::string count_text(const Status& s) {
  return std::to_string(s.files_done) + '/' + files_text(s.files);
}

transfer_view view_of(const game_status& g) {
  const std::string name = printable(g.name);
  transfer_view v;
  if (g.now != phase::checking && g.now != phase::fetching) {
    v.label = name;
    v.note = name_of(g.now);
    return v;
  }
  v = numbers_of(g);
  v.label = name + ": " + (g.now == phase::checking ? "checking" : count_text(g));
  if (g.paused) v.note = "paused";
  return v;
}

transfer_view view_of(const overall_status& s) {
  transfer_view v = numbers_of(s);
  v.label = "all: " + count_text(s);
  return v;
}

}  // namespace

display::display(mode how, bool colour) : screen("launcher", how, colour) {}

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

void display::tick(const overall_status& s) {
  now_ = s;
  redraw();
  if (how() != mode::lines) return;
  for (const game_status& g : s.games) {
    if (g.now != phase::checking && g.now != phase::fetching) continue;
    const transfer_view v = view_of(g);
    note(v.label + ": " + haul_command::progress_text(v));
  }
}

std::vector<transfer_view> display::bars(std::size_t most) const {
  std::vector<transfer_view> views;
  if (over_) return views;
  for (const game_status& g : now_.games) {
    if (views.size() + 1 == most) break;
    views.push_back(view_of(g));
  }
  if (now_.games.size() > 1 && now_.files > 0) views.push_back(view_of(now_));
  return views;
}

void display::finish(bool interrupted) {
  over_ = true;
  if (interrupted) {
    error("interrupted; the same command goes on where it was");
  } else {
    redraw();
  }
}

}  // namespace launcher::command
