#include "service/media_rig.hpp"
#include "service/media_rows.hpp"
#include <haul/service/media_status.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace haul::test {
using namespace service;

namespace {

constexpr std::uint64_t size = 10'000;

const std::string no_batch = "404 {\"detail\":\"批量下载任务不存在\"}";

/// Serves /1, /2, ... with the pattern of that seed.
void serve_all(fault_server& server) {
  server.provide([](const std::string& path) -> std::optional<resource> {
    resource r;
    r.size = size;
    r.seed = std::stoull("0" + path.substr(1));
    r.etag = "\"v1\"";
    return r;
  });
}

void fill(catalog& ids, const fault_server& server, int from, int to) {
  for (int i = from; i <= to; ++i) {
    const std::string n = std::to_string(i);
    ids.put(entry(i, server.url("/" + n), n + ".jpg"));
  }
}

std::string completed_row(int id, const std::string& name = {}) {
  const std::string file = name.empty() ? std::to_string(id) + ".jpg" : name;
  return "{\"message_id\":" + std::to_string(id) +
         ",\"media_type\":\"photo\",\"media_filename\":\"" + file +
         "\",\"progress\":100,\"downloaded_size\":10000,\"total_size\":10000,"
         "\"download_speed\":0,\"estimated_time_remaining\":0,\"status\":\"completed\","
         "\"file_path\":\"./media/photos/" +
         file + "\",\"download_url\":\"/media/photos/" + file + "\"}";
}

std::size_t count(const records& in, std::string_view kind) {
  std::size_t n = 0;
  in.for_each(kind, [&n](std::string_view, std::string_view) { ++n; });
  return n;
}

}  // namespace

TEST_CASE("batch dialect: requests that download nothing are answered to the byte") {
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  catalog_entry none;
  none.id = 7;
  rig.ids.put(none);
  for (const media_row& row : media_rows) {
    CAPTURE(row.name);
    request r{row.method, row.target};
    if (row.content_type) r.field("content-type", row.content_type);
    r.body(row.sent);
    const response got = rig.ask(std::move(r));
    CHECK(got.status() == row.status);
    CHECK(got.body() == row.body);
    if (*row.field) CHECK(got.fields().find(row.field) == std::string_view{row.value});
    if (*row.body) CHECK(got.fields().find("Content-Type") == "application/json");
  }
  CHECK(count(kept, "media-batch") == 0);
  // Not UTF-8, and deeper than any answer.
  const std::string error = "{\"detail\":\"There was an error parsing the body\"}";
  CHECK(rig.batch("{\"a\":\"\xff\"}").body() == error);
  CHECK(rig.batch(std::string(5000, '[')).body() == error);
  CHECK(rig.batch(std::string(5000, '[')).status() == 400);
  CHECK(member(rig.batch("{\"message_ids\":[9223372036854775808]}").body(), "detail")
            .find("int_parsing_size") != std::string::npos);
}

