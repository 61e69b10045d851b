// What goes wrong outside: one clear line, no file at its final path, and an end.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <iostream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr unsigned nobody = 65534;

struct failed_run {
  std::string line;
  std::vector<std::string> left;  // in the folder
};

/// A run that must fail with one line that names the URL.
failed_run fails(const std::string& url, arguments more = {},
                 child_options how = plain_environment()) {
  temp_dir dir;
  more.insert(more.end(), {"-q", "--retries", "0", "-o", (dir / "f").string(), url});
  const run_result r = haul_run(more, std::move(how), 60s);
  CAPTURE(url, r.err);
  CHECK_FALSE(r.status.timed_out);
  CHECK(r.status.code == 1);
  CHECK(r.out.empty());
  CHECK(only_line(r.err).starts_with("haul: " + url + ": "));
  CHECK_FALSE(fs::exists(dir / "f"));
  return {only_line(r.err), list_tree(dir.path())};
}

}  // namespace

TEST_CASE("an unknown host", "[cli][bad]") {
  const failed_run r = fails("http://no-such-host.invalid/f");
  CHECK(contains(r.line, ": resolving: "));
  CHECK(r.left.empty());
}

TEST_CASE("a port that refuses", "[cli][bad]") {
  const failed_run r = fails("http://127.0.0.1:" + std::to_string(free_port()) + "/f");
  CHECK(contains(r.line, ": connecting: Connection refused"));
  CHECK(r.left.empty());
}

TEST_CASE("a host that does not answer", "[cli][bad]") {
  fault_server server;
  server.behave([](const request_info&) { return reply_plan().stall_head(); });
  const failed_run r = fails(server.url("/f"), {"--stall-timeout", "0.5"});
  CHECK(contains(r.line, ": requesting: no reply in time"));
  CHECK(r.left.empty());
}

TEST_CASE("a body that stops", "[cli][bad]") {
  fault_server server;
  server.add("/f", {.size = 5'000'000, .seed = 1});
  server.behave([](const request_info&) { return reply_plan().stall_body(10); });
  CHECK(contains(fails(server.url("/f"), {"--stall-timeout", "0.5"}).line, ": receiving: no byte"));
}

TEST_CASE("a server that has no such file", "[cli][bad]") {
  nginx server;
  const failed_run r = fails(server.url("/none"));
  CHECK(contains(r.line, ": requesting: the server has no such file (404)"));
  CHECK(r.left.empty());
}

TEST_CASE("the place that a redirect led to is told", "[cli][bad]") {
  fault_server server;
  server.behave("/f", [](const request_info&) { return reply_plan().redirect(302, "/gone"); });
  const failed_run r = fails(server.url("/f"));
  CHECK(contains(r.line, "(404), at " + server.url("/gone")));
}

TEST_CASE("certificates that prove nothing", "[cli][bad]") {
  test_ca ca;
  test_ca stranger;
  struct bad {
    leaf_files leaf;
    std::string says;
  };
  const bad all[] = {
      {ca.expired(), "has expired or is not yet valid"},
      {ca.not_yet_valid(), "has expired or is not yet valid"},
      {ca.self_signed(), "self-signed or its authority is not trusted"},
      {stranger.valid(), "self-signed or its authority is not trusted"},
      {ca.wrong_name(), "for another host name"},
  };
  for (const bad& b : all) {
    fault_server server({.tls = b.leaf});
    server.add("/f", {.size = 1000});
    const failed_run r = fails(server.url("/f", "localhost"), {"--cacert", ca.file().string()});
    CHECK(contains(r.line, ": handshaking: "));
    CHECK(contains(r.line, b.says));
    CHECK(r.left.empty());
    CHECK(server.counters().requests == 0);
  }
  // With the right one, but not told to trust it.
  fault_server server({.tls = ca.valid()});
  CHECK(contains(fails(server.url("/f", "localhost")).line, "; --cacert names certificates"));
}

TEST_CASE("a file of certificates that has none", "[cli][bad]") {
  test_ca ca;
  fault_server server({.tls = ca.valid()});
  temp_dir dir;
  write_file(dir / "ca.pem", "nothing\n");
  const failed_run r =
      fails(server.url("/f", "localhost"), {"--cacert", (dir / "ca.pem").string()});
  CHECK(contains(r.line, "ca.pem"));
}

TEST_CASE("a proxy that is not there", "[cli][bad]") {
  fault_server server;
  const std::string proxy = "http://user:secret@127.0.0.1:" + std::to_string(free_port());
  const failed_run r = fails(server.url("/f"), {"--proxy", proxy});
  CHECK(contains(r.line, ": connecting: "));
  CHECK_FALSE(contains(r.line, "secret"));
  CHECK(server.counters().connections == 0);
}

