// Runs the haul command against every case of the table, a few at a time:
//
//   hostile_test [NAME...]          all cases, or these
//   hostile_test --report           also a line for each, tab-separated: name, verdict
//   hostile_test --list             group, name and what the server does, tab-separated
//   hostile_test --serve            keeps the servers up until standard input ends; for each case
//                                   the line that `describe` makes, then an empty line
//
// HAUL_TEST_JOBS is how many run at a time (6).

#include "hostile/stage.hpp"
#include "support/child_process.hpp"
#include "support/pattern.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace haul::test;
using namespace haul::test::hostile;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Longer than any case takes, on any machine: what is still running then hangs.
constexpr auto hang = 90s;

enum class verdict { right_file, clean_error, wrong_file, hung, other, skipped };

const char* text_of(verdict v) {
  switch (v) {
    case verdict::right_file:
      return "right file";
    case verdict::clean_error:
      return "clean error";
    case verdict::wrong_file:
      return "WRONG FILE";
    case verdict::hung:
      return "HANG";
    case verdict::skipped:
      return "skipped";
    case verdict::other:
      break;
  }
  return "unexpected";
}

struct outcome {
  verdict is = verdict::other;
  std::string problem = {};  // empty: as expected
  std::chrono::milliseconds took{0};
};

bool can_mount() {
  static const bool can =
      ::geteuid() == 0 &&
      run("unshare", {"-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"}).status.code == 0;
  return can;
}

child_options surroundings(const stage& s) {
  child_options how = plain_environment();
  how.limits = s.limits;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Whatever a server sends, haul makes do with this.
  how.limits.emplace_back(RLIMIT_DATA, 512UL << 20);
#endif
  return how;
}

arguments command_line(const stage& s) {
  arguments all{"-q"};
  const bool placed = std::any_of(s.args.begin(), s.args.end(),
                                  [](const std::string& a) { return a == "-o" || a == "-d"; });
  if (!placed && s.kind == use::naming) all.insert(all.end(), {"-d", s.folder().string()});
  if (!placed && s.kind != use::naming) all.insert(all.end(), {"-o", s.target().string()});
  all.insert(all.end(), s.args.begin(), s.args.end());
  all.push_back(s.url);
  return all;
}

run_result run_on_small_disk(const stage& s) {
  // The disk is in a world of its own, which ends with the shell.
  const std::string script =
      "to=$1 size=$2; shift 2\n"
      "mount -t tmpfs -o size=$size tmpfs \"$to\" || exit 9\n"
      "\"$@\"\n"
      "code=$?; ls -A \"$to\"; exit $code\n";
  arguments all{"-m", "sh", "-c", script, "sh", s.folder().string(), s.disk, command_path()};
  const arguments line = command_line(s);
  all.insert(all.end(), line.begin(), line.end());
  return run("unshare", all, surroundings(s), hang);
}

// Ends a run in its middle, and changes the server's file. False: it never came to the middle.
bool interrupt(const stage& s) {
  child_process child = haul_start(command_line(s), surroundings(s));
  fs::path part = s.target();
  part += ".haul";
  fs::path journal = s.target();
  journal += ".haul-journal";
  const auto begin = std::chrono::steady_clock::now();
  // What cannot be joined has no journal.
  const bool there = wait_until(
      [&] {
        const bool late = std::chrono::steady_clock::now() - begin > 2s;
        return !child.running() || fs::exists(journal) || (late && fs::exists(part));
      },
      60s);
  const bool in_the_middle = there && child.running();
  child.kill_now();
  s.change();
  return in_the_middle;
}

bool is_wanted(const stage& s, const fs::path& file) {
  const std::string digest = file_digest("SHA256", file);
  return std::any_of(s.wanted().begin(), s.wanted().end(),
                     [&](const content& c) { return c.sha256() == digest; });
}

std::string joined(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& item : list) all += (all.empty() ? "" : ", ") + item;
  return all;
}