TEST_CASE("batch dialect: a batch from its start to its end, and the next one") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 3);
  catalog_entry none;
  none.id = 7;
  rig.ids.put(none);

  // Duplicates stay in the list they fall in; counts follow.
  const response begun = rig.batch("{\"message_ids\":[2,1,9,2,7,3,9]}");
  CHECK(begun.status() == 200);
  CHECK(begun.fields().find("Content-Type") == "application/json");
  const std::string id = member(begun.body(), "batch_id");
  CHECK(is_batch_id(id));
  CHECK(begun.body() ==
        "{\"batch_id\":\"" + id +
            "\",\"status\":\"started\",\"message\":\"批量下载任务已启动，包含 4 个文件\","
            "\"total_files\":7,\"started_downloads\":[2,1,2,3],\"already_downloaded\":[],"
            "\"failed_to_start\":[{\"message_id\":9,\"reason\":\"消息不存在\"},"
            "{\"message_id\":7,\"reason\":\"该消息不包含媒体文件\"},"
            "{\"message_id\":9,\"reason\":\"消息不存在\"}]}");
  const std::string rows =
      completed_row(2) + ',' + completed_row(1) + ',' + completed_row(2) + ',' + completed_row(3);
  CHECK(rig.finish(id) == "{\"batch_id\":\"" + id +
                              "\",\"total_files\":4,\"completed\":4,\"downloading\":0,"
                              "\"failed\":0,\"pending\":0,\"overall_status\":\"completed\","
                              "\"files\":[" +
                              rows + "]}");
  for (unsigned i = 1; i <= 3; ++i) {
    CHECK_FALSE(mismatch(dir / "root/photos" / (std::to_string(i) + ".jpg"), i, size));
  }
  // Twice the same id is one download.
  CHECK(server.log("/2").size() == 1);

  CHECK(rig.batch("{\"message_ids\":[1,3,1,9]}").body() ==
        "{\"batch_id\":\"\",\"status\":\"no_files_to_download\",\"message\":\"没有需要下载的文件\","
        "\"total_files\":4,\"started_downloads\":[],\"already_downloaded\":[1,3,1],"
        "\"failed_to_start\":[{\"message_id\":9,\"reason\":\"消息不存在\"}]}");
  CHECK(count(kept, "media-batch") == 1);

  // To cancel what is over changes nothing.
  for (int i = 0; i < 2; ++i) {
    CHECK(rig.post("/api/media/batch-cancel/" + id).body() ==
          "{\"status\":\"cancelled\",\"message\":\"批量下载任务已取消，取消了 0 个下载\","
          "\"batch_id\":\"" +
              id + "\",\"cancelled_downloads\":0,\"total_files\":4}");
  }
  CHECK(member(rig.status(id), "overall_status") == "completed");
}

TEST_CASE("batch dialect: a file that has gone is missing, and is fetched again") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 2);
  const std::string id = member(rig.batch("{\"message_ids\":[1,2]}").body(), "batch_id");
  rig.finish(id);
  std::filesystem::remove(dir / "root/photos/1.jpg");
  CHECK(rig.status(id) ==
        "{\"batch_id\":\"" + id +
            "\",\"total_files\":2,\"completed\":1,\"downloading\":0,\"failed\":1,\"pending\":0,"
            "\"overall_status\":\"unknown\",\"files\":[{\"message_id\":1,\"media_type\":\"photo\","
            "\"media_filename\":\"1.jpg\",\"progress\":100,\"downloaded_size\":10000,"
            "\"total_size\":10000,\"download_speed\":0,\"estimated_time_remaining\":0,"
            "\"status\":\"file_missing\",\"error\":\"文件记录存在但实际文件丢失\"}," +
            completed_row(2) + "]}");
  CHECK(rig.ask("GET", "/api/media/download-status/1").body() ==
        "{\"status\":\"file_missing\",\"message\":\"文件记录存在但实际文件丢失\"}");
  CHECK(rig.ask("GET", "/api/media/download/1").body() == "{\"detail\":\"媒体文件不存在\"}");

  const std::string again = rig.batch("{\"message_ids\":[1,2]}").body();
  CHECK(member(again, "started_downloads") == "[1]");
  CHECK(member(again, "already_downloaded") == "[2]");
  CHECK(member(again, "message") == "批量下载任务已启动，包含 1 个文件");
  CHECK(member(again, "total_files") == "2");
  rig.finish(member(again, "batch_id"));
  CHECK_FALSE(mismatch(dir / "root/photos/1.jpg", 1, size));
}

namespace {

/// Records that can be made to fail.
class failing_records final : public records {
 public:
  void put(std::string_view kind, std::string_view key, std::string value) override {
    if (fail && kind == "media-file") throw std::runtime_error("database is locked");
    in.put(kind, key, std::move(value));
  }
  void erase(std::string_view kind, std::string_view key) override { in.erase(kind, key); }
  void for_each(std::string_view kind, const visitor& visit) const override {
    in.for_each(kind, visit);
  }
  memory_records in;
  bool fail = false;
};

}  // namespace

TEST_CASE("batch dialect: a record that cannot be reset is told") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  failing_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 1);
  rig.finish(member(rig.batch("{\"message_ids\":[1]}").body(), "batch_id"));
  CHECK(member(rig.batch("{\"message_ids\":[1]}").body(), "already_downloaded") == "[1]");
  std::filesystem::remove(dir / "root/photos/1.jpg");
  kept.fail = true;
  CHECK(member(rig.batch("{\"message_ids\":[1]}").body(), "failed_to_start") ==
        "[{\"message_id\":1,\"reason\":\"重置下载状态失败: database is locked\"}]");
  kept.fail = false;
  CHECK(member(rig.batch("{\"message_ids\":[1]}").body(), "started_downloads") == "[1]");
}

