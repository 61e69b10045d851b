#include "nth_call.hpp"

#include "runner.hpp"
#include <haul/system/digest.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace haul::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kinds = 9;
constexpr const char* kind_names[kinds] = {"one file, journal for the loss of power",
                                           "one file, process journal and a hash",
                                           "a small file",
                                           "a small file, for the loss of power",
                                           "a crash and a restart",
                                           "piece hashes and a mirror",
                                           "no ranges, chunked",
                                           "no validators",
                                           "a batch"};

checksum hash_of(const std::string& bytes) {
  system::digest x{hash_algorithm::sha1};
  x.update(bytes.data(), bytes.size());
  return x.finish();
}

/// A download in good weather; only the disk and the network may be a little slow.
scenario make(std::size_t kind, universe& u) {
  scenario s;
  s.seed = kind;
  s.form = kind == 8 ? shape::batch : shape::single;
  s.session.proxy_from_environment = false;
  s.session.buffer_size = 4096;
  s.options.connections = 3;
  s.options.piece_size = 4096;
  s.options.retries = 2;
  s.options.retry_delay = milliseconds{10};
  s.options.timeouts.head = s.options.timeouts.stall = milliseconds{3000};
  s.options.progress_interval = milliseconds{50};
  const bool power = kind == 0 || kind == 3 || kind == 4;
  s.options.durability = power ? durability::power : durability::process;
  s.slowest_job = std::chrono::microseconds{500};
  u.w.faults = false;
  site& a = u.n.add("a.test");
  // Slow enough for the journal to be written on the way.
  a.bandwidth = 60'000;
  a.segment = 2000;
  a.latency = milliseconds{5};
  if (kind == 6) {
    a.ranges = false;
    a.chunked = true;
  }
  if (kind == 7) a.says = validators::none;
  const std::size_t files = kind == 8 ? 3 : 1;
  for (std::size_t i = 0; i < files; ++i) {
    file_plan f;
    f.what = std::make_shared<resource>();
    version v;
    v.seed = dice::mix(kind * 16 + i);
    const bool small = kind == 2 || kind == 3 || (kind == 8 && i == 0);
    v.bytes = bytes_of(v.seed, small ? 3000 : 60'000);
    v.modified = u.w.wall_clock() - std::chrono::hours{100};
    f.what->versions.push_back(std::move(v));
    const std::string& bytes = f.what->versions[0].bytes;
    const std::string name = "f" + std::to_string(i) + ".bin";
    f.url = "http://a.test/" + name;
    f.path = f.target = "d/" + name;
    a.files["/" + name] = f.what;
    if (kind == 1 || kind == 5 || kind == 8) {
      f.hashed = 0;
      f.checksums.push_back(hash_of(bytes));
    }
    if (kind == 5) {
      site& b = u.n.add("b.test");
      b.files = a.files;
      b.bandwidth = a.bandwidth;
      f.mirrors.push_back("http://b.test/" + name);
      f.size_given = true;
      f.pieces.emplace(hash_algorithm::sha1, 8192);
      for (std::size_t at = 0; at < bytes.size(); at += 8192) {
        f.pieces->add(hash_of(bytes.substr(at, 8192)));
      }
    }
    s.files.push_back(std::move(f));
  }
  if (kind == 4) {
    s.crashes.push_back(crash_plan{crash_kind::power, 0, milliseconds{700}});
    u.d.track = true;
  }
  s.batch.download = s.options;
  return s;
}

}  // namespace

std::uint64_t fail_every_call(bool verbose, std::uint64_t& runs) {
  std::uint64_t broken_runs = 0;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    for (unsigned c = 0; c < static_cast<unsigned>(call::count); ++c) {
      std::uint64_t n = 1;
      for (;; ++n) {
        universe u{kind, false};
        scenario s = make(kind, u);
        u.w.fail_what = static_cast<call>(c);
        u.w.fail_nth = n;
        ++runs;
        try {
          run_scenario(u, std::move(s));
        } catch (const std::exception& e) {
          std::printf("%s, failing %s number %llu: %s\n", kind_names[kind],
                      name_of(static_cast<call>(c)), static_cast<unsigned long long>(n), e.what());
          ++broken_runs;
        }
        if (!u.w.failed_one) break;  // there is no such call
      }
      if (verbose) {
        std::printf("%s: %s, %llu calls\n", kind_names[kind], name_of(static_cast<call>(c)),
                    static_cast<unsigned long long>(n - 1));
      }
    }
  }
  return broken_runs;
}

}  // namespace haul::sim
