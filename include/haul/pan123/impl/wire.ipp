#ifndef HAUL_PAN123_IMPL_WIRE_IPP
#define HAUL_PAN123_IMPL_WIRE_IPP

#include <haul/http/percent.hpp>
#include <haul/http/utf8.hpp>
#include <haul/pan123/wire.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace haul::pan123::wire {
namespace detail {

namespace json = boost::json;

inline std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

inline std::optional<std::int64_t> whole(const json::value& v) {
  if (const auto* n = v.if_int64()) return *n;
  return std::nullopt;
}

inline std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

inline std::error_code error_of_code(std::int64_t code, std::string_view message) {
  switch (code) {
    case 2:
      // The one code has two meanings, which only the text tells apart.
      return message.find("最大限制") != std::string_view::npos ||
                     message.find("超出") != std::string_view::npos
                 ? errc::too_many_tasks
                 : errc::link_not_parsed;
    case 401:
      return errc::unauthorized;
    case 429:
      return errc::too_many_requests;
    case 5066:
      return errc::file_not_found;
    case 5113:
      return errc::quota_exceeded;
    case 20103:
      return errc::still_verifying;
    default:
      return errc::refused;
  }
}

inline std::optional<json::value> parse(std::string_view text) {
  json::error_code ec;
  json::value v = json::parse(json::string_view{text.data(), text.size()}, ec);
  if (ec) return std::nullopt;
  return v;
}

/// A row of a list, or the data of `detail`, which spells some names in another way.
inline file_entry read_entry(reader& r) {
  file_entry e;
  e.id = r.id("fileId", "fileID");
  e.name = r.text("filename");
  e.parent = r.id("parentFileId", "parentFileID");
  e.folder = r.number("type") == 1;
  e.md5 = r.text_or("etag", {});
  e.size = r.size("size");
  e.category = static_cast<int>(r.number_or("category", 0));
  e.status = static_cast<int>(r.number_or("status", 0));
  e.trashed = r.number_or("trashed", 0) != 0;
  e.created = r.text_or("createAt", {});
  e.updated = r.text_or("updateAt", {});
  return e;
}

template <class Read>
void each(reader& r, std::string_view name, std::string_view other, std::string& problem,
          Read read) {
  const json::array& rows = r.array(name, other);
  if (problem.empty()) problem = r.problem();
  for (std::size_t i = 0; i < rows.size() && problem.empty(); ++i) {
    reader row{rows[i], r.inside(name, i)};
    read(row);
    problem = row.problem();
  }
}

}  // namespace detail

HAUL_DECL call& call::query(std::string_view name, std::string_view value) & {
  target += target.empty() ? '?' : '&';
  target += name;
  target += '=';
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      target += c;
    } else {
      http::append_percent_encoded(target, c);
    }
  }
  return *this;
}

HAUL_DECL call& call::json(const boost::json::value& value) & {
  body = boost::json::serialize(value);
  return *this;
}

HAUL_DECL answer read_answer(int http_status, std::string_view body, bool bare) {
  answer a;
  const auto parsed = detail::parse(body);
  const auto* o = parsed ? parsed->if_object() : nullptr;
  const auto* code = o ? o->if_contains("code") : nullptr;
  const auto number = code ? detail::whole(*code) : std::nullopt;
  const bool good_status = http_status >= 200 && http_status < 300;
  if (o) {
    if (const auto* m = o->if_contains("message"); m && m->is_string()) {
      a.message = detail::view(m->get_string());
    }
    if (const auto* t = o->if_contains("x-traceID"); t && t->is_string()) {
      a.trace_id = detail::view(t->get_string());
    }
  }
  if (number) a.code = *number;
  if (http_status == 401) {
    a.error = errc::unauthorized;
  } else if (http_status == 429) {
    a.error = errc::too_many_requests;
  } else if (number && *number != 0) {
    a.error = detail::error_of_code(*number, a.message);
  } else if (http_status >= 500) {
    a.error = errc::unavailable;
  } else if (!good_status) {
    a.error = http_status >= 400 ? errc::refused : errc::protocol_error;
  } else if (!o) {
    a.error = errc::protocol_error;
    a.message = parsed ? "the answer is no object" : "the answer is not JSON";
  } else if (bare) {
    a.data = *parsed;
  } else if (!number) {
    a.error = errc::protocol_error;
    a.message = "the answer has no code";
  } else if (const auto* data = o->if_contains("data")) {
    a.data = *data;
  }
  return a;
}

