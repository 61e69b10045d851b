#include "service/media_rig.hpp"
#include <haul/store/sqlite_store.hpp>

#include <future>
#include <string>
#include <vector>

namespace haul::test {
using namespace service;

namespace {

constexpr std::uint64_t size = 50'000;

void serve_all(fault_server& server) {
  server.provide([](const std::string& path) -> std::optional<resource> {
    resource r;
    r.size = size;
    r.seed = std::stoull("0" + path.substr(1));
    r.etag = "\"v1\"";
    return r;
  });
}

}  // namespace

TEST_CASE("batch dialect: batches and files are known after a restart, and downloads go on") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  gate held;
  std::string done;
  std::string open;
  std::string done_body;
  {
    media_rig<sqlite_store> rig{quick_media(dir), kept, sqlite_store{dir / "db"}};
    for (int i = 1; i <= 4; ++i) {
      const std::string n = std::to_string(i);
      rig.ids.put(entry(i, server.url("/" + n), n + ".jpg"));
    }
    done = member(rig.batch("{\"message_ids\":[1,4]}").body(), "batch_id");
    done_body = rig.finish(done);
    // Forced while the first is known as complete: the new download must come back, not its state.
    server.behave("/1", [held](const request_info&) { return reply_plan().hold_body(9, held); });
    server.behave("/2",
                  [held](const request_info&) { return reply_plan().hold_body(size / 2, held); });
    open =
        member(rig.batch("{\"message_ids\":[1,2,3,9],\"force\":true,\"max_concurrent\":2}").body(),
               "batch_id");
    REQUIRE(held.wait_for_arrivals(2, too_long));
    rig.rig.run(rig.rig->close());
  }
  server.behave("/1", [](const request_info&) {
    return reply_plan().with_seed(11).replace_field("ETag", "\"v2\"");
  });
  server.behave("/2", nullptr);
  media_rig<sqlite_store> rig{quick_media(dir), kept, sqlite_store{dir / "db"}};
  CHECK_FALSE(rig.rig.run(rig.rig->recover()));
  CHECK(rig.status(done) == done_body);
  CHECK(member(rig.status(open), "total_files") == "3");
  const std::string body = rig.finish(open);
  CHECK(member(body, "overall_status") == "completed");
  CHECK_FALSE(mismatch(dir / "root/photos/1.jpg", 11, size));
  CHECK_FALSE(mismatch(dir / "root/photos/2.jpg", 2, size));
  CHECK_FALSE(mismatch(dir / "root/photos/3.jpg", 3, size));
  CHECK(member(rig.batch("{\"message_ids\":[1,2,3]}").body(), "already_downloaded") == "[1,2,3]");
  CHECK(member(rig.ask("GET", "/api/media/download-status/3").body(), "status") == "downloaded");
}

TEST_CASE("batch dialect: a store that forgets leaves the files known") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  std::string id;
  {
    media_rig rig{quick_media(dir), kept};
    rig.ids.put(entry(1, server.url("/1"), "1.jpg"));
    id = member(rig.batch("{\"message_ids\":[1]}").body(), "batch_id");
    rig.rig.wait(id);  // nobody asks how it ended
  }
  media_rig rig{quick_media(dir), kept};
  CHECK(rig.status(id) == "404 {\"detail\":\"批量下载任务不存在\"}");
  CHECK(member(rig.batch("{\"message_ids\":[1]}").body(), "already_downloaded") == "[1]");
}

TEST_CASE("batch dialect: asked from many threads at once") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig<memory_store> rig{quick_media(dir), kept, {}, 2};
  for (int i = 1; i <= 8; ++i) {
    const std::string n = std::to_string(i);
    rig.ids.put(entry(i, server.url("/" + n), n + ".jpg"));
  }
  std::vector<std::future<std::string>> askers;
  for (int t = 0; t < 4; ++t) {
    askers.push_back(std::async(std::launch::async, [&rig] {
      std::string last;
      const std::string begun = rig.batch("{\"message_ids\":[1,2,3,4,5,6,7,8]}").body();
      const std::string id = member(begun, "batch_id");
      const std::size_t started = parse_json(begun).value.find("started_downloads")->items().size();
      const std::size_t already =
          parse_json(begun).value.find("already_downloaded")->items().size();
      if (started + already != 8) return begun;
      if (id.empty()) return std::string{"completed"};
      for (;;) {
        last = member(rig.status(id), "overall_status");
        if (last != "in_progress") return last;
        rig.ask("GET", "/api/media/download-stats");
        rig.ask("GET", "/api/media/download-status/3");
      }
    }));
  }
  for (auto& a : askers) CHECK(a.get() == "completed");
  std::size_t downloads = 0;
  for (const event& e : rig.rig.events.all()) downloads += std::holds_alternative<task_started>(e);
  CHECK(downloads == 8);
  for (unsigned i = 1; i <= 8; ++i) {
    CHECK_FALSE(mismatch(dir / "root/photos" / (std::to_string(i) + ".jpg"), i, size));
  }
}

}  // namespace haul::test
