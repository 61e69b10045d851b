#include "catch.hpp"
#include "pan123/platform.hpp"
#include "support/child_process.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

namespace haul::test {
namespace {

constexpr const char* link_url = "https://origin.example/file.bin";

struct terminal {
  pan_platform platform;
  temp_dir dir;

  child_options options(const std::string& credentials) {
    child_options o;
    o.clear_env = true;
    o.cwd = dir.path();
    o.env = {{"PAN123_CREDENTIALS", credentials},
             {"PAN123_BASE_URL", platform.base_url()},
             {"PAN123_CA_FILE", platform.ca.file().string()},
             {"PAN123_TOKEN_FILE", (dir / "token").string()}};
    return o;
  }
  run_result operator()(std::vector<std::string> arguments) {
    write_file(dir / "credentials", "# mine\nPAN123_CLIENT_ID=" + platform.client_id +
                                        "\nPAN123_CLIENT_SECRET=" + platform.client_secret + "\n");
    return run(EXAMPLE_PAN123, std::move(arguments), options((dir / "credentials").string()));
  }
};

}  // namespace

TEST_CASE("the example: there and back", "[pan123][example]") {
  terminal t;
  write_pattern_file(t.dir / "up.bin", 4, 100'000);
  const auto put = t({"put", "up.bin"});
  INFO(put.err);
  REQUIRE(put.status.ok());
  const std::string id = put.out.substr(0, put.out.find('\n'));
  CHECK(put.err.find("100000 of 100000 bytes") != std::string::npos);
  const auto listed = t({"ls"});
  CHECK(listed.out == id + "\t100000\tup.bin\n");
  const auto got = t({"get", id, "-o", "back.bin"});
  CHECK(got.status.ok());
  CHECK_FALSE(mismatch(t.dir / "back.bin", 4, 100'000));
  const auto quota = t({"quota"});
  CHECK(quota.out == "tester: 123 of 2199023255552 bytes used\n");
  CHECK(t.platform.count("/api/v1/access_token") == 1);  // the token file
  const auto again = t({"get", id, "-o", "back.bin"});
  CHECK(again.status.code == 1);
  CHECK(again.err.find("exists") != std::string::npos);
  CHECK(t.platform.problems().empty());
}

TEST_CASE("the example: an offline download that is killed goes on", "[pan123][example]") {
  terminal t;
  t.platform.add_link(link_url, {.seed = 6, .size = 200'000, .polls = 1});
  // The first answer about the task never comes.
  gate held;
  t.platform.at("/api/v1/offline/download/process",
                [&](const request_info&) { return reply_plan().hold_head(held); });
  const std::vector<std::string> arguments{"offline", link_url, "-o", "f.bin"};
  write_file(t.dir / "credentials", "PAN123_CLIENT_ID=" + t.platform.client_id +
                                        "\nPAN123_CLIENT_SECRET=" + t.platform.client_secret);
  {
    child_process first{EXAMPLE_PAN123, arguments, t.options((t.dir / "credentials").string())};
    REQUIRE(held.wait_for_arrivals(1, std::chrono::seconds(60)));
    first.kill_now();
  }
  t.platform.at("/api/v1/offline/download/process", nullptr);
  const auto second = t(arguments);
  INFO(second.err);
  CHECK(second.status.ok());
  CHECK(second.out == "f.bin\n");
  CHECK_FALSE(mismatch(t.dir / "f.bin", 6, 200'000));
  CHECK(t.platform.tasks() == 1);
  CHECK(t.platform.count("/api/v1/offline/download") == 1);
  CHECK(list_tree(t.dir.path()) == std::vector<std::string>{"credentials", "f.bin", "token"});
  CHECK(t.platform.problems().empty());
}

TEST_CASE("the example: bad input is one line and a code", "[pan123][example]") {
  terminal t;
  const auto refused = [&](std::vector<std::string> arguments, const char* says) {
    const auto r = t(std::move(arguments));
    INFO(r.err);
    CHECK(r.status.code == 2);
    CHECK(r.out.empty());
    CHECK(r.err.find(says) != std::string::npos);
  };
  refused({}, "a command is missing");
  refused({"fly"}, "no command fly");
  refused({"get", "x"}, "x is no id");
  refused({"get"}, "something is missing");
  refused({"ls", "1", "2"}, "too many words");
  refused({"offline", "https://x/y"}, "-o FILE is missing");
  refused({"quota", "--secret"}, "unknown option --secret");
  refused({"get", "5", "-o"}, "-o needs a value");
  refused({"put", "up", "-d", "-1"}, "-1 is no id");
  CHECK(t.platform.calls().empty());

  const auto none = run(EXAMPLE_PAN123, {"quota"}, t.options(""));
  CHECK(none.status.code == 2);
  CHECK(none.err.find("no credentials") != std::string::npos);
  const auto unreadable = run(EXAMPLE_PAN123, {"quota"}, t.options("/no/such/file"));
  CHECK(unreadable.status.code == 2);
  write_file(t.dir / "torn", "the-secret-itself\n");
  const auto torn = run(EXAMPLE_PAN123, {"quota"}, t.options((t.dir / "torn").string()));
  CHECK(torn.status.code == 2);
  CHECK(torn.err.find("torn:1: not NAME=VALUE") != std::string::npos);
  CHECK(torn.err.find("the-secret-itself") == std::string::npos);
  const auto missing = t({"get", "4711"});
  CHECK(missing.status.code == 1);
  CHECK(missing.err.find("no such file") != std::string::npos);
}

}  // namespace haul::test
