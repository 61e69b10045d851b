#ifndef TTHSD_DOWNLOADER_HPP
#define TTHSD_DOWNLOADER_HPP

#include "tthsd/arguments.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace tthsd {

class run;

/// What can be changed at any time, and holds for the runs to come too.
struct controls {
  std::uint64_t rate_limit = 0;
  std::string proxy;
  bool proxy_given = false;  // else what the environment says
  unsigned retries = 5;
  std::chrono::milliseconds retry_delay{500};
  std::chrono::milliseconds max_retry_delay{30'000};
};

/// What stands behind an id.
///
/// @par Thread Safety
/// Safe. No lock is held while a callback runs.
class downloader {
 public:
  explicit downloader(order o) : order_(std::move(o)) {}

  /// False when it is running already, or was stopped. Throws when there can be no threads.
  bool start(bool parallel);
  void pause();
  void resume();
  /// Ends the run. When called outside a callback, waits until no further callback can come.
  void stop();
  void set_speed_limit(std::uint64_t bytes_per_second);
  void set_proxy(std::string url);
  void set_retries(unsigned most, std::chrono::milliseconds delay,
                   std::chrono::milliseconds longest);
  std::string stats();

 private:
  std::shared_ptr<run> current();

  const order order_;
  std::mutex mutex_;
  controls controls_;
  std::shared_ptr<run> run_;
  bool stopped_ = false;
};

}  // namespace tthsd

#endif
