#ifndef HAUL_SERVICE_IMPL_ACCESS_IPP
#define HAUL_SERVICE_IMPL_ACCESS_IPP

#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/service/access.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace haul::service {
namespace access_detail {

inline std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = http::to_lower(c);
  return out;
}

/// The only field of a name; none when it is missing or there are several.
inline std::optional<std::string_view> only(const http::field_list& fields, std::string_view name) {
  return fields.count(name) == 1 ? fields.find(name) : std::nullopt;
}

inline bool names_loopback(std::string_view host, std::uint16_t port) {
  for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
    if (host.size() < name.size() || !http::equals_ignore_case(host.substr(0, name.size()), name)) {
      continue;
    }
    const std::string_view rest = host.substr(name.size());
    if (rest.empty()) return port == 80;
    return rest == ':' + std::to_string(port);
  }
  return false;
}

inline std::size_t longest_prefix(const std::vector<std::string>& prefixes, std::string_view path) {
  std::size_t longest = 0;
  for (const std::string& p : prefixes) {
    if (path.starts_with(p)) longest = (std::max)(longest, p.size());
  }
  return longest;
}

inline bool carries_token(const http::field_list& fields, std::string_view token) {
  if (const auto own = only(fields, "X-Token")) {
    if (equal_in_constant_time(*own, token)) return true;
  }
  const auto value = only(fields, "Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (!value || value->size() < scheme.size() ||
      !http::equals_ignore_case(value->substr(0, scheme.size()), scheme)) {
    return false;
  }
  return equal_in_constant_time(http::trim_ows(value->substr(scheme.size())), token);
}

inline access_decision refuse(access_decision d, int status, std::string reason) {
  d.status = status;
  d.reason = std::move(reason);
  return d;
}

}  // namespace access_detail

HAUL_DECL bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  unsigned different = a.size() != b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    different |=
        static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other));
  }
  return different == 0;
}

HAUL_DECL std::string normal_path(std::string_view path) {
  std::string out;
  for (const char c : http::percent_decode(path)) {
    if (c == '/' && out.ends_with('/')) continue;
    out += http::to_lower(c);
  }
  return out;
}

HAUL_DECL access_decision decide_access(const access_rules& rules, const request& r) {
  using namespace access_detail;
  access_decision d;
  if (!r.target().starts_with('/')) return refuse(std::move(d), 400, "the target is not a path");

  const auto host = only(r.fields(), "Host");
  if (rules.loopback && (!host || !names_loopback(*host, rules.port))) {
    return refuse(std::move(d), 421, "this server is known as 127.0.0.1 and localhost only");
  }

  const bool from_page = r.fields().count("Origin") > 0;
  const auto origin = only(r.fields(), "Origin");
  const bool any =
      std::find(rules.origins.begin(), rules.origins.end(), "*") != rules.origins.end();
  const bool named = origin && std::find(rules.origins.begin(), rules.origins.end(), *origin) !=
                                   rules.origins.end();
  if (from_page && any) {
    d.fields.append("Access-Control-Allow-Origin", "*");
  } else if (named) {
    d.fields.append("Access-Control-Allow-Origin", *origin);
    d.fields.append("Vary", "Origin");
  } else if (!any && !rules.origins.empty()) {
    d.fields.append("Vary", "Origin");
  }

  // A browser's request for a picture or a script carries no Origin, but says where it is from.
  const auto site = r.fields().find("Sec-Fetch-Site");
  const bool own = from_page ? origin && host &&
                                   http::equals_ignore_case(*origin, "http://" + std::string{*host})
                             : !site || *site == "same-origin" || *site == "none";
  const bool welcome = own || any || named;

  const auto wanted = r.fields().find("Access-Control-Request-Method");
  if (r.method() == "OPTIONS" && from_page && wanted) {
    if (!welcome) return refuse(std::move(d), 403, "this page may not use this server");
    d.status = 204;
    d.fields.append("Access-Control-Allow-Methods", *wanted);
    if (const auto names = r.fields().find("Access-Control-Request-Headers")) {
      d.fields.append("Access-Control-Allow-Headers", *names);
    }
    return d;
  }

  const std::string path = normal_path(r.path());
  const bool reads = r.method() == "GET" || r.method() == "HEAD" || r.method() == "OPTIONS";
  const bool changes = !reads || longest_prefix(rules.changing, path) > 0;
  if (!welcome && changes) {
    return refuse(std::move(d), 403, "pages of other origins may not change anything here");
  }

  if (!rules.token.empty()) {
    const std::size_t open = longest_prefix(rules.open, path);
    const bool free = reads && open > 0 && open > longest_prefix(rules.closed, path);
    if (!free && !carries_token(r.fields(), rules.token)) {
      d.fields.append("WWW-Authenticate", "Bearer");
      return refuse(std::move(d), 401, "a token is needed");
    }
  }
  return d;
}

}  // namespace haul::service

#endif
