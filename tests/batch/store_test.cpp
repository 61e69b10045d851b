#include "rig.hpp"
#include <haul/store/record_codec.hpp>
#include <haul/store/sqlite_store.hpp>

#include <filesystem>

namespace haul::test {
namespace {

// The last in letters that no code page has together.
std::filesystem::path name_of(std::uint64_t i) {
  if (i < 2) return "f" + std::to_string(i);
  return u8"f2 d\u00e9p\u00f4t \u6587\u4ef6 \U0001F4BE";
}

std::vector<download_request> three(const fault_server& server, const temp_dir& dir) {
  std::vector<download_request> files;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::string name = "f" + std::to_string(i);
    files.push_back(download_request{server.url("/" + name), dir / name_of(i)}.id(name));
  }
  return files;
}

void add_three(fault_server& server, std::uint64_t size) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    resource r;
    r.size = size;
    r.seed = i;
    r.etag = "\"v1\"";
    server.add("/f" + std::to_string(i), r);
  }
}

}  // namespace

TEST_CASE("requests and options survive their encoding") {
  download_request r{"https://example.com/a", "x"};
  r.mirror("http://b/")
      .header("A", "1:2\n3")
      .header("", "")
      .credentials("me", "p\0w")
      .size(1ull << 60);
  r.priority(-3).checksum(*checksum::parse("md5:d41d8cd98f00b204e9800998ecf8427e"));
  download_request back{"u", "p"};
  REQUIRE(store_detail::decode(store_detail::encode(r), back));
  CHECK(back.mirrors() == r.mirrors());
  REQUIRE(back.headers().size() == 2);
  CHECK(back.headers()[0].value == "1:2\n3");
  CHECK(back.user() == "me");
  CHECK(back.password() == r.password());
  CHECK(back.size() == r.size());
  CHECK(back.priority() == -3);
  CHECK(back.checksums() == r.checksums());
  for (const char* bad : {"3", "3:ab", "x:y", "-1:a", "4:size1:x0:", "99999999999999999999:a"}) {
    download_request other{"u", "p"};
    CHECK_FALSE(store_detail::decode(bad, other));
  }

  download_options o;
  o.connections = 3;
  o.durability = durability::power;
  o.timeouts.head = std::chrono::milliseconds{77};
  o.min_speed = 5;
  download_options again;
  REQUIRE(store_detail::decode(store_detail::encode(o), again));
  CHECK(again.connections == 3);
  CHECK(again.durability == durability::power);
  CHECK(again.timeouts.head == std::chrono::milliseconds{77});
  CHECK(again.min_speed == 5);
  CHECK(again.overwrite == o.overwrite);
}

