#ifndef HAUL_HTTP_CONTENT_RANGE_HPP
#define HAUL_HTTP_CONTENT_RANGE_HPP

#include <haul/http/grammar.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace haul::http {

/// What a Content-Range field says (RFC 9110, 14.4).
struct content_range {
  std::uint64_t first = 0;             ///< the first byte
  std::uint64_t last = 0;              ///< the last byte, which belongs to the range
  std::optional<std::uint64_t> total;  ///< the size of the whole, unless it is `*`
  bool unsatisfied = false;            ///< `*/total`, of a 416: there is no range

  /// How many bytes the range has.
  std::uint64_t size() const noexcept { return unsatisfied ? 0 : last - first + 1; }

  friend bool operator==(const content_range&, const content_range&) = default;
};

/// Reads a Content-Range field of the unit `bytes`; none if it breaks the grammar, is of another
/// unit, is impossible (first after last, last not below the total) or has a number over
/// `max_length`.
inline std::optional<content_range> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!equals_ignore_case(text.substr(0, unit.size()), unit)) return std::nullopt;
  text.remove_prefix(unit.size());

  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = text.substr(0, slash);
  const std::string_view size = text.substr(slash + 1);

  content_range r;
  if (size != "*") {
    r.total = parse_decimal(size);
    if (!r.total) return std::nullopt;
  }
  if (range == "*") {
    r.unsatisfied = true;
    return r.total ? std::optional{r} : std::nullopt;
  }

  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_decimal(range.substr(0, dash));
  const auto last = parse_decimal(range.substr(dash + 1));
  if (!first || !last || *first > *last || (r.total && *last >= *r.total)) return std::nullopt;
  r.first = *first;
  r.last = *last;
  return r;
}

}  // namespace haul::http

#endif
