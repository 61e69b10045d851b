// What is wrong with the command line is told before anything is done.

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/temp_dir.hpp"
#include <haul/options.hpp>
#include <haul/version.hpp>

#include <string>

using namespace haul::test;

TEST_CASE("help and version go to standard output", "[cli][usage]") {
  const run_result help = haul_run({"--help"});
  CHECK(help.status.code == 0);
  CHECK(help.err.empty());
  for (const char* option : {"--output",
                             "--dir",
                             "--input",
                             "--connections",
                             "--jobs",
                             "--checksum",
                             "--mirror",
                             "--header",
                             "--user-agent",
                             "--cacert",
                             "--proxy",
                             "--limit-rate",
                             "--connect-timeout",
                             "--stall-timeout",
                             "--min-speed",
                             "--retries",
                             "--no-resume",
                             "--overwrite",
                             "--durability",
                             "--events",
                             "--quiet",
                             "--version",
                             "-o",
                             "-d",
                             "-i",
                             "-x",
                             "-j",
                             "-H",
                             "-A",
                             "-q"}) {
    CAPTURE(option);
    CHECK(contains(help.out, option));
  }
  const run_result version = haul_run({"--version"});
  CHECK(version.status.code == 0);
  CHECK(version.out == "haul " HAUL_VERSION_STRING "\n");
}

TEST_CASE("bad usage ends with 2, and nothing is asked of any server", "[cli][usage]") {
  fault_server server;
  server.add("/f", {.size = 1000});
  temp_dir dir;
  const std::string url = server.url("/f");
  const std::string other = server.url("/g");
  const std::string here = (dir / "here").string();
  const std::string checksum = "sha256:" + std::string(64, '0');
  write_file(dir / "list", url + "\tf\n");
  write_file(dir / "bad-list", url + "\tf\n\nftp://h/f\n");
  write_file(dir / "same-list", url + "\tf\n" + other + "\tf\n");
  write_file(dir / "empty-list", "# nothing\n");

  struct bad {
    arguments args;
    std::string says;
  };
  const std::vector<bad> all = {
      {{}, "no URL"},
      {{"--nothing", url}, "--nothing"},
      {{"-x", "0", url}, "--connections"},
      {{"-x", "65", url}, "--connections"},
      {{"-x", "four", url}, "four"},
      {{"-x", "0x10", url}, "0x10"},
      {{"-x", "-1", url}, "--connections"},
      {{"-j", "0", url}, "--jobs"},
      {{"-j", "", url}, "--jobs"},
      {{"--retries", "-1", url}, "--retries"},
      {{"--retries", "1.5", url}, "--retries"},
      {{"--connect-timeout", "soon", url}, "--connect-timeout"},
      {{"--connect-timeout", "-1", url}, "--connect-timeout"},
      {{"--stall-timeout", "1e400", url}, "--stall-timeout"},
      {{"--stall-timeout", "nan", url}, "--stall-timeout"},
      {{"--min-speed", "fast", url}, "--min-speed"},
      {{"--min-speed", "-1", url}, "--min-speed"},
      {{"--limit-rate", "1T", url}, "--limit-rate"},
      {{"--limit-rate", "M", url}, "--limit-rate"},
      {{"--limit-rate", "99999999999G", url}, "--limit-rate"},
      {{"--durability", "some", url}, "--durability"},
      {{"--events", "xml", url}, "--events"},
      {{"--checksum", "sha256:12", url}, "--checksum"},
      {{"--checksum", "crc32:12345678", url}, "--checksum"},
      {{"--checksum", checksum, url, other}, "one URL"},
      {{"-H", "no colon", url}, "--header"},
      {{"-H", "Bad Name: x", url}, "--header"},
      {{"-H", "X: a\r\nY: b", url}, "control character"},
      {{"-H", "Range: bytes=0-1", url}, "Range"},
      {{"-A", "a\nb", url}, "--user-agent"},
      {{"--cacert", (dir / "none").string(), url}, "No such file"},
      {{"--proxy", "ftp://127.0.0.1", url}, "--proxy"},
      {{"--proxy", "http://", url}, "--proxy"},
      {{"-o", "", url}, "--output"},
      {{"-o", "folder/", url}, "--dir"},
      {{"-o", "-", url}, "--output"},
      {{"-o", "/tmp", url}, "is a folder"},
      {{"-o", "f", url, other}, "one URL"},
      {{"-o", "f", "-i", (dir / "list").string()}, "one URL"},
      {{"--mirror", other, url, url}, "one URL"},
      {{"--mirror", "nothing", url}, "--mirror"},
      {{"-d", "", url}, "--dir"},
      {{url, "not a url"}, "not a url"},
      {{url, "ftp://127.0.0.1/f"}, "scheme"},
      {{url, "http://127.0.0.1:99999/"}, "99999"},
      {{url, "http://user:secret@127.0.0.1:99999/"}, "127.0.0.1:99999"},
      {{url, "http:///f"}, "http:///f"},
      {{url, ""}, "absolute"},
      {{url, "-i", (dir / "none").string()}, "No such file"},
      {{url, "-i", dir.path().string()}, "directory"},
      {{url, "-i", (dir / "bad-list").string()}, "bad-list:3: "},
      {{"-i", (dir / "same-list").string()}, "same-list:2: the same path as in line 1"},
      {{"-i", (dir / "empty-list").string()}, "no download"},
  };
  for (const bad& b : all) {
    arguments args = b.args;
    std::string shown;
    for (const std::string& a : args) shown += a + ' ';
    CAPTURE(shown);
    if (b.says != "--dir") args.insert(args.begin(), {"-d", here});
    const run_result r = haul_run(args);
    CAPTURE(r.err);
    CHECK(r.status.code == 2);
    CHECK(r.out.empty());
    CHECK(r.err.starts_with("haul: "));
    CHECK(contains(r.err, b.says));
    CHECK_FALSE(contains(r.err, "secret"));
    CHECK(lines_of(r.err).size() <= 2);
  }
  CHECK(server.counters().connections == 0);
  CHECK_FALSE(std::filesystem::exists(here));
}

