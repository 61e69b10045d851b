#include "pan123/rig.hpp"
#include "support/pattern.hpp"
#include <haul/event_sink.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <algorithm>

namespace haul::test {
using pan123::errc;
using pan123::offline_pull_request;
using pan123::offline_request;
using stage = pan123::offline_state::stage;

namespace {

constexpr std::uint64_t size = 3'000'000;
constexpr const char* link_url = "https://origin.example/file.bin";
constexpr const char* create_path = "/api/v1/offline/download";
constexpr const char* process_path = "/api/v1/offline/download/process";

const char* const message = R"({"code":1010,"message":"forbidden realc:X city arg_c:Y city"})";

std::string dl(pan_platform::id id) { return "/dl/" + std::to_string(id); }

template <class E>
int count_of(const queue_sink& sink) {
  int n = 0;
  while (const auto e = sink.poll()) n += std::holds_alternative<E>(*e);
  return n;
}

}  // namespace

TEST_CASE("a file is pulled and verified, without account headers", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto id = p.add_file(0, "f.bin", 7, size);
  queue_sink sink;
  const auto done = r.run(r.client().pull(id, dir / "f.bin", sink));
  INFO(done.message());
  CHECK(!done.error);
  CHECK_FALSE(mismatch(dir / "f.bin", 7, size));
  CHECK(count_of<task_finished>(sink) == 1);
  CHECK(p.problems().empty());
  for (const auto& e : p.cdn.log()) {
    CHECK_FALSE(e.request.field("Authorization"));
    CHECK_FALSE(e.request.field("Platform"));
  }
}

TEST_CASE("a pull is cancelled in the middle, and goes on", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto id = p.add_file(0, "f.bin", 7, size);
  gate held;
  p.at(dl(id), [&](const request_info& q) -> std::optional<reply_plan> {
    if (q.path_number == 1) return reply_plan().hold_body(1'000'000, held);
    return std::nullopt;
  });
  asio::cancellation_signal stop;
  std::optional<download_result> ended;
  queue_sink sink;
  asio::co_spawn(r.io, r.client().pull(id, dir / "f.bin", sink),
                 asio::bind_cancellation_slot(
                     stop.slot(), [&](std::exception_ptr e, const download_result& done) {
                       if (!e) ended = done;
                     }));
  std::uint64_t seen = 0;
  r.run_until([&] {
    while (const auto e = sink.poll()) {
      if (const auto* now = std::get_if<progress>(&*e)) seen = now->downloaded;
    }
    return seen >= 500'000;
  });
  stop.emit(asio::cancellation_type::terminal);
  r.finish();
  REQUIRE(ended);
  CHECK(ended->error == haul::errc::stopped);
  p.at(dl(id), nullptr);
  const auto again = r.run(r.client().pull(id, dir / "f.bin"));
  CHECK(!again.error);
  CHECK(again.resumed >= 500'000);
  CHECK_FALSE(mismatch(dir / "f.bin", 7, size));
}

TEST_CASE("what cannot be pulled is told before a byte is asked for", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto folder = p.add_folder(0, "d");
  const auto f = p.add_file(0, "f.bin", 7, size);
  const auto pull = [&](pan_platform::id id) {
    return r.run(r.client().pull(id, dir / "f.bin")).error;
  };
  CHECK(pull(folder) == errc::invalid_argument);
  CHECK(pull(4711) == errc::file_not_found);
  p.change(f, [](pan_platform::node& n) { n.status = 101; });
  CHECK(pull(f) == errc::file_rejected);
  p.change(f, [](pan_platform::node& n) { n.status = 0, n.md5 = "not one"; });
  CHECK(pull(f) == errc::protocol_error);
  p.change(f, [](pan_platform::node& n) { n.md5 = std::string(32, 'a'); });
  p.at("/api/v1/file/download_info", [](const request_info&) {
    return reply_plan().with_body(
        R"({"code":5113,"message":"您今日自用下载流量已超出1GB上限","data":null})",
        "application/json");
  });
  const auto over = r.run(r.client().pull(f, dir / "f.bin"));
  CHECK(over.error == errc::quota_exceeded);
  CHECK(over.detail.find("1GB") != std::string::npos);
  CHECK(p.cdn.log().empty());
  p.at("/api/v1/file/download_info", nullptr);
  CHECK(pull(f) == haul::errc::checksum_mismatch);
  CHECK(list_tree(dir.path()).empty());
}

TEST_CASE("a URL that has run out is made fresh in the middle", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto id = p.add_file(0, "f.bin", 7, size);
  // What the host says from the second request on, until there is a fresh URL.
  const int how = GENERATE(403, 410, 200, 400);
  int requests = 0;
  std::string first;
  p.at(dl(id), [&](const request_info& q) -> std::optional<reply_plan> {
    if (first.empty()) first = q.target;
    if (q.target != first) return std::nullopt;
    if (++requests == 1) return reply_plan().cut_body(1'000'000);
    return reply_plan().with_status(how).with_body(message, "application/json");
  });
  download_options o;
  o.retry_delay = 1ms;
  const auto done = r.run(r.client().pull(id, dir / "f.bin", null_sink{}, o));
  INFO(done.message());
  CHECK(!done.error);
  CHECK_FALSE(mismatch(dir / "f.bin", 7, size));
  CHECK(done.received <= size + 300'000);  // it went on where it was
  CHECK(p.count("/api/v1/file/download_info") == 2);
  CHECK(p.problems().empty());
}

TEST_CASE("a message of the download host is never saved as the file", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const int status = GENERATE(200, 403);
  const bool chunked = GENERATE(false, true);
  const auto id = p.add_file(0, "f.bin", 7, 2000);
  p.at(dl(id), [&](const request_info&) {
    return reply_plan()
        .with_status(status)
        .with_body(message, "application/json")
        .with_framing(chunked ? framing::chunked : framing::content_length);
  });
  const auto done = r.run(r.client().pull(id, dir / "f.bin"));
  CHECK(done.error == errc::download_refused);
  CHECK(done.detail == "1010 forbidden realc:X city arg_c:Y city");
  CHECK(done.http_status == status);
  CHECK(list_tree(dir.path()).empty());
  CHECK(p.count("/api/v1/file/download_info") <= 4);  // a few fresh ones, no more
}

TEST_CASE("a file may be JSON itself", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto id = p.add_file(0, "f.json", 7, 2000);
  p.at(dl(id), [&](const request_info&) {
    return reply_plan().with_body(pattern_bytes(7, 0, 2000), "application/json");
  });
  CHECK(!r.run(r.client().pull(id, dir / "f.json")).error);
  CHECK_FALSE(mismatch(dir / "f.json", 7, 2000));
}

TEST_CASE("a quota that runs out between two URLs is the error", "[pan123][pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  const auto id = p.add_file(0, "f.bin", 7, size);
  p.at(dl(id), [&](const request_info&) {
    return reply_plan().with_status(403).with_body(message, "application/json");
  });
  int asked = 0;
  p.at("/api/v1/file/download_info", [&](const request_info&) -> std::optional<reply_plan> {
    if (++asked == 1) return std::nullopt;
    return reply_plan().with_body(R"({"code":5113,"message":"over"})", "application/json");
  });
  const auto done = r.run(r.client().pull(id, dir / "f.bin"));
  CHECK(done.error == errc::quota_exceeded);
  CHECK(list_tree(dir.path()).empty());
}

TEST_CASE("waiting for an offline download", "[pan123][offline]") {
  pan_platform p;
  pan_rig r{p};
  const auto folder = p.add_folder(0, "mine");
  p.add_link(link_url, {.seed = 5, .size = 100, .polls = 3});
  const auto offline = r.client().offline();
  const auto task = r.run(offline.create(offline_request{link_url}.folder(folder).name("n.bin")));
  CHECK(task > (std::int64_t{1} << 53));
  SECTION("to its end, over what may heal") {
    int failures = 0;
    p.at(process_path, [&](const request_info&) -> std::optional<reply_plan> {
      if (++failures > 2) return std::nullopt;
      return reply_plan().with_body("<html>busy</html>", "text/html");
    });
    r.run(offline.wait(task));
    CHECK(r.seen<pan123::offline_poll_failed>().size() == 2);
    const auto told = r.seen<pan123::offline_progress>();
    REQUIRE(told.size() == 4);
    CHECK(told[0].task == task);
    CHECK(told[0].report.status == pan123::offline_status::running);
    CHECK(told[0].report.percent == 12.5);
    CHECK(told[1].report.status == pan123::offline_status::retrying);
    CHECK(told[3].report.status == pan123::offline_status::succeeded);
    CHECK(r.run(offline.progress(task)).percent == 100);
  }
  SECTION("to its failure") {
    p.add_link(link_url, {.polls = 1, .fails = true});
    CHECK(r.code(offline.wait(task)) == errc::offline_failed);
  }
  SECTION("until it is too late") {
    p.add_link(link_url, {.polls = 1'000'000});
    CHECK(r.code(offline.wait(task, 200ms)) == errc::timed_out);
    CHECK(r.seen<pan123::offline_progress>().size() >= 2);
  }
  SECTION("until it is too late, while an answer does not come") {
    gate held;
    // By value: the question may come when the one who asked has gone.
    p.at(process_path, [held](const request_info&) { return reply_plan().hold_head(held); });
    CHECK(r.code(offline.wait(task, 200ms)) == errc::timed_out);
  }
  SECTION("not for ever, when it cannot be asked") {
    r.options.poll_failures = 3;
    r.client_.reset();
    p.at(process_path,
         [&](const request_info&) { return reply_plan().with_body("<html>", "text/html"); });
    CHECK(r.code(r.client().offline().wait(task)) == errc::protocol_error);
    CHECK(p.count(process_path) == 4);
  }
  SECTION("until it is cancelled") {
    p.add_link(link_url, {.polls = 1'000'000});
    asio::cancellation_signal stop;
    std::exception_ptr ended;
    asio::co_spawn(
        r.io, offline.wait(task),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) { ended = e; }));
    r.run_until([&] { return r.seen<pan123::offline_progress>().size() >= 3; });
    stop.emit(asio::cancellation_type::terminal);
    r.finish();
    CHECK(ended);
  }
  CHECK(p.problems().empty());
}

TEST_CASE("a link that the platform does not take at once", "[pan123][offline]") {
  pan_platform p;
  pan_rig r{p};
  p.add_link(link_url, {});
  int refusals = GENERATE(2, 99);
  const bool busy = GENERATE(false, true);
  p.at(create_path, [&](const request_info&) -> std::optional<reply_plan> {
    if (refusals-- <= 0) return std::nullopt;
    return reply_plan().with_body(
        busy ? R"({"code":2,"message":"同时下载的任务超出最大限制，不能下载"})"
             : R"({"code":2,"message":"解析失败"})",
        "application/json");
  });
  const bool heals = refusals == 2;
  const auto e = r.code(r.client().offline().create(offline_request{link_url}));
  if (heals) {
    CHECK(!e);
    CHECK(p.count(create_path) == 3);
    CHECK(p.tasks() == 1);
  } else {
    CHECK(e == (busy ? errc::too_many_tasks : errc::link_not_parsed));
    CHECK(p.count(create_path) == (busy ? 5 : 4));
    CHECK(p.tasks() == 0);
  }
}

TEST_CASE("a whole offline_pull, as the platform sees it", "[pan123][offline_pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  p.add_link(link_url, {.seed = 9, .size = size, .polls = 2, .late = 1});
  const auto parent = p.add_folder(0, "below");
  offline_pull_request wanted{link_url, dir / "f.bin"};
  wanted.parent(parent).name("cloud.bin").state_file(dir / "state").clean_up();
  std::vector<stage> stages;
  wanted.on_state([&](const pan123::offline_state& s) { stages.push_back(s.at); });
  queue_sink sink;
  const auto done = r.run(r.client().offline_pull(wanted, sink));
  INFO(done.download.message() << ' ' << done.left_behind);
  CHECK(done);
  CHECK_FALSE(mismatch(dir / "f.bin", 9, size));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f.bin"});
  CHECK(p.calls() == std::vector<std::string>{
                         "POST /api/v1/access_token",
                         "POST /upload/v1/file/mkdir",
                         "POST /api/v1/offline/download",
                         "GET /api/v1/offline/download/process",
                         "GET /api/v1/offline/download/process",
                         "GET /api/v1/offline/download/process",
                         "GET /api/v2/file/list",
                         "GET /api/v2/file/list",
                         "GET /api/v1/file/download_info",
                         "POST /api/v1/file/trash",
                         "POST /api/v1/file/delete",
                     });
  CHECK(stages == std::vector<stage>{stage::folder, stage::creating, stage::waiting,
                                     stage::downloaded, stage::pulled});
  CHECK_FALSE(p.find(done.state.folder));
  CHECK(count_of<task_finished>(sink) == 1);
  CHECK(p.problems().empty());
}

TEST_CASE("an offline_pull that was cut goes on with the same task", "[pan123][offline_pull]") {
  pan_platform p;
  temp_dir dir;
  p.add_link(link_url, {.seed = 9, .size = size, .polls = 6});
  offline_pull_request wanted{link_url, dir / "f.bin"};
  wanted.state_file(dir / "state");
  // The process dies: all its coroutines go, at once, where the call of this number is answered.
  const char* const where = GENERATE("/upload/v1/file/mkdir", "/api/v1/offline/download/process",
                                     "/api/v2/file/list", "/api/v1/file/download_info");
  const bool first = std::string_view{where} == "/upload/v1/file/mkdir";
  {
    pan_rig r{p};
    gate held;
    p.at(where, [&](const request_info& q) -> std::optional<reply_plan> {
      if (q.path_number < 2 && q.path == process_path) return std::nullopt;
      return reply_plan().hold_head(held);
    });
    asio::co_spawn(r.io, r.client().offline_pull(wanted),
                   [](std::exception_ptr, const pan123::offline_pull_result&) {});
    r.run_until([&] { return held.arrivals() > 0; });
  }
  p.at(where, nullptr);
  pan_rig r{p};
  const auto done = r.run(r.client().offline_pull(wanted));
  INFO(done.download.message());
  CHECK(done);
  CHECK_FALSE(mismatch(dir / "f.bin", 9, size));
  CHECK(p.tasks() == 1);
  CHECK(p.count(create_path) == 1);
  CHECK(p.count("/upload/v1/file/mkdir") == (first ? 2u : 1u));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f.bin"});
  CHECK(p.problems().empty());
}

TEST_CASE("an answer to create that is lost", "[pan123][offline_pull]") {
  pan_platform p;
  temp_dir dir;
  p.add_link(link_url, {.seed = 9, .size = 1000, .polls = 0});
  offline_pull_request wanted{link_url, dir / "f.bin"};
  wanted.state_file(dir / "state");
  pan_rig r{p};
  p.at(create_path, [](const request_info&) { return reply_plan().cut_head(0, ending::reset); });
  auto lost = r.run(r.client().offline_pull(wanted));
  CHECK(lost.download.error);
  CHECK(lost.state.at == stage::creating);
  CHECK(p.count(create_path) == 1);  // it is not sent blindly again
  p.at(create_path, nullptr);
  SECTION("the task was there: its file is taken") {
    const auto id = p.add_file(lost.state.folder, "x.bin", 9, 1000);
    const auto done = r.run(r.client().offline_pull(wanted));
    CHECK(done);
    CHECK(done.state.file == id);
    CHECK(p.tasks() == 0);
  }
  SECTION("it was not: it is made") {
    CHECK(r.run(r.client().offline_pull(wanted)));
    CHECK(p.tasks() == 1);
    CHECK(p.count("/upload/v1/file/mkdir") == 1);
  }
  CHECK_FALSE(mismatch(dir / "f.bin", 9, 1000));
}

TEST_CASE("an offline_pull that fails says so, and may be tried again", "[pan123][offline_pull]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  offline_pull_request wanted{link_url, dir / "f.bin"};
  wanted.state_file(dir / "state");
  SECTION("the platform cannot download the link") {
    p.add_link(link_url, {.seed = 9, .size = 1000, .polls = 1, .fails = true});
    CHECK(r.run(r.client().offline_pull(wanted)).download.error == errc::offline_failed);
    p.add_link(link_url, {.seed = 9, .size = 1000, .polls = 1});
    CHECK(r.run(r.client().offline_pull(wanted)));
    CHECK(p.tasks() == 2);
    CHECK(p.count("/upload/v1/file/mkdir") == 1);
  }
  SECTION("it has blocked the file") {
    p.add_link(link_url, {.seed = 9, .size = 1000, .status = 110});
    CHECK(r.run(r.client().offline_pull(wanted)).download.error == errc::file_rejected);
    CHECK(p.cdn.log().empty());
  }
  SECTION("the file does not appear") {
    p.add_link(link_url, {.seed = 9, .size = 1000, .late = 99});
    CHECK(r.run(r.client().offline_pull(wanted)).download.error == errc::file_missing);
  }
  SECTION("the cloud cannot be cleaned up") {
    p.add_link(link_url, {.seed = 9, .size = 1000});
    p.at("/api/v1/file/delete", [](const request_info&) {
      return reply_plan().with_body(R"({"code":1,"message":"not today"})", "application/json");
    });
    const auto done = r.run(r.client().offline_pull(wanted.clean_up()));
    CHECK(done);
    CHECK(done.left_behind.find("not today") != std::string::npos);
  }
  SECTION("bad arguments, before any request") {
    CHECK(r.run(r.client().offline_pull({"ftp://x/y", dir / "f"})).download.error ==
          errc::invalid_argument);
    write_file(dir / "state", "{\"version\":1");
    CHECK(r.run(r.client().offline_pull(wanted)).download.error == errc::bad_state);
    pan123::offline_state other;
    other.at = stage::waiting;
    other.url = "https://another.example/";
    other.folder = other.task = 5;
    write_file(dir / "state", pan123::to_text(other));
    CHECK(r.run(r.client().offline_pull(wanted)).download.error == errc::bad_state);
    offline_pull_request resumed{link_url, dir / "f.bin"};
    CHECK(r.run(r.client().offline_pull(resumed.resume(other))).download.error == errc::bad_state);
    CHECK(p.calls().empty());
    std::filesystem::remove(dir / "state");
  }
}

TEST_CASE("a file is uploaded in slices, or not at all", "[pan123][upload]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  constexpr std::uint64_t large = 2 * pan_platform::slice_size + 1234;
  write_pattern_file(dir / "up.bin", 11, large);
  const auto folder = p.add_folder(0, "to");
  SECTION("in slices, one of which has to be sent twice") {
    int slices = 0;
    p.at("/upload/v2/file/slice", [&](const request_info&) -> std::optional<reply_plan> {
      if (++slices != 2) return std::nullopt;
      return reply_plan().with_status(503);
    });
    const auto done = r.run(r.client().upload({dir / "up.bin", folder}));
    CHECK_FALSE(done.reused);
    const auto made = p.find(done.id);
    REQUIRE(made);
    CHECK(made->name == "up.bin");
    CHECK(made->parent == folder);
    CHECK(made->bytes == pattern_bytes(11, 0, large));
    CHECK(p.count("/upload/v2/file/slice") == 4);
    CHECK(p.count("/upload/v2/file/upload_complete") == 3);
    const auto told = r.seen<pan123::upload_progress>();
    REQUIRE(told.size() == 3);
    CHECK(told.back().sent == large);
    CHECK(told.back().total == large);
    // And back again.
    CHECK(!r.run(r.client().pull(done.id, dir / "back")).error);
    CHECK_FALSE(mismatch(dir / "back", 11, large));
    CHECK(p.problems().empty());
  }
  SECTION("not at all, when the platform has the bytes") {
    p.add_file(0, "other", 11, large);
    pan123::upload_request wanted{dir / "up.bin", folder};
    wanted.name("name.bin").duplicate(pan123::on_duplicate::overwrite);
    const auto done = r.run(r.client().upload(wanted));
    CHECK(done.reused);
    CHECK(p.find(done.id)->name == "name.bin");
    CHECK(p.count("/upload/v2/file/slice") == 0);
    CHECK(p.problems().empty());
  }
  SECTION("not what cannot be") {
    write_file(dir / "empty", "");
    CHECK(r.code(r.client().upload({dir / "empty", folder})) == errc::invalid_argument);
    CHECK(r.code(r.client().upload({dir / "none", folder})) ==
          std::errc::no_such_file_or_directory);
    CHECK(r.code(r.client().upload({dir.path(), folder})) == std::errc::is_a_directory);
    CHECK(p.calls().empty());
  }
  SECTION("not what changes meanwhile") {
    p.at("/upload/v2/file/slice", [&](const request_info& q) -> std::optional<reply_plan> {
      if (q.path_number == 1) write_pattern_file(dir / "up.bin", 12, large);
      return std::nullopt;
    });
    CHECK(r.code(r.client().upload({dir / "up.bin", folder})) == errc::upload_changed);
    CHECK(p.count("/upload/v2/file/upload_complete") == 0);
  }
}

TEST_CASE("no secret reaches an event or a result", "[pan123][secrets]") {
  pan_platform p;
  pan_rig r{p};
  temp_dir dir;
  p.add_link(link_url, {.seed = 9, .size = 1000, .polls = 1});
  // A platform that repeats what it is sent, wherever it can.
  int refusals = 0;
  p.at(process_path, [&](const request_info& q) -> std::optional<reply_plan> {
    if (++refusals > 2) {
      return reply_plan().with_body(R"({"code":1,"x-traceID":")" + *q.field("Authorization") +
                                        R"(","message":")" + *q.field("Authorization") + R"("})",
                                    "application/json");
    }
    return reply_plan().with_status(503).with_body(*q.field("Authorization"), "text/html");
  });
  std::string all;
  queue_sink sink;
  const auto done = r.run(r.client().offline_pull({link_url, dir / "f.bin"}, sink));
  CHECK(done.download.error == errc::refused);
  all += done.download.message() + done.download.detail + done.left_behind;
  for (const auto& e : r.seen<pan123::call_retried>()) all += e.endpoint + e.error.message();
  for (const auto& e : r.seen<pan123::offline_poll_failed>()) all += e.error.message();
  all += pan123::to_text(done.state);
  CHECK(all.find("Bearer ***") != std::string::npos);
  for (const std::string& token : p.tokens()) CHECK(all.find(token) == std::string::npos);
  CHECK(all.find(p.client_secret) == std::string::npos);
}

}  // namespace haul::test
