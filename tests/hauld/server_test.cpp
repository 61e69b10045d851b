// hauld over real sockets: access, CORS, files, limits, its end.

#include "catch.hpp"
#include "hauld/rig.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

/// Everything in front of the body but the line of the status, as far as it is of CORS.
std::string cors_of(const raw_reply& r) {
  std::string out;
  for (const char* name : {"Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
                           "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials",
                           "Access-Control-Expose-Headers", "Vary"}) {
    if (const auto value = r.field(name)) out += std::string{name} + ": " + *value + '\n';
  }
  return out;
}

run_result refused(std::vector<std::string> args) {
  return run(hauld_command(), std::move(args), {}, std::chrono::seconds(60));
}

std::string add_body(const std::string& url, const std::string& name) {
  return "{\"items\":[{\"url\":\"" + url + "\",\"name\":\"" + name + "\"}]}";
}

}  // namespace

TEST_CASE("What cannot be started says why") {
  const temp_dir dir;
  const std::string root = (dir / "r").string();
  const std::string db = (dir / "d").string();
  for (const char* bad : {"https://0.0.0.0:1", "127.0.0.1:1", "", "http://", "http://x:y",
                          "http://127.0.0.1:70000", "ftp://127.0.0.1"}) {
    INFO(bad);
    const run_result r = refused({"--listen", bad, "--root", root, "--db", db});
    CHECK(r.status.code == 1);
    CHECK(r.err == std::string{bad} + "不是合法的http URL，url示例：http://0.0.0.0:5000\n" +
                       "如果您需要https，请额外配置反向代理\n");
  }
  const run_result open = refused({"--listen", "http://0.0.0.0:0", "--root", root, "--db", db});
  CHECK(open.status.code == 2);
  CHECK(open.err.find("--token") != std::string::npos);
  const run_result cors = refused({"--root", root, "--db", db, "--cors", "https://a.example/"});
  CHECK(cors.status.code == 2);
  CHECK(refused({"--root", root}).status.code == 2);
  CHECK_FALSE(fs::exists(root));

  const hauld_run first;
  const run_result taken =
      refused({"--listen", "http://" + first.authority(), "--root", root, "--db", db});
  CHECK(taken.status.code == 1);
  CHECK(taken.err.starts_with("hauld: "));
  const run_result locked = refused(
      {"--listen", "http://127.0.0.1:0", "--root", root, "--db", (first.folder() / "db").string()});
  CHECK(locked.status.code == 1);
  CHECK(locked.err.find("another program is using it") != std::string::npos);
}

TEST_CASE("Requests by another name, and of foreign pages, are refused") {
  const hauld_run h;
  CHECK(h.get("/ui/").status == 200);
  CHECK(h.ask("GET", "/ui/", "Host: evil.example:" + std::to_string(h.port()) + "\r\n").status ==
        421);
  CHECK(h.ask("GET", "/ui/", "Host: localhost:" + std::to_string(h.port()) + "\r\n").status == 200);
  wire old{h.port()};
  old.send("GET /ui/ HTTP/1.0\r\n\r\n");
  CHECK(old.receive().status == 421);

  const std::string foreign = "Origin: http://evil.example\r\nContent-Type: application/json\r\n";
  const raw_reply post = h.ask("POST", "/ui/api/downloads", foreign, "{}");
  CHECK(post.status == 403);
  CHECK(cors_of(post).empty());
  CHECK(cors_of(h.ask("GET", "/ui/api/downloads", foreign)).empty());
  CHECK(h.ask("OPTIONS", "/ui/api/downloads", foreign + "Access-Control-Request-Method: POST\r\n")
            .status == 403);
  const std::string own = "Origin: http://" + h.authority() + "\r\n";
  CHECK(h.ask("POST", "/ui/api/pause", own + "Content-Type: application/json\r\n", "{\"ids\":[]}")
            .status == 200);
  CHECK(
      h.ask("POST", "/ui/api/pause", own + "Content-Type: text/plain\r\n", "{\"ids\":[]}").status ==
      415);
}

