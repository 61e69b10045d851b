#ifndef HAUL_TEST_SERVICE_BBDOWN_ROWS_HPP
#define HAUL_TEST_SERVICE_BBDOWN_ROWS_HPP

#include "support/fault_server.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the BBDown dialect answers, as data: for its handler, and for a server over a socket.
namespace haul::test {

/// One request, and what it is answered.
///
/// In targets, bodies and patterns `$ORIGIN` stands for the base URL of the origin, `$NAME` for
/// what an earlier step has put there by `capture`. In patterns what is put in is to be escaped.
struct bbdown_step {
  std::string method;
  std::string target;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  int status = 200;
  std::optional<std::string> reply = "";  ///< to the byte; none: see `pattern`
  std::string pattern = {};               ///< of the whole body (ECMAScript)
  std::string capture = {};               ///< gets the first group of the pattern
  std::string allow = {};                 ///< of Allow; empty: there is none
  bool repeat = false;                    ///< ask until status and pattern fit
  bool release = false;                   ///< before: let `/held.bin` go on
  bool wait_held = false;                 ///< before: wait until `/held.bin` is held
};

/// Steps one after another, with a service that has no tasks at the beginning.
struct bbdown_scenario {
  std::string name;
  std::vector<bbdown_step> steps;
  bool extended = false;  ///< else for strict mode
};

inline constexpr std::uint64_t bbdown_size = 10'000;
inline constexpr std::uint64_t bbdown_held_at = 4'000;

/// `/a.bin`, `/b.bin` and `/c.bin` are of `bbdown_size`, `/empty.bin` of none; `/held.bin` stops
/// half-way until the gate is opened; there is nothing else.
inline void serve_bbdown_origin(fault_server& server, const gate& held) {
  std::uint64_t seed = 0;
  for (const char* path : {"/a.bin", "/b.bin", "/c.bin", "/empty.bin", "/held.bin"}) {
    resource r;
    r.size = path == std::string{"/empty.bin"} ? 0 : bbdown_size;
    r.seed = ++seed;
    r.etag = "\"v1\"";
    server.add(path, r);
  }
  server.behave("/held.bin", [held](const request_info&) {
    return reply_plan().hold_body(bbdown_held_at, held);
  });
}

/// Content-Type of each reply with a body; the others have none.
inline constexpr const char* bbdown_type = "application/json; charset=utf-8";
inline constexpr const char* bbdown_refusal =
    "\"\xe8\xbe\x93\xe5\x85\xa5\xe6\x9c\x89\xe8\xaf\xaf\"";

inline bbdown_step bbdown_get(std::string target, std::string reply) {
  bbdown_step s;
  s.method = "GET";
  s.target = std::move(target);
  s.reply = std::move(reply);
  return s;
}
inline bbdown_step bbdown_match(std::string target, std::string pattern, std::string capture = {}) {
  bbdown_step s;
  s.method = "GET";
  s.target = std::move(target);
  s.reply.reset();
  s.pattern = std::move(pattern);
  s.capture = std::move(capture);
  return s;
}
inline bbdown_step bbdown_until(std::string target, std::string pattern, std::string capture = {}) {
  bbdown_step s = bbdown_match(std::move(target), std::move(pattern), std::move(capture));
  s.repeat = true;
  return s;
}
inline bbdown_step bbdown_post(std::string target, std::string body, int status = 200,
                               std::string reply = {}, std::string type = "application/json") {
  bbdown_step s;
  s.method = "POST";
  s.target = std::move(target);
  s.body = std::move(body);
  if (!type.empty()) s.fields.emplace_back("Content-Type", std::move(type));
  s.status = status;
  s.reply = std::move(reply);
  return s;
}
inline bbdown_step bbdown_refused(std::string body, std::string type = "application/json") {
  return bbdown_post("/add-task", std::move(body), 400, bbdown_refusal, std::move(type));
}
inline bbdown_step bbdown_status(std::string method, std::string target, int status,
                                 std::string allow = {}) {
  bbdown_step s;
  s.method = std::move(method);
  s.target = std::move(target);
  s.status = status;
  s.allow = std::move(allow);
  return s;
}

/// The first keys of a task, in a pattern; its Aid is the first group.
inline std::string bbdown_head(const std::string& file) {
  return R"(\{"Aid":"([0-9a-f]{12}))"
         R"(","Url":"\$ORIGIN/)" +
         file + R"(","TaskCreateTime":1[0-9]{9},"Title":)";
}
inline std::string bbdown_success(const std::string& file, const std::string& title,
                                  const std::string& path, std::uint64_t size = bbdown_size) {
  const std::string n = std::to_string(size);
  const std::string speed = size == 0 ? "0" : "[0-9.]+";
  return bbdown_head(file) + '"' + title +
         R"(","Pic":null,"VideoPubTime":null,"TaskFinishTime":1[0-9]{9},"Progress":1,)"
         R"("DownloadSpeed":)" +
         speed + R"(,"TotalDownloadedBytes":)" + n + R"(,"IsSuccessful":true,"SavePaths":\[")" +
         path + R"("\]\})";
}
inline std::string bbdown_failure(const std::string& file) {
  return bbdown_head(file) +
         R"((?:null|"[^"]*"),"Pic":null,"VideoPubTime":null,"TaskFinishTime":1[0-9]{9},)"
         R"("Progress":0,"DownloadSpeed":0,"TotalDownloadedBytes":0,)"
         R"("IsSuccessful":false,"SavePaths":\[\]\})";
}
inline std::string bbdown_running(const std::string& file) {
  return bbdown_head(file) +
         R"((?:null|"[^"]*"),"Pic":null,"VideoPubTime":null,"TaskFinishTime":null,)"
         R"("Progress":[0-9.E-]+,"DownloadSpeed":[0-9.]+,"TotalDownloadedBytes":[0-9]+,)"
         R"("IsSuccessful":false,"SavePaths":\[\]\})";
}

