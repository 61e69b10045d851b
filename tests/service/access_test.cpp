// Who may do what, without a socket.

#include "catch.hpp"
#include <haul/service/access.hpp>

#include <string>
#include <utility>

using haul::service::access_decision;
using haul::service::access_rules;
using haul::service::decide_access;
using haul::service::request;

namespace {

access_rules rules() {
  access_rules r;
  r.port = 23333;
  r.open = {"/ui"};
  r.closed = {"/ui/api/"};
  r.changing = {"/remove-finished"};
  return r;
}

access_rules guarded() {
  access_rules r = rules();
  r.loopback = false;
  r.token = "s3cret";
  return r;
}

request ask(std::string method, std::string target, std::string_view host = "127.0.0.1:23333") {
  request r{std::move(method), std::move(target)};
  if (!host.empty()) r.field("Host", host);
  return r;
}

std::string allowed_origin(const access_decision& d) {
  return std::string{d.fields.find("Access-Control-Allow-Origin").value_or("")};
}

}  // namespace

TEST_CASE("On loopback the Host must be a name of loopback with the port") {
  for (const char* good :
       {"127.0.0.1:23333", "localhost:23333", "LocalHost:23333", "[::1]:23333"}) {
    INFO(good);
    CHECK(decide_access(rules(), ask("GET", "/get-tasks/", good)).allowed());
  }
  for (const char* bad :
       {"", "evil.example:23333", "127.0.0.1", "localhost", "localhost:80", "127.0.0.1:233333",
        "localhost.evil.example:23333", "127.0.0.1:23333.evil.example", "127.0.0.2:23333",
        "user@localhost:23333", "::1:23333"}) {
    INFO(bad);
    CHECK(decide_access(rules(), ask("GET", "/get-tasks/", bad)).status == 421);
  }
  request twice = ask("GET", "/");
  twice.field("Host", "localhost:23333");
  CHECK(decide_access(rules(), twice).status == 421);

  access_rules eighty = rules();
  eighty.port = 80;
  CHECK(decide_access(eighty, ask("GET", "/", "localhost")).allowed());
  CHECK(decide_access(eighty, ask("GET", "/", "localhost:80")).allowed());
}

TEST_CASE("A target that is no path is refused") {
  CHECK(decide_access(rules(), ask("GET", "http://127.0.0.1:23333/")).status == 400);
  CHECK(decide_access(rules(), ask("OPTIONS", "*")).status == 400);
}

TEST_CASE("A page of another origin reads nothing and changes nothing") {
  for (const char* origin :
       {"http://evil.example", "null", "https://127.0.0.1:23333", "http://127.0.0.1:8080"}) {
    INFO(origin);
    const access_decision read =
        decide_access(rules(), ask("GET", "/get-tasks/").field("Origin", origin));
    CHECK(read.allowed());
    CHECK(allowed_origin(read).empty());
    CHECK(decide_access(rules(), ask("POST", "/add-task").field("Origin", origin)).status == 403);
    CHECK(decide_access(rules(), ask("DELETE", "/api/media/1").field("Origin", origin)).status ==
          403);
    for (const char* path : {"/remove-finished/", "/Remove-Finished", "/%72emove-finished/failed",
                             "//remove-finished/x"}) {
      INFO(path);
      CHECK(decide_access(rules(), ask("GET", path).field("Origin", origin)).status == 403);
    }
  }
  // What a picture's address causes: no Origin, but browsers say where it is from.
  for (const char* site : {"cross-site", "same-site"}) {
    CHECK(decide_access(rules(), ask("GET", "/remove-finished/").field("Sec-Fetch-Site", site))
              .status == 403);
    CHECK(decide_access(rules(), ask("GET", "/ui/").field("Sec-Fetch-Site", site)).allowed());
  }
  for (const char* site : {"same-origin", "none"}) {
    CHECK(decide_access(rules(), ask("GET", "/remove-finished/").field("Sec-Fetch-Site", site))
              .allowed());
  }
  request two = ask("POST", "/add-task");
  two.field("Origin", "http://127.0.0.1:23333").field("Origin", "http://evil.example");
  CHECK(decide_access(rules(), two).status == 403);
}

TEST_CASE("The server's own page and programs may do everything") {
  CHECK(decide_access(rules(), ask("POST", "/add-task")).allowed());
  CHECK(decide_access(rules(), ask("POST", "/add-task").field("Origin", "http://127.0.0.1:23333"))
            .allowed());
  CHECK(decide_access(rules(), ask("POST", "/ui/api/pause", "localhost:23333")
                                   .field("Origin", "http://localhost:23333"))
            .allowed());
}