HAUL_DECL const boost::json::value* reader::find(std::string_view name) const {
  if (!object_ || name.empty()) return nullptr;
  const auto* v = object_->if_contains(boost::json::string_view{name.data(), name.size()});
  return v && !v->is_null() ? v : nullptr;
}

HAUL_DECL std::int64_t reader::id(std::string_view name, std::string_view other) {
  const auto* v = find(name);
  if (!v) v = find(other);
  if (v) {
    if (const auto n = detail::whole(*v)) return *n;
    if (v->is_string()) {
      if (const auto n = detail::digits(detail::view(v->get_string()))) return *n;
    }
  }
  fail(name);
  return 0;
}

HAUL_DECL std::int64_t reader::number(std::string_view name) {
  if (const auto* v = find(name)) {
    if (const auto n = detail::whole(*v)) return *n;
  }
  fail(name);
  return 0;
}

HAUL_DECL std::uint64_t reader::size(std::string_view name) {
  const std::int64_t n = number(name);
  if (n < 0) fail(name);
  return n < 0 ? 0 : static_cast<std::uint64_t>(n);
}

HAUL_DECL double reader::real(std::string_view name) {
  if (const auto* v = find(name)) {
    if (v->is_double()) return v->get_double();
    if (v->is_int64()) return static_cast<double>(v->get_int64());
    if (v->is_uint64()) return static_cast<double>(v->get_uint64());
  }
  fail(name);
  return 0;
}

HAUL_DECL bool reader::flag(std::string_view name) {
  if (const auto* v = find(name)) {
    if (v->is_bool()) return v->get_bool();
    if (const auto n = detail::whole(*v); n && (*n == 0 || *n == 1)) return *n == 1;
  }
  fail(name);
  return false;
}

HAUL_DECL std::string reader::text(std::string_view name) {
  if (const auto* v = find(name); v && v->is_string()) {
    return std::string{detail::view(v->get_string())};
  }
  fail(name);
  return {};
}

HAUL_DECL const boost::json::array& reader::array(std::string_view name, std::string_view other) {
  static const boost::json::array none;
  const auto* v = find(name);
  if (!v) v = find(other);
  if (v && v->is_array()) return v->get_array();
  fail(name);
  return none;
}

HAUL_DECL std::int64_t reader::number_or(std::string_view name, std::int64_t otherwise) {
  return has(name) ? number(name) : otherwise;
}

HAUL_DECL std::string reader::text_or(std::string_view name, std::string otherwise) {
  return has(name) ? text(name) : otherwise;
}

HAUL_DECL token read_token(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  token t;
  t.value = r.text("accessToken");
  const auto expires = parse_time(r.text("expiredAt"));
  if (expires) t.expires = *expires;
  if (t.value.empty()) r.fail("accessToken");
  if (!expires) r.fail("expiredAt");
  problem = r.problem();
  return t;
}

HAUL_DECL token read_oauth_token(const boost::json::value& data, std::chrono::sys_seconds now,
                                 std::string& problem) {
  reader r{data, "answer"};
  token t;
  t.value = r.text("access_token");
  t.refresh_token = r.text("refresh_token");
  const std::int64_t life = r.number("expires_in");
  constexpr std::int64_t longest = 10LL * 365 * 24 * 3600;
  if (life <= 0 || life > longest) r.fail("expires_in");
  t.expires = now + std::chrono::seconds{std::clamp<std::int64_t>(life, 0, longest)};
  if (t.value.empty()) r.fail("access_token");
  problem = r.problem();
  return t;
}

HAUL_DECL file_page read_page(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  file_page page;
  page.next = r.id("lastFileId", "lastFileID");
  detail::each(r, "fileList", {}, problem,
               [&](reader& row) { page.files.push_back(detail::read_entry(row)); });
  return page;
}

