#ifndef HAUL_SERVICE_IMPL_BBDOWN_JSON_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_JSON_IPP

#include <haul/detail/hex.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/bbdown_json.hpp>
#include <haul/service/shortest_decimal.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace haul::service {
namespace bbdown_detail {

inline void append_escaped_unit(std::string& out, unsigned unit) {
  out += "\\u";
  haul::detail::append_hex(out, unit, 4, haul::detail::upper_hex);
}

inline void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  const bool plain =
      c >= 0x20 && c < 0x7f && std::string_view{"\"&'+<>`"}.find(c) == std::string_view::npos;
  if (plain) {
    out += c;
  } else {
    append_escaped_unit(out, static_cast<unsigned char>(c));
  }
}

/// Of a well-formed sequence of two bytes or more.
inline unsigned code_point(std::string_view sequence) {
  unsigned c = static_cast<unsigned char>(sequence[0]) & (0x7fu >> sequence.size());
  for (const char next : sequence.substr(1)) c = c << 6 | (static_cast<unsigned char>(next) & 63u);
  return c;
}

inline void append_key(std::string& out, std::string_view key) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += key;
  out += "\":";
}

template <class T>
void append_json_integer(std::string& out, const std::optional<T>& value) {
  out += value ? std::to_string(*value) : "null";
}

inline void append_json_text(std::string& out, const std::optional<std::string>& text) {
  if (text) {
    service::append_json_text(out, *text);
  } else {
    out += "null";
  }
}

}  // namespace bbdown_detail

HAUL_DECL void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t n = http::utf8_sequence_size(text);
    if (n == 1) {
      bbdown_detail::append_escaped_ascii(out, text[0]);
    } else {
      const unsigned c = n == 0 ? 0xfffd : bbdown_detail::code_point(text.substr(0, n));
      if (c < 0x10000) {
        bbdown_detail::append_escaped_unit(out, c);
      } else {
        bbdown_detail::append_escaped_unit(out, 0xd800 + ((c - 0x10000) >> 10));
        bbdown_detail::append_escaped_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
      }
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  out += '"';
}

HAUL_DECL void append_json_number(std::string& out, double value) {
  std::string text = shortest_decimal(std::isfinite(value) ? value : 0);
  std::replace(text.begin(), text.end(), 'e', 'E');
  out += text;
}

HAUL_DECL void append_json(std::string& out, const bbdown_task& task, bool extended) {
  using bbdown_detail::append_key;
  out += '{';
  append_key(out, "Aid");
  append_json_text(out, task.aid);
  append_key(out, "Url");
  append_json_text(out, task.url);
  append_key(out, "TaskCreateTime");
  out += std::to_string(task.created);
  append_key(out, "Title");
  bbdown_detail::append_json_text(out, task.title);
  append_key(out, "Pic");
  bbdown_detail::append_json_text(out, task.picture);
  append_key(out, "VideoPubTime");
  bbdown_detail::append_json_integer(out, task.published);
  append_key(out, "TaskFinishTime");
  bbdown_detail::append_json_integer(out, task.finished);
  append_key(out, "Progress");
  append_json_number(out, task.progress);
  append_key(out, "DownloadSpeed");
  append_json_number(out, task.speed);
  append_key(out, "TotalDownloadedBytes");
  append_json_number(out, task.downloaded);
  append_key(out, "IsSuccessful");
  out += task.successful ? "true" : "false";
  append_key(out, "SavePaths");
  out += '[';
  for (const std::string& path : task.paths) {
    if (&path != &task.paths.front()) out += ',';
    append_json_text(out, path);
  }
  out += ']';
  if (extended) {
    append_key(out, "TaskId");
    append_json_text(out, task.id);
    append_key(out, "Status");
    append_json_text(out, name_of(task.state));
    append_key(out, "ErrorMessage");
    if (task.error.empty()) {
      out += "null";
    } else {
      append_json_text(out, task.error);
    }
    append_key(out, "TotalBytes");
    bbdown_detail::append_json_integer(out, task.total);
    append_key(out, "TimeLeft");
    bbdown_detail::append_json_integer(out, task.time_left);
  }
  out += '}';
}

}  // namespace haul::service

#endif
