#include "record.hpp"

#include "names.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace launcher {
namespace {

namespace json = boost::json;

/// Whether a path below the folder may be touched: a file of a game, or a staged one.
bool is_own_path(std::string_view path) {
  constexpr std::string_view staged = ".launcher/stage/";
  if (path.starts_with(staged)) return is_plain_name(path.substr(staged.size()));
  return problem_of_path(path).empty();
}

std::optional<std::vector<std::string>> read_texts(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  if (!v || !v->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json::value& one : v->get_array()) {
    if (!one.is_string()) return std::nullopt;
    out.emplace_back(one.get_string().data(), one.get_string().size());
  }
  return out;
}

std::optional<std::string> read_text(const json::object& o, const char* key) {
  const json::value* v = o.if_contains(key);
  if (!v || !v->is_string()) return std::nullopt;
  return std::string{v->get_string().data(), v->get_string().size()};
}

json::object to_object(const install_record& r) {
  json::object o;
  o["format"] = 1;
  o["whole"] = r.whole;
  o["source"] = r.source;
  o["groups"] = array_of(r.groups);
  json::object stamps;
  for (const auto& [path, s] : r.stamps) stamps[path] = json::array{s.size, s.modified};
  o["stamps"] = std::move(stamps);
  o["manifest"] = to_json(r.what);
  return o;
}

std::optional<stamp> read_stamp(const json::value& v) {
  const json::array* a = v.if_array();
  if (!a || a->size() != 2) return std::nullopt;
  json::error_code size_wrong;
  json::error_code time_wrong;
  stamp s;
  s.size = (*a)[0].to_number<std::uint64_t>(size_wrong);
  s.modified = (*a)[1].to_number<std::int64_t>(time_wrong);
  if (size_wrong || time_wrong) return std::nullopt;
  return s;
}

std::optional<install_record> from_object(const json::object& o) {
  const json::value* whole = o.if_contains("whole");
  const json::value* what = o.if_contains("manifest");
  const json::value* stamps = o.if_contains("stamps");
  auto source = read_text(o, "source");
  auto groups = read_texts(o, "groups");
  if (!whole || !whole->is_bool() || !what || !what->is_object() || !source || !groups) {
    return std::nullopt;
  }
  if (!stamps || !stamps->is_object()) return std::nullopt;
  manifest_result m = read_manifest(what->get_object());
  if (!m.problem.empty()) return std::nullopt;
  install_record r;
  r.whole = whole->get_bool();
  r.source = std::move(*source);
  r.groups = std::move(*groups);
  r.what = std::move(m.value);
  for (const auto& [path, value] : stamps->get_object()) {
    const auto s = read_stamp(value);
    if (!s) return std::nullopt;
    r.stamps.emplace(std::string{path.data(), path.size()}, *s);
  }
  return r;
}

std::optional<json::value> parsed(std::string_view text) {
  json::error_code ec;
  json::value v = json::parse(json::string_view{text.data(), text.size()}, ec);
  if (ec || !v.is_object()) return std::nullopt;
  return v;
}

}  // namespace

std::string to_text(const install_record& r) { return json::serialize(to_object(r)) + '\n'; }

std::string to_text(const commit_record& r) {
  json::object o;
  o["next"] = to_object(r.next);
  json::array moves;
  for (const auto& m : r.moves) moves.push_back(json::array{m.from, m.to});
  o["moves"] = std::move(moves);
  o["removes"] = array_of(r.removes);
  return json::serialize(o) + '\n';
}

std::string to_text(const source_record& r) {
  json::object o;
  o["source"] = r.source;
  if (r.groups) o["groups"] = array_of(*r.groups);
  return json::serialize(o) + '\n';
}

std::optional<install_record> read_install_record(std::string_view text) {
  const auto v = parsed(text);
  if (!v) return std::nullopt;
  return from_object(v->get_object());
}

std::optional<commit_record> read_commit_record(std::string_view text) {
  const auto v = parsed(text);
  if (!v) return std::nullopt;
  const json::object& o = v->get_object();
  const json::value* next = o.if_contains("next");
  const json::value* moves = o.if_contains("moves");
  auto removes = read_texts(o, "removes");
  if (!next || !next->is_object() || !moves || !moves->is_array() || !removes) return std::nullopt;
  auto record = from_object(next->get_object());
  if (!record) return std::nullopt;
  commit_record r;
  r.next = std::move(*record);
  for (const json::value& one : moves->get_array()) {
    const json::array* pair = one.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) {
      return std::nullopt;
    }
    commit_record::move m;
    m.from = (*pair)[0].get_string().c_str();
    m.to = (*pair)[1].get_string().c_str();
    if (!is_own_path(m.from) || !is_own_path(m.to)) return std::nullopt;
    r.moves.push_back(std::move(m));
  }
  for (const std::string& path : *removes) {
    if (!is_own_path(path)) return std::nullopt;
  }
  r.removes = std::move(*removes);
  return r;
}

std::optional<source_record> read_source_record(std::string_view text) {
  const auto v = parsed(text);
  if (!v) return std::nullopt;
  auto source = read_text(v->get_object(), "source");
  if (!source) return std::nullopt;
  source_record r;
  r.source = std::move(*source);
  r.groups = read_texts(v->get_object(), "groups");
  return r;
}

}  // namespace launcher
