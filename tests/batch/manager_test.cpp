#include "rig.hpp"
#include <haul/batch/probe.hpp>
#include <haul/engine/paths.hpp>
#include <haul/system/system_environment.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

namespace haul::test {
namespace {

constexpr std::uint64_t small = 10'000;

std::vector<download_request> numbered(const fault_server& server, const temp_dir& dir, int n,
                                       const std::string& stem = "f") {
  std::vector<download_request> files;
  for (int i = 0; i < n; ++i) {
    const std::string name = stem + std::to_string(i);
    files.push_back(download_request{server.url("/" + name), dir / name}.id(name));
  }
  return files;
}

/// Serves any path with a pattern whose seed is the number in its name.
void serve_all(fault_server& server, std::uint64_t size) {
  server.provide([size](const std::string& path) -> std::optional<resource> {
    resource r;
    r.size = size;
    r.seed = std::stoull("0" + path.substr(path.find_first_of("0123456789")));
    r.etag = "\"v1\"";
    return r;
  });
}

}  // namespace

TEST_CASE("a batch downloads all of its files and says so") {
  fault_server server;
  serve_all(server, small);
  const temp_dir dir;
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 20));
  REQUIRE(told);
  REQUIRE(told.files.size() == 20);
  CHECK(told.batch.starts_with("batch_"));
  CHECK(told.batch.size() == 14);
  const batch_status s = rig.wait(told.batch);
  check_counts(s);
  CHECK(s.completed == 20);
  CHECK(s.overall == batch_state::completed);
  for (int i = 0; i < 20; ++i) {
    CHECK(s.files[static_cast<std::size_t>(i)].state == file_state::completed);
    CHECK(s.files[static_cast<std::size_t>(i)].percent == 100);
    CHECK_FALSE(mismatch(dir / ("f" + std::to_string(i)), static_cast<std::uint64_t>(i), small));
  }
  CHECK(server.counters().requests_peak <= 3);

  const auto events = rig.events.all();
  REQUIRE(std::holds_alternative<batch_started>(events.front()));
  CHECK(std::get<batch_started>(events.front()).total == 20);
  REQUIRE(std::holds_alternative<batch_finished>(events.back()));
  CHECK(std::get<batch_finished>(events.back()).completed == 20);
  std::size_t begun = 0;
  std::map<std::string, int> open;
  for (const event& e : events) {
    if (const auto* a = std::get_if<task_started>(&e)) {
      CHECK(a->task->total == 20);
      CHECK(a->task->index == ++begun);  // first come, first served
      ++open[a->task->id];
    }
    if (const auto* z = std::get_if<task_finished>(&e)) CHECK(--open[z->task->id] == 0);
  }
  CHECK(begun == 20);
}

TEST_CASE("a sequential batch has one file at a time") {
  fault_server server;
  serve_all(server, small);
  const temp_dir dir;
  manager_rig rig;
  batch_options o = quick_batch(5);
  o.order = batch_order::sequential;
  const submit_result told = rig.submit(numbered(server, dir, 6), o);
  const batch_status s = rig.wait(told.batch);
  CHECK(s.completed == 6);
  std::string running;
  for (const event& e : rig.events.all()) {
    if (const auto* a = std::get_if<task_started>(&e)) {
      CHECK(running.empty());
      running = a->task->id;
    }
    if (const auto* z = std::get_if<task_finished>(&e)) {
      CHECK(running == z->task->id);
      running.clear();
    }
  }
}

