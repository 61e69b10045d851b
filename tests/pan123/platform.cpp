#include "pan123/platform.hpp"

#include "support/pattern.hpp"
#include <haul/http/percent.hpp>
#include <haul/pan123/wire.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace haul::test {
namespace json = boost::json;

namespace {

using clock = std::chrono::steady_clock;

std::vector<std::int64_t> ids_of(const json::object& o, const char* name) {
  std::vector<std::int64_t> ids;
  for (const auto& v : o.at(name).as_array()) ids.push_back(v.as_int64());
  return ids;
}

std::string text_of(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  return v && v->is_string() ? std::string{v->get_string()} : std::string{};
}

std::string path_of(std::string_view target) {
  return std::string{target.substr(0, target.find('?'))};
}

}  // namespace

pan_platform::pan_platform()
    : api(server_options{.tls = ca.valid()}), cdn(server_options{.tls = ca.valid()}) {
  api.behave([this](const request_info& r) { return serve(r); });
  cdn.provide([this](const std::string& path) { return stored(path); });
  cdn.behave([this](const request_info& r) { return serve_cdn(r); });
}

pan_platform::~pan_platform() {
  // Their threads use what is destroyed before them.
  api.stop();
  cdn.stop();
}

// The world.

pan_platform::id pan_platform::make(node n) {
  if (!n.folder && n.md5.empty()) {
    n.md5 = n.bytes ? digest_hex("MD5", *n.bytes) : pattern_digest("MD5", n.seed, n.size);
  }
  const id made = next_++;
  nodes_[made] = std::move(n);
  return made;
}

pan_platform::id pan_platform::add_folder(id parent, std::string name) {
  const std::lock_guard lock{mutex_};
  node n;
  n.parent = parent;
  n.name = std::move(name);
  n.folder = true;
  return make(std::move(n));
}

pan_platform::id pan_platform::add_file(id parent, std::string name, std::uint64_t seed,
                                        std::uint64_t size) {
  const std::lock_guard lock{mutex_};
  node n;
  n.parent = parent;
  n.name = std::move(name);
  n.seed = seed;
  n.size = size;
  return make(std::move(n));
}

void pan_platform::add_link(const std::string& url, link l) {
  const std::lock_guard lock{mutex_};
  links_[url] = std::move(l);
}

void pan_platform::change(id which, const std::function<void(node&)>& how) {
  const std::lock_guard lock{mutex_};
  how(nodes_.at(which));
}

std::optional<pan_platform::node> pan_platform::find(id which) const {
  const std::lock_guard lock{mutex_};
  const auto at = nodes_.find(which);
  if (at == nodes_.end()) return std::nullopt;
  return at->second;
}

std::size_t pan_platform::tasks() const {
  const std::lock_guard lock{mutex_};
  return tasks_.size();
}

void pan_platform::at(const std::string& path, fault f) {
  const std::lock_guard lock{mutex_};
  faults_[path] = std::move(f);
}

void pan_platform::kick_tokens() {
  const std::lock_guard lock{mutex_};
  live_.clear();
}

void pan_platform::refuse_tokens(bool on) {
  const std::lock_guard lock{mutex_};
  refuse_tokens_ = on;
}

void pan_platform::live_for(std::chrono::seconds life) {
  const std::lock_guard lock{mutex_};
  life_ = life;
}

void pan_platform::limit(const std::string& path, double per_second, double at_once) {
  const std::lock_guard lock{mutex_};
  buckets_[path] = bucket{per_second, at_once, at_once, clock::now()};
}

void pan_platform::expire_urls() {
  const std::lock_guard lock{mutex_};
  urls_.clear();
}

std::vector<std::string> pan_platform::tokens() const {
  const std::lock_guard lock{mutex_};
  return given_;
}

std::vector<std::string> pan_platform::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

std::size_t pan_platform::count(std::string_view path) const {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(
      std::count_if(calls_.begin(), calls_.end(), [&](const std::string& call) {
        return std::string_view{call}.substr(call.find(' ') + 1) == path;
      }));
}

std::vector<std::string> pan_platform::problems() const {
  const std::lock_guard lock{mutex_};
  return problems_;
}

// Answers.

