#ifndef HAUL_PAN123_ERROR_HPP
#define HAUL_PAN123_ERROR_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace haul::pan123 {

/// What the 123pan open platform, or what it sends, can do to a call. Errors of the network keep
/// the codes that they have in the rest of haul.
enum class errc {
  invalid_argument = 1,  ///< refused before any request: the platform would not take it
  refused,               ///< code 1, or one that is not known; the message is all there is
  unauthorized,          ///< the access token is refused, and so is a fresh one if there can be one
  too_many_requests,     ///< code 429, after all waiting
  file_not_found,        ///< code 5066
  quota_exceeded,        ///< code 5113: the day's traffic for downloads is used up
  link_not_parsed,       ///< code 2: the platform cannot use the link of an offline download
  too_many_tasks,        ///< code 2: too many offline downloads at once
  still_verifying,       ///< code 20103: an upload is not checked yet
  unavailable,           ///< HTTP 5xx from the platform or the gateway in front of it
  protocol_error,        ///< not what the platform's documents say: HTML, cut JSON, missing data
  offline_failed,        ///< the platform could not download the link; it tells no reason
  timed_out,             ///< not finished by the deadline
  file_rejected,         ///< the platform has blocked the file (status over 100)
  file_missing,          ///< the offline download succeeded, but its folder stays empty
  download_refused,      ///< the download host sent a message instead of the file
  upload_changed,        ///< the file changed while it was being uploaded
  token_file_failed,     ///< the token cannot be kept in its file
  bad_state,             ///< what is saved of an offline download cannot be read
};

HAUL_DECL const std::error_category& category() noexcept;

inline std::error_code make_error_code(errc e) noexcept {
  return {static_cast<int>(e), category()};
}

/// The circumstances of a failed call. No secret and no token stands in it.
struct error_info {
  std::string endpoint;   ///< the path, such as `/api/v1/offline/download`; empty when none
  std::int64_t code = 0;  ///< the platform's; 0 when there was none
  int http_status = 0;    ///< 0 when there was no reply
  std::string message;    ///< the platform's, or what was wrong
  std::string trace_id;   ///< for the platform's support
};

/// What the calls of `pan123::client` throw when they fail.
class error : public std::system_error {
 public:
  /// @param ec    Of `pan123::errc`, `haul::errc` or the system.
  /// @param info  What the platform said.
  error(std::error_code ec, error_info info)
      : std::system_error(ec, summary(info)),
        info_(std::make_shared<const error_info>(std::move(info))) {}

  /// What the platform said, without secrets.
  const error_info& info() const noexcept { return *info_; }

 private:
  static std::string summary(const error_info& info) {
    std::string text = info.endpoint;
    if (info.http_status != 0 && info.http_status != 200) {
      text += (text.empty() ? "HTTP " : " HTTP ") + std::to_string(info.http_status);
    }
    if (info.code != 0) text += " code " + std::to_string(info.code);
    if (!info.message.empty()) text += (text.empty() ? "" : " ") + ('"' + info.message + '"');
    if (!info.trace_id.empty()) text += " trace " + info.trace_id;
    return text;
  }

  std::shared_ptr<const error_info> info_;  // copying an exception must not throw
};

}  // namespace haul::pan123

/// @cond
template <>
struct std::is_error_code_enum<haul::pan123::errc> : std::true_type {};
/// @endcond

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/error.ipp>
#endif

#endif