TEST_CASE("what cannot be submitted is refused, with the reason") {
  fault_server server;
  serve_all(server, small);
  const temp_dir dir;
  manager_options options;
  manager_rig rig{memory_store{}, options};

  CHECK(rig.submit({}).error == errc::invalid_argument);
  CHECK(rig.submit(numbered(server, dir, 51)).error == errc::batch_too_large);
  batch_options none = quick_batch();
  none.max_concurrent = 0;
  CHECK(rig.submit(numbered(server, dir, 1), none).error == errc::invalid_argument);

  write_file(dir / "there", "something else");
  std::vector<download_request> files;
  files.emplace_back("ftp://127.0.0.1/x", dir / "x");
  files.emplace_back("no url", dir / "y");
  files.emplace_back(server.url("/f1"), dir / "there");
  files.push_back(download_request{server.url("/f2"), dir / "z"}.sha256("12"));
  const submit_result told = rig.submit(files);
  CHECK_FALSE(told.error);
  CHECK(told.batch.empty());
  REQUIRE(told.files.size() == 4);
  CHECK(told.files[0].error == errc::unsupported_scheme);
  CHECK(told.files[1].error == errc::invalid_url);
  CHECK(told.files[2].error == errc::target_exists);
  CHECK(told.files[3].error == errc::invalid_argument);
  for (const auto& f : told.files) CHECK(f.what == submitted_file::outcome::refused);
  CHECK(rig->batches().empty());
  CHECK(read_file(dir / "there") == "something else");
  CHECK(server.counters().requests == 0);
}

TEST_CASE("a file that is there already is not downloaded again") {
  fault_server server;
  serve_all(server, small);
  const temp_dir dir;
  manager_rig rig;
  rig.wait(rig.submit(numbered(server, dir, 2)).batch);
  REQUIRE(server.counters().requests == 2);

  SECTION("when it was recorded") {
    const submit_result again = rig.submit(numbered(server, dir, 2));
    CHECK(again.batch.empty());
    CHECK(again.files[0].what == submitted_file::outcome::already_downloaded);
    CHECK(again.files[1].what == submitted_file::outcome::already_downloaded);
    CHECK(server.counters().requests == 2);
  }
  SECTION("unless it has gone") {
    std::filesystem::remove(dir / "f1");
    const submit_result again = rig.submit(numbered(server, dir, 2));
    CHECK(again.files[0].what == submitted_file::outcome::already_downloaded);
    CHECK(again.files[1].what == submitted_file::outcome::started);
    CHECK(rig.wait(again.batch).completed == 1);
    CHECK(server.counters().requests == 3);
  }
  SECTION("unless it is forced") {
    batch_options o = quick_batch();
    o.force = true;
    const submit_result again = rig.submit(numbered(server, dir, 2), o);
    CHECK(rig.wait(again.batch).completed == 2);
    CHECK(server.counters().requests == 4);
  }
  SECTION("when its hash is right") {
    manager_rig other;  // which knows nothing of it
    std::vector<download_request> files;
    files.push_back(
        download_request{server.url("/f0"), dir / "f0"}.sha256(pattern_sha256(0, small)));
    files.push_back(
        download_request{server.url("/f1"), dir / "f1"}.sha256(pattern_sha256(7, small)));
    const submit_result again = other.submit(files);
    CHECK(again.files[0].what == submitted_file::outcome::already_downloaded);
    CHECK(again.files[1].error == errc::target_exists);
  }
}

