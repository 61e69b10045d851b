#include "nth_call.hpp"
#include "runner.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace haul::sim;

constexpr const char* usage =
    "usage: sim_runner --seeds FROM-TO [--keep-going]   runs the scenario of each seed\n"
    "       sim_runner --seed N [--verbose]             runs one, and tells what happens\n"
    "       sim_runner --list FILE                      runs the seeds of a list\n"
    "       sim_runner --every-call [--verbose]         fails each call of the environment once\n";

bool number(std::string_view text, std::uint64_t& n) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  return ec == std::errc{} && end == text.data() + text.size();
}

/// One seed on each line; what follows it says why.
bool read_list(const std::string& path, std::vector<std::uint64_t>& seeds) {
  std::ifstream in{path};
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::uint64_t seed = 0;
    if (!number(std::string_view{line}.substr(0, line.find(' ')), seed)) return false;
    seeds.push_back(seed);
  }
  if (seeds.empty()) std::fprintf(stderr, "sim_runner: no seeds in %s\n", path.c_str());
  return !seeds.empty();
}

/// True when all held.
bool one(std::uint64_t seed, bool verbose, outcome& told) {
  universe u{seed, verbose};
  const scenario s = make_scenario(seed, u);
  if (verbose)
    std::printf("seed %llu\n%s", static_cast<unsigned long long>(seed), s.text().c_str());
  try {
    told = run_scenario(u, s);
    if (verbose) std::printf("all held\n");
    return true;
  } catch (const std::exception& e) {
    std::printf("seed %llu: %s\n%s  replay: sim_runner --seed %llu --verbose\n",
                static_cast<unsigned long long>(seed), e.what(), s.text().c_str(),
                static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool good = false;
  bool verbose = false;
  bool keep_going = false;
  bool every_call = false;
  std::vector<std::uint64_t> listed;
  for (int i = 1; i < argc; ++i) {
    const std::string_view a = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (a == "--seeds") {
      const std::size_t dash = value.find('-');
      good = dash != std::string_view::npos && number(value.substr(0, dash), from) &&
             number(value.substr(dash + 1), to);
      ++i;
    } else if (a == "--seed") {
      good = number(value, from);
      to = from;
      ++i;
    } else if (a == "--list") {
      good = read_list(std::string{value}, listed);
      ++i;
    } else if (a == "--every-call") {
      good = every_call = true;
    } else if (a == "--verbose") {
      verbose = true;
    } else if (a == "--keep-going") {
      keep_going = true;
    } else {
      good = false;
    }
    if (!good) break;
  }
  if (!good) {
    std::fputs(usage, stderr);
    return 2;
  }
  if (every_call) {
    std::uint64_t runs = 0;
    const std::uint64_t broken_runs = fail_every_call(verbose, runs);
    std::printf("%llu runs with a call that fails, %llu broken\n",
                static_cast<unsigned long long>(runs),
                static_cast<unsigned long long>(broken_runs));
    return broken_runs ? 1 : 0;
  }
  if (listed.empty()) {
    for (std::uint64_t seed = from; seed <= to; ++seed) listed.push_back(seed);
  }
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t ran = 0;
  std::uint64_t bad = 0;
  std::uint64_t completed = 0;
  std::uint64_t crashes = 0;
  std::uint64_t requests = 0;
  std::uint64_t steps = 0;
  std::uint64_t refused = 0;
  std::uint64_t repaired = 0;
  std::uint64_t refreshed = 0;
  for (const std::uint64_t seed : listed) {
    outcome told;
    ++ran;
    if (!one(seed, verbose, told)) {
      ++bad;
      if (!keep_going) break;
    }
    completed += told.completed;
    crashes += told.crashes;
    requests += told.requests;
    steps += told.steps;
    refused += told.refused;
    repaired += told.repaired;
    refreshed += told.refreshed;
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  std::printf(
      "%llu seeds, %llu broken; %.1f s, %.0f seeds/s; complete in bad weather %llu, "
      "crashes %llu, requests %llu, steps %llu, refused %llu, repaired %llu, refreshed %llu\n",
      static_cast<unsigned long long>(ran), static_cast<unsigned long long>(bad), passed.count(),
      static_cast<double>(ran) / passed.count(), static_cast<unsigned long long>(completed),
      static_cast<unsigned long long>(crashes), static_cast<unsigned long long>(requests),
      static_cast<unsigned long long>(steps), static_cast<unsigned long long>(refused),
      static_cast<unsigned long long>(repaired), static_cast<unsigned long long>(refreshed));
  return bad ? 1 : 0;
}
