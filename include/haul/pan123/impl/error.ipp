#ifndef HAUL_PAN123_IMPL_ERROR_IPP
#define HAUL_PAN123_IMPL_ERROR_IPP

#include <haul/pan123/error.hpp>

namespace haul::pan123 {
namespace detail {

inline const char* message_of(errc e) noexcept {
  switch (e) {
    case errc::invalid_argument:
      return "the platform would not take this argument";
    case errc::refused:
      return "the platform refused the call";
    case errc::unauthorized:
      return "the platform does not accept the access token";
    case errc::too_many_requests:
      return "the platform has been called too often";
    case errc::file_not_found:
      return "the platform has no such file";
    case errc::quota_exceeded:
      return "the day's download traffic of the account is used up";
    case errc::link_not_parsed:
      return "the platform cannot use the link";
    case errc::too_many_tasks:
      return "too many offline downloads at once";
    case errc::still_verifying:
      return "the platform has not checked the upload yet";
    case errc::unavailable:
      return "the platform cannot answer for now";
    case errc::protocol_error:
      return "the platform's answer is not of its protocol";
    case errc::offline_failed:
      return "the platform could not download the link";
    case errc::timed_out:
      return "not finished in time";
    case errc::file_rejected:
      return "the platform has blocked the file";
    case errc::file_missing:
      return "the downloaded file has not appeared in its folder";
    case errc::download_refused:
      return "the download host sent a message instead of the file";
    case errc::upload_changed:
      return "the file changed while it was uploaded";
    case errc::token_file_failed:
      return "the token file cannot be used";
    case errc::bad_state:
      return "the saved state of the offline download cannot be used";
  }
  return "unknown error";
}

class pan123_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "haul.pan123"; }
  std::string message(int value) const override { return message_of(static_cast<errc>(value)); }

  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<errc>(value)) {
      case errc::too_many_requests:
      case errc::too_many_tasks:
      case errc::still_verifying:
      case errc::unavailable:
        return make_error_condition(condition::retryable);
      case errc::invalid_argument:
      case errc::bad_state:
        return make_error_condition(condition::bad_request);
      case errc::token_file_failed:
      case errc::upload_changed:
        return make_error_condition(condition::local);
      default:
        return make_error_condition(condition::refused);
    }
  }
};

}  // namespace detail

HAUL_DECL const std::error_category& category() noexcept {
  static const detail::pan123_category instance;
  return instance;
}

}  // namespace haul::pan123

#endif