TEST_CASE("batch dialect: no more at once than asked for, and never more than five") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 20);
  for (const auto& [asked, most] : {std::pair{"2", 2}, {"99", 5}, {"\"5.0\"", 5}}) {
    gate held;
    for (int i = 1; i <= 8; ++i) {
      server.behave("/" + std::to_string(i),
                    [held](const request_info&) { return reply_plan().hold_body(100, held); });
    }
    const std::string begun =
        rig.batch(std::string{"{\"message_ids\":[1,2,3,4,5,6,7,8],\"force\":true,"
                              "\"max_concurrent\":"} +
                  asked + "}")
            .body();
    const std::string id = member(begun, "batch_id");
    CAPTURE(begun);
    REQUIRE(held.wait_for_arrivals(static_cast<std::size_t>(most), too_long));
    const std::string body = rig.status(id);
    CHECK(member(body, "downloading") == std::to_string(most));
    CHECK(member(body, "pending") == std::to_string(8 - most));
    CHECK(member(body, "total_files") == "8");
    CHECK(member(body, "overall_status") == "in_progress");
    held.open();
    CHECK(member(rig.finish(id), "overall_status") == "completed");
    CHECK(held.arrivals() == 8);
  }
}

TEST_CASE("batch dialect: to cancel counts all that was not over, and lasts") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 5);
  const std::string first = member(rig.batch("{\"message_ids\":[1]}").body(), "batch_id");
  rig.finish(first);
  gate held;
  for (int i = 2; i <= 5; ++i) {
    server.behave("/" + std::to_string(i),
                  [held](const request_info&) { return reply_plan().hold_body(5000, held); });
  }
  const std::string id =
      member(rig.batch("{\"message_ids\":[2,3,4,4],\"max_concurrent\":1}").body(), "batch_id");
  // Another batch shares a file with it.
  const std::string other =
      member(rig.batch("{\"message_ids\":[1,3,5],\"max_concurrent\":1}").body(), "batch_id");
  REQUIRE(held.wait_for_arrivals(2, too_long));
  CHECK(member(rig.status(id), "downloading") == "2");
  CHECK(member(rig.status(id), "pending") == "2");
  CHECK(member(rig.status(other), "total_files") == "2");

  CHECK(rig.post("/api/media/batch-cancel/" + id).body() ==
        "{\"status\":\"cancelled\",\"message\":\"批量下载任务已取消，取消了 3 个下载\","
        "\"batch_id\":\"" +
            id + "\",\"cancelled_downloads\":3,\"total_files\":4}");
  const std::string body = rig.status(id);
  CHECK(member(body, "failed") == "4");
  CHECK(member(body, "overall_status") == "failed");
  CHECK(body.find("{\"message_id\":4,\"media_type\":\"photo\",\"media_filename\":\"4.jpg\","
                  "\"progress\":0,\"downloaded_size\":0,\"total_size\":0,\"download_speed\":0,"
                  "\"estimated_time_remaining\":0,\"status\":\"cancelled\","
                  "\"error\":\"下载已取消\"}") != body.npos);
  CHECK(member(rig.post("/api/media/batch-cancel/" + id).body(), "cancelled_downloads") == "0");

  // The shared file is cancelled there too; the rest of that batch goes on.
  held.open();
  const std::string theirs = rig.finish(other);
  CHECK(theirs.find("\"message_id\":3,") < theirs.find("\"status\":\"cancelled\""));
  CHECK(member(theirs, "completed") == "1");
  CHECK(member(theirs, "overall_status") == "unknown");
  CHECK(rig.status(id) == body);
  CHECK(member(rig.status(first), "overall_status") == "completed");
  CHECK(list_tree(dir / "root/photos") == std::vector<std::string>{"1.jpg", "5.jpg"});
  CHECK(rig.ask("GET", "/api/media/download-status/3").body() ==
        "{\"status\":\"cancelled\",\"message\":\"下载已取消\",\"error\":\"下载已取消\"}");
  // What was cancelled can be started anew.
  const std::string anew = rig.batch("{\"message_ids\":[2,3,4]}").body();
  CHECK(member(anew, "started_downloads") == "[2,3,4]");
  CHECK(member(rig.finish(member(anew, "batch_id")), "overall_status") == "completed");
  CHECK(rig.status(id) == body);
}