TEST_CASE("Origins that are named get the fields they need, others do not") {
  access_rules r = rules();
  r.origins = {"https://app.example"};
  const access_decision d =
      decide_access(r, ask("POST", "/add-task").field("Origin", "https://app.example"));
  CHECK(d.allowed());
  CHECK(allowed_origin(d) == "https://app.example");
  CHECK(d.fields.find("Vary") == "Origin");
  const access_decision other =
      decide_access(r, ask("GET", "/get-tasks/").field("Origin", "https://app.example.evil"));
  CHECK(other.allowed());
  CHECK(allowed_origin(other).empty());
  CHECK(other.fields.find("Vary") == "Origin");

  const access_decision before =
      decide_access(r, ask("OPTIONS", "/add-task")
                           .field("Origin", "https://app.example")
                           .field("Access-Control-Request-Method", "POST")
                           .field("Access-Control-Request-Headers", "content-type"));
  CHECK(before.status == 204);
  CHECK(before.fields.find("Access-Control-Allow-Methods") == "POST");
  CHECK(before.fields.find("Access-Control-Allow-Headers") == "content-type");
  CHECK(decide_access(r, ask("OPTIONS", "/add-task")
                             .field("Origin", "https://evil.example")
                             .field("Access-Control-Request-Method", "POST"))
            .status == 403);
}

TEST_CASE("A star lets every page in, as the original does") {
  access_rules r = rules();
  r.origins = {"*"};
  const access_decision d = decide_access(r, ask("POST", "/add-task").field("Origin", "null"));
  CHECK(d.allowed());
  CHECK(allowed_origin(d) == "*");
  CHECK(d.fields.size() == 1);
  CHECK(decide_access(r, ask("GET", "/get-tasks/")).fields.empty());
  // Without a method to ask for it is no preflight.
  CHECK(
      decide_access(r, ask("OPTIONS", "/add-task").field("Origin", "http://x.example")).allowed());
  // The name of the server is not a matter of CORS.
  CHECK(decide_access(r, ask("GET", "/", "evil.example:23333")).status == 421);
}

TEST_CASE("With a token, everything but the page's own files needs it") {
  for (const char* path :
       {"/", "/get-tasks/", "/events", "/media/x", "/api/media/x", "/ui/api/downloads",
        "/UI/API/downloads", "/ui//api/downloads", "/ui%2Fapi/downloads"}) {
    INFO(path);
    const access_decision d = decide_access(guarded(), ask("GET", path, "box.lan:23333"));
    CHECK(d.status == 401);
    CHECK(d.fields.find("WWW-Authenticate") == "Bearer");
    CHECK(
        decide_access(guarded(), ask("GET", path, "box.lan").field("X-Token", "s3cret")).allowed());
    CHECK(decide_access(guarded(), ask("GET", path).field("Authorization", "Bearer s3cret"))
              .allowed());
    CHECK(decide_access(guarded(), ask("GET", path).field("Authorization", "bearer  s3cret"))
              .allowed());
  }
  CHECK(decide_access(guarded(), ask("GET", "/ui/")).allowed());
  CHECK(decide_access(guarded(), ask("GET", "/ui/page.js")).allowed());
  CHECK(decide_access(guarded(), ask("POST", "/ui/")).status == 401);
  for (const char* wrong : {"", "s3cre", "s3crets", "S3cret", "s3creu"}) {
    INFO(wrong);
    CHECK(decide_access(guarded(), ask("GET", "/events").field("X-Token", wrong)).status == 401);
    CHECK(
        decide_access(guarded(),
                      ask("GET", "/events").field("Authorization", std::string{"Bearer "} + wrong))
            .status == 401);
  }
  CHECK(decide_access(guarded(), ask("GET", "/events").field("Authorization", "Basic s3cret"))
            .status == 401);
  CHECK(decide_access(guarded(), ask("GET", "/events?token=s3cret")).status == 401);
  // A token does not make a foreign page welcome.
  CHECK(decide_access(guarded(), ask("POST", "/add-task")
                                     .field("X-Token", "s3cret")
                                     .field("Origin", "http://evil.example"))
            .status == 403);
}

TEST_CASE("Texts are compared whole") {
  using haul::service::equal_in_constant_time;
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
  CHECK_FALSE(equal_in_constant_time("abab", "ab"));
  CHECK_FALSE(equal_in_constant_time("", "a"));
  CHECK_FALSE(equal_in_constant_time("a", ""));
}
