// kill -9 at random moments, while the file on the server is replaced from time to time: what
// stands at the final path is exactly one version, always.
//
// HAUL_TEST_KILLS is how often haul is killed (12).

#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mebi = 1 << 20;

struct version {
  std::uint64_t seed = 0;
  std::uint64_t size = 0;
};

/// A server whose file is replaced, each time by a rename.
class changing_file {
 public:
  explicit changing_file(nginx& server) : server_(server) { replace(40 * mebi); }

  void replace(std::uint64_t size) {
    version v;
    v.seed = versions_.size() + 1;
    v.size = size;
    const fs::path fresh = server_.root() / "fresh";
    write_pattern_file(fresh, v.seed, v.size);
    // nginx makes the ETag of the length and the second of the last change: two changes in one
    // second that keep the length cannot be told apart by anybody.
    fs::last_write_time(fresh, start_ + std::chrono::seconds(v.seed));
    // From here on, a reply may be of the new version.
    versions_.push_back(v);
    fs::rename(fresh, server_.root() / "f");
  }

  const version& now() const { return versions_.back(); }
  std::size_t count() const { return versions_.size(); }

  /// The version that a file holds, of those from `first` on.
  std::optional<std::size_t> version_of(const fs::path& file, std::size_t first) const {
    for (std::size_t i = first; i < versions_.size(); ++i) {
      if (!mismatch(file, versions_[i].seed, versions_[i].size)) return i;
    }
    return std::nullopt;
  }

 private:
  nginx& server_;
  std::vector<version> versions_;
  fs::file_time_type start_ = fs::file_time_type::clock::now() - std::chrono::hours(24);
};

/// What a run says it has taken over from the one before; nothing if it was not told.
std::optional<std::uint64_t> resumed_in(const std::string& events) {
  const std::string name = "\"resumed\":";
  std::size_t at = events.rfind("\"transfer_started\"");
  if (at != std::string::npos) at = events.find(name, at);
  if (at == std::string::npos) return std::nullopt;
  return std::stoull(events.substr(at + name.size()));
}

/// What was sent for nothing: more than once, or of a version that was replaced.
class bookkeeping {
 public:
  /// A run is over.
  /// @param took_over  What it went on from.
  void add(std::optional<std::uint64_t> took_over, std::uint64_t sent) {
    if (took_over) {
      lose(*took_over);
      have_ = *took_over;
    }
    have_ += sent;
  }
  void replaced() { replaced_ = true; }
  void finished(std::uint64_t size) {
    lose(size);
    have_ = 0;
  }

  std::uint64_t twice() const { return twice_; }
  std::uint64_t of_old_versions() const { return old_; }

 private:
  void lose(std::uint64_t kept) {
    (replaced_ ? old_ : twice_) += have_ - std::min(have_, kept);
    replaced_ = false;
  }

  std::uint64_t have_ = 0;  // could be there, by what was sent
  std::uint64_t twice_ = 0;
  std::uint64_t old_ = 0;
  bool replaced_ = false;  // since then
};

}  // namespace

TEST_CASE("killed again and again, while the file is replaced", "[cli][kill]") {
  REQUIRE(nginx::available());
  const char* asked = std::getenv("HAUL_TEST_KILLS");
  const int kills = asked ? std::atoi(asked) : 12;
  // When a run is killed is up to chance anyway: this makes the choices known.
  std::mt19937 random{std::random_device{}()};
  const auto one_in = [&random](unsigned n) { return random() % n == 0; };

  nginx server;
  changing_file file{server};
  temp_dir dir;
  const fs::path target = dir / "to" / "f";
  const fs::path events = dir / "events";
  child_options how = plain_environment();
  how.out_file = events;

  int runs = 0;
  int killed = 0;
  int finished = 0;
  int resumed = 0;
  std::uint64_t finished_bytes = 0;
  bookkeeping books;
  const auto replace = [&](std::uint64_t size) {
    file.replace(size);
    books.replaced();
  };
  const auto check_final = [&](std::size_t since) {
    REQUIRE(file.version_of(target, since).has_value());
    ++finished;
    finished_bytes += fs::file_size(target);
    books.finished(fs::file_size(target));
  };
  std::size_t first = 0;  // the version that the server had when this download began
  while (killed < kills) {
    // The server's file changes between two runs, or in the middle of one.
    const bool change = one_in(5);
    const bool change_before = change && one_in(2);
    const std::uint64_t size = one_in(2) ? file.now().size : (16 + random() % 48) * mebi;
    if (change_before) replace(size);
    if (!fs::exists(dir / "to" / "f.haul-journal")) first = file.count() - 1;

    fs::remove(events);
    server.clear_log();
    const std::string connections = std::to_string(1 + random() % 16);
    child_process child = haul_start({"-q", "-o", target.string(), "-x", connections,
                                      "--limit-rate", "32M", "--events", "json", server.url("/f")},
                                     how);
    ++runs;
    const auto life = std::chrono::milliseconds(random() % 1800);
    std::optional<exit_status> ended;
    if (change && !change_before) {
      ended = child.wait_for(life / 2);
      replace(size);
      if (!ended) ended = child.wait_for(life / 2);
    } else {
      ended = child.wait_for(life);
    }
    if (!ended) {
      child.kill_now();
      ++killed;
    }
    const auto took_over = resumed_in(read_file(events));
    if (took_over.value_or(0) > 0) ++resumed;
    books.add(took_over, body_bytes(server));

    CAPTURE(runs, killed, life.count(), child.err());
    if (ended) {
      REQUIRE(ended->code == 0);
      REQUIRE(fs::exists(target));
    }
    // A run may have been killed when all was done.
    if (fs::exists(target)) {
      CAPTURE(first, file.count(), fs::file_size(target));
      check_final(first);
      fs::remove(target);
    }
  }
  // In peace, what is left is finished.
  if (!fs::exists(dir / "to" / "f.haul-journal")) first = file.count() - 1;
  server.clear_log();
  fs::remove(events);
  const run_result last =
      haul_run({"-q", "-o", target.string(), "--events", "json", server.url("/f")}, how);
  ++runs;
  CAPTURE(last.err);
  REQUIRE(last.status.code == 0);
  books.add(resumed_in(read_file(events)), body_bytes(server));
  check_final(first);
  CHECK(list_tree(dir / "to") == std::vector<std::string>{"f"});
  std::cout << "killed " << killed << " times in " << runs << " runs, of which " << resumed
            << " went on where one had been killed; " << finished << " files finished, all exact ("
            << finished_bytes / mebi << " MiB); the server's file was replaced " << file.count() - 1
            << " times; sent twice: " << books.twice() / mebi
            << " MiB, of versions that were replaced meanwhile: " << books.of_old_versions() / mebi
            << " MiB\n";
}