HAUL_DECL file_entry read_detail(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  file_entry e = detail::read_entry(r);
  problem = r.problem();
  return e;
}

HAUL_DECL std::vector<file_entry> read_infos(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  std::vector<file_entry> files;
  detail::each(r, "fileList", "list", problem,
               [&](reader& row) { files.push_back(detail::read_entry(row)); });
  return files;
}

HAUL_DECL offline_report read_report(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  offline_report report;
  const std::int64_t status = r.number("status");
  if (status < 0 || status > 3) r.fail("status");
  report.percent = r.real("process");
  problem = r.problem();
  if (problem.empty()) report.status = static_cast<offline_status>(status);
  return report;
}

HAUL_DECL account read_account(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  account a;
  a.uid = r.id("uid");
  a.nickname = r.text("nickname");
  a.space_used = r.size("spaceUsed");
  a.space_permanent = r.size("spacePermanent");
  a.space_temporary = r.size("spaceTemp");
  a.vip = r.flag("vip");
  a.direct_traffic = r.has("directTraffic") ? r.size("directTraffic") : 0;
  problem = r.problem();
  if (problem.empty() && r.has("vipInfo")) {
    detail::each(r, "vipInfo", {}, problem, [&](reader& row) {
      vip_period p;
      p.level = static_cast<int>(row.number("vipLevel"));
      p.label = row.text_or("vipLabel", {});
      p.begins = row.text_or("startTime", {});
      p.ends = row.text_or("endTime", {});
      a.vip_periods.push_back(std::move(p));
    });
  }
  if (problem.empty() && r.has("developerInfo")) {
    reader d{data.get_object().at("developerInfo"), "data.developerInfo"};
    a.developer_until = d.text_or("endTime", {});
    problem = d.problem();
  }
  return a;
}

HAUL_DECL share_link read_share(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  share_link s;
  s.id = r.id("shareID", "shareId");
  s.key = r.text("shareKey");
  problem = r.problem();
  return s;
}

HAUL_DECL share_page read_shares(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  share_page page;
  page.next = r.id("lastShareId", "lastShareID");
  detail::each(r, "shareList", {}, problem, [&](reader& row) {
    share_entry s;
    s.link.id = row.id("shareId", "shareID");
    s.link.key = row.text("shareKey");
    s.name = row.text("shareName");
    s.password = row.text_or("sharePwd", {});
    s.expires = row.text_or("expiration", {});
    s.expired = row.number_or("expired", 0) != 0;
    page.shares.push_back(std::move(s));
  });
  return page;
}

HAUL_DECL upload_start read_upload_start(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  upload_start u;
  u.reused = r.flag("reuse");
  if (u.reused) {
    u.id = r.id("fileID", "fileId");
    if (u.id == 0) r.fail("fileID");
  } else {
    u.upload_id = r.text("preuploadID");
    u.slice_size = r.size("sliceSize");
    if (u.upload_id.empty()) r.fail("preuploadID");
    // A slice is held in memory: no more than the platform's documents let expect.
    if (u.slice_size == 0 || u.slice_size > (256u << 20)) r.fail("sliceSize");
    for (const auto& server : r.array("servers")) {
      if (server.is_string()) u.servers.emplace_back(detail::view(server.get_string()));
    }
    if (u.servers.empty()) r.fail("servers");
  }
  problem = r.problem();
  return u;
}

HAUL_DECL upload_state read_upload_state(const boost::json::value& data, std::string& problem) {
  reader r{data, "data"};
  upload_state u;
  u.completed = r.flag("completed");
  if (u.completed || r.has("fileID")) u.id = r.id("fileID", "fileId");
  problem = r.problem();
  return u;
}

