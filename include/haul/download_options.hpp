#ifndef HAUL_DOWNLOAD_OPTIONS_HPP
#define HAUL_DOWNLOAD_OPTIONS_HPP

#include <chrono>
#include <cstdint>

namespace haul {

/// What a finished or resumed download survives.
enum class durability : std::uint8_t {
  none,     ///< no journal: a download that is cut short starts over
  process,  ///< the death of the process: the journal follows the data in the page cache
  power,    ///< the loss of power: data is synced before the journal, and both before the rename
};

/// Deadlines. Zero means none.
struct timeouts {
  std::chrono::milliseconds resolve{10'000};    ///< from the name to its addresses
  std::chrono::milliseconds connect{15'000};    ///< until one address accepts
  std::chrono::milliseconds handshake{15'000};  ///< proxy and TLS handshakes, each
  std::chrono::milliseconds head{30'000};       ///< from the request to the whole reply head
  std::chrono::milliseconds stall{30'000};      ///< without a byte of the body
};

/// How a file is downloaded. Every member is trivial and has a default, for designated
/// initialisers: `download_options{.connections = 4, .overwrite = true}`. A value that cannot be
/// used makes the download end with errc::invalid_argument.
struct download_options {
  unsigned connections =
      16;                  ///< most connections for this file, 1 to 64; reached only while it helps
  bool overwrite = false;  ///< replace a target that exists; else it is an error before any request
  bool repair = false;     ///< a target that exists is checked by its hashes: what is right stays,
                        ///< what is wrong is fetched; the request needs piece hashes or a checksum
  bool resume = true;  ///< go on from an earlier part file, when it can be proved to fit
  haul::durability durability =
      haul::durability::process;  ///< what a finished or resumed download survives
  unsigned retries = 5;  ///< failures in a row, without progress between them, before giving up
  std::chrono::milliseconds retry_delay{500};  ///< before the first retry; doubles, with jitter
  std::chrono::milliseconds max_retry_delay{30'000};  ///< the longest wait, also for Retry-After
  haul::timeouts timeouts{};                          ///< of each step
  std::uint64_t min_speed =
      0;  ///< bytes per second; a reply slower than this for a stall limit is an error
  std::uint64_t rate_limit = 0;          ///< bytes per second for this task; 0 is none
  unsigned max_redirects = 10;           ///< in a row, for one request
  bool allow_insecure_redirect = false;  ///< follow redirects from https to http
  std::uint64_t piece_size = 1u << 20;   ///< ranges are cut at multiples of this many bytes
  std::chrono::milliseconds progress_interval{100};  ///< between two progress events
};

}  // namespace haul

#endif