reply_plan pan_platform::ok(json::value data) {
  json::object o;
  o["code"] = 0;
  o["message"] = "ok";
  o["data"] = std::move(data);
  o["x-traceID"] = "trace-ok";
  return reply_plan().with_body(json::serialize(o), "application/json; charset=utf-8");
}

reply_plan pan_platform::no(int code, const std::string& message) {
  json::object o;
  o["code"] = code;
  o["message"] = message;
  o["data"] = nullptr;
  o["x-traceID"] = "trace-" + std::to_string(code);
  return reply_plan().with_body(json::serialize(o), "application/json; charset=utf-8");
}

reply_plan pan_platform::broken(const request_info& r, const std::string& why) {
  problems_.push_back(r.method + ' ' + r.target + ": " + why);
  return no(1, why);
}

std::string pan_platform::need_query(const request_info& r, const std::set<std::string>& required,
                                     const std::set<std::string>& optional, query& q) {
  if (!r.body.empty() && r.method == "GET") return "a GET with a body";
  const std::size_t question = r.target.find('?');
  std::string rest = question == std::string::npos ? "" : r.target.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string part = rest.substr(0, end);
    rest.erase(0, std::min(end + 1, rest.size()));
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (!required.contains(name) && !optional.contains(name)) return "unknown query " + name;
    q[name] = equals == std::string::npos ? "" : http::percent_decode(part.substr(equals + 1));
  }
  for (const std::string& name : required) {
    if (!q.contains(name)) return "query without " + name;
  }
  return {};
}

std::string pan_platform::need_body(const request_info& r, const fields& f, json::object& o) {
  if (r.field("Content-Type").value_or("") != "application/json") return "not application/json";
  if (r.target.find('?') != std::string::npos) return "a query";
  json::error_code ec;
  const json::value v = json::parse(r.body, ec);
  if (ec || !v.is_object()) return "the body is not JSON";
  o = v.get_object();
  for (const auto& [key, value] : o) {
    const std::string name{key};
    const auto known =
        std::find_if(f.begin(), f.end(), [&](const allowed& a) { return name == a.name; });
    if (known == f.end()) return "unknown field " + name;
    bool good = false;
    if (known->type == 's') good = value.is_string();
    if (known->type == 'i') good = value.is_int64();
    if (known->type == 'a') {
      good = value.is_array() && !value.get_array().empty() && value.get_array().size() <= 100;
      if (good) {
        for (const auto& item : value.get_array()) good = good && item.is_int64();
      }
    }
    if (!good) return "field " + name + " is of a wrong type";
  }
  for (const allowed& a : f) {
    if (a.required && !o.contains(a.name)) return std::string{"no field "} + a.name;
  }
  return {};
}

bool pan_platform::within_rate(const std::string& path) {
  const auto at = buckets_.find(path);
  if (at == buckets_.end()) return true;
  bucket& b = at->second;
  const auto now = clock::now();
  const std::chrono::duration<double> passed = now - b.last;
  b.have = std::min(b.most, b.have + passed.count() * b.rate);
  b.last = now;
  if (b.have < 1) return false;
  b.have -= 1;
  return true;
}

reply_plan pan_platform::serve(const request_info& r) {
  const std::lock_guard lock{mutex_};
  calls_.push_back(r.method + ' ' + r.path);
  if (const auto f = faults_.find(r.path); f != faults_.end() && f->second) {
    const auto plan = f->second(r);
    if (plan) return *plan;
  }
  try {
    return route(r);
  } catch (const std::exception& e) {
    return broken(r, e.what());
  }
}

reply_plan pan_platform::route(const request_info& r) {
  if (r.field("Platform").value_or("") != "open_platform") return broken(r, "no Platform header");
  if (!within_rate(r.path)) return no(429, "too frequent");
  if (r.path == "/api/v1/access_token") return token_call(r);
  if (r.path == "/api/v1/oauth2/access_token") return oauth_call(r);
  const std::string bearer = r.field("Authorization").value_or("");
  if (bearer.rfind("Bearer ", 0) != 0) return broken(r, "no Bearer token");
  const std::string token = bearer.substr(7);
  const auto now = std::chrono::system_clock::now();
  const bool live = !refuse_tokens_ && std::any_of(live_.begin(), live_.end(), [&](const auto& t) {
    return t.first == token && now < t.second;
  });
  if (!live) return no(401, "tokens number has exceeded the limit: " + token);
  if (r.path.rfind("/api/v1/offline/", 0) == 0) return offline_call(r);
  if (r.path.rfind("/api/v1/share/", 0) == 0) return share_call(r);
  if (r.path.rfind("/api/v1/direct-link/", 0) == 0) return share_call(r);
  if (r.path == "/upload/v2/file/slice") return slice_call(r);
  if (r.path.rfind("/upload/v2/", 0) == 0) return upload_call(r);
  if (r.method == "GET") return files_call(r);
  return change_call(r);
}