TEST_CASE("batch dialect: what failed says so, and what has vanished") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 3);
  server.behave("/2", [](const request_info&) { return reply_plan().with_status(404); });
  const std::string id = member(rig.batch("{\"message_ids\":[1,2]}").body(), "batch_id");
  std::string body = rig.finish(id);
  CHECK(member(body, "completed") == "1");
  CHECK(member(body, "failed") == "1");
  CHECK(member(body, "overall_status") == "unknown");
  CHECK(body.find("\"status\":\"failed\",\"error\":\"下载器错误: ") != body.npos);
  CHECK(member(rig.ask("GET", "/api/media/download-status/2").body(), "status") ==
        "download_failed");

  const std::string only = member(rig.batch("{\"message_ids\":[2]}").body(), "batch_id");
  CHECK(member(rig.finish(only), "overall_status") == "failed");

  rig.ids.erase(2);
  CHECK(rig.status(only) ==
        "{\"batch_id\":\"" + only +
            "\",\"total_files\":1,\"completed\":0,\"downloading\":0,\"failed\":1,\"pending\":0,"
            "\"overall_status\":\"failed\",\"files\":[{\"message_id\":2,\"status\":\"not_found\","
            "\"progress\":0,\"error\":\"消息不存在\"}]}");
}

TEST_CASE("batch dialect: force replaces the file, and shows that it does") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  rig.ids.put(entry(1, server.url("/1"), "x.jpg"));
  const auto path = dir / "root/photos/x.jpg";
  rig.finish(member(rig.batch("{\"message_ids\":[1]}").body(), "batch_id"));
  CHECK_FALSE(mismatch(path, 1, size));

  gate held;
  server.behave("/1", [held](const request_info&) {
    return reply_plan().with_seed(2).replace_field("ETag", "\"v2\"").hold_body(5000, held);
  });
  const std::string begun = rig.batch("{\"message_ids\":[1],\"force\":\"yes\"}").body();
  CHECK(member(begun, "started_downloads") == "[1]");
  const std::string id = member(begun, "batch_id");
  REQUIRE(held.wait_for_arrivals(1, too_long));
  CHECK(rig.status(id).find("\"status\":\"downloading\"") != std::string::npos);
  CHECK(member(rig.ask("GET", "/api/media/download-status/1").body(), "status") == "downloading");
  CHECK_FALSE(mismatch(path, 1, size));  // the old one, whole, until the new one is
  held.open();
  CHECK(rig.finish(id).find(completed_row(1, "x.jpg")) != std::string::npos);
  CHECK_FALSE(mismatch(path, 2, size));

  // One that fails leaves the file as it was.
  server.behave("/1", [](const request_info&) { return reply_plan().with_status(404); });
  const std::string bad =
      member(rig.batch("{\"message_ids\":[1],\"force\":true}").body(), "batch_id");
  CHECK(member(rig.finish(bad), "overall_status") == "failed");
  CHECK_FALSE(mismatch(path, 2, size));
  CHECK(member(rig.batch("{\"message_ids\":[1]}").body(), "already_downloaded") == "[1]");
}

