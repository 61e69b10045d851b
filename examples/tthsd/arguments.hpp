#ifndef TTHSD_ARGUMENTS_HPP
#define TTHSD_ARGUMENTS_HPP

#include "tthsd/remote_link.hpp"
#include "tthsd/tthsd.h"
#include <haul/download_request.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace tthsd {

/// The arguments of `start_download` as they came. The addresses may be anything.
struct raw_arguments {
  const char* tasks = nullptr;
  int task_count = 0;
  int thread_count = 0;
  int chunk_size_mb = 0;
  progress_callback_t callback = nullptr;
  bool use_callback_url = false;
  const char* user_agent = nullptr;
  const char* remote_callback_url = nullptr;
  const bool* use_socket = nullptr;
  const char* headers_json = nullptr;
};

/// What a downloader has to do.
struct order {
  std::vector<haul::download_request> requests;  ///< with all header fields
  unsigned connections = 16;
  std::uint64_t piece_size = 1u << 20;
  progress_callback_t callback = nullptr;
  std::optional<remote_target> remote;
};

/// Nothing when the arguments cannot be used.
std::optional<order> read_arguments(const raw_arguments& raw);

}  // namespace tthsd

#endif
