#ifndef HAUL_IMPL_HTTP_DATE_IPP
#define HAUL_IMPL_HTTP_DATE_IPP

#include <haul/http/date.hpp>
#include <haul/http/grammar.hpp>

#include <array>
#include <cstddef>

namespace haul::http {
namespace detail {

inline constexpr std::array<std::string_view, 7> day_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
inline constexpr std::array<std::string_view, 12> month_names{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a date apart from the left; once something did not fit, it stays failed.
class date_reader {
 public:
  explicit date_reader(std::string_view text) : text_{text} {}

  bool literal(std::string_view expected) {
    if (!text_.starts_with(expected)) return failed_ = true, false;
    text_.remove_prefix(expected.size());
    return true;
  }

  int digits(std::size_t n) {
    int value = 0;
    if (text_.size() < n) failed_ = true;
    for (std::size_t i = 0; i < n && !failed_; ++i) {
      if (!is_digit(text_[i])) failed_ = true;
      value = value * 10 + (text_[i] - '0');
    }
    if (!failed_) text_.remove_prefix(n);
    return failed_ ? 0 : value;
  }

  /// A day of the month in two characters, the first of which may be a space.
  int padded_day() {
    if (!text_.starts_with(' ')) return digits(2);
    text_.remove_prefix(1);
    return digits(1);
  }

  unsigned month() {
    for (std::size_t i = 0; i < month_names.size(); ++i) {
      if (text_.starts_with(month_names[i])) {
        text_.remove_prefix(month_names[i].size());
        return static_cast<unsigned>(i + 1);
      }
    }
    failed_ = true;
    return 0;
  }

  std::chrono::seconds time_of_day() {
    const int hour = digits(2);
    literal(":");
    const int minute = digits(2);
    literal(":");
    const int second = digits(2);
    if (hour > 23 || minute > 59 || second > 60) failed_ = true;
    return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  }

  /// Reads the day's name: long when the comma follows it, and short otherwise.
  enum class day_form { none, long_name, short_name, short_name_comma };
  day_form day_name() {
    for (const std::string_view name : day_names) {
      if (!text_.starts_with(name.substr(0, 3))) continue;
      if (text_.starts_with(name)) {
        text_.remove_prefix(name.size());
        return day_form::long_name;
      }
      text_.remove_prefix(3);
      return text_.starts_with(',') ? day_form::short_name_comma : day_form::short_name;
    }
    return day_form::none;
  }

  bool whole() const { return !failed_ && text_.empty(); }

 private:
  std::string_view text_;
  bool failed_ = false;
};

}  // namespace detail

HAUL_DECL std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
  using form = detail::date_reader::day_form;
  detail::date_reader in{text};
  int year = 0;
  unsigned month = 0;
  int day = 0;
  std::chrono::seconds time{};

  switch (in.day_name()) {
    case form::short_name_comma:  // Sun, 06 Nov 1994 08:49:37 GMT
      in.literal(", ");
      day = in.digits(2);
      in.literal(" ");
      month = in.month();
      in.literal(" ");
      year = in.digits(4);
      in.literal(" ");
      time = in.time_of_day();
      in.literal(" GMT");
      break;
    case form::long_name:  // Sunday, 06-Nov-94 08:49:37 GMT
      in.literal(", ");
      day = in.digits(2);
      in.literal("-");
      month = in.month();
      in.literal("-");
      year = in.digits(2);
      year += year < 70 ? 2000 : 1900;
      in.literal(" ");
      time = in.time_of_day();
      in.literal(" GMT");
      break;
    case form::short_name:  // Sun Nov  6 08:49:37 1994
      in.literal(" ");
      month = in.month();
      in.literal(" ");
      day = in.padded_day();
      in.literal(" ");
      time = in.time_of_day();
      in.literal(" ");
      year = in.digits(4);
      break;
    case form::none:
      return std::nullopt;
  }
  if (!in.whole()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + time;
}

HAUL_DECL std::string format_date(std::chrono::sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{time - days};
  const auto put = [](std::string& out, long value, int width) {
    for (int i = width,
             at = static_cast<int>(out.append(static_cast<std::size_t>(width), '0').size());
         i > 0; --i, value /= 10) {
      out[static_cast<std::size_t>(--at)] = static_cast<char>('0' + value % 10);
    }
  };

  std::string out;
  out.reserve(29);
  out += detail::day_names[std::chrono::weekday{days}.c_encoding()].substr(0, 3);
  out += ", ";
  put(out, static_cast<long>(static_cast<unsigned>(date.day())), 2);
  out += ' ';
  out += detail::month_names[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  put(out, static_cast<int>(date.year()), 4);
  out += ' ';
  put(out, static_cast<long>(clock.hours().count()), 2);
  out += ':';
  put(out, static_cast<long>(clock.minutes().count()), 2);
  out += ':';
  put(out, static_cast<long>(clock.seconds().count()), 2);
  out += " GMT";
  return out;
}

}  // namespace haul::http

#endif