TEST_CASE("With --cors '*', the bytes of the original") {
  const hauld_run h{{"--cors", "*"}};
  const std::string origin = "Origin: http://page.example\r\n";
  CHECK(cors_of(h.get("/ui/api/downloads")).empty());
  CHECK(cors_of(h.ask("GET", "/ui/api/downloads", origin)) == "Access-Control-Allow-Origin: *\n");
  const raw_reply plain =
      h.ask("OPTIONS", "/add-task", origin + "Access-Control-Request-Method: POST\r\n");
  CHECK(plain.head ==
        "HTTP/1.1 204 No Content\r\n"
        "Access-Control-Allow-Origin: *\r\n"
        "Access-Control-Allow-Methods: POST\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n");
  const raw_reply full = h.ask("OPTIONS", "/add-task",
                               origin +
                                   "Access-Control-Request-Method: POST\r\n"
                                   "Access-Control-Request-Headers: content-type,x-y\r\n");
  CHECK(full.status == 204);
  CHECK(cors_of(full) ==
        "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: POST\n"
        "Access-Control-Allow-Headers: content-type,x-y\n");
}

TEST_CASE("With --cors ORIGIN, that one only") {
  const hauld_run h{{"--cors", "https://app.example"}};
  CHECK(cors_of(h.ask("GET", "/ui/api/downloads", "Origin: https://app.example\r\n")) ==
        "Access-Control-Allow-Origin: https://app.example\nVary: Origin\n");
  CHECK(cors_of(h.ask("GET", "/ui/api/downloads", "Origin: https://other.example\r\n")) ==
        "Vary: Origin\n");
  CHECK(h.ask("POST", "/ui/api/pause", "Origin: https://other.example\r\n", "{}").status == 403);
}

TEST_CASE("With a token, beyond loopback") {
  const hauld_run h{{"--token", "s3cret"}, "http://0.0.0.0:0"};
  const std::string host = "Host: box.lan\r\n";
  for (const char* path : {"/ui/", "/ui/page.css", "/ui/page.js"}) {
    INFO(path);
    CHECK(h.ask("GET", path, host).status == 200);
  }
  for (const char* path : {"/", "/get-tasks/", "/events", "/media/x", "/ui/api/downloads",
                           "/api/media/batch-status/x"}) {
    INFO(path);
    const raw_reply r = h.ask("GET", path, host);
    CHECK(r.status == 401);
    CHECK(r.field("WWW-Authenticate") == "Bearer");
  }
  CHECK(h.ask("GET", "/ui/api/downloads", host + "X-Token: s3cret\r\n").status == 200);
  CHECK(h.ask("GET", "/ui/api/downloads", host + "Authorization: Bearer s3cret\r\n").status == 200);
  CHECK(h.ask("GET", "/ui/api/downloads", host + "X-Token: s3creT\r\n").status == 401);
}