TEST_CASE("a proxy in the environment that cannot be used is bad usage", "[cli][usage]") {
  fault_server server;
  child_options how = plain_environment();
  how.env.emplace_back("http_proxy", "ftp://127.0.0.1:1");
  const run_result r = haul_run({server.url("/f")}, how);
  CHECK(r.status.code == 2);
  CHECK(contains(r.err, "http_proxy"));
  CHECK(server.counters().connections == 0);
}

TEST_CASE("all bad lines of a list are told, but not thousands", "[cli][usage]") {
  temp_dir dir;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "bad\n";
  child_options how = plain_environment();
  how.input = text;
  const run_result r = haul_run({"-i", "-"}, how);
  CHECK(r.status.code == 2);
  const auto lines = lines_of(r.err);
  REQUIRE(lines.size() == 11);
  CHECK(lines[0].starts_with("haul: standard input:1: "));
  CHECK(contains(lines[10], "4990 more"));
}

TEST_CASE("control characters of arguments do not reach the terminal", "[cli][usage]") {
  const run_result r = haul_run({"http://h/\x1b[2J"});
  CHECK(r.status.code == 2);
  CHECK_FALSE(contains(r.err, "\x1b"));
  const run_result option = haul_run({"-x", "\x1b[2J", "http://h/"});
  CHECK(option.status.code == 2);
  CHECK_FALSE(contains(option.err, "\x1b"));
}

TEST_CASE("rates have units of 1024", "[cli][usage]") {
  using haul_command::parse_rate;
  CHECK(parse_rate("0") == 0);
  CHECK(parse_rate("1000") == 1000);
  CHECK(parse_rate("2K") == 2048);
  CHECK(parse_rate("3m") == 3u << 20);
  CHECK(parse_rate("1G") == 1u << 30);
  for (const char* bad : {"", "K", "1.5M", "-1", " 1", "1 M", "1KB", "1MM", "8589934592G"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rate(bad));
  }
}
