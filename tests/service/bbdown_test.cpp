#include "bbdown_rig.hpp"
#include <haul/service/bbdown_record.hpp>
#include <haul/store/sqlite_store.hpp>

#include <boost/json/parse.hpp>

#include <filesystem>
#include <map>

namespace haul::test {
namespace {

boost::json::value json(const std::string& text) { return boost::json::parse(text); }

std::string text_of(const boost::json::value& v) {
  return std::string{v.as_string().c_str(), v.as_string().size()};
}

struct stage {
  stage() { serve_bbdown_origin(server, held); }
  ~stage() { held.open(); }

  std::string body(const std::string& path, const std::string& more = {}) const {
    return "{\"Url\":\"" + server.url(path) + "\"" + more + "}";
  }

  gate held;
  fault_server server;
  temp_dir dir;
  service::memory_records kept;
};

/// The header fields of the first request for a path.
std::string field_of(const fault_server& server, const std::string& path, const char* name) {
  return server.log(path).at(0).request.field(name).value_or("");
}

}  // namespace

TEST_CASE("webhooks: one for each request, with the task as it ended") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  const std::string hook = R"(,"CallBackWebHook":"http://127.0.0.1:9/)";
  CHECK(rig.post("/add-task", s.body("/held.bin", hook + "1\"")).status() == 200);
  REQUIRE(s.held.wait_for_arrivals(1, too_long));
  CHECK(rig.hooks.all().empty());
  // One that comes while it runs is told at once, and never again.
  CHECK(rig.post("/add-task", s.body("/held.bin", hook + "2\"")).status() == 200);
  REQUIRE(rig.hooks.all().size() == 1);
  const auto at_once = rig.hooks.all()[0];
  CHECK(at_once.first == "http://127.0.0.1:9/2");
  CHECK(json(at_once.second).at("TaskFinishTime").is_null());
  CHECK_FALSE(json(at_once.second).at("IsSuccessful").as_bool());
  s.held.open();
  rig.settle();
  REQUIRE(wait_until([&] { return rig.hooks.all().size() == 2; }, too_long));
  const auto end = rig.hooks.all()[1];
  CHECK(end.first == "http://127.0.0.1:9/1");
  CHECK("[" + end.second + "]" == rig.get("/get-tasks/finished").body());

  CHECK(rig.post("/add-task", s.body("/missing", hook + "3\"")).status() == 200);
  rig.settle();
  REQUIRE(wait_until([&] { return rig.hooks.all().size() == 3; }, too_long));
  CHECK_FALSE(json(rig.hooks.all()[2].second).at("IsSuccessful").as_bool());
  CHECK(json(rig.hooks.all()[2].second).at("TaskFinishTime").is_int64());

  CHECK(rig.post("/add-task", s.body("/a.bin", R"(,"CallBackWebHook":"no url")")).status() == 200);
  rig.settle();
  CHECK(rig.hooks.all().size() == 3);
}

TEST_CASE("what a request asks for reaches the origin") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  rig.post("/add-task", s.body("/a.bin", R"(,"UserAgent":"me/1","Cookie":"k=v",)"
                                         R"("MultiThread":false,"FilePattern":"d/<aid>")"));
  rig.settle();
  CHECK(field_of(s.server, "/a.bin", "User-Agent") == "me/1");
  CHECK(field_of(s.server, "/a.bin", "Cookie") == "k=v");
  CHECK(s.server.counters().connections == 1);
  const std::string aid = text_of(json(rig.get("/get-tasks/finished").body()).at(0).at("Aid"));
  CHECK_FALSE(mismatch(s.dir / "d" / (aid + ".bin"), 1, bbdown_size));
}

