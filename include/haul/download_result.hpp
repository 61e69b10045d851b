#ifndef HAUL_DOWNLOAD_RESULT_HPP
#define HAUL_DOWNLOAD_RESULT_HPP

#include <haul/config.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace haul {

/// What a download was doing when it failed.
enum class operation : std::uint8_t {
  checking,     ///< looking at the request, the target and the state on disk
  resolving,    ///< asking for the host's addresses
  connecting,   ///< to the host, or to the proxy
  handshaking,  ///< TLS, or with the proxy
  requesting,   ///< sending a request and reading the reply head
  receiving,    ///< reading the body
  writing,      ///< to the part file or the journal
  verifying,    ///< size and checksums
  publishing,   ///< giving the file its final name
};

constexpr std::string_view name_of(operation o) noexcept {
  switch (o) {
    case operation::checking:
      return "checking";
    case operation::resolving:
      return "resolving";
    case operation::connecting:
      return "connecting";
    case operation::handshaking:
      return "handshaking";
    case operation::requesting:
      return "requesting";
    case operation::receiving:
      return "receiving";
    case operation::writing:
      return "writing";
    case operation::verifying:
      return "verifying";
    case operation::publishing:
      return "publishing";
  }
  return "";
}

/// How a download ended.
struct download_result {
  std::error_code error;                  ///< none: the file is complete and verified, at `path`
  operation doing = operation::checking;  ///< where it failed
  std::string detail;          ///< more about the failure: an address, a certificate, a path
  int http_status = 0;         ///< of the last reply that decided anything; 0 when there was none
  std::string url;             ///< the URL in use at the end, after redirects, without credentials
  std::filesystem::path path;  ///< the target
  std::uint64_t size = 0;      ///< of the file, as far as it is on disk
  std::uint64_t received = 0;  ///< bytes of bodies received by this run
  std::uint64_t resumed = 0;   ///< bytes taken over from an earlier run
  std::chrono::milliseconds elapsed{0};  ///< since the start of the run
  unsigned attempts = 0;                 ///< requests made

  /// Whether the file is complete and verified.
  explicit operator bool() const noexcept { return !error; }

  /// One line: what was being done, the cause, and more where there is more.
  HAUL_DECL std::string message() const;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/download_result.ipp>
#endif

#endif
