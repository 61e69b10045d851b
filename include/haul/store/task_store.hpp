#ifndef HAUL_STORE_TASK_STORE_HPP
#define HAUL_STORE_TASK_STORE_HPP

#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace haul {

/// What is stored of a file.
struct file_record {
  download_request request{""};            ///< with its id; hooks are not stored
  file_state state = file_state::pending;  ///< where it stands
  std::filesystem::path path;              ///< the target, when it is known
  std::uint64_t downloaded = 0;            ///< bytes that are written
  std::optional<std::uint64_t> total;      ///< bytes, when known
  int error_value = 0;                     ///< 0: none
  std::string error_category;              ///< the name of its category
  std::string message;                     ///< what went wrong, in one line
};

/// What is stored of a batch. Files that are in several batches are stored with each of them; the
/// id of the request tells that they are one.
struct batch_record {
  std::string id;                                    ///< of the batch
  batch_options options{};                           ///< as submitted, with later changes of limits
  bool paused = false;                               ///< until it is resumed
  std::chrono::sys_seconds created{};                ///< when it was submitted
  std::optional<std::chrono::sys_seconds> finished;  ///< when its last file became final
  std::vector<file_record> files;                    ///< in the order of the request
};

/// A change of a file's state, in all batches that it is in.
struct file_update {
  std::string id;                          ///< of the file
  file_state state = file_state::pending;  ///< where it stands now
  std::filesystem::path path;              ///< the target, when it is known
  std::uint64_t downloaded = 0;            ///< bytes that are written
  std::optional<std::uint64_t> total;      ///< bytes, when known
  int error_value = 0;                     ///< 0: none
  std::string error_category;              ///< the name of its category
  std::string message;                     ///< what went wrong, in one line
};

/// Where the state of batches lives beyond the manager.
///
/// All but `load()` and `flush()` return at once and keep their order; those two block and are
/// called on a disk worker. A store that fails keeps its first error, and the manager then takes no
/// more batches.
///
/// @par Thread Safety
/// All members may be called from any thread.
template <class S>
concept task_store = std::movable<S> &&
    requires(S& s, std::shared_ptr<const batch_record> batch, const file_update& update,
             const std::string& id, std::chrono::sys_seconds when, bool on) {
  { S::persistent } -> std::convertible_to<bool>;  // false: nothing needs to be told to it
  s.add(batch);
  s.update(update);
  s.set_paused(id, on);
  s.finish(id, when);
  s.erase(id);
  { s.load() } -> std::same_as<std::vector<batch_record>>;
  s.flush();
  { s.error() } -> std::same_as<std::error_code>;
};

}  // namespace haul

#endif
