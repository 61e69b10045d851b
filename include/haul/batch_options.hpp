#ifndef HAUL_BATCH_OPTIONS_HPP
#define HAUL_BATCH_OPTIONS_HPP

#include <haul/download_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace haul {

/// How the files of a batch follow one another.
enum class batch_order : std::uint8_t {
  parallel,    ///< up to `max_concurrent` at once
  sequential,  ///< one after another
};

/// How a batch is downloaded. Every member is trivial and has a default, for designated
/// initialisers.
struct batch_options {
  batch_order order = batch_order::parallel;  ///< how its files follow one another
  unsigned max_concurrent = 3;   ///< files at once; from 1 to the manager's limit, which caps it
  bool force = false;            ///< download again what is there already, and replace it
  int priority = 0;              ///< of batches that wait, the one with the highest goes first
  std::uint64_t rate_limit = 0;  ///< bytes per second for the whole batch; 0 is none
  download_options download{};   ///< for each file
};

/// What becomes of unfinished batches that a store brings back.
enum class recovery : std::uint8_t {
  go_on,  ///< they are downloaded
  hold,   ///< they are paused until they are resumed; the store is not told
};

/// What holds for all batches of a manager.
struct manager_options {
  std::size_t max_files = 50;                ///< in one batch
  unsigned max_concurrent = 5;               ///< the most that a batch may ask for
  unsigned max_active = 32;                  ///< files at once, all batches together
  std::chrono::seconds keep_for{24 * 3600};  ///< how long a finished batch can be asked for
  std::size_t keep_count = 1000;             ///< how many finished batches, at the most
};

}  // namespace haul

#endif