TEST_CASE("no file is taken from anybody") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  write_file(s.dir / "a.bin", "the user's own");
  rig.post("/add-task", s.body("/a.bin"));
  rig.settle();
  CHECK(read_file(s.dir / "a.bin") == "the user's own");
  CHECK_FALSE(mismatch(s.dir / "a (2).bin", 1, bbdown_size));
  // Another file of the same name finds its own place, with a pattern as well.
  rig.post("/add-task", s.body("/b.bin", R"(,"FilePattern":"a")"));
  rig.settle();
  CHECK_FALSE(mismatch(s.dir / "a (3).bin", 2, bbdown_size));
  // The same again replaces what it made itself.
  write_file(s.dir / "a (3).bin", "old");
  rig.post("/add-task", s.body("/b.bin", ",\"FilePattern\":\"a (3)\""));
  rig.settle();
  CHECK_FALSE(mismatch(s.dir / "a (3).bin", 2, bbdown_size));
  CHECK(list_tree(s.dir.path()) == std::vector<std::string>{"a (2).bin", "a (3).bin", "a.bin"});
}

TEST_CASE("two tasks that want one name at once get two") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  // By the server's word.
  s.server.behave("/x/held.bin", [](const request_info&) { return reply_plan(); });
  resource other;
  other.size = bbdown_size;
  other.seed = 77;
  s.server.add("/x/held.bin", other);
  rig.post("/add-task", s.body("/held.bin"));
  // The name is the task's own once the head has been read, which may be after it was sent.
  const auto named = [&] {
    return json(rig.get("/get-tasks/running").body()).at(0).at("Title").is_string();
  };
  REQUIRE(wait_until(named, too_long));
  rig.post("/add-task", s.body("/x/held.bin"));
  rig.get_until_not("/get-tasks/finished", "[]");
  CHECK_FALSE(mismatch(s.dir / "held (2).bin", 77, bbdown_size));
  // By a pattern.
  rig.post("/add-task", s.body("/a.bin", R"(,"FilePattern":"p")"));
  rig.post("/add-task", s.body("/b.bin", R"(,"FilePattern":"p")"));
  s.held.open();
  rig.settle();
  CHECK_FALSE(mismatch(s.dir / "held.bin", 5, bbdown_size));
  CHECK(std::filesystem::file_size(s.dir / "p.bin") == bbdown_size);
  CHECK(std::filesystem::file_size(s.dir / "p (2).bin") == bbdown_size);
  CHECK(mismatch(s.dir / "p.bin", 1, bbdown_size).has_value() !=
        mismatch(s.dir / "p (2).bin", 1, bbdown_size).has_value());
}

TEST_CASE("a Url of several is one task of several files") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  const std::string urls =
      s.server.url("/a.bin") + "\\n" + s.server.url("/b.bin") + " " + s.server.url("/c.bin");
  for (const char* delay : {"0", "1"}) {
    rig.post("/add-task", "{\"Url\":\"" + urls +
                              "\",\"SelectPage\":\"1,LAST\",\"DelayPerPage\":\"" + delay + "\"}");
    rig.settle();
    const auto t = json(rig.get("/get-tasks/finished").body()).at(0);
    CHECK(t.at("IsSuccessful").as_bool());
    CHECK(t.at("TotalDownloadedBytes").to_number<double>() == 2 * bbdown_size);
    REQUIRE(t.at("SavePaths").as_array().size() == 2);
    CHECK(text_of(t.at("Title")) == "a");
    CHECK(text_of(t.at("SavePaths").at(0)) == "a/[P1]a.bin");
    CHECK(text_of(t.at("SavePaths").at(1)) == "a/[P3]c.bin");
    CHECK_FALSE(mismatch(s.dir / "a" / "[P1]a.bin", 1, bbdown_size));
    CHECK_FALSE(mismatch(s.dir / "a" / "[P3]c.bin", 3, bbdown_size));
    CHECK_FALSE(std::filesystem::exists(s.dir / "a" / "[P2]b.bin"));
    std::filesystem::remove_all(s.dir / "a");
    rig.get("/remove-finished");
  }
}

TEST_CASE("one bad item fails the task, and the others are downloaded") {
  stage s;
  service::bbdown_options extended;
  extended.extended = true;
  bbdown_rig<> rig{s.dir, s.kept, extended};
  rig.post("/add-task",
           "{\"Url\":\"" + s.server.url("/a.bin") + " " + s.server.url("/gone") + "\"}");
  rig.settle();
  const auto t = json(rig.get("/get-tasks/finished").body()).at(0);
  CHECK_FALSE(t.at("IsSuccessful").as_bool());
  CHECK(text_of(t.at("Status")) == "Failed");
  CHECK(text_of(t.at("ErrorMessage")).find("404") != std::string::npos);
  CHECK(t.at("SavePaths").as_array().size() == 1);
}

