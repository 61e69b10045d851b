#ifndef HAUL_ERROR_HPP
#define HAUL_ERROR_HPP

#include <haul/config.hpp>

#include <string>
#include <system_error>

namespace haul {

/// What can go wrong, beside the errors of the operating system, which are passed on as they are.
///
/// A message says what happened; where and to whom is told by `download_result`.
enum class errc {
  // What the caller asked for.
  invalid_url = 1,     ///< not an absolute http or https URL
  unsupported_scheme,  ///< a URL whose scheme haul does not speak
  invalid_argument,    ///< an option or request with a value that cannot be used
  target_exists,       ///< the target is there already and `overwrite` was not asked for
  invalid_target,      ///< the target cannot be a file: a folder, or a name that is not one
  duplicate_target,    ///< another task of this session is writing the same target
  part_locked,         ///< another process is working on the part file
  // Control.
  stopped,      ///< stopped by the program; the state on disk is kept
  sink_failed,  ///< the event sink threw
  // Reaching a server.
  host_not_found,         ///< the name has no address
  resolve_failed,         ///< the name service failed, for now
  resolve_timeout,        ///< no address in time
  connect_timeout,        ///< no address of the host accepted in time
  handshake_timeout,      ///< the TLS or proxy handshake took too long
  tls_failed,             ///< the TLS handshake or a record failed
  certificate_expired,    ///< the certificate is no longer, or not yet, valid
  certificate_untrusted,  ///< self-signed, or no known authority stands behind it
  certificate_mismatch,   ///< the certificate is for another name
  certificate_invalid,    ///< the certificate fails another check
  proxy_unsupported,      ///< the proxy's scheme is not http, socks5 or socks5h
  proxy_refused,          ///< the proxy would not connect to the host
  proxy_unauthorized,     ///< the proxy wants other credentials
  proxy_malformed,        ///< the proxy's answer is not of its protocol
  // A reply.
  head_timeout,         ///< no complete reply head in time
  malformed_head,       ///< the reply head breaks the grammar of HTTP/1.1
  head_too_large,       ///< the reply head is over the limit
  too_many_fields,      ///< the reply has too many fields
  unsupported_version,  ///< the reply is not HTTP/1.x
  bad_content_length,   ///< Content-Length is not one number
  bad_framing,          ///< Transfer-Encoding is not understood, or stands beside Content-Length
  malformed_chunk,      ///< a chunk breaks the grammar or is over the limit
  unexpected_encoding,  ///< the reply is encoded (gzip, ...) though identity was asked for
  connection_closed,    ///< the connection ended before a reply did
  stalled,              ///< no byte for the whole stall limit
  too_slow,             ///< below the speed floor for too long
  // A status.
  unauthorized,        ///< 401
  forbidden,           ///< 403
  not_found,           ///< 404
  gone,                ///< 410
  request_refused,     ///< another 4xx
  too_many_requests,   ///< 429
  server_error,        ///< 5xx
  unexpected_status,   ///< a status that answers nothing that was asked
  too_many_redirects,  ///< more redirects than allowed, or a circle
  bad_redirect,        ///< a redirect without a usable Location
  insecure_redirect,   ///< a redirect from https to http
  // A range and a version.
  bad_content_range,  ///< a 206 that is not for the range asked for
  range_ignored,      ///< a 200 where a 206 was asked for
  content_changed,    ///< the file on the server is another one than before
  size_mismatch,      ///< the size is not the one the request names
  checksum_mismatch,  ///< the bytes do not hash to what was given
  // The state on disk.
  journal_corrupt,  ///< the journal cannot be used
  journal_foreign,  ///< the journal belongs to another file
  // Batches and their store.
  cancelled,        ///< cancelled by the program; final
  batch_too_large,  ///< more files than a batch may have
  no_such_batch,    ///< no batch or file of that id, or it has been forgotten
  store_damaged,    ///< the database cannot be read; it was put aside
  store_failed,     ///< the database could not be written
  store_too_new,    ///< the database is of a newer version of haul
  // Other inputs.
  malformed_metalink,  ///< a Metalink cannot be read
};

/// What a program branches on: a handful of classes that every `errc`, and every system error that
/// haul passes on, belongs to at most one of.
enum class condition {
  retryable = 1,  ///< may heal by itself: haul retries these
  stopped,        ///< the program asked for the end
  refused,        ///< the server understood and said no
  untrusted,      ///< the server could not prove who it is, or its bytes are not the right ones
  bad_request,    ///< the caller must change the request
  local,          ///< the disk or another local resource failed
};

HAUL_DECL const std::error_category& category() noexcept;
HAUL_DECL const std::error_category& condition_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept {
  return {static_cast<int>(e), category()};
}
inline std::error_condition make_error_condition(condition c) noexcept {
  return {static_cast<int>(c), condition_category()};
}

}  // namespace haul

/// @cond
template <>
struct std::is_error_code_enum<haul::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<haul::condition> : std::true_type {};
/// @endcond

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/error.ipp>
#endif

#endif