TEST_CASE("credentials are not told", "[cli][bad]") {
  fault_server server;
  temp_dir dir;
  const std::string port = std::to_string(server.port());
  const run_result r =
      haul_run({"-q", "-d", dir.path().string(), "http://user:secret@127.0.0.1:" + port + "/f"});
  CHECK(r.status.code == 1);
  CHECK(only_line(r.err).starts_with("haul: http://127.0.0.1:" + port + "/f: "));
  CHECK_FALSE(contains(r.err, "secret"));
}

TEST_CASE("a wrong checksum", "[cli][bad]") {
  nginx server;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1000}, std::uint64_t{9'000'000}}) {
    write_pattern_file(server.root() / "f", 1, size);
    const failed_run r = fails(server.url("/f"), {"--checksum", "sha256:" + std::string(64, '0')});
    CHECK(contains(r.line, ": verifying: the file does not match the expected checksum"));
    CHECK(contains(r.line, pattern_sha256(1, size)));
    CHECK(r.left.empty());
  }
}

TEST_CASE("a target that is a folder", "[cli][bad]") {
  fault_server server;
  server.add("/f", {.size = 1000});
  temp_dir dir;
  fs::create_directories(dir / "out" / "f");
  const run_result r = haul_run({"-q", "-d", (dir / "out").string(), server.url("/f")});
  CHECK(r.status.code == 1);
  CHECK(contains(only_line(r.err), "the target cannot be a file"));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"out/", "out/f/"});
}

TEST_CASE("a folder whose place a file has", "[cli][bad]") {
  fault_server server;
  server.add("/f", {.size = 1000});
  temp_dir dir;
  write_file(dir / "out", "a file");
  const run_result r = haul_run({"-q", "-d", (dir / "out").string(), server.url("/f")});
  CHECK(r.status.code == 1);
  CHECK(contains(only_line(r.err), "Not a directory"));
  CHECK(read_file(dir / "out") == "a file");
}

TEST_CASE("a folder without permission", "[cli][bad]") {
  fault_server server;
  server.add("/f", {.size = 1000});
  temp_dir dir;
  fs::permissions(dir.path(), fs::perms(0755));
  fs::create_directory(dir / "mine");
  fs::permissions(dir / "mine", fs::perms(0555));
  std::string program = command_path();
  child_options how = plain_environment();
  if (::geteuid() == 0) {
    // Permissions do not apply to root; and nobody need not see the build folder.
    how.user = nobody;
    program = (dir / "haul").string();
    fs::copy_file(command_path(), program);
    fs::permissions(program, fs::perms(0755));
  }
  for (const char* name : {"f", "sub/f"}) {
    const run_result r =
        run(program, {"-q", "-o", (dir / "mine" / name).string(), server.url("/f")}, how, 60s);
    CAPTURE(name, r.err);
    CHECK(r.status.code == 1);
    CHECK(contains(only_line(r.err), "Permission denied"));
    CHECK(list_tree(dir / "mine").empty());
  }
}

TEST_CASE("a file larger than the system allows", "[cli][bad]") {
  fault_server server;
  server.add("/f", {.size = 8'000'000, .seed = 1});
  server.add("/unknown", {.size = 8'000'000, .seed = 1, .how = framing::chunked});
  child_options how = plain_environment();
  how.limits.emplace_back(RLIMIT_FSIZE, 1'000'000UL);
  for (const char* path : {"/f", "/unknown"}) {
    const failed_run r = fails(server.url(path), {}, how);
    CHECK(contains(r.line, ": writing: File too large"));
    CHECK(r.left.empty());
  }
}

TEST_CASE("a full disk", "[cli][bad]") {
  if (::geteuid() != 0 ||
      run("unshare", {"-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"}).status.code != 0) {
    std::cout << "skipped: only who may mount can fill a disk\n";
    return;
  }
  fault_server server;
  server.add("/known", {.size = 8'000'000, .seed = 1, .etag = "\"1\""});
  server.add("/unknown", {.size = 8'000'000, .seed = 1, .how = framing::chunked});
  temp_dir dir;
  // The disk is in a world of its own, which ends with the shell.
  const std::string script =
      "mount -t tmpfs -o size=4m tmpfs \"$1\" || exit 9\n"
      "\"$2\" -q --retries 0 -o \"$1/f\" \"$3\"\n"
      "code=$?; ls -A \"$1\"; exit $code\n";
  for (const char* path : {"/known", "/unknown"}) {
    const run_result r =
        run("unshare",
            {"-m", "sh", "-c", script, "sh", dir.path().string(), command_path(), server.url(path)},
            plain_environment(), 60s);
    CAPTURE(path, r.err, r.out);
    CHECK(r.status.code == 1);
    CHECK(contains(only_line(r.err), ": writing: No space left on device"));
    CHECK(contains(r.err, "make room"));
    CHECK(r.out.empty());
  }
}