reply_plan pan_platform::token_call(const request_info& r) {
  json::object o;
  if (r.method != "POST") return broken(r, "not a POST");
  if (r.field("Authorization")) return broken(r, "a token on the token call");
  const std::string why = need_body(r, {{"clientID", 's', true}, {"clientSecret", 's', true}}, o);
  if (!why.empty()) return broken(r, why);
  if (text_of(o, "clientID") != client_id || text_of(o, "clientSecret") != client_secret) {
    return no(1, "client secret is wrong: " + text_of(o, "clientSecret"));
  }
  const std::string token = "token-" + std::to_string(++serial_) + "-of-the-platform";
  const auto expires = std::chrono::system_clock::now() + life_;
  live_.emplace_back(token, expires);
  given_.push_back(token);
  if (live_.size() > 3) live_.erase(live_.begin());
  json::object data;
  data["accessToken"] = token;
  // In the platform's own zone.
  std::string text = pan123::wire::format_time(std::chrono::floor<std::chrono::seconds>(expires) +
                                               std::chrono::hours{8});
  text.back() = '+';
  data["expiredAt"] = text + "08:00";
  return ok(data);
}

reply_plan pan_platform::oauth_call(const request_info& r) {
  query q;
  if (r.method != "POST") return broken(r, "not a POST");
  const std::string why = need_query(r, {"client_id", "client_secret", "grant_type"},
                                     {"code", "refresh_token", "redirect_uri"}, q);
  if (!why.empty()) return broken(r, why);
  if (q["client_id"] != client_id || q["client_secret"] != client_secret) {
    return no(1, "wrong client").with_status(400);
  }
  const bool code = q["grant_type"] == "authorization_code" && q["code"] == "the-code" &&
                    q["redirect_uri"] == "https://app.example/back";
  const bool refresh = q["grant_type"] == "refresh_token" && q["refresh_token"] == refresh_;
  if (!code && !refresh) return no(1, "invalid grant").with_status(400);
  live_.clear();  // the old access token dies
  const std::string token = "oauth-" + std::to_string(++serial_) + "-of-the-platform";
  live_.emplace_back(token, std::chrono::system_clock::now() + life_);
  given_.push_back(token);
  refresh_ = "refresh-" + std::to_string(serial_ + 1) + "-of-the-platform";
  json::object o;
  o["token_type"] = "Bearer";
  o["access_token"] = token;
  o["refresh_token"] = refresh_;
  o["expires_in"] = life_.count();
  o["scope"] = "user:base";
  return reply_plan().with_body(json::serialize(o), "application/json");
}

// Files.

json::object pan_platform::row(id which, bool detail) const {
  const node& n = nodes_.at(which);
  json::object o;
  o[detail ? "fileID" : "fileId"] = which;
  o[detail ? "parentFileID" : "parentFileId"] = n.parent;
  o["filename"] = n.name;
  o["type"] = n.folder ? 1 : 0;
  o["etag"] = n.folder ? "" : n.md5;
  o["size"] = n.size;
  o["status"] = n.status;
  o["trashed"] = n.trashed ? 1 : 0;
  o["createAt"] = "2025-03-23 15:48:37";
  if (!detail) {
    o["category"] = 0;
    o["updateAt"] = "2025-03-23 15:48:37";
    o["punishFlag"] = 0;
    o["s3KeyFlag"] = "x";
    o["storageNode"] = "m1";
  }
  return o;
}