inline std::vector<bbdown_scenario> bbdown_scenarios() {
  const std::string a = R"({"Url":"$ORIGIN/a.bin"})";
  const std::string none = R"({"Running":[],"Finished":[]})";
  std::vector<bbdown_scenario> all;

  all.push_back({"lists of nothing",
                 {
                     bbdown_get("/get-tasks/", none),
                     bbdown_get("/get-tasks", none),
                     bbdown_get("/Get-Tasks", none),
                     bbdown_get("/get-tasks/?x=1", none),
                     bbdown_get("/get%2Dtasks", none),
                     bbdown_get("/get-tasks/running", "[]"),
                     bbdown_get("/get-tasks/RUNNING/", "[]"),
                     bbdown_get("/get-tasks/finished", "[]"),
                     bbdown_status("GET", "/get-tasks/123", 404),
                     bbdown_status("GET", "/get-tasks/failed", 404),
                     bbdown_status("GET", "/get-tasks/%2F", 404),
                     bbdown_get("/remove-finished", ""),
                     bbdown_get("/remove-finished/", ""),
                     bbdown_get("/remove-finished/failed", ""),
                     bbdown_get("/REMOVE-FINISHED/Failed/", ""),
                     bbdown_get("/remove-finished/123", ""),
                 }});
  all.push_back({"paths and methods that are not of the dialect",
                 {
                     bbdown_status("GET", "/get-tasks/a/b", 404),
                     bbdown_status("GET", "/get-tasks//", 404),
                     bbdown_status("GET", "/nowhere", 404),
                     bbdown_status("POST", "/nowhere", 404),
                     bbdown_status("GET", "/add-task/x", 404),
                     bbdown_status("POST", "/cancel/1", 404),
                     bbdown_status("POST", "/pause/1", 404),
                     bbdown_status("POST", "/resume/1", 404),
                     bbdown_status("POST", "/get-tasks/", 405, "GET"),
                     bbdown_status("HEAD", "/get-tasks/", 405, "GET"),
                     bbdown_status("HEAD", "/get-tasks/1", 405, "GET"),
                     bbdown_status("DELETE", "/get-tasks/running", 405, "GET"),
                     bbdown_status("OPTIONS", "/get-tasks/finished", 405, "GET"),
                     bbdown_status("GET", "/add-task", 405, "POST"),
                     bbdown_status("GET", "/Add-Task/", 405, "POST"),
                     bbdown_status("POST", "/remove-finished", 405, "GET"),
                     bbdown_status("DELETE", "/remove-finished/failed", 405, "GET"),
                     bbdown_status("POST", "/remove-finished/7", 405, "GET"),
                 }});
  all.push_back({"bodies that are refused",
                 {
                     bbdown_refused(a, ""),
                     bbdown_refused(a, "text/plain"),
                     bbdown_refused(a, "application/x-www-form-urlencoded"),
                     bbdown_refused(a, "application/json2"),
                     bbdown_refused(""),
                     bbdown_refused("{"),
                     bbdown_refused("null"),
                     bbdown_refused("[]"),
                     bbdown_refused("\"x\""),
                     bbdown_refused("1"),
                     bbdown_refused(a + "x"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin",})"),
                     bbdown_refused(R"({/* */"Url":"$ORIGIN/a.bin"})"),
                     bbdown_refused(R"({"Url":123})"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin","MultiThread":"yes"})"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin","MultiThread":null})"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin","UseTvApi":1})"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin","DelayPerPage":5})"),
                     bbdown_refused(R"({"Url":"$ORIGIN/a.bin","CallBackWebHook":[]})"),
                     bbdown_get("/get-tasks/", none),
                 }});
  all.push_back({"bodies that are accepted, and of which nothing comes",
                 {
                     bbdown_post("/add-task", "{}"),
                     bbdown_post("/add-task/", "{}"),
                     bbdown_post("/ADD-TASK", R"({"url":"$ORIGIN/a.bin"})"),
                     bbdown_post("/add-task", R"({"Url":null})"),
                     bbdown_post("/add-task", R"({"Url":"no url"})"),
                     bbdown_post("/add-task", R"({"Url":"ftp://127.0.0.1/x"})"),
                     bbdown_post("/add-task", R"({"Url":"BV1xx411c7mD","NotKnown":{"a":[1]}})"),
                     bbdown_get("/get-tasks/", none),
                 }});
  all.push_back(
      {"a download, and again",
       {
           bbdown_post("/add-task", a),
           bbdown_until("/get-tasks/finished",
                        "\\[" + bbdown_success("a\\.bin", "a", "a\\.bin") + "\\]", "AID"),
           bbdown_match("/get-tasks/", R"(\{"Running":\[\],"Finished":\[)" +
                                           bbdown_success("a\\.bin", "a", "a\\.bin") + R"(\]\})"),
           bbdown_match("/get-tasks/$AID", bbdown_success("a\\.bin", "a", "a\\.bin")),
           bbdown_match("/get-tasks/$AID/", bbdown_success("a\\.bin", "a", "a\\.bin")),
           bbdown_post("/add-task", a, 200, "", "application/vnd.x+json; charset=utf-8"),
           bbdown_until("/get-tasks/finished", "\\[" + bbdown_success("a\\.bin", "a", "a\\.bin") +
                                                   "," + bbdown_success("a\\.bin", "a", "a\\.bin") +
                                                   "\\]"),
           bbdown_get("/remove-finished/failed", ""),
           bbdown_get("/remove-finished/0123", ""),
           bbdown_match("/get-tasks/finished", "\\[.*\\},\\{.*\\]"),
           bbdown_get("/remove-finished/$AID", ""),
           bbdown_get("/get-tasks/finished", "[]"),
           bbdown_status("GET", "/get-tasks/$AID", 404),
       }});
  all.push_back(
      {"an empty file has a finite speed",
       {
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/empty.bin"})"),
           bbdown_until("/get-tasks/finished",
                        "\\[" + bbdown_success("empty\\.bin", "empty", "empty\\.bin", 0) + "\\]"),
           bbdown_get("/remove-finished", ""),
           bbdown_get("/get-tasks/", none),
       }});
  all.push_back({"a download that fails",
                 {
                     bbdown_post("/add-task", R"({"Url":"$ORIGIN/missing.bin"})"),
                     bbdown_until("/get-tasks/finished",
                                  "\\[" + bbdown_failure("missing\\.bin") + "\\]", "AID"),
                     bbdown_match("/get-tasks/$AID", bbdown_failure("missing\\.bin")),
                     bbdown_post("/add-task", a),
                     bbdown_until("/get-tasks/finished",
                                  "\\[" + bbdown_failure("missing\\.bin") + "," +
                                      bbdown_success("a\\.bin", "a", "a\\.bin") + "\\]"),
                     bbdown_get("/remove-finished/failed", ""),
                     bbdown_match("/get-tasks/finished",
                                  "\\[" + bbdown_success("a\\.bin", "a", "a\\.bin") + "\\]"),
                     bbdown_get("/remove-finished/", ""),
                     bbdown_get("/get-tasks/finished", "[]"),
                 }});
  bbdown_step held =
      bbdown_match("/get-tasks/running", "\\[" + bbdown_running("held\\.bin") + "\\]", "AID");
  held.wait_held = true;
  bbdown_step released = bbdown_until(
      "/get-tasks/finished", "\\[" + bbdown_success("held\\.bin", "held", "held\\.bin") + "\\]");
  released.release = true;
  all.push_back(
      {"a download under way",
       {
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/held.bin"})"),
           held,
           bbdown_match("/get-tasks/$AID", bbdown_running("held\\.bin")),
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/held.bin"})"),
           bbdown_match("/get-tasks/", R"(\{"Running":\[)" + bbdown_running("held\\.bin") +
                                           R"(\],"Finished":\[\]\})"),
           bbdown_get("/remove-finished/", ""),
           bbdown_get("/remove-finished/$AID", ""),
           bbdown_match("/get-tasks/running", "\\[" + bbdown_running("held\\.bin") + "\\]"),
           released,
           bbdown_get("/get-tasks/running", "[]"),
       }});
  all.push_back(
      {"names that are asked for, below the root only",
       {
           bbdown_post("/add-task",
                       R"({"Url":"$ORIGIN/a.bin","FilePattern":"x/<videoTitle> <dfn>!",)"
                       R"("WorkDir":"deep"})"),
           bbdown_until("/get-tasks/finished",
                        "\\[" + bbdown_success("a\\.bin", "a !", "deep/x/a !\\.bin") + "\\]"),
           bbdown_get("/remove-finished", ""),
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/b.bin","FilePattern":"../b"})"),
           bbdown_until("/get-tasks/finished", "\\[" + bbdown_failure("b\\.bin") + "\\]"),
           bbdown_get("/remove-finished", ""),
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/c.bin","WorkDir":"/etc"})"),
           bbdown_until("/get-tasks/finished", "\\[" + bbdown_failure("c\\.bin") + "\\]"),
       }});

  const std::string more = ",\"TaskId\":\"([0-9a-f]{16})\",\"Status\":\"";
  const auto extra = [&](std::string task, const std::string& status, const std::string& error,
                         const std::string& total) {
    task.resize(task.size() - 2);  // its closing brace
    task.replace(task.find("([0-9a-f]{12})"), 14, "[0-9a-f]{12}");
    return task + more + status + "\",\"ErrorMessage\":" + error + ",\"TotalBytes\":" + total +
           ",\"TimeLeft\":(?:null|[0-9]+)\\}";
  };
  bbdown_step added = bbdown_post("/add-task", a);
  added.reply.reset();
  added.pattern = "\\{\"TaskId\":\"([0-9a-f]{16})\"\\}";
  added.capture = "TASK";
  bbdown_step added_held = added;
  added_held.body = R"({"Url":"$ORIGIN/held.bin"})";
  bbdown_step again = added_held;
  again.pattern = "\\{\"TaskId\":\"($TASK)\"\\}";
  bbdown_step held_more = held;
  held_more.pattern =
      "\\[" + extra(bbdown_running("held\\.bin"), "Running", "null", "10000") + "\\]";
  held_more.capture.clear();
  held_more.repeat = true;
  all.push_back(
      {"extended: the id, and a success",
       {
           added,
           bbdown_until("/get-tasks/finished", "\\[" +
                                                   extra(bbdown_success("a\\.bin", "a", "a\\.bin"),
                                                         "Succeeded", "null", "10000") +
                                                   "\\]"),
           bbdown_match("/get-tasks/$TASK", extra(bbdown_success("a\\.bin", "a", "a\\.bin"),
                                                  "Succeeded", "null", "10000")),
           bbdown_status("POST", "/cancel/$TASK", 404),
           bbdown_status("GET", "/cancel/$TASK", 405, "POST"),
           bbdown_get("/remove-finished/$TASK", ""),
           bbdown_get("/get-tasks/", none),
           bbdown_refused(R"({"Url":"no url"})"),
           bbdown_refused("{}"),
       },
       true});
  bbdown_step paused = bbdown_until(
      "/get-tasks/$TASK", extra(bbdown_running("held\\.bin"), "Paused", "null", "(?:null|10000)"));
  bbdown_step go_on = bbdown_status("POST", "/resume/$TASK", 200);
  go_on.release = true;
  all.push_back({"extended: pause and resume",
                 {
                     added_held,
                     held_more,
                     again,
                     bbdown_status("POST", "/pause/$TASK", 200),
                     paused,
                     go_on,
                     bbdown_until("/get-tasks/finished",
                                  "\\[" +
                                      extra(bbdown_success("held\\.bin", "held", "held\\.bin"),
                                            "Succeeded", "null", "10000") +
                                      "\\]"),
                     bbdown_status("POST", "/pause/$TASK", 404),
                     bbdown_status("POST", "/resume/$TASK/", 404),
                 },
                 true});
  all.push_back({"extended: cancel",
                 {
                     added_held,
                     held_more,
                     bbdown_status("POST", "/CANCEL/$TASK", 200),
                     bbdown_until("/get-tasks/finished",
                                  R"(\[\{.*"IsSuccessful":false,"SavePaths":\[\],"TaskId":"$TASK",)"
                                  R"("Status":"Cancelled","ErrorMessage":"[^"]+",.*\}\])"),
                     bbdown_get("/get-tasks/running", "[]"),
                     bbdown_status("POST", "/cancel/0", 404),
                 },
                 true});
  all.push_back(
      {"extended: a failure says why",
       {
           bbdown_post("/add-task", R"({"Url":"$ORIGIN/missing.bin"})"),
           bbdown_until("/get-tasks/finished", "\\[" +
                                                   extra(bbdown_failure("missing\\.bin"), "Failed",
                                                         R"("[^"]*404[^"]*")", "(?:null|[0-9]+)") +
                                                   "\\]"),
       },
       true});
  all.back().steps.front().reply.reset();
  all.back().steps.front().pattern = ".+";
  return all;
}

}  // namespace haul::test

#endif
