#ifndef HAUL_COMMAND_INPUT_LIST_HPP
#define HAUL_COMMAND_INPUT_LIST_HPP

#include <haul/checksum.hpp>
#include <haul/http/url.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace haul_command {

/// One download of an input list.
struct input_line {
  std::string_view url;
  std::string_view path;      ///< empty when not given
  std::string_view checksum;  ///< `ALGO:HEX`; empty when not given
  std::size_t number = 0;     ///< of the line, from 1
};

/// What is wrong with a line.
struct input_problem {
  std::size_t number = 0;  ///< of the line, from 1
  std::string what;
};

/// The text of an input list: a line for each download, with the URL, then optionally a tab and the
/// path, then optionally a tab and `sha256:HEX`. Blank lines and those that begin with `#` are
/// skipped. An empty field is one that is not given.
///
/// Every line is checked when the list is made, and split again when its turn comes: a line costs
/// its text and two numbers.
class input_list {
 public:
  static constexpr std::size_t most_problems = 10;  ///< those after them are only counted

  input_list() = default;
  explicit input_list(std::string text) : text_(std::move(text)) {
    std::size_t at = std::string_view{text_}.starts_with("\xef\xbb\xbf") ? 3 : 0;
    for (std::size_t number = 1; at < text_.size(); ++number) {
      const std::string_view line = line_at(at);
      if (!is_skipped(line)) add(place{at, number}, line);
      at = std::min(text_.find('\n', at), text_.size() - 1) + 1;
    }
  }

  std::size_t size() const noexcept { return places_.size(); }

  input_line operator[](std::size_t i) const {
    input_line l;
    split(line_at(places_[i].begin), l);
    l.number = places_[i].number;
    return l;
  }

  /// The first lines that cannot be used; they are not among those counted by `size()`.
  const std::vector<input_problem>& problems() const noexcept { return problems_; }
  std::size_t problem_count() const noexcept { return problem_count_; }

 private:
  struct place {
    std::size_t begin;
    std::size_t number;
  };

  std::string_view line_at(std::size_t begin) const {
    const std::string_view rest = std::string_view{text_}.substr(begin);
    std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  static bool is_skipped(std::string_view line) {
    return line.starts_with('#') || line.find_first_not_of(" \t") == std::string_view::npos;
  }

  /// False when there are too many fields.
  static bool split(std::string_view line, input_line& into) {
    std::string_view* const fields[] = {&into.url, &into.path, &into.checksum};
    for (std::string_view* field : fields) {
      const std::size_t tab = line.find('\t');
      *field = line.substr(0, tab);
      if (tab == std::string_view::npos) return true;
      line.remove_prefix(tab + 1);
    }
    return false;
  }

  void add(place where, std::string_view text) {
    std::string what;
    input_line line;
    if (!split(text, line)) {
      what = "more than URL, path and checksum";
    } else if (const auto url = haul::http::parse_url(line.url); url.error) {
      what = url.error.message();
    } else if (line.path.find('\0') != std::string_view::npos) {
      what = "the path has a null character";
    } else if (!line.checksum.empty() && !haul::checksum::parse(line.checksum)) {
      what = "the checksum is not ALGO:HEX (md5, sha1, sha256, sha512)";
    }
    if (what.empty()) {
      places_.push_back(where);
      return;
    }
    ++problem_count_;
    if (problems_.size() < most_problems) problems_.push_back({where.number, std::move(what)});
  }

  std::string text_;
  std::vector<place> places_;
  std::vector<input_problem> problems_;
  std::size_t problem_count_ = 0;
};

}  // namespace haul_command

#endif
