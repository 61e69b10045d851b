#ifndef HAUL_PAN123_CALLBACK_HPP
#define HAUL_PAN123_CALLBACK_HPP

#include <haul/config.hpp>

#include <haul/pan123/types.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace haul::pan123 {

/// A callback of the platform, as it was read.
struct callback_result {
  offline_callback value;  ///< of use only without an error
  std::error_code error;   ///< `unauthorized` or `protocol_error`
};

/// Reads what the platform posts to the callback URL of an offline download.
///
/// The platform does not sign its callbacks. So put a secret of your own into the query of the
/// callback URL, as `haul_secret=...`, and pass the target of the request that came in; what it
/// says is still to be checked with `offline().progress` or `files().detail`. Answer with 200.
///
/// @param body    Of the request that came in.
/// @param target  Its request target, with the query.
/// @param secret  What must stand in the query; letters and digits. Compared in constant time.
///
/// @par Errors
/// `unauthorized` without the secret, or when it is empty; `protocol_error` for a body that is not
/// a callback.
///
/// @par Thread Safety
/// Safe.
HAUL_DECL callback_result parse_callback(std::string_view body, std::string_view target,
                                         std::string_view secret);

}  // namespace haul::pan123

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/callback.ipp>
#endif

#endif