// --- what came of it

void judge_file(const stage& s, const run_result& r, outcome& o) {
  if (r.status.code != 0) {
    o.problem = "no file, but exit code " + std::to_string(r.status.code);
    return;
  }
  if (!fs::is_regular_file(s.target())) {
    o.problem = "exit code 0, and no file " + s.name;
    return;
  }
  if (!is_wanted(s, s.target())) {
    o.is = verdict::wrong_file;
    o.problem = "WRONG FILE at the final path, " + std::to_string(fs::file_size(s.target())) +
                " bytes, with exit code 0";
    return;
  }
  o.is = verdict::right_file;
  const auto all = list_tree(s.dir.path());
  const std::vector<std::string> expected{"to/", "to/" + s.name};
  if (!s.leaves_files && all != expected) o.problem = "left behind: " + joined(all);
  if (!r.err.empty()) o.problem = "an error message in spite of success";
}

void judge_error(const stage& s, const run_result& r, outcome& o) {
  const bool file = s.disk.empty() ? fs::is_regular_file(s.target()) && !s.leaves_files
                                   : !r.out.empty() && lines_of(r.out).front() == s.name;
  if (file) {
    o.is = verdict::wrong_file;
    o.problem = "a file at the final path, though it should fail; exit code " +
                std::to_string(r.status.code);
    return;
  }
  if (r.status.code != 1) {
    o.problem = "exit code " + std::to_string(r.status.code) + " instead of 1" +
                (r.status.signal ? ", signal " + std::to_string(r.status.signal) : "");
    return;
  }
  if (!only_line(r.err).starts_with("haul: ")) {
    o.problem = "not one line that begins with haul:";
    return;
  }
  o.is = verdict::clean_error;
  if (!contains(r.err, s.words())) o.problem = "another error than \"" + s.words() + "\"";
  const auto left = s.disk.empty() ? list_tree(s.folder()) : lines_of(r.out);
  for (const std::string& name : left) {
    const bool state = name == s.name + ".haul" || name == s.name + ".haul-journal";
    if (!s.leaves_files && !state) o.problem = "left behind: " + name;
  }
}

outcome judge(const stage& s, const run_result& r) {
  outcome o;
  if (r.status.timed_out) {
    o.is = verdict::hung;
    o.problem = "hangs";
  } else if (s.words().empty()) {
    judge_file(s, r, o);
  } else {
    judge_error(s, r, o);
  }
  if (o.problem.empty() && s.also) o.problem = s.also();
  if (!o.problem.empty()) o.problem += "\n    stderr: " + r.err;
  return o;
}

outcome run_case(const hostile_case& c) {
  static std::mutex one_at_a_time;  // certificates are made here
  stage s;
  {
    const std::lock_guard lock(one_at_a_time);
    c.set(s);
  }
  fs::create_directories(s.folder());
  outcome o;
  if (!s.disk.empty() && !can_mount()) {
    o.is = verdict::skipped;
    return o;
  }
  if (s.before) s.before();
  const auto begin = std::chrono::steady_clock::now();
  if (s.kind == use::resume && !interrupt(s)) {
    o.problem = "the first run ended before it could be killed";
    return o;
  }
  const run_result r =
      !s.disk.empty() ? run_on_small_disk(s) : haul_run(command_line(s), surroundings(s), hang);
  o = judge(s, r);
  o.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
  return o;
}

// --- all of them

struct entry {
  const group* of;
  const hostile_case* what;
};

std::vector<entry> entries(const std::vector<group>& groups) {
  std::vector<entry> all;
  for (const group& g : groups) {
    for (const hostile_case& c : g.cases) all.push_back({&g, &c});
  }
  return all;
}

