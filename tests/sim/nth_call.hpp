#ifndef HAUL_TEST_SIM_NTH_CALL_HPP
#define HAUL_TEST_SIM_NTH_CALL_HPP

#include <cstdint>

namespace haul::sim {

/// Fails the first, the second, the third ... call of each operation of the environment, in whole
/// downloads of several kinds, until none is left to fail. Each run must end in a clean error or a
/// right file, and good weather must bring the file.
///
/// @param runs  Counts the runs.
/// @returns     How many of them broke an invariant; each is printed.
std::uint64_t fail_every_call(bool verbose, std::uint64_t& runs);

}  // namespace haul::sim

#endif