TEST_CASE("batch dialect: names that meet, names that are missing, and ways out of the root",
          "[posix]") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  rig.ids.put(entry(1, server.url("/1"), "x.jpg"));
  rig.ids.put(entry(2, server.url("/2"), "x.jpg"));
  rig.ids.put(entry(3, server.url("/3"), "", "video"));
  rig.ids.put(entry(4, server.url("/4"), "../../up.bin", "document"));
  write_file(dir / "root/photos/there.jpg", "somebody else's");
  rig.ids.put(entry(5, server.url("/5"), "there.jpg"));
  rig.ids.put(entry(6, server.url("/6"), "x.jpg.haul"));
  const std::string id = member(rig.batch("{\"message_ids\":[1,2,3,4,5,6]}").body(), "batch_id");
  const std::string body = rig.finish(id);
  CHECK(member(body, "overall_status") == "completed");
  CHECK(body.find("\"media_type\":\"video\",\"media_filename\":null,") != body.npos);
  CHECK(list_tree(dir / "root") ==
        std::vector<std::string>{"documents/", "documents/up.bin", "photos/", "photos/there.jpg",
                                 "photos/there_5.jpg", "photos/x.jpg", "photos/x.jpg.haul_",
                                 "photos/x_2.jpg", "videos/", "videos/3"});
  CHECK(read_file(dir / "root/photos/there.jpg") == "somebody else's");
  CHECK_FALSE(mismatch(dir / "root/photos/x_2.jpg", 2, size));

  std::filesystem::create_directories(dir / "elsewhere");
  std::filesystem::create_directory_symlink(dir / "elsewhere", dir / "root/audios");
  rig.ids.put(entry(8, server.url("/8"), "y.mp3", "audio"));
  CHECK(member(rig.batch("{\"message_ids\":[8]}").body(), "failed_to_start") ==
        "[{\"message_id\":8,\"reason\":\"启动下载失败: 路径不在下载目录内\"}]");
  CHECK(list_tree(dir / "elsewhere").empty());
}

TEST_CASE("batch dialect: a finished batch is kept for a day, and a thousand at the most") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_options options = quick_media(dir);
  std::atomic<std::int64_t> clock{1'000'000};
  options.keep_count = 2;
  options.now = [&clock] { return std::chrono::sys_seconds{std::chrono::seconds{clock}}; };
  media_rig rig{options, kept};
  fill(rig.ids, server, 1, 5);
  std::vector<std::string> batches;
  for (const char* id : {"1", "2", "3"}) {
    batches.push_back(
        member(rig.batch(std::string{"{\"message_ids\":["} + id + "]}").body(), "batch_id"));
    rig.finish(batches.back());
    ++clock;
  }
  gate held;
  server.behave("/4", [held](const request_info&) { return reply_plan().hold_body(1, held); });
  const std::string open = member(rig.batch("{\"message_ids\":[4]}").body(), "batch_id");
  CHECK(rig.status(batches[0]) == no_batch);
  CHECK(member(rig.status(batches[1]), "overall_status") == "completed");
  CHECK(member(rig.status(batches[2]), "overall_status") == "completed");
  CHECK(count(kept, "media-batch") == 3);

  clock += 24 * 3600 + 10;
  CHECK(rig.status(batches[1]) == no_batch);
  CHECK(rig.post("/api/media/batch-cancel/" + batches[2]).status() == 404);
  // What is not over does not grow old.
  CHECK(member(rig.status(open), "overall_status") == "in_progress");
  CHECK(count(kept, "media-batch") == 1);
  held.open();
  rig.finish(open);
}

