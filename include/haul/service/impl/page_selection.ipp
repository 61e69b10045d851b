#ifndef HAUL_SERVICE_IMPL_PAGE_SELECTION_IPP
#define HAUL_SERVICE_IMPL_PAGE_SELECTION_IPP

#include <haul/http/grammar.hpp>
#include <haul/service/page_selection.hpp>

#include <algorithm>
#include <charconv>

namespace haul::service {
namespace bbdown_detail {

inline std::optional<std::size_t> page_of(std::string_view text, std::size_t last) {
  text = http::trim_ows(text);
  for (const std::string_view word : {"LAST", "LATEST", "NEW"}) {
    if (http::equals_ignore_case(text, word)) return last;
  }
  std::size_t n = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || n == 0) {
    return std::nullopt;
  }
  return n;
}

}  // namespace bbdown_detail

HAUL_DECL std::optional<std::vector<std::size_t>> select_pages(std::string_view text,
                                                               std::size_t pages) {
  std::vector<bool> chosen(pages, false);
  text = http::trim_ows(text);
  const bool all = text.empty();
  while (!text.empty()) {
    const std::size_t end = (std::min)(text.find(','), text.size());
    const std::string_view part = http::trim_ows(text.substr(0, end));
    text.remove_prefix((std::min)(end + 1, text.size()));
    if (http::equals_ignore_case(part, "ALL")) {
      chosen.assign(pages, true);
      continue;
    }
    const std::size_t dash = part.find('-');
    const auto first = bbdown_detail::page_of(part.substr(0, dash), pages);
    const auto last = dash == std::string_view::npos
                          ? first
                          : bbdown_detail::page_of(part.substr(dash + 1), pages);
    if (!first || !last || *first > *last) return std::nullopt;
    for (std::size_t i = *first; i <= (std::min)(*last, pages); ++i) chosen[i - 1] = true;
  }
  std::vector<std::size_t> selected;
  for (std::size_t i = 0; i < pages; ++i) {
    if (all || chosen[i]) selected.push_back(i + 1);
  }
  return selected;
}

}  // namespace haul::service

#endif
