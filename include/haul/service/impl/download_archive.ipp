#ifndef HAUL_SERVICE_IMPL_DOWNLOAD_ARCHIVE_IPP
#define HAUL_SERVICE_IMPL_DOWNLOAD_ARCHIVE_IPP

#include <haul/service/download_archive.hpp>

#include <fstream>

namespace haul::service {

HAUL_DECL void download_archive::read() {
  if (read_) return;
  read_ = true;
  std::ifstream in{file_};
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    // A line that a crash has cut short is no key of anything.
    if (!line.empty()) keys_.insert(line);
  }
}

HAUL_DECL bool download_archive::contains(const std::string& key) {
  const std::lock_guard lock{mutex_};
  read();
  return keys_.contains(key);
}

HAUL_DECL void download_archive::add(const std::string& key) {
  const std::lock_guard lock{mutex_};
  read();
  if (!keys_.insert(key).second) return;
  std::ofstream out{file_, std::ios::app | std::ios::binary};
  out << key << '\n';
}

}  // namespace haul::service

#endif
