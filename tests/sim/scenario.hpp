#ifndef HAUL_TEST_SIM_SCENARIO_HPP
#define HAUL_TEST_SIM_SCENARIO_HPP

#include "environment.hpp"
#include <haul/batch_options.hpp>
#include <haul/checksum.hpp>
#include <haul/download_options.hpp>
#include <haul/piece_hashes.hpp>
#include <haul/session_options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace haul::sim {

/// A file to be downloaded.
struct file_plan {
  std::string url;
  std::vector<std::string> mirrors;
  std::string path;    // as requested: a file, or a folder
  std::string target;  // where it has to be in the end
  resource_ptr what;
  std::optional<std::size_t> hashed;  // the version whose hash is given
  std::vector<checksum> checksums;
  std::optional<piece_hashes> pieces;
  bool size_given = false;
  bool was_right = false;             // before the weather turned good
  std::optional<std::string> before;  // what stands at the target already
  // What has to be fetched to repair it, where that can be told.
  std::optional<std::uint64_t> to_fetch;
};

/// Another task for the first file: of another program, or of this session.
struct rival_plan {
  std::chrono::milliseconds when{};
  bool same_session = false;
};

/// Something that the program, or the world, does at a time.
struct control {
  enum class kind { pause, resume, stop, rate, cancel, change } what = kind::pause;
  std::chrono::milliseconds when{};
  std::size_t file = 0;
  std::uint64_t value = 0;
};

struct crash_plan {
  crash_kind how = crash_kind::process;
  std::uint64_t after_changes = 0;  // of the disk; 0: by the clock
  std::chrono::milliseconds when{};
};

enum class shape : std::uint8_t { single, several, batch };
enum class sink_kind : std::uint8_t { plain, slow, throwing };

/// What happens in one run of the simulator, but for what is rolled on the way.
struct scenario {
  std::uint64_t seed = 0;
  shape form = shape::single;
  sink_kind sink = sink_kind::plain;
  session_options session;
  download_options options;
  batch_options batch;
  std::vector<file_plan> files;
  std::vector<control> controls;
  std::vector<crash_plan> crashes;
  std::optional<rival_plan> rival;
  bool refresh = false;        // URLs expire, and the program has fresh ones
  unsigned lost_for_urls = 0;  // permille of the times that it is asked and has none
  duration slowest_job{};
  bool calm = false;  // the servers do nothing odd: what was journaled is taken up
  std::string weather;

  std::string text() const;
};

/// Makes the scenario of a seed, with its servers and what is on the disk.
scenario make_scenario(std::uint64_t seed, universe& u);

}  // namespace haul::sim

#endif