TEST_CASE("Files of the root are served with ranges, and nothing else is") {
  const hauld_run h;
  write_pattern_file(h.root() / "sub/a b.mp4", 5, 300'000);
  write_file(h.root() / "empty.txt", "");
  write_file(h.root() / "page.html", "<script>alert(1)</script>");
  write_file(h.root() / "half.mp4.haul", "x");
  write_file(h.root() / "half.mp4.haul-journal", "x");
  write_file(h.folder() / "outside.txt", "secret");
  fs::create_symlink(h.folder() / "outside.txt", h.root() / "link.txt");
  fs::create_directory_symlink(h.folder().path(), h.root() / "out");
  const std::string path = "/media/sub/a%20b.mp4";

  const raw_reply whole = h.get(path);
  CHECK(whole.status == 200);
  CHECK(whole.body == pattern_bytes(5, 0, 300'000));
  CHECK(whole.field("Content-Type") == "video/mp4");
  CHECK(whole.field("Accept-Ranges") == "bytes");
  const std::string tag = whole.field("ETag").value_or("");

  const raw_reply part =
      h.ask("GET", path, "Range: bytes=100000-199999\r\nIf-Range: " + tag + "\r\n");
  CHECK(part.status == 206);
  CHECK(part.field("Content-Range") == "bytes 100000-199999/300000");
  CHECK(part.body == pattern_bytes(5, 100'000, 100'000));
  CHECK(h.ask("GET", path, "Range: bytes=-5\r\n").body == pattern_bytes(5, 299'995, 5));
  CHECK(h.ask("GET", path, "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status == 200);
  const raw_reply behind = h.ask("GET", path, "Range: bytes=300000-\r\n");
  CHECK(behind.status == 416);
  CHECK(behind.field("Content-Range") == "bytes */300000");
  const raw_reply head = h.ask("HEAD", path);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "300000");
  CHECK(head.body.empty());
  CHECK(h.ask("GET", path, "If-None-Match: " + tag + "\r\n").status == 304);
  const raw_reply empty = h.get("/media/empty.txt");
  CHECK(empty.status == 200);
  CHECK(empty.field("Content-Length") == "0");
  // What is downloaded is not this server's own page.
  CHECK(h.get("/media/page.html")
            .field("Content-Security-Policy")
            .value_or("")
            .starts_with("sandbox"));

  for (const char* bad :
       {"/media/", "/media/sub", "/media/sub/", "/media/none", "/media/../outside.txt",
        "/media/%2e%2e/outside.txt", "/media/..%2foutside.txt", "/media/sub/..%2f../outside.txt",
        "/media/link.txt", "/media/out/outside.txt", "/media/out/db", "/media/%2fetc/passwd",
        "/media//etc/passwd", "/media/half.mp4.haul", "/media/half.mp4.haul-journal",
        "/media/sub/a b.mp4%00.txt", "/media/%ff", "/media/sub%5ca%20b.mp4"}) {
    INFO(bad);
    if (std::string_view{bad}.find(' ') != std::string_view::npos) continue;
    CHECK(h.get(bad).status == 404);
  }
}

TEST_CASE("Several files over one connection, and the page with its rules") {
  const hauld_run h;
  wire w{h.port()};
  for (int i = 0; i < 3; ++i) {
    w.send("GET /ui/ HTTP/1.1\r\nHost: " + h.authority() + "\r\n\r\n");
    const raw_reply r = w.receive();
    CHECK(r.status == 200);
    CHECK(r.field("Content-Security-Policy")
              .value_or("")
              .starts_with("default-src 'none'; script-src 'self'"));
    CHECK(r.body.find("<script src=") != std::string::npos);
    CHECK(r.body.find("style=") == std::string::npos);
  }
  CHECK(h.get("/ui").field("Location") == "/ui/");
}

TEST_CASE("What is too much is cut short, and the server goes on") {
  const hauld_run h;
  const std::string host = "Host: " + h.authority() + "\r\n";
  {
    wire w{h.port()};
    w.send("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n");
    CHECK(w.closed_by_peer());
  }
  {
    std::string fields;
    for (int i = 0; i < 200; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
    wire w{h.port()};
    w.send("GET / HTTP/1.1\r\n" + host + fields + "\r\n");
    CHECK(w.closed_by_peer());
  }
  {
    wire w{h.port()};
    w.send("POST /ui/api/downloads HTTP/1.1\r\n" + host + "Content-Length: 40000000\r\n\r\n");
    const std::string block(1 << 20, ' ');
    for (int i = 0; i < 40 && w.send(block); ++i) {
    }
    CHECK(w.closed_by_peer());
  }
  std::string many = "{\"items\":[";
  for (int i = 0; i < 1001; ++i)
    many += std::string{i ? "," : ""} + "{\"url\":\"http://127.0.0.1:1/x\"}";
  CHECK(h.post_json("/ui/api/downloads", many + "]}").status == 413);
  CHECK(h.get("/ui/").status == 200);
}

TEST_CASE("The panel adds, pauses, resumes and cancels") {
  fault_server origin;
  origin.add("/a", resource{.size = 4 << 20, .seed = 3, .etag = "\"1\"", .rate = 64 << 10});
  origin.add("/b", resource{.size = 1000, .seed = 4});
  const hauld_run h;
  const raw_reply added = h.post_json("/ui/api/downloads", add_body(origin.url("/a"), "slow.bin"));
  REQUIRE(added.status == 200);
  const json::value told = json::parse(added.body);
  CHECK(text_in(told.at("files").at(0), "what") == "started");
  const std::string id = text_in(told.at("files").at(0), "id");
  const std::string ids = json::serialize(json::object{{"ids", json::array{json::string(id)}}});
  REQUIRE(h.wait_for_state("slow.bin", "downloading"));
  CHECK(h.post_json("/ui/api/pause", ids).body == "{\"done\":1}");
  REQUIRE(h.wait_for_state("slow.bin", "paused"));
  CHECK(h.post_json("/ui/api/resume", ids).body == "{\"done\":1}");
  REQUIRE(h.wait_for_state("slow.bin", "downloading"));
  CHECK(h.post_json("/ui/api/cancel", ids).body == "{\"done\":1}");
  REQUIRE(h.wait_for_state("slow.bin", "cancelled"));
  CHECK_FALSE(fs::exists(h.root() / "slow.bin"));
  CHECK(h.post_json("/ui/api/pause", "{\"ids\":[\"unknown\"]}").body == "{\"done\":0}");

  REQUIRE(h.post_json("/ui/api/downloads", "{\"folder\":\"x/y\",\"items\":[{\"url\":\"" +
                                               origin.url("/b") + "\",\"sha256\":\"" +
                                               pattern_sha256(4, 1000) + "\"}]}")
              .status == 200);
  REQUIRE(wait_until([&] { return fs::exists(h.root() / "x/y/b"); }, 60s));
  CHECK(h.get("/media/x/y/b").body == pattern_bytes(4, 0, 1000));

  for (const char* bad : {"../z", "/etc/z", "a/b", "..", "con", "a\\\\b"}) {
    INFO(bad);
    const raw_reply r = h.post_json("/ui/api/downloads", add_body(origin.url("/b"), bad));
    REQUIRE(r.status == 200);
    CHECK(text_in(json::parse(r.body).at("files").at(0), "what") == "refused");
  }
  fs::create_directory_symlink(h.folder().path(), h.root() / "out");
  for (const char* bad : {"out", "../x", "x/../../y", "/tmp"}) {
    INFO(bad);
    const raw_reply r = h.post_json("/ui/api/downloads", std::string{"{\"folder\":\""} + bad +
                                                             "\",\"items\":[{\"url\":\"" +
                                                             origin.url("/b") + "\"}]}");
    REQUIRE(r.status == 200);
    CHECK(text_in(json::parse(r.body).at("files").at(0), "what") == "refused");
  }
  for (const char* bad :
       {"", "[]", "{}", "{\"items\":[]}", "{\"items\":3}", "{\"items\":[{}],\"folder\":1}"}) {
    INFO(bad);
    CHECK(h.post_json("/ui/api/downloads", bad).status == 400);
  }
  CHECK(h.post_json("/ui/api/nothing", "{}").status == 404);
  CHECK(h.ask("PUT", "/ui/api/downloads").status == 405);
}

TEST_CASE("Events: a snapshot, then what changes") {
  fault_server origin;
  const gate hold;
  origin.add("/a", resource{.size = 100'000, .seed = 3});
  origin.behave("/a", [&](const request_info&) { return reply_plan().hold_body(50'000, hold); });
  const hauld_run h;
  wire w{h.port()};
  w.send("GET /events HTTP/1.1\r\nHost: " + h.authority() + "\r\n\r\n");
  const std::string begin = w.receive_until("\"cut\":false}\n\n");
  CHECK(begin.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(begin.find("retry: 2000\n\nevent: snapshot\ndata: {\"files\":[],\"cut\":false}\n\n") !=
        std::string::npos);
  REQUIRE(h.post_json("/ui/api/downloads", add_body(origin.url("/a"), "f.bin")).status == 200);
  CHECK(w.receive_until("\"state\":\"downloading\"").find("event: files\ndata: [{") !=
        std::string::npos);
  hold.open();
  CHECK(w.receive_until("\"state\":\"completed\"").ends_with("\"completed\""));
  CHECK(h.ask("HEAD", "/events").status == 200);
}

TEST_CASE("SIGTERM ends it in order, with readers of events and downloads under way") {
  fault_server origin;
  origin.add("/a", resource{.size = 64 << 20, .seed = 3, .etag = "\"1\"", .rate = 1 << 20});
  for (const int signal : {SIGTERM, SIGINT}) {
    hauld_run h;
    std::vector<wire> readers;
    for (int i = 0; i < 20; ++i) {
      readers.emplace_back(h.port());
      readers.back().send("GET /events HTTP/1.1\r\nHost: " + h.authority() + "\r\n\r\n");
      readers.back().receive_until("\"cut\":false}\n\n");
    }
    REQUIRE(h.post_json("/ui/api/downloads", add_body(origin.url("/a"), "f.bin")).status == 200);
    REQUIRE(h.wait_for_state("f.bin", "downloading"));
    h.process().send_signal(signal);
    const auto end = h.process().wait_for(60s);
    REQUIRE(end);
    CHECK(end->code == 0);
    CHECK(h.process().err().empty());
    h.start();
    CHECK(h.wait_for_state("f.bin", "downloading"));
  }
}
