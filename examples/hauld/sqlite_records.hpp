#ifndef HAULD_SQLITE_RECORDS_HPP
#define HAULD_SQLITE_RECORDS_HPP

#include <haul/service/records.hpp>

#include <filesystem>
#include <memory>

namespace hauld {

/// Records in an SQLite database of their own, and in memory: what is read comes from there. One
/// thread writes; what has come while it was busy goes into its next transaction.
class sqlite_records final : public haul::service::records {
 public:
  /// @throws std::system_error  as `haul::sqlite_store` does.
  explicit sqlite_records(const std::filesystem::path& file);
  ~sqlite_records() override;

  void put(std::string_view kind, std::string_view key, std::string value) override;
  void erase(std::string_view kind, std::string_view key) override;
  void for_each(std::string_view kind, const visitor& visit) const override;

  /// Waits until all that was told before is on disk, or writing has failed.
  void flush();

 private:
  class writer;
  haul::service::memory_records all_;
  std::unique_ptr<writer> writer_;
};

}  // namespace hauld

#endif