TEST_CASE("batch dialect: single files") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_rig rig{quick_media(dir), kept};
  fill(rig.ids, server, 1, 4);
  catalog_entry sized = entry(5, server.url("/5"), "图 片.jpg");
  sized.size = size;
  rig.ids.put(sized);
  const std::string base = "/api/media/";
  CHECK(rig.ask("GET", base + "download-status/5").body() ==
        "{\"status\":\"not_downloaded\",\"message\":\"文件未下载\",\"media_type\":\"photo\","
        "\"file_id\":null}");
  CHECK(rig.ask("GET", base + "download/5").body() == "{\"detail\":\"媒体文件未下载\"}");
  CHECK(rig.ask("GET", base + "download/5").status() == 404);

  gate held;
  server.behave("/5", [held](const request_info&) { return reply_plan().hold_body(2500, held); });
  CHECK(rig.post(base + "start-download/5").body() ==
        "{\"status\":\"download_started\",\"message\":\"下载任务已启动\",\"message_id\":5,"
        "\"media_type\":\"photo\",\"estimated_size\":10000}");
  REQUIRE(held.wait_for_arrivals(1, too_long));
  CHECK(rig.post(base + "start-download/5").body() ==
        "{\"status\":\"download_in_progress\",\"message\":\"该文件正在下载中，请稍候\","
        "\"message_id\":5,\"media_type\":\"photo\"}");
  const std::string running = rig.ask("GET", base + "download-status/5").body();
  CHECK(
      running.starts_with("{\"status\":\"downloading\",\"message\":\"文件正在下载中\","
                          "\"progress\":"));
  CHECK(member(running, "total_size") == "10000");
  CHECK(member(rig.ask("GET", base + "download-stats").body(), "stats")
            .find("\"current_downloads\":[5],\"available_slots\":4") != std::string::npos);
  // A batch that asks for it shares the download.
  const std::string shared = member(rig.batch("{\"message_ids\":[5]}").body(), "batch_id");
  CHECK(member(rig.status(shared), "downloading") == "1");
  held.open();
  CHECK(member(rig.finish(shared), "overall_status") == "completed");
  CHECK(server.log("/5").size() == 1);

  CHECK(rig.ask("GET", base + "download-status/5").body() ==
        "{\"status\":\"downloaded\",\"message\":\"文件已下载\","
        "\"file_path\":\"./media/photos/图 片.jpg\",\"file_size\":10000,"
        "\"download_url\":\"/media/photos/图 片.jpg\",\"progress\":100,"
        "\"downloaded_size\":10000,\"total_size\":10000,\"download_speed\":0,"
        "\"estimated_time_remaining\":0}");
  CHECK(rig.post(base + "start-download/5").body() ==
        "{\"status\":\"already_downloaded\",\"message\":\"文件已存在\","
        "\"file_path\":\"./media/photos/图 片.jpg\",\"file_size\":10000,"
        "\"download_url\":\"/media/photos/图 片.jpg\"}");
  const response served = rig.ask("GET", base + "download/5");
  CHECK(served.status() == 200);
  CHECK_FALSE(mismatch(served.file(), 5, size));
  CHECK(served.fields().find("Content-Type") == "image/jpeg");
  CHECK(served.fields().find("Content-Disposition") ==
        "attachment; filename*=utf-8''%E5%9B%BE%20%E7%89%87.jpg");

  // Forced: fetched again, and cancelled on the way.
  gate second;
  server.behave("/5", [second](const request_info&) { return reply_plan().hold_body(9, second); });
  CHECK(member(rig.post(base + "start-download/5?force=true").body(), "status") ==
        "download_started");
  REQUIRE(second.wait_for_arrivals(1, too_long));
  CHECK(rig.post(base + "cancel-download/5").body() ==
        "{\"status\":\"cancelled\",\"message\":\"下载已取消\",\"message_id\":5}");
  CHECK(rig.post(base + "cancel-download/5").body() ==
        "{\"status\":\"not_downloading\",\"message\":\"该文件当前未在下载中\"}");
  CHECK(member(rig.ask("GET", base + "download-status/5").body(), "status") == "downloaded");

  CHECK(rig.ask("DELETE", base + "media/5").body() ==
        "{\"status\":\"deleted\",\"message\":\"文件已删除\",\"message_id\":5}");
  CHECK(rig.ask("DELETE", base + "media/5").body() ==
        "{\"status\":\"no_file\",\"message\":\"没有本地文件可删除\"}");
  CHECK(list_tree(dir / "root/photos").empty());
  CHECK(member(rig.ask("GET", base + "download-status/5").body(), "status") == "not_downloaded");

  // Several at once.
  gate third;
  server.behave("/1", [third](const request_info&) { return reply_plan().hold_body(9, third); });
  rig.post(base + "start-download/1");
  REQUIRE(third.wait_for_arrivals(1, too_long));
  CHECK(rig.post(base + "batch-concurrent-download", "{\"message_ids\":[1]}").body() ==
        "{\"status\":\"all_already_downloading\",\"message\":\"所有文件都已在下载中\","
        "\"already_downloading\":[1]}");
  const std::string several =
      rig.post(base + "batch-concurrent-download", "{\"message_ids\":[1,2,3]}").body();
  CHECK(member(several, "started_downloads") == "[2,3]");
  CHECK(member(several, "already_downloading_list") == "[1]");
  rig.wait_at(base + "download-status/2", "\"downloaded\"");
  rig.wait_at(base + "download-status/3", "\"downloaded\"");
  CHECK(rig.post(base + "cancel-concurrent-download/1").body() ==
        "{\"status\":\"cancelled\",\"message\":\"并发下载已取消\",\"message_id\":1}");
}

