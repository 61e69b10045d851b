#ifndef HAUL_PAN123_IMPL_OFFLINE_STATE_IPP
#define HAUL_PAN123_IMPL_OFFLINE_STATE_IPP

#include <haul/pan123/offline_state.hpp>
#include <haul/pan123/wire.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <iterator>

namespace haul::pan123 {
namespace detail {

inline constexpr std::string_view stage_names[] = {"begun",   "folder",     "creating",
                                                   "waiting", "downloaded", "pulled"};

}  // namespace detail

HAUL_DECL std::string to_text(const offline_state& state) {
  const std::string_view stage = detail::stage_names[static_cast<std::size_t>(state.at)];
  boost::json::object o;
  o["version"] = 1;
  o["stage"] = boost::json::string_view{stage.data(), stage.size()};
  o["url"] = state.url;
  o["folder"] = state.folder;
  o["task"] = state.task;
  o["file"] = state.file;
  return boost::json::serialize(o) + '\n';
}

HAUL_DECL std::optional<offline_state> parse_offline_state(std::string_view text) {
  using stage = offline_state::stage;
  boost::json::error_code ec;
  const boost::json::value v =
      boost::json::parse(boost::json::string_view{text.data(), text.size()}, ec);
  if (ec) return std::nullopt;
  wire::reader r{v, "state"};
  offline_state s;
  const std::int64_t version = r.number("version");
  const std::string name = r.text("stage");
  s.url = r.text("url");
  s.folder = r.number("folder");
  s.task = r.number("task");
  s.file = r.number("file");
  if (!r.problem().empty() || version != 1) return std::nullopt;
  bool known = false;
  for (std::size_t i = 0; i < std::size(detail::stage_names); ++i) {
    if (detail::stage_names[i] != name) continue;
    s.at = static_cast<stage>(i);
    known = true;
  }
  // What a stage stands on must be there.
  if (!known || (s.at >= stage::folder && s.folder <= 0) ||
      (s.at == stage::waiting && s.task <= 0) || (s.at >= stage::downloaded && s.file <= 0)) {
    return std::nullopt;
  }
  return s;
}

}  // namespace haul::pan123

#endif
