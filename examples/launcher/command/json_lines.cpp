#include "json_lines.hpp"

#include <haul/http/utf8.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace launcher::command {
namespace {

/// Paths and messages of the system may be anything.
std::string text(const std::string& s) { return haul::http::to_valid_utf8(s); }

boost::json::object members(const phase_changed& e) {
  return {{"event", "phase"}, {"game", text(e.game)}, {"phase", name_of(e.now)}};
}
boost::json::object members(const plan_made& e) {
  return {{"event", "plan"},          {"game", text(e.game)}, {"name", e.name},
          {"version", e.version},     {"files", e.files},     {"to_fetch", e.to_fetch},
          {"to_remove", e.to_remove}, {"bytes", e.bytes}};
}
boost::json::object members(const file_bad& e) {
  return {{"event", "bad"}, {"game", text(e.game)}, {"path", e.path}, {"why", text(e.why)}};
}
boost::json::object members(const file_fetched& e) {
  return {{"event", "fetched"}, {"game", text(e.game)}, {"path", e.path}, {"received", e.received}};
}
boost::json::object members(const file_retrying& e) {
  return {{"event", "retrying"},
          {"game", text(e.game)},
          {"path", e.path},
          {"message", text(e.message)}};
}
boost::json::object members(const file_failed& e) {
  return {
      {"event", "failed"}, {"game", text(e.game)}, {"path", e.path}, {"message", text(e.message)}};
}
boost::json::object members(const priority_changed& e) {
  return {{"event", "priority"}, {"game", text(e.game)}, {"priority", e.priority}};
}
boost::json::object members(const limit_changed& e) {
  return {{"event", "limit"}, {"bytes_per_second", e.bytes_per_second}};
}
boost::json::object members(const game_paused& e) {
  return {{"event", e.now ? "paused" : "resumed"}, {"game", text(e.game)}};
}
boost::json::object members(const game_started& e) {
  return {{"event", "game_started"}, {"game", text(e.game)}, {"process", e.process}};
}
boost::json::object members(const game_ended& e) {
  return {{"event", "game_ended"}, {"game", text(e.game)}, {"code", e.code}, {"signal", e.signal}};
}
boost::json::object members(const finished& e) {
  const outcome& o = e.result;
  return {
      {"event", "finished"},        {"game", text(e.game)},   {"outcome", name_of(o.what)},
      {"message", text(o.message)}, {"version", o.version},   {"changed", o.changed},
      {"removed", o.removed},       {"received", o.received}, {"milliseconds", o.elapsed.count()}};
}

}  // namespace

std::string json_line(const event& e) {
  return boost::json::serialize(std::visit([](const auto& x) { return members(x); }, e)) + '\n';
}

}  // namespace launcher::command