TEST_CASE("what the archive has is not downloaded again") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  const std::string body = s.body("/a.bin", R"(,"SaveArchivesToFile":true)");
  rig.post("/add-task", body);
  rig.settle();
  CHECK(s.server.log("/a.bin").size() == 1);
  rig.post("/add-task", body);
  rig.settle();
  CHECK(s.server.log("/a.bin").size() == 1);
  const auto t = json(rig.get("/get-tasks/finished").body()).at(1);
  CHECK(t.at("IsSuccessful").as_bool());
  CHECK(t.at("SavePaths").as_array().empty());
  CHECK(t.at("DownloadSpeed").to_number<double>() == 0);
  // Who does not ask for it is not stopped by it.
  rig.post("/add-task", s.body("/a.bin"));
  rig.settle();
  CHECK(s.server.log("/a.bin").size() == 2);
}

TEST_CASE("with OnlyShowInfo nothing is downloaded") {
  stage s;
  bbdown_rig<> rig{s.dir, s.kept};
  rig.post("/add-task", s.body("/a.bin", R"(,"OnlyShowInfo":true)"));
  rig.settle();
  const auto t = json(rig.get("/get-tasks/finished").body()).at(0);
  CHECK(t.at("IsSuccessful").as_bool());
  CHECK(text_of(t.at("Title")) == "a");
  CHECK(t.at("SavePaths").as_array().empty());
  CHECK(s.server.log().empty());
}

TEST_CASE("finished tasks are bounded, and so are those that run") {
  stage s;
  service::bbdown_options few;
  few.keep_finished = 2;
  few.max_running = 1;
  bbdown_rig<> rig{s.dir, s.kept, few};
  for (const char* path : {"/a.bin", "/b.bin", "/c.bin"}) {
    rig.post("/add-task", s.body(path));
    rig.settle();
  }
  const auto finished = json(rig.get("/get-tasks/finished").body());
  REQUIRE(finished.as_array().size() == 2);
  CHECK(text_of(finished.at(0).at("Url")) == s.server.url("/b.bin"));
  rig.post("/add-task", s.body("/held.bin"));
  CHECK(rig.post("/add-task", s.body("/a.bin")).status() == 429);
  s.held.open();
  rig.settle();
}

