#ifndef HAUL_SERVICE_BBDOWN_TASK_HPP
#define HAUL_SERVICE_BBDOWN_TASK_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// Where a task stands. The last three are final.
enum class bbdown_state : std::uint8_t { queued, running, paused, succeeded, failed, cancelled };

constexpr bool is_final(bbdown_state s) noexcept { return s >= bbdown_state::succeeded; }

/// As extended mode writes it.
constexpr std::string_view name_of(bbdown_state s) noexcept {
  switch (s) {
    case bbdown_state::queued:
      return "Queued";
    case bbdown_state::running:
      return "Running";
    case bbdown_state::paused:
      return "Paused";
    case bbdown_state::succeeded:
      return "Succeeded";
    case bbdown_state::failed:
      return "Failed";
    case bbdown_state::cancelled:
      return "Cancelled";
  }
  return "";
}

/// A task at one moment, as the dialect shows it. Texts are UTF-8, times are unix seconds.
struct bbdown_task {
  std::string aid;
  std::string url;  ///< as posted
  std::int64_t created = 0;
  std::optional<std::string> title;
  std::optional<std::string> picture;
  std::optional<std::int64_t> published;
  std::optional<std::int64_t> finished;
  double progress = 0;  ///< 0 to 1
  double speed = 0;     ///< bytes per second; after success the average
  double downloaded = 0;
  bool successful = false;
  std::vector<std::string> paths;  ///< below the root

  // Shown in extended mode only.
  std::string id;  ///< unlike the Aid never that of another task
  bbdown_state state = bbdown_state::queued;
  std::string error;
  std::optional<std::uint64_t> total;  ///< bytes, once they are known
  std::optional<std::int64_t> time_left;

  friend bool operator==(const bbdown_task&, const bbdown_task&) = default;
};

}  // namespace haul::service

#endif
