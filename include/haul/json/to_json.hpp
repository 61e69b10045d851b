#ifndef HAUL_JSON_TO_JSON_HPP
#define HAUL_JSON_TO_JSON_HPP

#include <haul/event.hpp>
#include <haul/http/utf8.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace haul {

/// An event in the TTHSD wire format: two JSON texts.
struct json_event {
  std::string event;  ///< `{"Type","Name","ShowName","ID"}`
  std::string msg;    ///< depends on the type
};

namespace json_detail {

namespace json = boost::json;

inline std::string utf8(const std::filesystem::path& p) {
  const auto text = p.u8string();
  return http::to_valid_utf8(
      std::string_view{reinterpret_cast<const char*>(text.data()), text.size()});
}

inline json_event make(std::string_view type, std::string_view name, const task_info* task,
                       const json::object& msg) {
  json::object event;
  event["Type"] = type;
  event["Name"] = name;
  event["ShowName"] = task && type != "update" ? http::to_valid_utf8(task->name) : "";
  event["ID"] = task ? http::to_valid_utf8(task->id) : "";
  return json_event{json::serialize(event), json::serialize(msg)};
}

inline json::object describe(const task_info& task) {
  json::object o;
  o["URL"] = http::to_valid_utf8(task.url);
  o["SavePath"] = utf8(task.path);
  o["ShowName"] = http::to_valid_utf8(task.name);
  o["Index"] = task.index;
  o["Total"] = task.total;
  return o;
}

inline json::object text(std::string_view t) {
  json::object o;
  o["Text"] = http::to_valid_utf8(t);
  return o;
}

inline json_event convert(const progress& p) {
  const std::uint64_t total = p.total.value_or(0);
  const std::uint64_t downloaded = p.total ? (std::min)(p.downloaded, total) : p.downloaded;
  const double seconds = std::chrono::duration<double>(p.elapsed).count();
  const double average = seconds > 0 ? static_cast<double>(downloaded) / seconds : 0;
  json::object msg;
  msg["Total"] = total;
  msg["Downloaded"] = downloaded;
  msg["total_bytes"] = total;
  msg["current_speed_bps"] = p.speed;
  msg["current_speed_mbps"] = static_cast<double>(p.speed) / 1e6;
  msg["average_speed_bps"] = average;
  msg["average_speed_mbps"] = average / 1e6;
  msg["elapsed_time"] = seconds;
  return make("update", "", p.task.get(), msg);
}

inline std::optional<json_event> to_event(const batch_started& e) {
  return make("start", e.parallel ? "开始批量下载" : "开始下载", nullptr, {});
}
inline std::optional<json_event> to_event(const batch_finished& e) {
  return make("end", e.parallel ? "结束批量下载" : "结束所有下载", nullptr, {});
}
inline std::optional<json_event> to_event(const task_started& e) {
  return make("startOne", "开始一个下载", e.task.get(), describe(*e.task));
}
inline std::optional<json_event> to_event(const transfer_started&) { return std::nullopt; }
inline std::optional<json_event> to_event(const progress& e) { return convert(e); }
inline std::optional<json_event> to_event(const paused& e) {
  return make("msg", "暂停", e.task.get(), text("下载已暂停"));
}
inline std::optional<json_event> to_event(const resumed& e) {
  return make("msg", "恢复", e.task.get(), text("下载已恢复"));
}
inline std::optional<json_event> to_event(const stopped& e) {
  return make("msg", "停止", e.task.get(), text("下载已停止"));
}
inline std::optional<json_event> to_event(const retrying& e) {
  std::string note = "重试 " + std::to_string(e.attempt) + ": " + e.error.message();
  if (!e.detail.empty()) note += " (" + e.detail + ')';
  return make("msg", "重试", e.task.get(), text(note));
}
inline std::optional<json_event> to_event(const failed& e) {
  json::object msg;
  msg["Error"] = http::to_valid_utf8("下载文件失败: " + e.result.message());
  return make("err", "错误", e.task.get(), msg);
}
inline std::optional<json_event> to_event(const task_finished& e) {
  return make("endOne", "结束一个下载", e.task.get(), describe(*e.task));
}

}  // namespace json_detail

/// An event in the TTHSD wire format; nothing for `transfer_started`, which that format does not
/// have.
///
/// All text is valid UTF-8: what is not in a name is replaced. Bytes, bytes per second, and
/// seconds;
/// `_mbps` are millions of bytes per second.
///
/// @par Thread Safety
/// May be called from any thread.
inline std::optional<json_event> to_json(const event& e) {
  return std::visit([](const auto& x) { return json_detail::to_event(x); }, e);
}

}  // namespace haul

#endif
