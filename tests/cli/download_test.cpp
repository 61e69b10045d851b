// The command at its work, on a real nginx.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <string>

using namespace haul::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t size = 20'000'003;

nginx_options with_tls(test_ca& ca) {
  nginx_options o;
  o.tls = ca.valid();
  return o;
}

}  // namespace

TEST_CASE("a file, plain and over TLS", "[cli][download]") {
  REQUIRE(nginx::available());
  test_ca ca;
  nginx server(with_tls(ca));
  write_pattern_file(server.root() / "dir" / "f.bin", 3, size);
  temp_dir dir;

  const std::string sum = "sha256:" + pattern_sha256(3, size);
  const run_result plain =
      haul_run({"-d", (dir / "a" / "b").string(), "--checksum", sum, server.url("/dir/f.bin")});
  CAPTURE(plain.err);
  CHECK(plain.status.code == 0);
  CHECK(plain.out.empty());
  CHECK_FALSE(mismatch(dir / "a" / "b" / "f.bin", 3, size));
  CHECK(contains(only_line(plain.err), "f.bin: 19.1 MiB"));

  const run_result tls = haul_run({"-q", "--cacert", ca.file().string(), "-x", "4", "-o",
                                   (dir / "g.bin").string(), server.tls_url("/dir/f.bin")});
  CHECK(tls.status.code == 0);
  CHECK(tls.err.empty());
  CHECK_FALSE(mismatch(dir / "g.bin", 3, size));

  CHECK(list_tree(dir.path()) == std::vector<std::string>{"a/", "a/b/", "a/b/f.bin", "g.bin"});
}

TEST_CASE("relative paths are in the folder", "[cli][download]") {
  nginx server;
  write_pattern_file(server.root() / "f", 1, 1000);
  temp_dir dir;
  child_options how = plain_environment();
  how.cwd = dir.path();
  how.input = server.url("/f") + "\tsub/one\n" + server.url("/f?x") + "\tsub2/\n" +
              server.url("/f") + '\t' + (dir / "absolute").string() + "\n";
  CHECK(haul_run({"-i", "-", "-d", "in"}, how).status.code == 0);
  CHECK(haul_run({"-o", "deep/two", server.url("/f")}, how).status.code == 0);
  CHECK(haul_run({"-d", "in", "-o", "three", server.url("/f")}, how).status.code == 0);
  CHECK(haul_run({server.url("/f")}, how).status.code == 0);
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"absolute", "deep/", "deep/two", "f",
                                                          "in/", "in/sub/", "in/sub/one",
                                                          "in/sub2/", "in/sub2/f", "in/three"});
}

TEST_CASE("what is asked for reaches the server", "[cli][download]") {
  fault_server server;
  server.add("/f", {.size = 5000, .seed = 2, .user = "me", .password = "it's me"});
  server.add("/mirror", {.size = 5000, .seed = 2});
  server.behave("/f", [](const request_info& r) {
    return r.path_number == 1 ? reply_plan() : reply_plan().with_status(404);
  });
  temp_dir dir;
  const std::string host = "me:it's%20me@127.0.0.1:" + std::to_string(server.port());
  CHECK(haul_run({"-d", dir.path().string(), "-H", "X-One:  1 ", "--header", "X-Two: b: c", "-A",
                  "tester", "http://" + host + "/f"})
            .status.code == 0);
  const auto log = server.log("/f");
  REQUIRE_FALSE(log.empty());
  CHECK(log[0].request.field("X-One") == "1");
  CHECK(log[0].request.field("X-Two") == "b: c");
  CHECK(log[0].request.field("User-Agent") == "tester");

  const run_result r = haul_run({"-o", (dir / "g").string(), "--mirror", server.url("/mirror"),
                                 "--retries", "0", server.url("/f")});
  CAPTURE(r.err);
  CHECK(r.status.code == 0);
  CHECK_FALSE(mismatch(dir / "g", 2, 5000));
}

