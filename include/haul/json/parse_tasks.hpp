#ifndef HAUL_JSON_PARSE_TASKS_HPP
#define HAUL_JSON_PARSE_TASKS_HPP

#include <haul/download_request.hpp>
#include <haul/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace haul {

/// What was read of a list of tasks.
struct parsed_tasks {
  std::vector<download_request> requests;  ///< in the order of the list
  std::error_code error;                   ///< none: the list is whole
  std::string message;                     ///< which task, and what is wrong with it
};

namespace json_detail {

/// The text under either key; null when there is none. `wrong` is set when it is no text.
inline const boost::json::string* either(const boost::json::object& o, std::string_view first,
                                         std::string_view second, bool& wrong) {
  const boost::json::value* v = o.if_contains(first);
  if (!v) v = o.if_contains(second);
  if (!v || v->is_null()) return nullptr;
  wrong = wrong || !v->is_string();
  return v->if_string();
}

inline std::string add_task(const boost::json::value& v, std::vector<download_request>& to) {
  const boost::json::object* o = v.if_object();
  if (!o) return "is not an object";
  bool wrong = false;
  const auto* url = either(*o, "URL", "url", wrong);
  const auto* path = either(*o, "SavePath", "save_path", wrong);
  const auto* name = either(*o, "ShowName", "show_name", wrong);
  const auto* id = either(*o, "ID", "id", wrong);
  if (wrong) return "has a value that is not a text";
  if (!url || url->empty()) return "has no URL";
  if (!path || path->empty()) return "has no save path";
  download_request r{std::string{url->data(), url->size()},
                     std::filesystem::path{std::u8string{path->begin(), path->end()}}};
  if (name) r.name(std::string{name->data(), name->size()});
  if (id) r.id(std::string{id->data(), id->size()});
  if (const auto* headers = o->if_contains("headers"); headers && !headers->is_null()) {
    if (!headers->is_object()) return "has headers that are not an object";
    for (const auto& [key, value] : headers->get_object()) {
      if (!value.is_string()) return "has a header that is not a text";
      const auto& text = value.get_string();
      r.header(std::string{key.data(), key.size()}, std::string{text.data(), text.size()});
    }
  }
  to.push_back(std::move(r));
  return {};
}

}  // namespace json_detail

/// Reads an array of task objects, each in either dialect of TTHSD: `URL`, `SavePath`, `ShowName`,
/// `ID`, or `url`, `save_path`, `show_name`, `id` and `headers`. Unknown keys are passed over; a
/// name defaults to the file's, an id to a fresh one.
///
/// @par Errors
/// invalid_argument when the text is not UTF-8, not JSON, or not an array of such objects.
inline parsed_tasks parse_tasks(std::string_view text) {
  parsed_tasks result;
  boost::json::error_code ec;
  const boost::json::value v =
      boost::json::parse(boost::json::string_view{text.data(), text.size()}, ec);
  if (ec) {
    result.error = errc::invalid_argument;
    result.message = "the tasks are not JSON: " + ec.message();
    return result;
  }
  const boost::json::array* tasks = v.if_array();
  if (!tasks) {
    result.error = errc::invalid_argument;
    result.message = "the tasks are not an array";
    return result;
  }
  for (std::size_t i = 0; i < tasks->size(); ++i) {
    const std::string why = json_detail::add_task((*tasks)[i], result.requests);
    if (why.empty()) continue;
    result.error = errc::invalid_argument;
    result.message = "task " + std::to_string(i + 1) + ' ' + why;
    result.requests.clear();
    return result;
  }
  return result;
}

}  // namespace haul

#endif
