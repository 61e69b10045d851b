#include "json_events.hpp"

#include "text.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <variant>

namespace haul_command {
namespace {

/// One UTF-16 unit.
void append_escape(std::string& out, char32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[unit >> shift & 15];
}

/// An object that is written member by member.
class object {
 public:
  explicit object(std::string& out) : out_(out) { out_ += '{'; }
  ~object() { out_ += '}'; }
  object(const object&) = delete;
  object& operator=(const object&) = delete;

  void put(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  void put(std::string_view name, const std::string& value) { put(name, std::string_view{value}); }
  void put(std::string_view name, const char* value) { put(name, std::string_view{value}); }
  void put(std::string_view name, const std::filesystem::path& value) {
    put(name, std::string_view{value.string()});
  }
  void put(std::string_view name, std::same_as<bool> auto value) {
    key(name) += value ? "true" : "false";
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void put(std::string_view name, T value) {
    key(name) += std::to_string(value);
  }
  void put(std::string_view name, std::chrono::milliseconds value) { put(name, value.count()); }
  template <class T>
  void put(std::string_view name, const std::optional<T>& value) {
    if (value) {
      put(name, *value);
    } else {
      key(name) += "null";
    }
  }
  void put(std::string_view name, std::chrono::seconds value) { put(name, value.count()); }

  /// The name of a member, ready for its value.
  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    return out_ += ':';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void put_error(object& o, const std::error_code& ec, const std::string& detail) {
  if (!ec) {
    o.put("error", std::optional<int>{});
    return;
  }
  object e{o.key("error")};
  e.put("message", ec.message());
  e.put("category", ec.category().name());
  e.put("code", ec.value());
  e.put("detail", detail);
}

void put_result(object& o, const haul::download_result& r) {
  o.put("ok", !r.error);
  put_error(o, r.error, r.detail);
  if (r.error) o.put("doing", haul::name_of(r.doing));
  o.put("http_status", r.http_status);
  o.put("url", r.url);
  o.put("path", r.path);
  o.put("size", r.size);
  o.put("received", r.received);
  o.put("resumed", r.resumed);
  o.put("attempts", r.attempts);
  o.put("elapsed_ms", r.elapsed);
}

const char* name_of(const haul::batch_started&) { return "batch_started"; }
const char* name_of(const haul::batch_finished&) { return "batch_finished"; }
const char* name_of(const haul::task_started&) { return "task_started"; }
const char* name_of(const haul::transfer_started&) { return "transfer_started"; }
const char* name_of(const haul::progress&) { return "progress"; }
const char* name_of(const haul::paused&) { return "paused"; }
const char* name_of(const haul::resumed&) { return "resumed"; }
const char* name_of(const haul::stopped&) { return "stopped"; }
const char* name_of(const haul::retrying&) { return "retrying"; }
const char* name_of(const haul::failed&) { return "failed"; }
const char* name_of(const haul::task_finished&) { return "task_finished"; }

void put_members(object& o, const haul::batch_started& e) {
  o.put("batch", e.batch);
  o.put("total", e.total);
}

void put_members(object& o, const haul::batch_finished& e) {
  o.put("batch", e.batch);
  o.put("total", e.total);
  o.put("completed", e.completed);
  o.put("failed", e.failed);
  o.put("cancelled", e.cancelled);
  o.put("elapsed_ms", e.elapsed);
}

void put_members(object& o, const haul::task_started& e) {
  o.put("name", e.task->name);
  o.put("url", e.task->url);
  o.put("path", e.task->path);
}

void put_members(object& o, const haul::transfer_started& e) {
  o.put("path", e.path);
  o.put("size", e.total);
  o.put("resumed", e.resumed);
  o.put("ranges", e.ranges);
}

void put_members(object& o, const haul::progress& e) {
  o.put("downloaded", e.downloaded);
  o.put("size", e.total);
  o.put("speed", e.speed);
  o.put("time_left", e.time_left);
  o.put("connections", e.connections);
  o.put("elapsed_ms", e.elapsed);
}

void put_members(object&, const haul::paused&) {}
void put_members(object&, const haul::resumed&) {}
void put_members(object&, const haul::stopped&) {}

void put_members(object& o, const haul::retrying& e) {
  put_error(o, e.error, e.detail);
  o.put("attempt", e.attempt);
  o.put("delay_ms", e.delay);
}

void put_members(object& o, const haul::failed& e) { put_result(o, e.result); }
void put_members(object& o, const haul::task_finished& e) { put_result(o, e.result); }

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char32_t c = take_character(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (!is_unprintable(c)) {
      append_utf8(out, c);
    } else if (c < 0x10000) {
      append_escape(out, c);
    } else {
      append_escape(out, 0xd800 + ((c - 0x10000) >> 10));
      append_escape(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  out += '"';
}

std::string json_line(const haul::event& e, std::size_t index, std::size_t total) {
  std::string line;
  std::visit(
      [&](const auto& x) {
        object o{line};
        o.put("event", name_of(x));
        if constexpr (requires { x.task; }) {
          o.put("id", x.task->id);
          o.put("index", index);
          o.put("total", total);
        }
        put_members(o, x);
      },
      e);
  line += '\n';
  return line;
}

}  // namespace haul_command
