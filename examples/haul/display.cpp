#include "display.hpp"

#include "explain.hpp"
#include "text.hpp"

#include <algorithm>
#include <variant>

namespace haul_command {
namespace {

using namespace std::chrono_literals;

constexpr auto speed_window = 5s;

std::string plural(std::size_t n, const char* one) {
  return std::to_string(n) + ' ' + one + (n == 1 ? "" : "s");
}

}  // namespace

display::display(mode how, bool colour) : screen("haul", how, colour) {}

void display::take(const haul::event& e, std::size_t index, std::size_t total) {
  total_ = total;
  // Then only failures are shown.
  if (how() == mode::quiet && !std::holds_alternative<haul::task_finished>(e)) return;
  std::visit([&](const auto& x) { on(index, x); }, e);
}

void display::on(std::size_t index, const haul::task_started& e) {
  ++started_;
  running_file& f = running_[index];
  f.url = e.task->url;
  f.view.label = printable(e.task->name);
  f.view.note = "waiting for the server";
}

void display::on(std::size_t index, const haul::transfer_started& e) {
  running_file& f = running_[index];
  f.view.note.clear();
  f.view.label = printable(e.path.filename().string());
  f.view.total = e.total;
  f.view.downloaded = e.resumed;
  f.resumed = e.resumed;
  if (e.total) f.view.done = 0;
}

void display::on(std::size_t index, const haul::progress& e) {
  running_file& f = running_[index];
  f.view.downloaded = e.downloaded;
  f.view.total = e.total;
  f.view.speed = e.speed;
  f.view.time_left = e.time_left;
  if (e.connections > 0) f.view.note.clear();
  if (e.total && *e.total > 0) {
    f.view.done = static_cast<double>(e.downloaded) / static_cast<double>(*e.total);
    if (e.downloaded == *e.total) f.view.note = "checking";
  }
}

void display::on(std::size_t index, const haul::retrying& e) {
  running_file& f = running_[index];
  const std::string again = "again in " + duration_text(e.delay);
  const std::string cause = printable(e.error.message());
  f.view.note = again + ": " + cause;
  note(f.view.label + ": " + cause + "; " + again);
}

void display::on(std::size_t index, const haul::task_finished& e) {
  const auto taken = running_.extract(index);
  const running_file f = taken ? taken.mapped() : running_file{};
  const haul::download_result& r = e.result;
  finished_fetched_ += r.size - std::min(r.size, r.resumed);
  if (r.error == haul::errc::stopped) return;
  if (r.error) {
    ++failed_;
    error(explain(f.url.empty() ? e.task->url : f.url, r));
    return;
  }
  ++completed_;
  finished_bytes_ += r.size;
  if (how() == mode::quiet) return;
  std::string line =
      printable(r.path.string()) + ": " + size_text(r.size) + " in " + duration_text(r.elapsed);
  if (r.elapsed >= 1s) {
    const auto per_second = static_cast<double>(r.size - std::min(r.size, r.resumed)) * 1000 /
                            static_cast<double>(r.elapsed.count());
    line += ", " + speed_text(static_cast<std::uint64_t>(per_second));
  }
  if (r.resumed > 0) line += ", " + size_text(r.resumed) + " of it from before";
  note(line);
}

void display::tick() {
  measure();
  redraw();
  if (how() != mode::lines) return;
  if (total_ == 1 && !running_.empty()) {
    const transfer_view& v = running_.begin()->second.view;
    note(v.label + ": " + progress_text(v));
  } else if (total_ > 1) {
    note(count_text() + ": " + size_text(finished_bytes_) + " complete, " + speed_text(speed_));
  }
}

void display::measure() {
  const auto now = clock::now();
  samples_.emplace_back(now, fetched());
  while (samples_.size() > 2 && samples_.front().first + speed_window < now) samples_.pop_front();
  const std::chrono::duration<double> passed = now - samples_.front().first;
  const std::uint64_t first = samples_.front().second;
  const std::uint64_t last = samples_.back().second;
  if (passed.count() <= 0 || last <= first) {
    speed_ = 0;
  } else {
    speed_ = static_cast<std::uint64_t>(static_cast<double>(last - first) / passed.count());
  }
}

std::uint64_t display::fetched() const {
  std::uint64_t sum = finished_fetched_;
  for (const auto& [index, f] : running_) {
    sum += f.view.downloaded - std::min(f.view.downloaded, f.resumed);
  }
  return sum;
}

std::string display::count_text() const {
  std::string text = std::to_string(completed_) + '/' + plural(total_, "file");
  if (failed_ > 0) text += ", " + std::to_string(failed_) + " failed";
  return text;
}

/// All files as one. While not every size is known, each file counts the same.
transfer_view display::all() const {
  transfer_view v;
  v.label = count_text();
  v.speed = speed_;
  v.downloaded = finished_bytes_;
  std::uint64_t sizes = finished_bytes_;
  bool known = started_ == total_;
  double files = static_cast<double>(completed_ + failed_);
  for (const auto& [index, f] : running_) {
    v.downloaded += f.view.downloaded;
    known = known && f.view.total;
    sizes += f.view.total.value_or(0);
    files += f.view.done.value_or(0);
  }
  v.done = files / static_cast<double>(total_);
  if (known) {
    v.total = sizes;
    if (sizes > 0) v.done = static_cast<double>(v.downloaded) / static_cast<double>(sizes);
    if (speed_ > 0) {
      const std::uint64_t left = sizes - std::min(sizes, v.downloaded);
      v.time_left = std::chrono::seconds{static_cast<std::int64_t>((left + speed_ - 1) / speed_)};
    }
  } else if (*v.done > 0) {
    const std::chrono::duration<double> passed = clock::now() - begun_;
    v.time_left =
        std::chrono::duration_cast<std::chrono::seconds>(passed * ((1 - *v.done) / *v.done));
  }
  return v;
}

std::vector<transfer_view> display::bars(std::size_t most) const {
  std::vector<transfer_view> views;
  if (running_.empty()) return views;
  const bool sum = total_ > 1;
  for (const auto& [index, f] : running_) {
    if (views.size() + sum == most) break;
    views.push_back(f.view);
  }
  if (sum) views.push_back(all());
  return views;
}

void display::finish(const run_summary& s, bool interrupted, bool resumable) {
  running_.clear();
  if (interrupted) {
    error(resumable ? "interrupted; the same command goes on where it was" : "interrupted");
    return;
  }
  if (total_ < 2) {
    redraw();
    return;
  }
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun_);
  std::string line = std::to_string(s.completed) + " of " + plural(s.total, "file") + " complete";
  if (s.failed > 0) line += ", " + std::to_string(s.failed) + " failed";
  line += "; " + size_text(finished_bytes_) + " in " + duration_text(lasted);
  note(line);
}

}  // namespace haul_command