TEST_CASE("what a batch was is there after a restart") {
  fault_server server;
  add_three(server, 50'000);
  const temp_dir dir;
  const auto database = dir / "state.db";
  std::string finished;
  {
    manager_rig<sqlite_store> rig{sqlite_store{database}};
    finished = rig.submit(three(server, dir)).batch;
    CHECK(rig.wait(finished).completed == 3);
    rig.run(rig->close());
  }
  const auto requests = server.counters().requests;
#ifndef _WIN32
  CHECK(std::filesystem::status(database).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
#endif
  {
    manager_rig<sqlite_store> rig{sqlite_store{database}};
    CHECK_FALSE(rig.run(rig->recover()));
    const auto st = rig->status(finished);
    REQUIRE(st);
    CHECK(st->completed == 3);
    CHECK(st->files[2].downloaded == 50'000);
    CHECK(st->files[2].id == "f2");
    // It was recorded: nothing is fetched again.
    const submit_result again = rig.submit(three(server, dir));
    CHECK(again.batch.empty());
    CHECK(server.counters().requests == requests);
  }
}

TEST_CASE("an unfinished batch goes on after a restart, from its journals") {
  fault_server server;
  constexpr std::uint64_t size = 4'000'000;
  add_three(server, size);
  const gate hold;
  server.behave([&](const request_info& r) {
    // The first file is whole, the second stands still half-way, the third has not begun.
    if (r.path == "/f1" && !hold.is_open()) return reply_plan().hold_body(size / 2, hold);
    return reply_plan();
  });
  const temp_dir dir;
  const auto database = dir / "state.db";
  std::string id;
  {
    manager_rig<sqlite_store> rig{sqlite_store{database}};
    batch_options o = quick_batch(1);
    o.download.connections = 1;
    id = rig.submit(three(server, dir), o).batch;
    REQUIRE(hold.wait_for_arrivals(1));
    CHECK(wait_until([&] {
      const auto f = rig->file("f1");
      return f && f->downloaded > size / 4;
    }));
    rig.run(rig->close());
    CHECK(rig->status(id)->completed == 1);
  }
  const auto first = server.log("/f1").at(0).body_sent;
  hold.open();
  server.clear_log();
  manager_rig<sqlite_store> rig{sqlite_store{database}};
  CHECK_FALSE(rig.run(rig->recover()));
  CHECK(rig.wait(id).completed == 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    CHECK_FALSE(mismatch(dir / name_of(i), i, size));
  }
  CHECK(server.log("/f0").empty());
  CHECK(server.log("/f2").size() == 1);
  CHECK(first >= size / 4);
  CHECK(server.body_bytes("/f1") <= size - size / 4);
}

TEST_CASE("cancelled and paused survive a restart") {
  fault_server server;
  add_three(server, 1'000);
  const gate hold;
  server.behave([&](const request_info&) { return reply_plan().hold_head(hold); });
  const temp_dir dir;
  const auto database = dir / "state.db";
  std::string paused_batch;
  std::string cancelled_batch;
  {
    manager_rig<sqlite_store> rig{sqlite_store{database}};
    std::vector<download_request> files = three(server, dir);
    std::vector<download_request> other;
    other.push_back(std::move(files.back()));
    files.pop_back();
    paused_batch = rig.submit(std::move(files)).batch;
    cancelled_batch = rig.submit(std::move(other)).batch;
    rig->pause(paused_batch);
    rig->cancel(cancelled_batch);
    rig.run(rig->close());
  }
  hold.open();
  manager_rig<sqlite_store> rig{sqlite_store{database}};
  CHECK_FALSE(rig.run(rig->recover()));
  CHECK(rig->status(cancelled_batch)->cancelled == 1);
  CHECK(rig->status(paused_batch)->overall == batch_state::paused);
  rig->resume(paused_batch);
  CHECK(rig.wait(paused_batch).completed == 2);
}

TEST_CASE("forgotten batches leave the store") {
  fault_server server;
  add_three(server, 1'000);
  const temp_dir dir;
  const auto database = dir / "state.db";
  manager_options options = roomy();
  options.keep_count = 1;
  std::string last;
  {
    manager_rig<sqlite_store> rig{sqlite_store{database}, options};
    for (auto& r : three(server, dir)) {
      std::vector<download_request> one;
      one.push_back(r);
      last = rig.submit(std::move(one)).batch;
      rig.run(rig->wait(last));
    }
    rig.run(rig->close());
  }
  sqlite_store store{database};
  const auto left = store.load();
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == last);
  REQUIRE(left[0].files.size() == 1);
  CHECK(left[0].files[0].state == file_state::completed);
}

TEST_CASE("a damaged database is put aside, with a clear error") {
  const temp_dir dir;
  const auto database = dir / "state.db";
  {
    sqlite_store store{database};
    const auto b = std::make_shared<batch_record>();
    b->id = "b";
    for (int i = 0; i < 500; ++i) {
      file_record f;
      f.request = download_request{"http://h/" + std::to_string(i), "x"};
      f.request.id(std::to_string(i));
      b->files.push_back(std::move(f));
    }
    store.add(b);
    store.flush();
  }
  std::string bytes = read_file(database);
  REQUIRE(bytes.size() > 20'000);
  SECTION("its head") { bytes.replace(0, 100, std::string(100, 'x')); }
  SECTION("its middle") { bytes.replace(5'000, 10'000, std::string(10'000, '\xee')); }
  SECTION("its end") { bytes.resize(bytes.size() / 2); }
  write_file(database, bytes);
  std::string said;
  try {
    sqlite_store store{database};
    FAIL("a damaged database was opened");
  } catch (const std::system_error& e) {
    CHECK(e.code() == errc::store_damaged);
    said = e.what();
  }
  CHECK(said.find("state.db.damaged-1") != std::string::npos);
  CHECK(read_file(dir / "state.db.damaged-1") == bytes);
  CHECK_FALSE(std::filesystem::exists(database));
  sqlite_store fresh{database};
  CHECK(fresh.load().empty());
}

TEST_CASE("a database of a newer version, or in use, is left alone") {
  const temp_dir dir;
  const auto database = dir / "state.db";
  {
    sqlite_store store{database};
    CHECK_THROWS_AS(sqlite_store{database}, std::system_error);
  }
  {
    store_detail::sqlite_database raw{database};
    raw.run("PRAGMA user_version = 99");
  }
  const std::string before = read_file(database);
  try {
    sqlite_store store{database};
    FAIL("a newer database was opened");
  } catch (const std::system_error& e) {
    CHECK(e.code() == errc::store_too_new);
  }
  CHECK(read_file(database) == before);
}

TEST_CASE("a folder in place of a database is an error, not a loss") {
  const temp_dir dir;
  CHECK_THROWS_AS(sqlite_store{dir.path()}, std::system_error);
  CHECK(std::filesystem::is_directory(dir.path()));
}

}  // namespace haul::test
