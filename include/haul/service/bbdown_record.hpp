#ifndef HAUL_SERVICE_BBDOWN_RECORD_HPP
#define HAUL_SERVICE_BBDOWN_RECORD_HPP

#include <haul/config.hpp>

#include <haul/batch_status.hpp>
#include <haul/service/bbdown_task.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// What has to be known of a task that has not ended to go on with it after a restart.
struct bbdown_record {
  /// One item of the task, to be downloaded to a place.
  struct attempt {
    std::size_t item = 0;
    std::string path;    ///< absolute; ends in a slash where the server names the file
    bool force = false;  ///< it replaces what is there
    bool taken = false;  ///< another name is to be found for it

    friend bool operator==(const attempt&, const attempt&) = default;
  };

  bbdown_task task;
  std::string body;                   ///< as posted
  std::vector<std::string> webhooks;  ///< one for each request
  std::string batch;                  ///< under way; else empty
  std::vector<attempt> sent;          ///< what is in it
  std::vector<attempt> todo;          ///< to be submitted before the next item
  std::size_t next = 0;               ///< the first item that has not been looked at
  std::size_t done = 0;               ///< items
  bool paused = false;
  bool cancelled = false;
  bool failed = false;  ///< some item has, and `task.error` says why

  friend bool operator==(const bbdown_record&, const bbdown_record&) = default;
};

/// The id that the manager knows a file of a task by.
HAUL_DECL std::string bbdown_file_id(const bbdown_task& task, std::size_t item);

/// Brings a task up to date from its batch.
///
/// @param items  That the task has in all.
HAUL_DECL void look_at_batch(bbdown_task& task, const bbdown_record& record, std::size_t items,
                             const batch_status& batch);

/// As they are kept. What cannot be read is nothing.
HAUL_DECL std::string to_text(const bbdown_record& record);
HAUL_DECL std::string to_text(const bbdown_task& task);
HAUL_DECL std::optional<bbdown_record> parse_bbdown_record(std::string_view text);
HAUL_DECL std::optional<bbdown_task> parse_bbdown_task(std::string_view text);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown_record.ipp>
#endif

#endif