reply_plan pan_platform::files_call(const request_info& r) {
  query q;
  if (r.path == "/api/v1/user/info") {
    const std::string why = need_query(r, {}, {}, q);
    if (!why.empty()) return broken(r, why);
    return ok(json::parse(R"({"uid":9007199254740995,"nickname":"tester","headImage":"",
      "passport":"","mail":"","spaceUsed":123,"spacePermanent":2199023255552,"spaceTemp":0,
      "spaceTempExpr":0,"vip":true,"directTraffic":77,"isHideUID":false,"httpsCount":0,
      "vipInfo":[{"vipLevel":1,"vipLabel":"VIP","startTime":"2025-01-01 00:00:00",
      "endTime":"2026-01-01 00:00:00"}],"developerInfo":{"startTime":"a","endTime":"b"}})"));
  }
  if (r.path == "/api/v2/file/list") {
    const std::string why =
        need_query(r, {"parentFileId", "limit"}, {"lastFileId", "searchData", "searchMode"}, q);
    if (!why.empty()) return broken(r, why);
    const id parent = std::stoll(q["parentFileId"]);
    const id after = q.contains("lastFileId") ? std::stoll(q["lastFileId"]) : 0;
    const std::size_t most = std::stoul(q["limit"]);
    if (most > 100) return broken(r, "limit over 100");
    if (late_[parent] > 0) {
      --late_[parent];
      return ok({{"lastFileId", -1}, {"fileList", json::array{}}});
    }
    json::array rows;
    id last = -1;
    for (const auto& [which, n] : nodes_) {
      if (n.parent != parent || which <= after) continue;
      if (rows.size() == most) {
        json::object page;
        page["lastFileId"] = last;
        page["fileList"] = rows;
        return ok(page);
      }
      rows.push_back(row(which, false));
      last = which;
    }
    json::object page;
    page["lastFileId"] = -1;
    page["fileList"] = rows;
    return ok(page);
  }
  const bool detail = r.path == "/api/v1/file/detail";
  if (detail || r.path == "/api/v1/file/download_info") {
    const std::string name = detail ? "fileID" : "fileId";
    const std::string why = need_query(r, {name}, {}, q);
    if (!why.empty()) return broken(r, why);
    const id which = std::stoll(q[name]);
    if (!nodes_.contains(which)) return no(5066, "文件不存在");
    if (detail) return ok(row(which, true));
    const std::string target = "/dl/" + std::to_string(which) + "?sig=" + std::to_string(++serial_);
    urls_.insert(target);
    json::object data;
    data["downloadUrl"] = cdn.url(target, "localhost");
    return ok(data);
  }
  if (r.path == "/api/v1/file/async/copy/process") {
    const std::string why = need_query(r, {"taskId"}, {}, q);
    if (!why.empty()) return broken(r, why);
    task& t = tasks_.at(std::stoll(q["taskId"]));
    json::object data;
    data["taskId"] = std::stoll(q["taskId"]);
    data["status"] = t.polls++ < 2 ? 1 : 2;
    return ok(data);
  }
  return broken(r, "no such call");
}

