#ifndef HAUL_SERVICE_IMPL_BBDOWN_ROUTES_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_ROUTES_IPP

#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/service/bbdown_routes.hpp>

#include <cstddef>
#include <utility>

namespace haul::service {
namespace bbdown_detail {

/// Decodes a segment of a path, but for a slash.
inline std::string decode_segment(std::string_view segment) {
  std::string out;
  while (!segment.empty()) {
    const std::size_t keep = [&] {
      for (std::size_t i = 0; i + 2 < segment.size(); ++i) {
        if (segment[i] == '%' && segment[i + 1] == '2' && http::to_lower(segment[i + 2]) == 'f') {
          return i;
        }
      }
      return segment.size();
    }();
    out += http::percent_decode(segment.substr(0, keep));
    out += segment.substr(keep, 3);
    segment.remove_prefix(keep == segment.size() ? keep : keep + 3);
  }
  return out;
}

struct bbdown_pattern {
  std::string_view first;
  std::string_view second;  // "*" is an id
  bbdown_action action;
  std::string_view method;
  bool extended;
};

// What stands further up wins.
inline constexpr bbdown_pattern bbdown_patterns[] = {
    {"get-tasks", "", bbdown_action::list, "GET", false},
    {"get-tasks", "running", bbdown_action::list_running, "GET", false},
    {"get-tasks", "finished", bbdown_action::list_finished, "GET", false},
    {"get-tasks", "*", bbdown_action::show, "GET", false},
    {"add-task", "", bbdown_action::add, "POST", false},
    {"remove-finished", "", bbdown_action::remove_finished, "GET", false},
    {"remove-finished", "failed", bbdown_action::remove_failed, "GET", false},
    {"remove-finished", "*", bbdown_action::remove, "GET", false},
    {"cancel", "*", bbdown_action::cancel, "POST", true},
    {"pause", "*", bbdown_action::pause, "POST", true},
    {"resume", "*", bbdown_action::resume, "POST", true},
};

}  // namespace bbdown_detail

HAUL_DECL bbdown_route find_bbdown_route(std::string_view method, std::string_view path,
                                         bool extended) {
  bbdown_route found;
  if (!path.starts_with('/')) return found;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.find('/');
  const std::string first = bbdown_detail::decode_segment(path.substr(0, slash));
  const bool has_second = slash != std::string_view::npos;
  const std::string_view raw = has_second ? path.substr(slash + 1) : std::string_view{};
  if (has_second && (raw.empty() || raw.find('/') != std::string_view::npos)) return found;
  std::string second = bbdown_detail::decode_segment(raw);
  for (const bbdown_detail::bbdown_pattern& p : bbdown_detail::bbdown_patterns) {
    if (p.extended && !extended) continue;
    if (!http::equals_ignore_case(first, p.first)) continue;
    const bool id = p.second == "*";
    if (id ? !has_second : !http::equals_ignore_case(second, p.second)) continue;
    found.action = p.action;
    found.allow = p.method;
    found.allowed = method == p.method;
    if (id) found.id = std::move(second);
    break;
  }
  return found;
}

}  // namespace haul::service

#endif
