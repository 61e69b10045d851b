#ifndef HAUL_PAN123_EVENT_HPP
#define HAUL_PAN123_EVENT_HPP

#include <haul/pan123/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <variant>

namespace haul::pan123 {

/// A call failed in a way that may heal, and is made again.
struct call_retried {
  std::string endpoint;                ///< which was asked too often, or failed
  std::error_code error;               ///< why
  unsigned attempt = 0;                ///< failures in a row
  std::chrono::milliseconds delay{0};  ///< until the next try
};

/// There is a new access token.
struct token_renewed {
  std::chrono::sys_seconds expires{};  ///< of the new token
};

/// How an offline download stands, each time the platform was asked.
struct offline_progress {
  task_id task = 0;       ///< which
  offline_report report;  ///< what the platform says
};

/// The platform could not be asked how an offline download stands; it will be asked again.
struct offline_poll_failed {
  task_id task = 0;       ///< which
  std::error_code error;  ///< why
  unsigned attempt = 0;   ///< failures in a row
};

/// Bytes of an upload have been taken by the platform.
struct upload_progress {
  std::string name;         ///< of the file
  std::uint64_t sent = 0;   ///< bytes
  std::uint64_t total = 0;  ///< bytes
  bool reused = false;      ///< the platform had the bytes already
};

/// One thing that happened inside a client. Downloads have events of their own (`haul::event`).
using event = std::variant<call_retried, token_renewed, offline_progress, offline_poll_failed,
                           upload_progress>;

/// What takes the events of a client. Called for one event at a time, on the executor of the call
/// that the event is about; it must not block, and must not throw.
using observer = std::function<void(const event&)>;

}  // namespace haul::pan123

#endif
