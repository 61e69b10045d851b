#ifndef HAUL_SERVICE_DOWNLOADS_HPP
#define HAUL_SERVICE_DOWNLOADS_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace haul::service {

/// What the dialects ask of a `batch_manager`, whatever its sink and store are. Each member does
/// what the member of that name does there; all may be called from any thread.
class downloads {
 public:
  downloads() = default;
  downloads(const downloads&) = delete;
  downloads& operator=(const downloads&) = delete;
  virtual ~downloads() = default;

  /// @{
  /// As the member of that name of `batch_manager`.
  virtual awaitable<submit_result> submit(std::vector<download_request> files,
                                          const batch_options& options) = 0;
  virtual awaitable<std::optional<batch_status>> wait(std::string batch) = 0;
  virtual std::optional<batch_status> status(const std::string& batch) const = 0;
  virtual std::optional<batch_status> counts(const std::string& batch) const = 0;
  virtual std::optional<file_status> file(const std::string& id) const = 0;
  virtual std::error_code pause(const std::string& batch) = 0;
  virtual std::error_code resume(const std::string& batch) = 0;
  virtual std::error_code cancel(const std::string& batch) = 0;
  virtual std::error_code pause_file(const std::string& id) = 0;
  virtual std::error_code resume_file(const std::string& id) = 0;
  virtual std::error_code cancel_file(const std::string& id) = 0;
  /// @}
};

/// Those of one manager, which must outlive it.
template <class Manager>
class downloads_of final : public downloads {
 public:
  /// @param manager  Must outlive this object.
  explicit downloads_of(Manager& manager) : manager_(manager) {}

  /// @{
  /// As the member of that name of `batch_manager`.
  awaitable<submit_result> submit(std::vector<download_request> files,
                                  const batch_options& options) override {
    return manager_.submit(std::move(files), options);
  }
  awaitable<std::optional<batch_status>> wait(std::string batch) override {
    return manager_.wait(std::move(batch));
  }
  std::optional<batch_status> status(const std::string& batch) const override {
    return manager_.status(batch);
  }
  std::optional<batch_status> counts(const std::string& batch) const override {
    return manager_.counts(batch);
  }
  std::optional<file_status> file(const std::string& id) const override {
    return manager_.file(id);
  }
  std::error_code pause(const std::string& batch) override { return manager_.pause(batch); }
  std::error_code resume(const std::string& batch) override { return manager_.resume(batch); }
  std::error_code cancel(const std::string& batch) override { return manager_.cancel(batch); }
  std::error_code pause_file(const std::string& id) override { return manager_.pause_file(id); }
  std::error_code resume_file(const std::string& id) override { return manager_.resume_file(id); }
  std::error_code cancel_file(const std::string& id) override { return manager_.cancel_file(id); }
  /// @}

 private:
  Manager& manager_;
};

}  // namespace haul::service

#endif