TEST_CASE("after a restart tasks go on, and finished ones are still listed") {
  stage s;
  const std::filesystem::path file = s.dir / ".haul.db";
  const temp_dir files;
  service::bbdown_options extended;
  extended.extended = true;
  std::string finished;
  {
    bbdown_rig<sqlite_store> rig{files, s.kept, extended, sqlite_store{file}};
    rig.post("/add-task", s.body("/a.bin"));
    rig.post("/add-task", s.body("/missing"));
    rig.settle();
    finished = rig.get("/get-tasks/finished").body();
    rig.post("/add-task", s.body("/held.bin", R"(,"CallBackWebHook":"http://127.0.0.1:9/h")"));
    REQUIRE(s.held.wait_for_arrivals(1, too_long));
    REQUIRE(wait_until(
        [&] { return rig.get("/get-tasks/running").body().find("10000") != std::string::npos; },
        too_long));
    rig.service.stop();
    rig.rig.run(rig.rig->close());
    CHECK(rig.post("/add-task", s.body("/b.bin")).status() == 503);
  }
  {
    bbdown_rig<sqlite_store> rig{files, s.kept, extended, sqlite_store{file}};
    CHECK(rig.get("/get-tasks/finished").body() == finished);
    const auto running = json(rig.get("/get-tasks/running").body());
    REQUIRE(running.as_array().size() == 1);
    CHECK(text_of(running.at(0).at("Url")) == s.server.url("/held.bin"));
    s.held.open();
    rig.settle();
    const auto all = json(rig.get("/get-tasks/finished").body());
    REQUIRE(all.as_array().size() == 3);
    CHECK(all.at(2).at("IsSuccessful").as_bool());
    CHECK(text_of(all.at(2).at("TaskId")) == text_of(running.at(0).at("TaskId")));
    CHECK_FALSE(mismatch(files / "held.bin", 5, bbdown_size));
    REQUIRE(wait_until([&] { return rig.hooks.all().size() == 1; }, too_long));
  }
}

TEST_CASE("a task whose batch was never stored is submitted anew") {
  stage s;
  s.held.open();
  {
    bbdown_rig<> rig{s.dir, s.kept};
    rig.post("/add-task", s.body("/a.bin"));
    rig.settle();
  }
  // As if the process had died between the task's record and the manager's.
  std::string value;
  s.kept.for_each("bbdown-finished", [&](std::string_view, std::string_view v) { value = v; });
  service::bbdown_record r;
  r.task = *service::parse_bbdown_task(value);
  r.task.finished.reset();
  r.task.id = "another";
  r.task.paths.clear();
  r.task.downloaded = 0;
  r.body = s.body("/b.bin");
  r.batch = "batch_00000000";
  r.sent = {{0, (std::filesystem::canonical(s.dir.path()) / "").string(), false, false}};
  r.next = 1;
  s.kept.put("bbdown-running", "00000000000000000009", to_text(r));
  s.kept.put("bbdown-running", "00000000000000000010", "torn");
  bbdown_rig<> rig{s.dir, s.kept};
  rig.settle();
  CHECK_FALSE(mismatch(s.dir / "b.bin", 2, bbdown_size));
  CHECK(json(rig.get("/get-tasks/finished").body()).as_array().size() == 2);
  std::size_t left = 0;
  s.kept.for_each("bbdown-running", [&](std::string_view, std::string_view) { ++left; });
  CHECK(left == 0);
}

TEST_CASE("pause and cancel act between two items as well") {
  stage s;
  service::bbdown_options extended;
  extended.extended = true;
  bbdown_rig<> rig{s.dir, s.kept, extended};
  const std::string body = "{\"Url\":\"" + s.server.url("/a.bin") + " " + s.server.url("/b.bin") +
                           "\",\"DelayPerPage\":\"3600\"}";
  const std::string id = text_of(json(rig.post("/add-task", body).body()).at("TaskId"));
  REQUIRE(wait_until(
      [&] { return rig.get("/get-tasks/" + id).body().find("[P1]") != std::string::npos; },
      too_long));
  const auto state = [&] { return text_of(json(rig.get("/get-tasks/" + id).body()).at("Status")); };
  CHECK(state() == "Running");
  CHECK(rig.ask(service::request{"POST", "/pause/" + id}).status() == 200);
  CHECK(state() == "Paused");
  CHECK(rig.ask(service::request{"POST", "/resume/" + id}).status() == 200);
  CHECK(state() == "Running");
  CHECK(rig.ask(service::request{"POST", "/cancel/" + id}).status() == 200);
  rig.settle();
  CHECK(state() == "Cancelled");
  CHECK(s.server.log("/b.bin").empty());
}

TEST_CASE("without a root there is no service") {
  const temp_dir dir;
  service::memory_records kept;
  manager_rig rig;
  service::downloads_of in{*rig};
  service::bbdown_options o;
  o.root = dir / "missing";
  CHECK_THROWS_AS(service::bbdown(rig.run(executor_here()), in, kept, o),
                  std::filesystem::filesystem_error);
}

TEST_CASE("many threads ask at once while tasks run") {
  stage s;
  s.held.open();
  bbdown_rig<> rig{s.dir, s.kept};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 25; ++i) {
        const std::string query = "?" + std::to_string(c) + "x" + std::to_string(i % 5);
        service::request add{"POST", "/add-task"};
        add.field("Content-Type", "application/json").body(s.body("/a.bin" + query));
        if (rig.service.answer(add).status() != 200) std::abort();
        const service::response all = rig.service.answer(service::request{"GET", "/get-tasks/"});
        boost::json::error_code ec;
        boost::json::parse(all.body(), ec);
        if (ec) std::abort();
      }
    });
  }
  for (std::thread& t : clients) t.join();
  rig.settle();
  const auto finished = json(rig.get("/get-tasks/finished").body());
  CHECK(finished.as_array().size() >= 20);
  for (const auto& t : finished.as_array()) CHECK(t.at("IsSuccessful").as_bool());
}

}  // namespace haul::test