reply_plan pan_platform::change_call(const request_info& r) {
  json::object o;
  std::string why;
  if (r.path == "/api/v1/file/name") {
    if (r.method != "PUT") return broken(r, "not a PUT");
    why = need_body(r, {{"fileId", 'i', true}, {"fileName", 's', true}}, o);
    if (!why.empty()) return broken(r, why);
    nodes_.at(o["fileId"].as_int64()).name = text_of(o, "fileName");
    return ok(nullptr);
  }
  if (r.method != "POST") return broken(r, "not a POST");
  if (r.path == "/api/v1/file/infos") {
    why = need_body(r, {{"fileIds", 'a', true}}, o);
    if (!why.empty()) return broken(r, why);
    json::array rows;
    for (const id which : ids_of(o, "fileIds")) {
      if (nodes_.contains(which)) rows.push_back(row(which, false));
    }
    json::object data;
    data["fileList"] = rows;
    return ok(data);
  }
  if (r.path == "/upload/v1/file/mkdir") {
    why = need_body(r, {{"name", 's', true}, {"parentID", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    node n;
    n.parent = o["parentID"].as_int64();
    n.name = text_of(o, "name");
    n.folder = true;
    for (const auto& [which, other] : nodes_) {
      if (other.parent == n.parent && other.name == n.name && !other.trashed) {
        return no(1, "该目录下已经有同名文件夹,无法进行创建");
      }
    }
    json::object data;
    data["dirID"] = make(std::move(n));
    return ok(data);
  }
  if (r.path == "/api/v1/file/copy") {
    why = need_body(r, {{"fileId", 'i', true}, {"targetDirId", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    node n = nodes_.at(o["fileId"].as_int64());
    n.parent = o["targetDirId"].as_int64();
    json::object data;
    data["sourceFileId"] = o["fileId"];
    data["targetFileId"] = make(std::move(n));
    return ok(data);
  }
  if (r.path == "/api/v1/file/async/copy") {
    why = need_body(r, {{"fileIds", 'a', true}, {"targetDirId", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    for (const id which : ids_of(o, "fileIds")) {
      node n = nodes_.at(which);
      n.parent = o["targetDirId"].as_int64();
      make(std::move(n));
    }
    const id made = next_++;
    tasks_[made] = task{};
    json::object data;
    data["taskId"] = made;
    return ok(data);
  }
  const fields ids{{"fileIDs", 'a', true}};
  if (r.path == "/api/v1/file/move") {
    why = need_body(r, {{"fileIDs", 'a', true}, {"toParentFileID", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    for (const id which : ids_of(o, "fileIDs")) {
      nodes_.at(which).parent = o["toParentFileID"].as_int64();
    }
    return ok(nullptr);
  }
  if (r.path == "/api/v1/file/trash") {
    why = need_body(r, ids, o);
    if (!why.empty()) return broken(r, why);
    for (const id which : ids_of(o, "fileIDs")) nodes_.at(which).trashed = true;
    return ok(nullptr);
  }
  if (r.path == "/api/v1/file/recover") {
    why = need_body(r, ids, o);
    if (!why.empty()) return broken(r, why);
    json::array abnormal;
    for (const id which : ids_of(o, "fileIDs")) {
      if (!nodes_.contains(which)) {
        abnormal.push_back(which);
      } else {
        nodes_.at(which).trashed = false;
      }
    }
    json::object data;
    data["abnormalFileIDs"] = abnormal;
    return ok(data);
  }
  if (r.path == "/api/v1/file/recover/by_path") {
    why = need_body(r, {{"fileIDs", 'a', true}, {"parentFileID", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    for (const id which : ids_of(o, "fileIDs")) {
      nodes_.at(which).trashed = false;
      nodes_.at(which).parent = o["parentFileID"].as_int64();
    }
    return ok(nullptr);
  }
  if (r.path == "/api/v1/file/delete") {
    why = need_body(r, ids, o);
    if (!why.empty()) return broken(r, why);
    for (const id which : ids_of(o, "fileIDs")) {
      if (!nodes_.at(which).trashed) return broken(r, "not in the trash");
      nodes_.erase(which);
      std::erase_if(nodes_, [&](const auto& n) { return n.second.parent == which; });
    }
    return ok(nullptr);
  }
  return broken(r, "no such call");
}

reply_plan pan_platform::offline_call(const request_info& r) {
  if (r.path == "/api/v1/offline/download") {
    json::object o;
    if (r.method != "POST") return broken(r, "not a POST");
    const std::string why = need_body(r,
                                      {{"url", 's', true},
                                       {"fileName", 's', false},
                                       {"dirID", 'i', false},
                                       {"callBackUrl", 's', false}},
                                      o);
    if (!why.empty()) return broken(r, why);
    task t;
    t.url = text_of(o, "url");
    t.name = text_of(o, "fileName");
    if (!links_.contains(t.url)) return no(2, "解析失败");
    if (const auto* dir = o.if_contains("dirID")) {
      t.folder = dir->as_int64();
      if (t.folder == 0) return broken(r, "the root folder");
      if (!nodes_.contains(t.folder)) return no(1, "no such folder");
    }
    const id made = next_++;
    tasks_[made] = t;
    json::object data;
    data["taskID"] = made;
    return ok(data);
  }
  if (r.path == "/api/v1/offline/download/process") {
    query q;
    if (r.method != "GET") return broken(r, "not a GET");
    const std::string why = need_query(r, {"taskID"}, {}, q);
    if (!why.empty()) return broken(r, why);
    const auto at = tasks_.find(std::stoll(q["taskID"]));
    if (at == tasks_.end()) return no(1, "no such task");
    task& t = at->second;
    const link& l = links_.at(t.url);
    json::object data;
    if (t.polls++ < l.polls) {
      data["process"] = 12.5 * t.polls;
      data["status"] = t.polls % 2 == 0 ? 3 : 0;
    } else if (l.fails) {
      data["process"] = 0;
      data["status"] = 1;
    } else {
      data["process"] = 100;
      data["status"] = 2;
      if (!t.made) {
        t.made = true;
        node n;
        n.parent = t.folder;
        n.name = t.name.empty() ? l.name : t.name;
        n.seed = l.seed;
        n.size = l.size;
        n.status = l.status;
        make(std::move(n));
        late_[t.folder] = l.late;
      }
    }
    return ok(data);
  }
  return broken(r, "no such call");
}

reply_plan pan_platform::share_call(const request_info& r) {
  json::object o;
  query q;
  std::string why;
  if (r.path == "/api/v1/share/create" && r.method == "POST") {
    why = need_body(r,
                    {{"shareName", 's', true},
                     {"shareExpire", 'i', true},
                     {"fileIDList", 's', true},
                     {"sharePwd", 's', false},
                     {"trafficSwitch", 'i', false},
                     {"trafficLimitSwitch", 'i', false},
                     {"trafficLimit", 'i', false}},
                    o);
    if (!why.empty()) return broken(r, why);
    json::object data;
    data["shareID"] = next_++;
    data["shareKey"] = "key-" + text_of(o, "fileIDList");
    return ok(data);
  }
  if (r.path == "/api/v1/share/list" && r.method == "GET") {
    why = need_query(r, {"limit"}, {"lastShareId"}, q);
    if (!why.empty()) return broken(r, why);
    json::object data;
    json::object share;
    const bool first = !q.contains("lastShareId");
    share["shareId"] = first ? 9007199254740997 : 9007199254740999;
    share["shareKey"] = first ? "one" : "two";
    share["shareName"] = "a share";
    share["expiration"] = "2099-12-12 08:00:00";
    share["expired"] = first ? 0 : 1;
    share["sharePwd"] = "pw";
    data["lastShareId"] = first ? 9007199254740997 : -1;
    data["shareList"] = json::array{share};
    return ok(data);
  }
  if (r.path == "/api/v1/share/list/info" && r.method == "PUT") {
    why = need_body(r,
                    {{"shareIdList", 'a', true},
                     {"trafficSwitch", 'i', false},
                     {"trafficLimitSwitch", 'i', false},
                     {"trafficLimit", 'i', false}},
                    o);
    if (!why.empty()) return broken(r, why);
    return ok(nullptr);
  }
  const bool on = r.path == "/api/v1/direct-link/enable";
  if ((on || r.path == "/api/v1/direct-link/disable") && r.method == "POST") {
    why = need_body(r, {{"fileID", 'i', true}}, o);
    if (!why.empty()) return broken(r, why);
    json::object data;
    data["filename"] = nodes_.at(o["fileID"].as_int64()).name;
    return ok(data);
  }
  if (r.path == "/api/v1/direct-link/url" && r.method == "GET") {
    why = need_query(r, {"fileID"}, {}, q);
    if (!why.empty()) return broken(r, why);
    json::object data;
    data["url"] = "https://direct.example/" + q["fileID"];
    return ok(data);
  }
  return broken(r, "no such call");
}

// Uploads.

reply_plan pan_platform::upload_call(const request_info& r) {
  json::object o;
  if (r.method != "POST") return broken(r, "not a POST");
  if (r.path == "/upload/v2/file/create") {
    const std::string why = need_body(r,
                                      {{"parentFileID", 'i', true},
                                       {"filename", 's', true},
                                       {"etag", 's', true},
                                       {"size", 'i', true},
                                       {"duplicate", 'i', false}},
                                      o);
    if (!why.empty()) return broken(r, why);
    upload u;
    u.parent = o["parentFileID"].as_int64();
    u.name = text_of(o, "filename");
    u.md5 = text_of(o, "etag");
    u.size = static_cast<std::uint64_t>(o["size"].as_int64());
    json::object data;
    const auto same = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) {
      return n.second.md5 == u.md5 && n.second.size == u.size;
    });
    if (same != nodes_.end()) {
      node n = same->second;
      n.parent = u.parent;
      n.name = u.name;
      data["fileID"] = make(std::move(n));
      data["reuse"] = true;
      data["preuploadID"] = "";
      data["sliceSize"] = 0;
      return ok(data);
    }
    const std::string upload_id = "upload-" + std::to_string(++serial_);
    uploads_[upload_id] = u;
    data["fileID"] = 0;
    data["reuse"] = false;
    data["preuploadID"] = upload_id;
    data["sliceSize"] = slice_size;
    // With http, as the platform's documents have it.
    std::string server = api.url("", "localhost");
    server.erase(4, 1);
    data["servers"] = json::array{json::value(server)};
    return ok(data);
  }
  if (r.path == "/upload/v2/file/upload_complete") {
    const std::string why = need_body(r, {{"preuploadID", 's', true}}, o);
    if (!why.empty()) return broken(r, why);
    upload& u = uploads_.at(text_of(o, "preuploadID"));
    if (u.bytes.size() != u.size || digest_hex("MD5", u.bytes) != u.md5) {
      return broken(r, "the upload is not what was promised");
    }
    json::object data;
    switch (u.asked++) {
      case 0:
        return no(20103, "verifying");
      case 1:
        data["completed"] = false;
        data["fileID"] = 0;
        return ok(data);
      default: {
        node n;
        n.parent = u.parent;
        n.name = u.name;
        n.size = u.size;
        n.md5 = u.md5;
        n.bytes = u.bytes;
        data["completed"] = true;
        data["fileID"] = make(std::move(n));
        return ok(data);
      }
    }
  }
  return broken(r, "no such call");
}

reply_plan pan_platform::slice_call(const request_info& r) {
  const std::string type = r.field("Content-Type").value_or("");
  const std::string start = "multipart/form-data; boundary=";
  if (r.method != "POST" || type.rfind(start, 0) != 0) return broken(r, "not a form");
  const std::string mark = "--" + type.substr(start.size());
  std::map<std::string, std::string> parts;
  std::size_t at = 0;
  while (r.body.compare(at, mark.size() + 2, mark + "\r\n") == 0) {
    at += mark.size() + 2;
    const std::size_t head = r.body.find("\r\n\r\n", at);
    const std::size_t end = r.body.find("\r\n" + mark, at);
    if (head == std::string::npos || end == std::string::npos) return broken(r, "a cut form");
    const std::size_t name = r.body.find("name=\"", at) + 6;
    parts[r.body.substr(name, r.body.find('"', name) - name)] =
        r.body.substr(head + 4, end - head - 4);
    at = end + 2;
  }
  if (r.body.substr(at) != mark + "--\r\n") return broken(r, "the form does not end");
  if (parts.size() != 4 || !uploads_.contains(parts["preuploadID"])) return broken(r, "parts");
  upload& u = uploads_.at(parts["preuploadID"]);
  const std::string& slice = parts["slice"];
  if (parts["sliceMD5"] != digest_hex("MD5", slice)) return broken(r, "sliceMD5");
  const std::uint64_t number = std::stoull(parts["sliceNo"]);
  const std::uint64_t offset = (number - 1) * slice_size;
  if (number < 1 || offset > u.bytes.size() || offset + slice.size() > u.size ||
      (slice.size() != slice_size && offset + slice.size() != u.size)) {
    return broken(r, "a slice that does not fit");
  }
  u.bytes.resize(offset);
  u.bytes += slice;
  return ok(nullptr);
}

// The download host.

std::optional<resource> pan_platform::stored(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (path.rfind("/dl/", 0) != 0) return std::nullopt;
  const auto at = nodes_.find(std::stoll(path.substr(4)));
  if (at == nodes_.end()) return std::nullopt;
  resource r;
  r.size = at->second.size;
  r.seed = at->second.seed;
  r.body = at->second.bytes;
  r.etag = '"' + at->second.md5 + '"';
  return r;
}

reply_plan pan_platform::serve_cdn(const request_info& r) {
  const std::lock_guard lock{mutex_};
  if (r.field("Authorization") || r.field("Platform")) {
    problems_.push_back("account headers at the download host");
    return no(400, "account headers").with_status(400);
  }
  if (const auto f = faults_.find(path_of(r.target)); f != faults_.end() && f->second) {
    const auto plan = f->second(r);
    if (plan) return *plan;
  }
  if (!urls_.contains(r.target)) {
    return no(403, "123pan-global-slb forbidden client ip").with_status(403);
  }
  return reply_plan();
}

}  // namespace haul::test
