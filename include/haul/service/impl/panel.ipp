#ifndef HAUL_SERVICE_IMPL_PANEL_IPP
#define HAUL_SERVICE_IMPL_PANEL_IPP

#include <haul/download_request.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/media_type.hpp>
#include <haul/http/url.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/access.hpp>
#include <haul/service/panel.hpp>
#include <haul/service/path_confinement.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace haul::service {
namespace panel_detail {

namespace json = boost::json;

inline response reply(int status, const json::object& o) {
  response r{status};
  r.field("Cache-Control", "no-store");
  r.body("application/json; charset=utf-8", json::serialize(o));
  return r;
}

inline response refuse(int status, std::string_view why) {
  json::object o;
  o["error"] = why;
  return reply(status, o);
}

/// The object that a request brings.
inline std::optional<json::object> object_of(const request& r) {
  json::error_code ec;
  json::value v = json::parse(r.body(), ec);
  if (ec || !v.is_object()) return std::nullopt;
  return std::move(v.as_object());
}

/// A text of an object: empty when it is not there; nothing when it is something else.
inline std::optional<std::string> text_of(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  if (!v || v->is_null()) return std::string{};
  if (!v->is_string()) return std::nullopt;
  return std::string{std::string_view{v->as_string()}};
}

/// What is asked for, or why not.
struct item {
  std::optional<download_request> request;
  std::string problem;
};

inline item bad(std::string why) {
  item i;
  i.problem = std::move(why);
  return i;
}

inline item read_item(const json::value& v, const std::filesystem::path& root,
                      std::string_view folder) {
  if (!v.is_object()) return bad("not an object");
  const auto url = text_of(v.as_object(), "url");
  const auto name = text_of(v.as_object(), "name");
  const auto sha256 = text_of(v.as_object(), "sha256");
  if (!url || !name || !sha256) return bad("url, name and sha256 are texts");
  const auto parsed = http::parse_url(*url);
  if (parsed.error) return bad(parsed.error.message());

  std::string below{folder};
  if (!below.empty()) below += '/';
  below += *name;
  if (!name->empty() && http::safe_file_name(*name) != *name) {
    return bad("not a file name: " + http::to_valid_utf8(*name));
  }
  auto place = confine(root, below);
  if (!place) return bad("not a place below the download folder");
  // A folder: the server or the URL gives the name.
  if (name->empty()) *place /= "";
  item i;
  i.request.emplace(*url, *place);
  if (!sha256->empty()) {
    if (!checksum::from_hex(hash_algorithm::sha256, *sha256)) return bad("not a SHA-256");
    i.request->sha256(*sha256);
  }
  return i;
}

inline std::string_view name_of(submitted_file::outcome what) {
  switch (what) {
    case submitted_file::outcome::started:
      return "started";
    case submitted_file::outcome::already_downloaded:
      return "already downloaded";
    case submitted_file::outcome::refused:
      break;
  }
  return "refused";
}

inline json::object told(std::string_view id, std::string_view what, std::string_view error) {
  json::object o;
  o["id"] = http::to_valid_utf8(id);
  o["what"] = what;
  o["error"] = http::to_valid_utf8(error);
  return o;
}

inline response not_allowed(std::string_view methods) {
  response r = refuse(405, "there is no such method here");
  r.field("Allow", methods);
  return r;
}

}  // namespace panel_detail

HAUL_DECL awaitable<response> panel::answer(panel self, request r) {
  using namespace panel_detail;
  const std::string path = normal_path(r.path());
  const std::string_view what = std::string_view{path}.substr(path.rfind('/') + 1);
  if (path.size() - what.size() != std::string_view{"/ui/api/"}.size()) {
    co_return refuse(404, "there is nothing here");
  }
  const bool posted = r.method() == "POST";
  if (what == "downloads" && r.method() == "GET") {
    response all{200};
    all.field("Cache-Control", "no-store");
    all.body("application/json; charset=utf-8", self.feed_.snapshot());
    co_return std::move(all);
  }
  const bool known = what == "downloads" || what == "pause" || what == "resume" || what == "cancel";
  if (!known) co_return refuse(404, "there is nothing here");
  if (!posted) co_return not_allowed(what == "downloads" ? "GET, POST" : "POST");
  // No page of another origin can send this without asking first.
  const std::string_view type = r.fields().find("Content-Type").value_or("");
  if (!http::is_json_type(type)) co_return refuse(415, "the body must be application/json");
  if (what == "downloads") {
    response added = co_await add(self, std::move(r));
    co_return std::move(added);
  }
  if (what == "pause") co_return self.control(r, &downloads::pause_file);
  if (what == "resume") co_return self.control(r, &downloads::resume_file);
  co_return self.control(r, &downloads::cancel_file);
}

HAUL_DECL awaitable<response> panel::add(panel self, request r) {
  using namespace panel_detail;
  const std::optional<json::object> o = object_of(r);
  const json::value* const items = o ? o->if_contains("items") : nullptr;
  const std::optional<std::string> folder = o ? text_of(*o, "folder") : std::nullopt;
  if (!items || !items->is_array() || items->as_array().empty() || !folder) {
    co_return refuse(400, "what is wanted is {\"items\":[{\"url\":...}],\"folder\":...}");
  }
  if (items->as_array().size() > self.options_.max_items) {
    co_return refuse(413, "at most " + std::to_string(self.options_.max_items) + " at once");
  }
  json::array rows;
  std::vector<download_request> files;
  std::vector<std::size_t> places;
  for (const json::value& v : items->as_array()) {
    item i = read_item(v, self.options_.root, *folder);
    if (i.request) {
      files.push_back(std::move(*i.request));
      places.push_back(rows.size());
    }
    rows.push_back(told("", "refused", i.problem));
  }
  json::object out;
  out["batch"] = "";
  if (!files.empty()) {
    submit_result done = co_await self.to_.submit(std::move(files), self.options_.batch);
    if (done.error) co_return refuse(400, http::to_valid_utf8(done.message));
    out["batch"] = http::to_valid_utf8(done.batch);
    for (std::size_t i = 0; i < done.files.size(); ++i) {
      const submitted_file& f = done.files[i];
      rows[places[i]] = told(f.id, name_of(f.what), f.message);
    }
  }
  out["files"] = std::move(rows);
  co_return reply(200, out);
}

HAUL_DECL response panel::control(const request& r,
                                  std::error_code (downloads::*act)(const std::string&)) {
  using namespace panel_detail;
  const std::optional<json::object> o = object_of(r);
  const json::value* const ids = o ? o->if_contains("ids") : nullptr;
  if (!ids || !ids->is_array()) return refuse(400, "what is wanted is {\"ids\":[...]}");
  std::size_t done = 0;
  for (const json::value& id : ids->as_array()) {
    if (!id.is_string()) return refuse(400, "ids are texts");
  }
  for (const json::value& id : ids->as_array()) {
    if (!(to_.*act)(std::string{std::string_view{id.as_string()}})) ++done;
  }
  json::object out;
  out["done"] = done;
  return reply(200, out);
}

}  // namespace haul::service

#endif
