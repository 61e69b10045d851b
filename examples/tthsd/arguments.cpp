#include "tthsd/arguments.hpp"

#include "tthsd/foreign_memory.hpp"
#include <haul/http/fields.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>
#include <haul/json/parse_tasks.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace tthsd {
namespace {

constexpr std::size_t longest_tasks = 256u << 20;
constexpr std::size_t longest_text = 1u << 20;
constexpr int largest_chunk = 64;  // MiB

using fields = std::vector<haul::download_request::field>;

/// A JSON object of texts, or nothing at all.
fields read_headers(const char* from) {
  fields found;
  const auto text = read_text(from, longest_text);
  if (!text) return found;
  boost::json::error_code ec;
  const boost::json::value v = boost::json::parse(*text, ec);
  const boost::json::object* o = ec ? nullptr : v.if_object();
  if (!o) return found;
  for (const auto& [key, value] : *o) {
    const boost::json::string* s = value.if_string();
    if (!s) return {};
    found.push_back({std::string{key.data(), key.size()}, std::string{s->data(), s->size()}});
  }
  return found;
}

bool contains(const fields& all, std::string_view name) {
  return std::any_of(all.begin(), all.end(), [&](const haul::download_request::field& f) {
    return haul::http::equals_ignore_case(f.name, name);
  });
}

/// What clients copy out of a browser and what belongs to the connection, or to the ranges that
/// haul asks for. A Host that is not the URL's is left in: it is refused with a word, not passed
/// by.
bool is_hauls_own(const haul::download_request::field& f, const std::string& url) {
  for (const char* name :
       {"Range", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
        "Proxy-Connection", "TE", "Trailer", "Upgrade", "Expect", "Accept-Encoding", "If-Range"}) {
    if (haul::http::equals_ignore_case(f.name, name)) return true;
  }
  if (!haul::http::equals_ignore_case(f.name, "Host")) return false;
  const auto parsed = haul::http::parse_url(url);
  return !parsed.error && haul::http::equals_ignore_case(f.value, parsed.value.where().authority());
}

/// The nearest word counts: the task's, then the downloader's, then the user agent.
haul::download_request with_fields(const haul::download_request& r, const fields& common) {
  fields all;
  for (const auto& f : r.headers()) {
    if (!is_hauls_own(f, r.url())) all.push_back(f);
  }
  const std::size_t own = all.size();
  for (const auto& f : common) {
    const fields mine(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(own));
    if (!contains(mine, f.name) && !is_hauls_own(f, r.url())) all.push_back(f);
  }
  haul::download_request made{r.url(), r.path()};
  made.name(r.name()).id(r.id());
  for (auto& f : all) made.header(std::move(f.name), std::move(f.value));
  return made;
}

}  // namespace

std::optional<order> read_arguments(const raw_arguments& raw) {
  if (!raw.tasks || raw.task_count <= 0) return std::nullopt;
  const auto text = read_text(raw.tasks, longest_tasks);
  if (!text) return std::nullopt;
  const haul::parsed_tasks tasks = haul::parse_tasks(*text);
  if (tasks.error || tasks.requests.empty()) return std::nullopt;

  order o;
  fields common = read_headers(raw.headers_json);
  const auto agent = read_text(raw.user_agent, longest_text);
  if (agent && !agent->empty() && !contains(common, "User-Agent")) {
    common.push_back({"User-Agent", *agent});
  }
  o.requests.reserve(tasks.requests.size());
  for (const auto& r : tasks.requests) o.requests.push_back(with_fields(r, common));
  if (raw.thread_count > 0) o.connections = static_cast<unsigned>(std::min(raw.thread_count, 64));
  if (raw.chunk_size_mb > 0) {
    o.piece_size = static_cast<std::uint64_t>(std::min(raw.chunk_size_mb, largest_chunk)) << 20;
  }
  o.callback = raw.callback;
  if (raw.use_callback_url) {
    const auto lines = read_flag(raw.use_socket);
    const auto url = read_text(raw.remote_callback_url, longest_text);
    if (lines && url && !url->empty()) {
      o.remote = read_remote_target(
          *url, *lines ? remote_target::kind::lines : remote_target::kind::websocket);
    }
  }
  return o;
}

}  // namespace tthsd