int run_all(std::vector<entry> all, bool report) {
  const char* asked = std::getenv("HAUL_TEST_JOBS");
  const int jobs = std::max(1, asked ? std::atoi(asked) : 6);
  std::vector<outcome> outcomes(all.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      try {
        outcomes[i] = run_case(*all[i].what);
      } catch (const std::exception& e) {
        outcomes[i].problem = std::string("the test itself failed: ") + e.what();
      }
    }
  };
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < jobs; ++i) workers.emplace_back(work);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  int failed = 0;
  std::map<verdict, int> counts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const outcome& o = outcomes[i];
    ++counts[o.is];
    if (report) std::cout << all[i].what->name << '\t' << text_of(o.is) << '\n';
    if (o.problem.empty()) continue;
    ++failed;
    std::cerr << "FAILED " << all[i].what->name << " (" << all[i].what->does << ")\n    "
              << o.problem << '\n';
  }
  if (std::getenv("HAUL_TEST_TIMES")) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::cerr << outcomes[i].took.count() << " ms " << all[i].what->name << '\n';
    }
  }
  std::cerr << "hostile servers: " << all.size() << " cases, " << failed
            << " not as expected: " << counts[verdict::right_file] << " right files, "
            << counts[verdict::clean_error] << " clean errors, " << counts[verdict::wrong_file]
            << " wrong files, " << counts[verdict::hung] << " hangs, " << counts[verdict::other]
            << " other, " << counts[verdict::skipped] << " skipped (only root can mount a small "
            << "disk); " << static_cast<int>(took.count()) << " s\n";
  return failed == 0 ? 0 : 1;
}

// --- for other programs

const char* text_of(use k) {
  switch (k) {
    case use::plain:
      return "plain";
    case use::naming:
      return "naming";
    case use::resume:
      return "resume";
    case use::own:
      break;
  }
  return "own";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

// group, name, what the server does, kind, URL, what haul must do ("file:SHA256" or "error:WORDS"),
// the hashes of files that are right, authority to trust, hash to ask for, name of the file
std::string describe(const entry& e, const stage& s) {
  std::string expected = "error:" + s.words();
  if (s.words().empty()) expected = "file:" + s.wanted().front().sha256();
  std::string right;
  for (const content& c : s.truths()) right += (right.empty() ? "" : ",") + c.sha256();
  const std::string tab = "\t";
  return e.of->title + tab + e.what->name + tab + e.what->does + tab + text_of(s.kind) + tab +
         s.url + tab + expected + tab + or_dash(right) + tab + or_dash(s.cacert) + tab +
         or_dash(s.checksum) + tab + s.name;
}

int serve_all(const std::vector<entry>& all) {
  std::vector<std::unique_ptr<stage>> stages;
  for (const entry& e : all) {
    stages.push_back(std::make_unique<stage>());
    e.what->set(*stages.back());
    std::cout << describe(e, *stages.back()) << '\n';
  }
  std::cout << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  return 0;
}

int list_all(const std::vector<entry>& all) {
  for (const entry& e : all) {
    std::cout << e.of->title << '\t' << e.what->name << '\t' << e.what->does << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  const auto take = [&args](const char* name) { return std::erase(args, name) > 0; };
  const bool serve = take("--serve");
  const bool list = take("--list");
  const bool report = take("--report");
  const std::vector<group> groups = all_cases();
  std::vector<entry> all = entries(groups);
  std::set<std::string> names;
  for (const entry& e : all) {
    if (names.insert(e.what->name).second) continue;
    std::cerr << "two cases are called " << e.what->name << '\n';
    return 2;
  }
  for (const std::string& name : args) {
    if (names.contains(name)) continue;
    std::cerr << "no case is called " << name << " (--list tells all)\n";
    return 2;
  }
  if (!args.empty()) {
    std::erase_if(all, [&](const entry& e) {
      return std::find(args.begin(), args.end(), e.what->name) == args.end();
    });
  }
  if (list) return list_all(all);
  return serve ? serve_all(all) : run_all(std::move(all), report);
}
