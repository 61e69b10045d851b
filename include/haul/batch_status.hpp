#ifndef HAUL_BATCH_STATUS_HPP
#define HAUL_BATCH_STATUS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace haul {

/// Where a file of a batch stands. The last three are final.
enum class file_state : std::uint8_t { pending, downloading, paused, completed, failed, cancelled };

constexpr bool is_final(file_state s) noexcept { return s >= file_state::completed; }

constexpr std::string_view name_of(file_state s) noexcept {
  switch (s) {
    case file_state::pending:
      return "pending";
    case file_state::downloading:
      return "downloading";
    case file_state::paused:
      return "paused";
    case file_state::completed:
      return "completed";
    case file_state::failed:
      return "failed";
    case file_state::cancelled:
      return "cancelled";
  }
  return "";
}

/// Where a batch stands as a whole.
enum class batch_state : std::uint8_t {
  in_progress,
  paused,
  completed,  ///< every file
  failed,     ///< every file failed
  cancelled,  ///< every file that did not complete or fail before
  mixed,      ///< some completed and some failed
};

constexpr std::string_view name_of(batch_state s) noexcept {
  switch (s) {
    case batch_state::in_progress:
      return "in progress";
    case batch_state::paused:
      return "paused";
    case batch_state::completed:
      return "completed";
    case batch_state::failed:
      return "failed";
    case batch_state::cancelled:
      return "cancelled";
    case batch_state::mixed:
      return "mixed";
  }
  return "";
}

/// How one file of a batch stands.
struct file_status {
  std::string id;              ///< of the request, or made up
  std::string name;            ///< to be shown
  std::string url;             ///< without credentials
  std::filesystem::path path;  ///< the target, once it is known; as requested until then
  file_state state = file_state::pending;  ///< where it stands
  unsigned percent = 0;                    ///< 0 to 100; 0 while the size is unknown
  std::uint64_t downloaded = 0;            ///< bytes that are written
  std::optional<std::uint64_t> total;      ///< bytes, when known
  std::uint64_t speed = 0;                 ///< bytes per second, smoothed; 0 unless downloading
  std::optional<std::chrono::seconds> time_left;  ///< until the end, when it can be told
  std::error_code error;                          ///< when failed or cancelled
  std::string message;                            ///< what went wrong, in one line
};

/// How a batch stands.
struct batch_status {
  std::string id;                                  ///< of the batch
  std::size_t total = 0;                           ///< the sum of the following six
  std::size_t pending = 0;                         ///< wait for their turn
  std::size_t downloading = 0;                     ///< are at work
  std::size_t paused = 0;                          ///< stand still until they are resumed
  std::size_t completed = 0;                       ///< are there and right
  std::size_t failed = 0;                          ///< have failed for good
  std::size_t cancelled = 0;                       ///< were cancelled
  batch_state overall = batch_state::in_progress;  ///< all of it in one word
  std::vector<file_status> files;                  ///< in the order of the request
};

/// What has become of one request of a batch when it was submitted.
struct submitted_file {
  /// What has become of it.
  enum class outcome : std::uint8_t {
    started,             ///< it is in the batch
    already_downloaded,  ///< the target is there and right
    refused,             ///< it cannot be downloaded; `error` and `message` say why
  };
  outcome what = outcome::started;  ///< what has become of it
  std::string id;                   ///< by which the manager knows it
  std::error_code error;            ///< why it was refused
  std::string message;              ///< the same in one line
};

/// What has become of a batch when it was submitted.
struct submit_result {
  std::error_code error;              ///< why the batch as a whole was refused
  std::string message;                ///< the same in one line
  std::string batch;                  ///< empty when there was nothing to start
  std::vector<submitted_file> files;  ///< one for each request, in order

  /// Whether the batch was taken.
  explicit operator bool() const noexcept { return !error; }
};

}  // namespace haul

#endif
