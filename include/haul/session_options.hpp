#ifndef HAUL_SESSION_OPTIONS_HPP
#define HAUL_SESSION_OPTIONS_HPP

#include <haul/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace haul {

/// What all downloads of a session share. Members may be set after construction:
///
/// @code
/// haul::session_options options;
/// options.ca_file = "ca.pem";
/// haul::session session{io.get_executor(), options};
/// @endcode
struct session_options {
  session_options() = default;  // no aggregate: safe as an argument of an awaited call

  /// Sent with every request that has no field of its own for it.
  std::string user_agent = "haul/" HAUL_VERSION_STRING;
  std::string ca_file;  ///< certificates in PEM to trust in place of the system's
  /// `http://`, `socks5://` or `socks5h://` with `user:password@` if need be; names are resolved at
  /// the proxy. Empty: what the usual environment variables say.
  std::string proxy;
  bool proxy_from_environment = true;     ///< http_proxy, https_proxy, all_proxy and no_proxy
  unsigned connections_per_host = 32;     ///< all tasks together
  std::size_t buffer_size = 1024u << 10;  ///< bytes that are read and written at once
  /// Threads that move bytes from connections to files, decrypt and hash them: what would hold an
  /// event loop up. Each of them holds one buffer at the most.
  unsigned worker_threads = 2;
  std::uint64_t rate_limit = 0;  ///< bytes per second, all tasks together; 0 is none
  std::chrono::milliseconds idle_timeout{30'000};  ///< how long an unused connection is kept
  /// The session's executor runs one handler at a time: a strand, or an `asio::io_context` that one
  /// thread runs. haul then makes no strands of its own, which saves time and memory. A promise of
  /// the program's: with several threads behind such a session, its behaviour is undefined.
  bool implicit_strand = false;

  /// These options, for an executor that runs one handler at a time.
  session_options with_implicit_strand() const {
    session_options o = *this;
    o.implicit_strand = true;
    return o;
  }
};

}  // namespace haul

#endif
