#ifndef HAUL_SERVICE_DOWNLOAD_ARCHIVE_HPP
#define HAUL_SERVICE_DOWNLOAD_ARCHIVE_HPP

#include <haul/config.hpp>

#include <filesystem>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace haul::service {

/// A file that says what has been downloaded: one key in each line. It is read when it is first
/// asked, and only added to afterwards; a user may edit it while nothing runs.
///
/// @par Thread Safety
/// All members may be called from any thread. They may read and write the file.
class download_archive {
 public:
  explicit download_archive(std::filesystem::path file) : file_(std::move(file)) {}

  HAUL_DECL bool contains(const std::string& key);
  /// A key that is there already is not added again. What cannot be written holds for this process.
  HAUL_DECL void add(const std::string& key);

 private:
  HAUL_DECL void read();

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
  bool read_ = false;
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/download_archive.ipp>
#endif

#endif
