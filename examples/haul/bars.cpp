#include "bars.hpp"

#include "text.hpp"

#include <algorithm>
#include <vector>

namespace haul_command {
namespace {

std::string percent_text(double done) {
  // 100 only when it is.
  return std::to_string(static_cast<int>(std::clamp(done, 0.0, 1.0) * 100)) + '%';
}

std::string drawn_bar(std::optional<double> done, std::size_t columns) {
  const std::size_t inside = columns - 2;
  const auto full = static_cast<std::size_t>(std::clamp(done.value_or(0), 0.0, 1.0) *
                                             static_cast<double>(inside));
  std::string bar = "[" + std::string(full, '=');
  if (full < inside) bar += done ? '>' : ' ';
  bar.resize(inside + 1, ' ');
  return bar += ']';
}

}  // namespace

std::string bar_line(const transfer_view& t, std::size_t columns) {
  constexpr std::size_t least_label = 12;
  constexpr std::size_t most_label = 40;
  constexpr std::size_t least_bar = 10;
  constexpr std::size_t gap = 2;
  if (!t.note.empty()) {
    const std::size_t label = std::min({most_label, columns / 2, width_of(t.label)});
    return fit(t.label, label) + fit("  " + t.note, columns - label);
  }
  struct column {
    std::string text;
    std::size_t width;
  };
  std::vector<column> numbers;
  numbers.push_back({t.done ? percent_text(*t.done) : "", 4});
  numbers.push_back({size_text(t.total.value_or(t.downloaded)), 8});
  numbers.push_back({speed_text(t.speed), 10});
  numbers.push_back({t.time_left ? time_left_text(*t.time_left) : "", 7});
  const auto width_of_numbers = [&numbers] {
    std::size_t sum = 0;
    for (const column& c : numbers) sum += gap + c.width;
    return sum;
  };
  while (!numbers.empty() && width_of_numbers() + least_label > columns) numbers.pop_back();

  const std::size_t room = columns - width_of_numbers();
  std::size_t label = room;
  std::size_t bar = 0;
  if (room >= least_label + gap + least_bar) {
    label = std::min(most_label, std::max(least_label, (room - gap) / 2));
    bar = room - gap - label;
  }
  std::string line = fit(t.label, label);
  if (bar > 0) line += "  " + drawn_bar(t.done, bar);
  for (const column& c : numbers) line += "  " + fit_right(c.text, c.width);
  return line;
}

std::string progress_text(const transfer_view& t) {
  if (!t.note.empty()) return t.note;
  std::string text;
  if (t.done && t.total) {
    text = percent_text(*t.done) + " of " + size_text(*t.total);
  } else {
    text = size_text(t.downloaded);
  }
  text += ", " + speed_text(t.speed);
  if (t.time_left) text += ", " + time_left_text(*t.time_left) + " left";
  return text;
}

}  // namespace haul_command
