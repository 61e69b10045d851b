#ifndef HAUL_STORE_MEMORY_STORE_HPP
#define HAUL_STORE_MEMORY_STORE_HPP

#include <haul/store/task_store.hpp>

namespace haul {

/// Keeps nothing: the state of batches lives in the manager's memory and ends with it.
struct memory_store {
  static constexpr bool persistent = false;  ///< nothing needs to be told to it

  /// @{
  /// Does nothing, as there is nothing to keep.
  void add(const std::shared_ptr<const batch_record>&) const noexcept {}
  void update(const file_update&) const noexcept {}
  void set_paused(const std::string&, bool) const noexcept {}
  void finish(const std::string&, std::chrono::sys_seconds) const noexcept {}
  void erase(const std::string&) const noexcept {}
  std::vector<batch_record> load() const { return {}; }
  void flush() const noexcept {}
  std::error_code error() const noexcept { return {}; }
  /// @}
};

static_assert(task_store<memory_store>);

}  // namespace haul

#endif
