#ifndef HAUL_SERVICE_IMPL_BYTE_SERVING_IPP
#define HAUL_SERVICE_IMPL_BYTE_SERVING_IPP

#include <haul/http/date.hpp>
#include <haul/http/grammar.hpp>
#include <haul/service/byte_serving.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace haul::service {
namespace serving_detail {

enum class range_kind { none, one, unsatisfiable };

struct asked_range {
  range_kind kind = range_kind::none;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// What is malformed, of another unit, or several ranges counts as no range (RFC 9110, 14.2).
inline asked_range read_range(std::string_view text, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!http::equals_ignore_case(text.substr(0, unit.size()), unit)) return {};
  text = http::trim_ows(text.substr(unit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return {};
  const std::string_view from = text.substr(0, dash);
  const std::string_view to = text.substr(dash + 1);
  if (from.empty()) {
    const auto tail = http::parse_decimal(to);
    if (!tail) return {};
    if (*tail == 0 || size == 0) return {range_kind::unsatisfiable};
    const std::uint64_t count = (std::min)(*tail, size);
    return {range_kind::one, size - count, count};
  }
  const auto first = http::parse_decimal(from);
  const auto last = to.empty() ? std::optional{http::max_length} : http::parse_decimal(to);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {range_kind::unsatisfiable};
  return {range_kind::one, *first, (std::min)(*last, size - 1) - *first + 1};
}

inline std::string hex(std::uint64_t n) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, n, 16).ptr};
}

/// `If-None-Match`: a list of tags, compared weakly (RFC 9110, 13.1.2).
inline bool lists(std::string_view tags, std::string_view tag) {
  bool found = false;
  http::for_each_list_element(tags, [&](std::string_view t) {
    if (t.starts_with("W/")) t.remove_prefix(2);
    found = found || t == tag || t == "*";
  });
  return found;
}

}  // namespace serving_detail

HAUL_DECL file_reply serve_file(const served_file& file, const request& r) {
  using namespace serving_detail;
  file_reply out;
  out.with_body = r.method() != "HEAD";
  const auto modified = static_cast<std::uint64_t>(file.modified.count());
  const std::string tag = '"' + hex(modified) + '-' + hex(file.size) + '"';
  const std::string date = http::format_date(
      std::chrono::sys_seconds{std::chrono::duration_cast<std::chrono::seconds>(file.modified)});
  out.fields.append("Accept-Ranges", "bytes");
  out.fields.append("ETag", tag);
  out.fields.append("Last-Modified", date);

  const auto known = r.fields().find("If-None-Match");
  if (known && lists(*known, tag)) {
    out.status = 304;
    out.with_body = false;
    return out;
  }
  asked_range asked;
  if (const auto range = r.fields().find("Range"); range && r.fields().count("Range") == 1) {
    // Of a version that has gone, only the whole is of use.
    const auto condition = r.fields().find("If-Range");
    if (!condition || *condition == tag || *condition == date)
      asked = read_range(*range, file.size);
  }
  // RFC 9110, 14.2: a range is for GET; a HEAD with one is answered as if it had none.
  if (!out.with_body) asked = {};
  out.count = file.size;
  switch (asked.kind) {
    case range_kind::none:
      break;
    case range_kind::one:
      out.status = 206;
      out.first = asked.first;
      out.count = asked.count;
      out.fields.append("Content-Range", "bytes " + std::to_string(asked.first) + '-' +
                                             std::to_string(asked.first + asked.count - 1) + '/' +
                                             std::to_string(file.size));
      break;
    case range_kind::unsatisfiable:
      out.status = 416;
      out.count = 0;
      out.fields.append("Content-Range", "bytes */" + std::to_string(file.size));
      return out;
  }
  return out;
}

HAUL_DECL std::string_view content_type_of(std::string_view name) {
  using pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<pair, 28> types{{
      {"7z", "application/x-7z-compressed"},
      {"avi", "video/x-msvideo"},
      {"css", "text/css; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"flac", "audio/flac"},
      {"gif", "image/gif"},
      {"gz", "application/gzip"},
      {"htm", "text/html"},
      {"html", "text/html"},
      {"jpeg", "image/jpeg"},
      {"jpg", "image/jpeg"},
      {"js", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"m4a", "audio/mp4"},
      {"mkv", "video/x-matroska"},
      {"mov", "video/quicktime"},
      {"mp3", "audio/mpeg"},
      {"mp4", "video/mp4"},
      {"ogg", "audio/ogg"},
      {"pdf", "application/pdf"},
      {"png", "image/png"},
      {"svg", "image/svg+xml"},
      {"txt", "text/plain; charset=utf-8"},
      {"wav", "audio/wav"},
      {"webm", "video/webm"},
      {"webp", "image/webp"},
      {"xml", "application/xml"},
      {"zip", "application/zip"},
  }};
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view ending = name.substr(dot + 1);
    for (const auto& [known, type] : types) {
      if (http::equals_ignore_case(ending, known)) return type;
    }
  }
  return "application/octet-stream";
}

}  // namespace haul::service

#endif