TEST_CASE("1,000 small files of a list are exact", "[cli][download]") {
  REQUIRE(nginx::available());
  nginx server;
  temp_dir dir;
  constexpr int count = 1000;
  std::string list = "# all of them\n";
  const auto size_of = [](int i) { return static_cast<std::uint64_t>(i * i % 40'000); };
  for (int i = 0; i < count; ++i) {
    const std::string name = "f" + std::to_string(i);
    const auto seed = static_cast<std::uint64_t>(i);
    write_pattern_file(server.root() / name, seed, size_of(i));
    list += server.url("/" + name);
    if (i % 3 == 1) list += "\tsub/g" + std::to_string(i);
    if (i % 3 == 2) list += "\t\tsha256:" + pattern_sha256(seed, size_of(i));
    list += '\n';
  }
  write_file(dir / "list", list);
  const run_result r =
      haul_run({"-i", (dir / "list").string(), "-d", (dir / "out").string(), "-j", "8"});
  CAPTURE(r.err.substr(0, 2000));
  CHECK(r.status.code == 0);
  CHECK(contains(r.err, "1000 of 1000 files complete"));
  for (int i = 0; i < count; ++i) {
    const std::string name = i % 3 == 1 ? "sub/g" + std::to_string(i) : "f" + std::to_string(i);
    const auto wrong = mismatch(dir / "out" / name, static_cast<std::uint64_t>(i), size_of(i));
    CAPTURE(name, wrong.value_or(""));
    CHECK_FALSE(wrong);
  }
  CHECK(list_tree(dir / "out").size() == count + 1);

  // In the order given, none twice, and on few connections.
  const auto log = server.settled_log();
  CHECK(log.size() == count);
  std::map<std::string, int> asked;
  std::size_t connections = 0;
  for (const nginx_request& q : log) {
    ++asked[q.uri];
    connections += q.on_connection == 1;
  }
  CHECK(asked.size() == count);
  CHECK(connections <= 32);
}

TEST_CASE("files begin in the order given, and no more at once than asked for", "[cli][download]") {
  fault_server server;
  server.provide([](const std::string&) { return resource{.size = 300, .seed = 4}; });
  temp_dir dir;
  arguments args{"-q", "-j", "1", "-d", dir.path().string()};
  for (int i = 0; i < 20; ++i) args.push_back(server.url("/f" + std::to_string(i)));
  CHECK(haul_run(args).status.code == 0);
  const auto log = server.log();
  REQUIRE(log.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(log[i].request.path == "/f" + std::to_string(i));
  CHECK(server.counters().requests_peak == 1);
}

TEST_CASE("one that fails does not keep the others from being fetched", "[cli][download]") {
  fault_server server;
  server.add("/a", {.size = 1000, .seed = 1});
  server.add("/b", {.size = 1000, .seed = 2});
  temp_dir dir;
  const run_result r = haul_run({"-d", dir.path().string(), "-j", "1", server.url("/a"),
                                 server.url("/none"), server.url("/b")});
  CAPTURE(r.err);
  CHECK(r.status.code == 1);
  CHECK_FALSE(mismatch(dir / "a", 1, 1000));
  CHECK_FALSE(mismatch(dir / "b", 2, 1000));
  CHECK(contains(
      r.err, "haul: " + server.url("/none") + ": requesting: the server has no such file (404)\n"));
  CHECK(contains(r.err, "2 of 3 files complete, 1 failed"));
}

TEST_CASE("a file that exists is replaced only when that is asked for", "[cli][download]") {
  fault_server server;
  server.add("/f", {.size = 1000, .seed = 1});
  temp_dir dir;
  write_file(dir / "f", "mine");
  const run_result refused = haul_run({"-q", "-o", (dir / "f").string(), server.url("/f")});
  CHECK(refused.status.code == 1);
  CHECK(contains(only_line(refused.err), "--overwrite"));
  CHECK(read_file(dir / "f") == "mine");
  CHECK(server.counters().requests == 0);
  CHECK(haul_run({"-q", "--overwrite", "-o", (dir / "f").string(), server.url("/f")}).status.code ==
        0);
  CHECK_FALSE(mismatch(dir / "f", 1, 1000));
}

TEST_CASE("of two URLs for one file, one is told", "[cli][download]") {
  fault_server server;
  server.add("/x/f", {.size = 400'000, .seed = 1, .rate = 400'000});
  server.add("/y/f", {.size = 400'000, .seed = 1, .rate = 400'000});
  for (const char* jobs : {"1", "2"}) {
    temp_dir dir;
    const run_result r = haul_run(
        {"-q", "-j", jobs, "-d", dir.path().string(), server.url("/x/f"), server.url("/y/f")});
    CAPTURE(jobs, r.err);
    CHECK(r.status.code == 1);
    CHECK(contains(only_line(r.err), "/f: checking: "));
    CHECK_FALSE(mismatch(dir / "f", 1, 400'000));
  }
}

TEST_CASE("no more than asked for in a second", "[cli][download]") {
  fault_server server;
  server.add("/f", {.size = 3'000'000, .seed = 1});
  temp_dir dir;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(haul_run({"-q", "--limit-rate", "1M", "-d", dir.path().string(), server.url("/f")})
            .status.code == 0);
  CHECK(std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(1500));
  CHECK_FALSE(mismatch(dir / "f", 1, 3'000'000));
}

TEST_CASE("--no-resume begins again", "[cli][download]") {
  fault_server server;
  server.add("/f", {.size = 3'000'000, .seed = 1, .etag = "\"1\""});
  server.behave("/f", [](const request_info& r) {
    return r.path_number == 1 ? reply_plan().stall_body(1'500'000) : reply_plan();
  });
  temp_dir dir;
  const arguments args{"-q",        "-x", "1",  "--stall-timeout",   "1",
                       "--retries", "0",  "-d", dir.path().string(), server.url("/f")};
  CHECK(haul_run(args).status.code == 1);
  CHECK(fs::exists(dir / "f.haul-journal"));
  arguments anew = args;
  anew.push_back("--no-resume");
  server.clear_log();
  CHECK(haul_run(anew).status.code == 0);
  CHECK(server.counters().body_bytes == 3'000'000);
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f"});
}

// A sanitizer's own memory is many times that of the program.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("100,000 waiting files cost little", "[cli][download]") {
  fault_server server;
  server.behave([](const request_info&) { return reply_plan().stall_head(); });
  temp_dir dir;
  const auto peak = [&](int lines) {
    std::string list;
    for (int i = 0; i < lines; ++i) {
      list += server.url("/some/folder/file-" + std::to_string(i)) + "\tsome/folder/file-" +
              std::to_string(i) + '\n';
    }
    write_file(dir / "list", list);
    server.clear_log();
    child_process child = haul_start({"-i", (dir / "list").string(), "-d", (dir / "o").string()});
    REQUIRE(server.wait_for([](const server_counters& c) { return c.requests >= 5; }));
    const std::string status = read_file("/proc/" + std::to_string(child.pid()) + "/status");
    child.kill_now();
    const std::size_t at = status.find("VmHWM:");
    REQUIRE(at != std::string::npos);
    return std::stoull(status.substr(at + 6));
  };
  const auto few = peak(10);
  const auto many = peak(100'000);
  CAPTURE(few, many);
  // A waiting file may take 1 KiB beside its strings.
  std::cout << "100,000 waiting files: " << (many - few) / 1024 << " MiB\n";
  CHECK(many - few < 100'000 * 7 / 4);  // KiB
}
#endif
