#include "support/child_process.hpp"

#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/temp_dir.hpp"

#include <cerrno>
#include <optional>
#include <sys/resource.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>

using namespace haul::test;
using namespace std::chrono_literals;

namespace {

// A process that was killed but has not been waited for is still found; its state tells.
bool alive(int pid) {
  if (::kill(pid, 0) != 0) return false;
  try {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    return stat.find(") Z ") == std::string::npos && stat.find(") X ") == std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a program's output and exit code are caught", "[support][child]") {
  const run_result r = run("sh", {"-c", "echo out; echo err >&2; exit 7"});
  CHECK(r.status.code == 7);
  CHECK(r.status.signal == 0);
  CHECK_FALSE(r.status.ok());
  CHECK(r.out == "out\n");
  CHECK(r.err == "err\n");
}

TEST_CASE("much output does not stop a program", "[support][child]") {
  const run_result r =
      run("sh", {"-c", "head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2"});
  CHECK(r.status.ok());
  CHECK(r.out.size() == 3000000);
  CHECK(r.err.size() == 1000000);
}

TEST_CASE("arguments, environment, folder and input are passed on", "[support][child]") {
  temp_dir dir;
  child_options o;
  o.env = {{"HAUL_A", "one two"}, {"HOME", std::nullopt}};
  o.cwd = dir.path();
  o.input = "in\n" + std::string(100000, 'x') + "\n";
  const run_result r = run(
      "sh", {"-c", "pwd; echo \"$HAUL_A ${HOME-unset} $1\"; head -n 1; wc -c", "sh", "a 'b'"}, o);
  CHECK(r.out.find(std::filesystem::canonical(dir.path()).string() +
                   "\none two unset a 'b'\nin\n") == 0);

  o.clear_env = true;
  CHECK(run("env", {}, o).out == "HAUL_A=one two\n");
  CHECK(run("cat", {}).out.empty());
}

TEST_CASE("output can go to files and a terminal", "[support][child]") {
  temp_dir dir;
  child_options o;
  o.out_file = dir / "o";
  o.err_file = dir / "e";
  CHECK(run("sh", {"-c", "echo 1; echo 2 >&2"}, o).out.empty());
  CHECK(read_file(dir / "o") == "1\n");
  CHECK(read_file(dir / "e") == "2\n");

  child_options t;
  t.terminal = true;
  CHECK(run("sh", {"-c", "test -t 1 && test -t 2 && echo yes; stty size <&1"}, t).out ==
        "yes\n24 80\n");
  CHECK(run("sh", {"-c", "test -t 1 || echo no"}).out == "no\n");
}

TEST_CASE("a program that cannot be run is an error at once", "[support][child]") {
  const auto code_of = [](const std::string& program, child_options o = {}) {
    try {
      run(program, {}, o);
    } catch (const std::system_error& e) {
      return e.code().value();
    }
    return 0;
  };
  CHECK(code_of("haul-no-such-program") == ENOENT);
  CHECK(code_of("/no/such/program") == ENOENT);
  CHECK(code_of("/") == EACCES);
  child_options o;
  o.cwd = "/no/such/folder";
  CHECK(code_of("true", o) == ENOENT);
}

TEST_CASE("signals, kill and timeout", "[support][child]") {
  SECTION("a signal it handles") {
    child_process c(
        "sh", {"-c", "trap 'echo got; exit 3' INT; echo ready; while :; do sleep 0.01; done"});
    REQUIRE(wait_until([&] { return c.out() == "ready\n"; }));
    CHECK(c.running());
    CHECK(c.wait_for(1ms) == std::nullopt);
    c.send_signal(SIGINT);
    CHECK(c.wait().code == 3);
    CHECK(c.out() == "ready\ngot\n");
    CHECK_FALSE(c.running());
    c.send_signal(SIGINT);
  }
  SECTION("kill -9") {
    child_process c("sleep", {"1000"});
    const exit_status s = c.kill_now();
    CHECK(s.signal == SIGKILL);
    CHECK(s.code == -1);
    CHECK_FALSE(s.timed_out);
  }
  SECTION("too long") {
    const run_result r = run("sh", {"-c", "echo before; sleep 1000"}, {}, 300ms);
    CHECK(r.status.timed_out);
    CHECK(r.status.signal == SIGKILL);
    CHECK(r.out == "before\n");
  }
}

TEST_CASE("nothing that was started is left running", "[support][child]") {
  int child = 0;
  int grandchild = 0;
  {
    child_process c("sh", {"-c", "sleep 1000 & echo $!; wait"});
    REQUIRE(wait_until([&] { return !c.out().empty() && c.out().back() == '\n'; }));
    child = static_cast<int>(c.pid());
    grandchild = std::stoi(c.out());
    CHECK(alive(child));
    CHECK(alive(grandchild));
  }
  CHECK_FALSE(alive(child));
  CHECK(wait_until([&] { return !alive(grandchild); }));
}

TEST_CASE("what a child left behind goes with the object", "[support][child]") {
  int grandchild = 0;
  {
    child_process c("sh", {"-c", "sleep 1000 >/dev/null 2>&1 & echo $!"});
    CHECK(c.wait().ok());
    grandchild = std::stoi(c.out());
    CHECK(alive(grandchild));
  }
  CHECK(wait_until([&] { return !alive(grandchild); }));
}

TEST_CASE("a child does not keep this process's sockets", "[support][child]") {
  const fault_server server;
  const std::string here = run("ls", {"-l", "/proc/" + std::to_string(::getpid()) + "/fd"}).out;
  CHECK(here.find("socket:") != std::string::npos);
  const run_result child = run("ls", {"-l", "/proc/self/fd"});
  CHECK(child.status.ok());
  CHECK(child.out.find("socket:") == std::string::npos);
}

TEST_CASE("limits hold for the child only", "[support][child]") {
  temp_dir dir;
  child_options o;
  o.limits = {{RLIMIT_FSIZE, 1000}};
  o.cwd = dir.path();
  const run_result r = run("sh", {"-c", "trap '' XFSZ; head -c 5000 /dev/zero > f"}, o);
  CHECK_FALSE(r.status.ok());
  CHECK(std::filesystem::file_size(dir / "f") == 1000);
  write_file(dir / "g", std::string(5000, 'x'));
  CHECK(std::filesystem::file_size(dir / "g") == 5000);
}

TEST_CASE("children can be moved", "[support][child]") {
  child_process a("sleep", {"1000"});
  const int first = static_cast<int>(a.pid());
  child_process b = std::move(a);
  CHECK(b.running());
  b = child_process("sleep", {"1000"});
  CHECK(wait_until([&] { return !alive(first); }));
  CHECK(b.running());
}
