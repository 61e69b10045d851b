#ifndef HAUL_TEST_SIM_RUNNER_HPP
#define HAUL_TEST_SIM_RUNNER_HPP

#include "scenario.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace haul::sim {

/// Something that must hold does not.
class broken : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What came of a run, for the statistics.
struct outcome {
  bool completed = false;  // all files, before the weather turned good
  unsigned crashes = 0;
  std::uint64_t steps = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;    // tasks whose target another one had
  std::uint64_t repaired = 0;   // files
  std::uint64_t refreshed = 0;  // URLs
};

/// Lets the scenario happen, then turns the weather good and lets it happen again: throws `broken`
/// when an invariant does not hold.
outcome run_scenario(universe& u, scenario s);

}  // namespace haul::sim

#endif
