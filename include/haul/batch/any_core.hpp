#ifndef HAUL_BATCH_ANY_CORE_HPP
#define HAUL_BATCH_ANY_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch/store_link.hpp>
#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/forward.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace haul::batch {

/// What `batch_manager` does, without its types and the environment's: a program's own files do not
/// have to read how.
class any_core {
 public:
  any_core() = default;
  any_core(const any_core&) = delete;
  any_core& operator=(const any_core&) = delete;
  virtual ~any_core() = default;

  virtual awaitable<submit_result> submit(std::vector<download_request> requests,
                                          batch_options options) = 0;
  virtual awaitable<std::error_code> recover(recovery how) = 0;
  virtual awaitable<void> close() = 0;
  virtual void abandon() = 0;
  virtual awaitable<std::optional<batch_status>> wait(std::string id, bool with_files) = 0;

  virtual std::optional<batch_status> status(const std::string& id, bool with_files) const = 0;
  virtual std::optional<file_status> file(const std::string& id) const = 0;
  virtual std::vector<std::string> batches() const = 0;

  virtual std::error_code pause(const std::string& id) = 0;
  virtual std::error_code resume(const std::string& id) = 0;
  virtual std::error_code cancel(const std::string& id) = 0;
  virtual std::error_code pause_file(const std::string& id) = 0;
  virtual std::error_code resume_file(const std::string& id) = 0;
  virtual std::error_code cancel_file(const std::string& id) = 0;
  virtual std::error_code set_max_concurrent(const std::string& id, unsigned n) = 0;
  virtual std::error_code set_rate_limit(const std::string& id, std::uint64_t bytes_per_second) = 0;
  virtual std::error_code set_retries(const std::string& id, unsigned most,
                                      std::chrono::milliseconds delay,
                                      std::chrono::milliseconds longest) = 0;
  virtual std::error_code set_priority(const std::string& id, int priority) = 0;
  virtual std::error_code store_error() const = 0;
};

}  // namespace haul::batch

#endif
