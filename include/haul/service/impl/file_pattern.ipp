#ifndef HAUL_SERVICE_IMPL_FILE_PATTERN_IPP
#define HAUL_SERVICE_IMPL_FILE_PATTERN_IPP

#include <haul/http/file_name.hpp>
#include <haul/http/grammar.hpp>
#include <haul/service/file_pattern.hpp>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace haul::service {
namespace bbdown_detail {

inline constexpr std::string_view video_words[] = {
    "apiType",     "audioBandwidth", "audioCodecs", "bvid",        "cid", "dfn",
    "fps",         "ownerMid",       "ownerName",   "publishDate", "res", "videoBandwidth",
    "videoCodecs", "videoDate",
};

/// What a word in brackets stands for; nothing for a word that means nothing.
inline std::optional<std::string> pattern_word(std::string_view word, const pattern_values& v) {
  word = word.substr(0, word.find(':'));  // <publishDate:yyyy-MM-dd>
  if (word == "videoTitle") return v.title;
  if (word == "pageTitle") return v.page_title;
  if (word == "aid") return v.aid;
  if (word == "pageNumber") return std::to_string(v.page);
  if (word == "pageNumberWithZero") {
    std::string n = std::to_string(v.page);
    const std::size_t width = std::to_string(v.pages).size();
    if (n.size() < width) n.insert(0, width - n.size(), '0');
    return n;
  }
  if (std::find(std::begin(video_words), std::end(video_words), word) != std::end(video_words)) {
    return std::string{};
  }
  return std::nullopt;
}

inline std::string expand_segment(std::string_view segment, const pattern_values& values) {
  std::string out;
  while (!segment.empty()) {
    const std::size_t open = segment.find('<');
    out += segment.substr(0, open);
    if (open == std::string_view::npos) break;
    segment.remove_prefix(open);
    const std::size_t close = segment.find('>');
    const auto value = close == std::string_view::npos
                           ? std::nullopt
                           : pattern_word(segment.substr(1, close - 1), values);
    if (value) {
      // A separator in a value does not part folders.
      for (const char c : *value) out += c == '/' || c == '\\' ? '_' : c;
      segment.remove_prefix(close + 1);
    } else {
      out += '<';
      segment.remove_prefix(1);
    }
  }
  return out;
}

inline bool ends_with_ignore_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         http::equals_ignore_case(text.substr(text.size() - end.size()), end);
}

/// `a.haul` would be where the bytes of `a` go.
inline bool is_reserved(std::string_view name) {
  for (const std::string_view end : {".haul", ".haul-journal", ".haul-journal.new"}) {
    if (ends_with_ignore_case(name, end)) return true;
  }
  return false;
}

inline std::string pattern_name(std::string name) {
  name = http::safe_file_name(name);
  if (is_reserved(name)) name = http::safe_file_name(name + '_');
  return name;
}

}  // namespace bbdown_detail

HAUL_DECL split_name split_file_name(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {name, {}};
  const std::string_view extension = name.substr(dot);
  if (extension.size() < 2 || extension.size() > 11) return {name, {}};
  for (const char c : extension.substr(1)) {
    if (!http::is_alpha(c) && !http::is_digit(c)) return {name, {}};
  }
  return {name.substr(0, dot), extension};
}

HAUL_DECL std::optional<std::string> expand_file_pattern(std::string_view pattern,
                                                         const pattern_values& values,
                                                         std::string_view extension) {
  if (pattern.starts_with('/') || pattern.starts_with('\\')) return std::nullopt;
  if (pattern.size() > 1 && http::is_alpha(pattern[0]) && pattern[1] == ':') return std::nullopt;
  std::vector<std::string> names;
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::size_t end = (std::min)(rest.find_first_of("/\\"), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix((std::min)(end + 1, rest.size()));
    if (segment == "..") return std::nullopt;
    std::string name = bbdown_detail::expand_segment(segment, values);
    if (!http::safe_file_name(name).empty()) names.push_back(std::move(name));
  }
  if (names.empty()) names.push_back(values.title);
  if (!bbdown_detail::ends_with_ignore_case(names.back(), extension)) names.back() += extension;
  std::string path;
  for (std::string& name : names) {
    name = bbdown_detail::pattern_name(std::move(name));
    if (name.empty()) name = "download";
    if (!path.empty()) path += '/';
    path += name;
  }
  return path;
}

}  // namespace haul::service

#endif
