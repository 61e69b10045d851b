#ifndef HAUL_EVENT_HPP
#define HAUL_EVENT_HPP

#include <haul/download_result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

namespace haul {

/// What the events of one task have in common. It does not change while the task lives.
struct task_info {
  std::string id;              ///< as the program calls it, or made up
  std::string name;            ///< to be shown
  std::string url;             ///< as requested, without credentials
  std::filesystem::path path;  ///< as requested: a file or a folder
  std::size_t index = 1;       ///< place in the batch, from 1
  std::size_t total = 1;       ///< files in the batch
};
using task_ref = std::shared_ptr<const task_info>;

/// A batch begins. Comes before any event of its tasks.
struct batch_started {
  std::string batch;      ///< its id
  std::size_t total = 0;  ///< files
  bool parallel = true;   ///< or one file after another
};

/// A batch is over. Comes after every event of its tasks.
struct batch_finished {
  std::string batch;                     ///< its id
  std::size_t total = 0;                 ///< files
  std::size_t completed = 0;             ///< of them
  std::size_t failed = 0;                ///< of them
  std::size_t cancelled = 0;             ///< of them
  std::chrono::milliseconds elapsed{0};  ///< since its start
  bool parallel = true;                  ///< or one file after another
};

/// A task begins. The first event of a task.
struct task_started {
  task_ref task;  ///< which
};

/// The server has answered, and where the bytes go is known. Comes again when the download has to
/// start over because the file on the server has changed.
struct transfer_started {
  task_ref task;                       ///< which
  std::filesystem::path path;          ///< the target
  std::optional<std::uint64_t> total;  ///< bytes, when the server says so
  std::uint64_t resumed = 0;           ///< bytes taken over from an earlier run
  bool ranges = false;                 ///< whether more than one connection can be used
};

/// Bytes have come. Coalesced when the sink is slow; at least one for each task that succeeds.
struct progress {
  task_ref task;                                  ///< which
  std::uint64_t downloaded = 0;                   ///< bytes of the file that are written
  std::optional<std::uint64_t> total;             ///< bytes
  std::uint64_t speed = 0;                        ///< bytes per second, smoothed
  std::optional<std::chrono::seconds> time_left;  ///< until the end, at this speed
  unsigned connections = 0;                       ///< streams at work
  std::chrono::milliseconds elapsed{0};           ///< since the start of the task
};

/// The task stands still until it is resumed; its connections are closed.
struct paused {
  task_ref task;  ///< which
};

/// The task goes on after a pause.
struct resumed {
  task_ref task;  ///< which
};

/// The task was stopped by the program; its state on disk is kept. `task_finished` follows.
struct stopped {
  task_ref task;  ///< which
};

/// Something failed that may heal; the task tries again.
struct retrying {
  task_ref task;          ///< which
  std::error_code error;  ///< what failed
  std::string detail;
  unsigned attempt = 0;                ///< failures in a row
  std::chrono::milliseconds delay{0};  ///< until the next try
};

/// The task has failed. `task_finished` follows.
struct failed {
  task_ref task;           ///< which
  download_result result;  ///< why
};

/// The task is over. The last event of a task; on success the file is complete and closed.
struct task_finished {
  task_ref task;           ///< which
  download_result result;  ///< how it ended
};

/// One thing that happened. A value: it may be kept, copied and handed to another thread. Bytes,
/// bytes per second and durations.
///
/// Of one task come, in this order: `task_started`; `transfer_started`, `progress`, `paused`,
/// `resumed` and `retrying` as they happen; `stopped` or `failed` if it did not succeed; and
/// `task_finished`. Nothing but `progress` is ever left out.
using event = std::variant<batch_started, batch_finished, task_started, transfer_started, progress,
                           paused, resumed, stopped, retrying, failed, task_finished>;

}  // namespace haul

#endif