TEST_CASE("batch dialect, extended: a catalog to write to, pauses, and a list of batches") {
  fault_server server;
  serve_all(server);
  const temp_dir dir;
  memory_records kept;
  media_options options = quick_media(dir);
  options.extended = true;
  media_rig rig{options, kept};
  const std::string base = "/api/media/";
  const std::string one = "{\"id\":1,\"url\":\"" + server.url("/1") + "\",\"file_name\":\"1.jpg\"}";
  CHECK(rig.post(base + "catalog", one).body() ==
        "{\"status\":\"ok\",\"added\":1,\"updated\":0,\"total\":1}");
  CHECK(rig.post(base + "catalog", "[" + one + ",{\"id\":2,\"url\":\"" + server.url("/2") +
                                       "\",\"type\":\"video\",\"size\":10000}]")
            .body() == "{\"status\":\"ok\",\"added\":1,\"updated\":1,\"total\":2}");
  // All or nothing.
  const response bad = rig.post(base + "catalog", "[{\"id\":3},{\"url\":\"x\"}]");
  CHECK(bad.status() == 422);
  CHECK(bad.body() ==
        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",1,\"id\"],\"msg\":\"Field required\","
        "\"input\":{\"url\":\"x\"},\"url\":\"https://errors.pydantic.dev/2.13/v/missing\"},"
        "{\"type\":\"value_error\",\"loc\":[\"body\",1,\"url\"],"
        "\"msg\":\"Value error, " +
            std::error_code{errc::invalid_url}.message() +
            "\",\"input\":\"x\",\"ctx\":{\"error\":{}},"
            "\"url\":\"https://errors.pydantic.dev/2.13/v/value_error\"}]}");
  CHECK(rig.ids.size() == 2);

  gate held;
  server.behave("/1", [held](const request_info&) { return reply_plan().hold_body(9, held); });
  server.behave("/2", [](const request_info&) { return reply_plan().with_status(404); });
  const std::string id =
      member(rig.batch("{\"message_ids\":[1,2],\"max_concurrent\":1}").body(), "batch_id");
  REQUIRE(held.wait_for_arrivals(1, too_long));
  CHECK(rig.post(base + "batch-pause/" + id).body() ==
        "{\"status\":\"paused\",\"message\":\"批量下载任务已暂停\",\"batch_id\":\"" + id + "\"}");
  CHECK(member(rig.status(id), "overall_status") == "in_progress");  // one of the two only waits
  CHECK(rig.post(base + "pause-download/2").body() ==
        "{\"status\":\"paused\",\"message\":\"下载已暂停\",\"message_id\":2}");
  const std::string body = rig.status(id);
  CHECK(member(body, "overall_status") == "paused");
  CHECK(member(body, "pending") == "2");
  CHECK(body.find("\"status\":\"paused\"") != body.npos);
  const std::string list = rig.ask("GET", base + "batches").body();
  CHECK(list.starts_with("{\"batches\":[{\"batch_id\":\"" + id +
                         "\",\"total_files\":2,\"completed\":0,\"downloading\":0,\"failed\":0,"
                         "\"pending\":2,\"overall_status\":\"paused\",\"created_at\":"));
  held.open();
  CHECK(member(rig.post(base + "resume-download/2").body(), "status") == "resumed");
  CHECK(rig.post(base + "batch-resume/" + id).body() ==
        "{\"status\":\"resumed\",\"message\":\"批量下载任务已恢复\",\"batch_id\":\"" + id + "\"}");
  CHECK(member(rig.finish(id), "overall_status") == "completed_with_errors");
  CHECK(rig.post(base + "pause-download/1").body() ==
        "{\"status\":\"not_downloading\",\"message\":\"该文件当前未在下载中\"}");
  CHECK(rig.post(base + "batch-pause/batch_00000000").status() == 404);
  CHECK(rig.ask("DELETE", base + "catalog/2").body() ==
        "{\"status\":\"deleted\",\"message_id\":2}");
  CHECK(rig.ask("DELETE", base + "catalog/2").status() == 404);
}

}  // namespace haul::test
