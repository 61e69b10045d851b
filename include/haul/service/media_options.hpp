#ifndef HAUL_SERVICE_MEDIA_OPTIONS_HPP
#define HAUL_SERVICE_MEDIA_OPTIONS_HPP

#include <haul/download_options.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace haul::service {

/// What the batch dialect may do, and where.
struct media_options {
  std::filesystem::path root;                ///< where the files go; made when it is not there
  std::string base = "/api/media";           ///< in front of all routes; without a slash at its end
  std::string url_base = "/media";           ///< where the server shows the root
  bool extended = false;                     ///< with the routes and states that the original lacks
  std::size_t max_files = 50;                ///< ids in one batch
  unsigned max_concurrent = 5;               ///< more than this is taken for this
  std::chrono::seconds keep_for{24 * 3600};  ///< how long a finished batch can be asked for
  std::size_t keep_count = 1000;             ///< how many finished batches, at the most
  download_options download{};               ///< for each file
  std::function<std::chrono::sys_seconds()> now;  ///< the clock; the system's when it is empty
};

}  // namespace haul::service

#endif