HAUL_DECL std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  // 2025-03-23T15:48:37[.123](+08:00|Z)
  const auto digits = [&](std::size_t at, std::size_t n) -> int {
    int value = 0;
    for (std::size_t i = at; i < at + n; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  using namespace std::chrono;
  const int y = digits(0, 4), mo = digits(5, 2), d = digits(8, 2);
  const int h = digits(11, 2), mi = digits(14, 2), s = digits(17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0 || h > 23 || mi > 59 || s > 60) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 19;
  if (text[at] == '.') {
    do ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9');
  }
  seconds offset{0};
  if (at >= text.size()) return std::nullopt;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else {
    const int oh = digits(at + 1, 2), om = digits(at + 4, 2);
    if ((text[at] != '+' && text[at] != '-') || at + 3 >= text.size() || text[at + 3] != ':' ||
        oh < 0 || om < 0 || oh > 23 || om > 59) {
      return std::nullopt;
    }
    offset = hours{oh} + minutes{om};
    if (text[at] == '-') offset = -offset;
    at += 6;
  }
  if (at != text.size()) return std::nullopt;
  return sys_days{date} + hours{h} + minutes{mi} + seconds{s} - offset;
}

HAUL_DECL std::string format_time(std::chrono::sys_seconds time) {
  using namespace std::chrono;
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const auto of_day = (time - day).count();
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(of_day / 3600), static_cast<int>(of_day / 60 % 60),
                static_cast<int>(of_day % 60));
  return out;
}

HAUL_DECL std::optional<token> parse_token_file(std::string_view text, std::string_view client_id) {
  const auto v = detail::parse(text);
  if (!v) return std::nullopt;
  reader r{*v, "file"};
  token t;
  t.value = r.text("accessToken");
  const auto expires = parse_time(r.text("expiredAt"));
  t.refresh_token = r.text_or("refreshToken", {});
  const std::string whose = r.text("clientID");
  if (!r.problem().empty() || !expires || t.value.empty() || whose != client_id) {
    return std::nullopt;
  }
  t.expires = *expires;
  return t;
}

HAUL_DECL std::string format_token_file(const token& t, std::string_view client_id) {
  boost::json::object o;
  o["clientID"] = boost::json::string_view{client_id.data(), client_id.size()};
  o["accessToken"] = t.value;
  o["expiredAt"] = format_time(t.expires);
  if (!t.refresh_token.empty()) o["refreshToken"] = t.refresh_token;
  return boost::json::serialize(o) + '\n';
}

HAUL_DECL std::string problem_of_name(std::string_view name) {
  if (!http::is_utf8(name)) return "the name is not UTF-8";
  std::size_t characters = 0;
  bool blank = true;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) return "the name has a control character";
    if (std::string_view{"\"\\/:*?|><"}.find(c) != std::string_view::npos) {
      return std::string{"the name has a "} + c;
    }
    if ((u & 0xc0) != 0x80) ++characters;
    blank = blank && c == ' ';
  }
  if (blank) return "the name is blank";
  if (characters >= 256) return "the name has 256 characters or more";
  return {};
}

HAUL_DECL std::optional<std::string> download_message(std::string_view body) {
  const auto v = detail::parse(body);
  const auto* o = v ? v->if_object() : nullptr;
  if (!o) return std::nullopt;
  std::string out;
  for (const char* name : {"code", "message", "msg", "error"}) {
    const auto* part = o->if_contains(name);
    if (!part || part->is_null()) continue;
    if (!out.empty()) out += ' ';
    out += part->is_string() ? std::string{detail::view(part->get_string())}
                             : boost::json::serialize(*part);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

HAUL_DECL void form::text(std::string_view name, std::string_view value) {
  out_.append("--").append(boundary_).append("\r\nContent-Disposition: form-data; name=\"");
  out_.append(name).append("\"\r\n\r\n").append(value).append("\r\n");
}

HAUL_DECL void form::file(std::string_view name, std::string_view file_name,
                          std::string_view bytes) {
  out_.append("--").append(boundary_).append("\r\nContent-Disposition: form-data; name=\"");
  out_.append(name).append("\"; filename=\"").append(file_name);
  out_.append("\"\r\nContent-Type: application/octet-stream\r\n\r\n");
  out_.append(bytes).append("\r\n");
}

HAUL_DECL std::string form::finish() && {
  out_.append("--").append(boundary_).append("--\r\n");
  return std::move(out_);
}

HAUL_DECL std::string redact(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
      text.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  constexpr std::size_t longest = 300;
  if (text.size() > longest) {
    text.resize(longest);
    text += "...";
  }
  return http::to_valid_utf8(text);
}

}  // namespace haul::pan123::wire

#endif