TEST_CASE("what comes to a target while its file waits is seen") {
  fault_server server;
  server.provide([](const std::string& path) -> std::optional<resource> {
    resource r;
    r.size = path == "/f1" ? small : 100'000;
    r.seed = std::stoull(path.substr(2));
    r.etag = "\"v1\"";
    return r;
  });
  const gate hold;
  server.behave("/f0", [&](const request_info&) { return reply_plan().hold_body(20'000, hold); });
  const temp_dir dir;
  const auto put = [&](const std::string& name) {
    std::ofstream{dir / name, std::ios::binary} << "somebody's";
  };
  const auto got = [&](const std::string& name) {
    std::ifstream in{dir / name, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };

  // What a run that was cut short leaves of f3.
  const temp_dir before;
  {
    const gate half;
    server.behave("/f3", [&](const request_info& r) {
      return r.path_number == 1 ? reply_plan().hold_body(60'000, half) : reply_plan();
    });
    manager_rig earlier;
    std::vector<download_request> only = numbered(server, before, 4);
    only.erase(only.begin(), only.end() - 1);
    earlier.submit(only);
    REQUIRE(half.wait_for_arrivals(1));
    REQUIRE(wait_until([&] { return std::filesystem::exists(before / "f3.haul-journal"); }));
    earlier.run(earlier->close());
    half.open();
  }
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 4), quick_batch(1));
  REQUIRE(hold.wait_for_arrivals(1));
  put("f1");
  put("f2");
  for (const char* left : {"f3.haul", "f3.haul-journal"}) {
    std::filesystem::copy_file(before / left, dir / left);
  }
  hold.open();
  const batch_status s = rig.wait(told.batch);
  CHECK(s.completed == 2);
  CHECK(s.files[1].error == errc::target_exists);
  CHECK(s.files[2].error == errc::target_exists);
  CHECK(got("f1") == "somebody's");
  CHECK(got("f2") == "somebody's");
  CHECK_FALSE(mismatch(dir / "f0", 0, 100'000));
  CHECK_FALSE(mismatch(dir / "f3", 3, 100'000));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f0", "f1", "f2", "f3"});
  std::uint64_t resumed = 0;
  for (const event& e : rig.events.all()) {
    const auto* t = std::get_if<transfer_started>(&e);
    if (t && t->task->id == "f3") resumed = t->resumed;
  }
  CHECK(resumed > 0);
}

TEST_CASE("targets are looked at one by one or by listing their folder") {
  const temp_dir dir;
  const auto put = [&](const std::string& name, const std::string& text = "there") {
    std::ofstream{dir / name, std::ios::binary} << text;
  };
  const std::size_t targets = GENERATE(std::size_t{4}, std::size_t{40});
  const bool crowded = GENERATE(false, true);
  put("f0");
  put("f1.haul");
  put("f2.haul-journal");
  if (crowded) {
    for (int i = 0; i < 1000; ++i) put("other" + std::to_string(i));
  }
  std::vector<batch::probe> probes(targets);
  for (std::size_t i = 0; i < targets; ++i) {
    probes[i].path = (dir / ("f" + std::to_string(i))).native();
  }
  probes.push_back(batch::probe{});  // nobody knows where
  probes.emplace_back().path = (dir / "f0").native();
  probes.back().named = false;
  probes.emplace_back().path = (dir / "no" / "such" / "folder" / "f").native();
  asio::io_context io;
  session s{io.get_executor(), batch_session()};
  batch::prober{s.environment()}.look(probes);

  CHECK(probes[0].exists);
  CHECK_FALSE(probes[0].vacant);
  for (std::size_t i = 1; i < targets; ++i) {
    CHECK_FALSE(probes[i].exists);
    CHECK(probes[i].vacant == (i > 2));
  }
  CHECK_FALSE(probes[targets].vacant);
  CHECK_FALSE(probes[targets + 1].vacant);
  CHECK_FALSE(probes[targets + 1].exists);
  CHECK(probes[targets + 2].vacant);
}

TEST_CASE("two batches that want the same file share one download") {
  fault_server server;
  serve_all(server, small);
  const gate hold;
  server.behave([&](const request_info&) { return reply_plan().hold_body(100, hold); });
  const temp_dir dir;
  manager_rig rig;
  const submit_result first = rig.submit(numbered(server, dir, 1));
  REQUIRE(hold.wait_for_arrivals(1));
  std::vector<download_request> by_target;
  by_target.emplace_back(server.url("/f0"), dir / "f0");
  const submit_result second = rig.submit(by_target);
  const submit_result third = rig.submit(numbered(server, dir, 1));
  CHECK(second.files[0].id == "f0");
  CHECK(rig->status(second.batch)->downloading == 1);
  hold.open();
  CHECK(rig.wait(first.batch).completed == 1);
  CHECK(rig.wait(second.batch).completed == 1);
  CHECK(rig.wait(third.batch).completed == 1);
  CHECK(server.counters().requests == 1);
}

TEST_CASE("the failure of one file does not stop the others") {
  fault_server server;
  serve_all(server, small);
  server.behave("/f1", [](const request_info&) { return reply_plan().with_status(404); });
  const temp_dir dir;
  manager_rig rig;
  const batch_status s = rig.wait(rig.submit(numbered(server, dir, 4)).batch);
  check_counts(s);
  CHECK(s.completed == 3);
  CHECK(s.failed == 1);
  CHECK(s.overall == batch_state::mixed);
  CHECK(s.files[1].state == file_state::failed);
  CHECK(s.files[1].error == errc::not_found);
  CHECK(s.files[1].message.find("404") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(dir / "f1"));
}

TEST_CASE("cancelled is final") {
  fault_server server;
  serve_all(server, small);
  const gate hold;
  server.behave([&](const request_info&) { return reply_plan().hold_body(5'000, hold); });
  const temp_dir dir;
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 6));
  REQUIRE(hold.wait_for_arrivals(3));
  CHECK_FALSE(rig->cancel(told.batch));
  batch_status s = *rig->status(told.batch);
  check_counts(s);
  CHECK(s.cancelled == 6);
  CHECK(s.overall == batch_state::cancelled);
  hold.open();
  s = rig.wait(told.batch);
  CHECK(s.cancelled == 6);
  for (const auto& f : s.files) CHECK(f.error == errc::cancelled);
  CHECK(wait_until([&] { return server.counters().requests_active == 0; }));
  CHECK(rig->status(told.batch)->cancelled == 6);
  CHECK(server.counters().requests == 3);
  CHECK(wait_until([&] { return list_tree(dir.path()).empty(); }));  // nothing is left behind
  CHECK_FALSE(rig->cancel(told.batch));
  CHECK(rig->cancel("batch_00000000") == errc::no_such_batch);
}

TEST_CASE("a paused batch fetches nothing until it is resumed") {
  fault_server server;
  serve_all(server, 200'000);
  const gate hold;
  server.behave([&](const request_info& r) {
    return r.path_number == 1 && !hold.is_open() ? reply_plan().hold_body(50'000, hold)
                                                 : reply_plan();
  });
  const temp_dir dir;
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 5));
  REQUIRE(hold.wait_for_arrivals(3));
  CHECK_FALSE(rig->pause(told.batch));
  CHECK(rig->status(told.batch)->overall == batch_state::paused);
  CHECK(rig->status(told.batch)->paused == 3);
  CHECK(wait_until([&] { return server.counters().connections_open == 0; }));
  const auto before = server.counters().requests;
  hold.open();
  std::this_thread::sleep_for(50ms);
  CHECK(server.counters().requests == before);
  CHECK_FALSE(rig->resume(told.batch));
  const batch_status s = rig.wait(told.batch);
  CHECK(s.completed == 5);
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(mismatch(dir / ("f" + std::to_string(i)), static_cast<std::uint64_t>(i), 200'000));
  }
}

TEST_CASE("a paused file lets the next one go first") {
  fault_server server;
  serve_all(server, 100'000);
  const gate hold;
  server.behave("/f0", [&](const request_info&) {
    return hold.is_open() ? reply_plan() : reply_plan().hold_body(20'000, hold);
  });
  const temp_dir dir;
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 3), quick_batch(1));
  REQUIRE(hold.wait_for_arrivals(1));
  CHECK_FALSE(rig->pause_file("f0"));
  CHECK(wait_until([&] { return rig->status(told.batch)->completed == 2; }));
  CHECK(rig->file("f0")->state == file_state::paused);
  hold.open();
  CHECK_FALSE(rig->resume_file("f0"));
  CHECK(rig.wait(told.batch).completed == 3);
  CHECK_FALSE(mismatch(dir / "f0", 0, 100'000));
  CHECK(rig->pause_file("nobody") == errc::no_such_batch);
}

TEST_CASE("a later file of higher priority does not wait for a long batch") {
  fault_server server;
  serve_all(server, small);
  const gate hold;
  server.behave("/f0", [&](const request_info&) { return reply_plan().hold_head(hold); });
  const temp_dir dir;
  manager_options options = roomy();
  options.max_active = 1;
  manager_rig rig{memory_store{}, options};
  const submit_result crowd = rig.submit(numbered(server, dir, 500), quick_batch(1));
  REQUIRE(hold.wait_for_arrivals(1));
  batch_options urgent = quick_batch(1);
  urgent.priority = 5;
  const submit_result one = rig.submit(numbered(server, dir, 1, "urgent1"), urgent);
  hold.open();
  rig.wait(one.batch);
  CHECK(rig->status(crowd.batch)->completed <= 2);
  SECTION("and the rest goes on in order") {
    const batch_status s = rig.wait(crowd.batch);
    CHECK(s.completed == 500);
    std::size_t index = 0;
    for (const event& e : rig.events.all()) {
      const auto* a = std::get_if<task_started>(&e);
      if (a && a->task->total == 500) CHECK(a->task->index == ++index);
    }
  }
  SECTION("a priority can be changed while it waits") {
    const submit_result late = rig.submit(numbered(server, dir, 2, "late1"), quick_batch(1));
    CHECK_FALSE(rig->set_priority(late.batch, 9));
    rig.wait(late.batch);
    CHECK(rig->status(crowd.batch)->pending > 0);
    CHECK_FALSE(rig->cancel(crowd.batch));
  }
}

TEST_CASE("the number of files at once can be changed while they run") {
  fault_server server;
  serve_all(server, small);
  const gate hold;
  server.behave([&](const request_info&) { return reply_plan().hold_head(hold); });
  const temp_dir dir;
  manager_rig rig;
  const submit_result told = rig.submit(numbered(server, dir, 10), quick_batch(2));
  REQUIRE(hold.wait_for_arrivals(2));
  CHECK(rig->status(told.batch)->downloading == 2);
  CHECK_FALSE(rig->set_max_concurrent(told.batch, 5));
  REQUIRE(hold.wait_for_arrivals(5));
  CHECK(rig->status(told.batch)->downloading == 5);
  CHECK(rig->set_max_concurrent(told.batch, 0) == errc::invalid_argument);
  hold.open();
  CHECK(rig.wait(told.batch).completed == 10);
  CHECK(server.counters().requests_peak == 5);
}

TEST_CASE("finished batches are forgotten, the oldest first") {
  fault_server server;
  serve_all(server, small);
  const temp_dir dir;
  manager_options options = roomy();
  options.keep_count = 2;
  manager_rig rig{memory_store{}, options};
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(rig.submit(numbered(server, dir, 1, std::to_string(i) + "_")).batch);
    rig.run(rig->wait(ids.back()));
  }
  CHECK(rig->batches() == std::vector{ids[2], ids[3]});
  CHECK_FALSE(rig->status(ids[0]));
  CHECK_FALSE(rig->file("0_0"));
  CHECK(rig->file("3_0"));
}

TEST_CASE("a thousand files with failures, pauses and cancels from several threads") {
  fault_server server;
  server.provide([](const std::string& path) -> std::optional<resource> {
    const auto n = std::stoull(path.substr(2));
    resource r;
    r.size = n * 37 % 60'000;
    r.seed = n;
    r.etag = "\"v1\"";
    return r;
  });
  server.behave([](const request_info& r) {
    const auto n = std::stoull(r.path.substr(2));
    if (n % 17 == 3) return reply_plan().with_status(404);
    if (n % 13 == 5 && r.path_number == 1) return reply_plan().cut_body(1'000, ending::reset);
    if (n % 29 == 7) return reply_plan().with_status(503);
    return reply_plan();
  });
  const temp_dir dir;
  constexpr unsigned at_once = 8;
  manager_options options = roomy();
  options.max_active = at_once;
  manager_rig rig{memory_store{}, options, 3};
  constexpr int count = 1'000;
  std::vector<std::string> ids;
  for (int part = 0; part < 4; ++part) {
    std::vector<download_request> files;
    for (int i = part * count / 4; i < (part + 1) * count / 4; ++i) {
      const std::string name = "f" + std::to_string(i);
      files.push_back(download_request{server.url("/" + name), dir / name}.id(name));
    }
    batch_options o = quick_batch(at_once);
    o.download.connections = 1;
    ids.push_back(rig.submit(std::move(files), o).batch);
  }
  std::vector<std::thread> meddlers;
  std::atomic<bool> over{false};
  for (unsigned t = 0; t < 3; ++t) {
    meddlers.emplace_back([&, t] {
      std::mt19937 random{t};
      while (!over) {
        const std::string file = "f" + std::to_string(random() % count);
        const std::string& batch = ids[random() % ids.size()];
        switch (random() % 10) {
          case 0:
            rig->pause(batch);
            break;
          case 1:
            rig->cancel_file(file);
            break;
          case 2:
          case 3:
            rig->pause_file(file);
            break;
          case 4:
            rig->set_max_concurrent(batch, 1 + static_cast<unsigned>(random() % 8));
            break;
          case 5:
            rig->set_priority(batch, static_cast<int>(random() % 3));
            break;
          default:
            rig->resume_file(file);
        }
        rig->resume(ids[random() % ids.size()]);
        if (const auto s = rig->counts(batch)) {
          const auto sum =
              s->pending + s->downloading + s->paused + s->completed + s->failed + s->cancelled;
          if (s->total != sum || s->downloading > at_once) {
            over = true;
            throw std::logic_error("the counts do not add up");
          }
        }
        std::this_thread::sleep_for(1ms);
      }
    });
  }
  const bool settled = wait_until(
      [&] {
        std::size_t final_ones = 0;
        for (const auto& id : ids) {
          const auto s = rig->counts(id);
          if (s) final_ones += s->completed + s->failed + s->cancelled;
        }
        return final_ones >= count * 9 / 10;
      },
      too_long);
  over = true;
  for (auto& m : meddlers) m.join();
  REQUIRE(settled);
  // Whoever was paused last goes on; all must come to their end.
  for (const auto& id : ids) rig->resume(id);
  for (const auto& id : ids) {
    const batch_status s = rig.wait(id);
    check_counts(s);
    CHECK(s.completed + s.failed + s.cancelled == s.total);
    for (const file_status& f : s.files) {
      const auto n = std::stoull(f.id.substr(1));
      INFO(f.id << ": " << f.message);
      if (f.state == file_state::completed) {
        CHECK_FALSE(mismatch(dir / f.id, n, n * 37 % 60'000));
      } else if (f.state == file_state::failed || std::filesystem::exists(dir / f.id)) {
        // A cancel may come when the file has just got its name: then it is there, and whole.
        const bool cancelled = f.state == file_state::cancelled;
        CHECK(std::filesystem::exists(dir / f.id) == cancelled);
        if (f.state == file_state::cancelled) CHECK_FALSE(mismatch(dir / f.id, n, n * 37 % 60'000));
      }
      if (f.state == file_state::failed) CHECK((n % 17 == 3 || n % 29 == 7));
    }
  }
  // The pool keeps some, and the server may be late to see that others were closed.
  CHECK(server.counters().connections_peak <= 4 * at_once);
  // The server may not know yet of those that were cut off, and three threads cut many off.
  CHECK(server.counters().requests_peak <= 4 * at_once);
}

TEST_CASE("a hundred thousand requests are queued in order and in little memory") {
  fault_server server;
  serve_all(server, 10);
  const gate hold;
  server.behave([&](const request_info&) { return reply_plan().hold_head(hold); });
  const temp_dir dir;
  manager_rig rig;
  std::vector<download_request> files;
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i) {
    files.emplace_back(server.url("/f" + std::to_string(i)), dir / ("f" + std::to_string(i)));
  }
  const submit_result told = rig.submit(std::move(files), quick_batch(2));
  REQUIRE(told.files.size() == count);
  REQUIRE(hold.wait_for_arrivals(2));
  const auto s = rig->counts(told.batch);
  CHECK(s->pending == count - 2);
  CHECK(s->downloading == 2);
  CHECK_FALSE(rig->cancel(told.batch));
  CHECK(rig->counts(told.batch)->cancelled == count);
}

}  // namespace haul::test
