#ifndef HAUL_SERVICE_ARIA2_ARGS_HPP
#define HAUL_SERVICE_ARIA2_ARGS_HPP

#include <haul/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// What command line arguments for aria2c ask for, as far as haul can do it. Nothing is executed.
struct aria2_args {
  std::optional<unsigned> per_server;           ///< -x, --max-connection-per-server
  std::optional<unsigned> split;                ///< -s, --split
  std::optional<unsigned> at_once;              ///< -j, --max-concurrent-downloads
  std::optional<std::uint64_t> min_split;       ///< -k, --min-split-size
  std::optional<std::uint64_t> limit;           ///< --max-download-limit, bytes per second
  std::optional<std::uint64_t> lowest_speed;    ///< --lowest-speed-limit
  std::optional<unsigned> tries;                ///< -m, --max-tries; 0 is without end
  std::optional<std::chrono::seconds> wait;     ///< --retry-wait
  std::optional<std::chrono::seconds> timeout;  ///< -t, --timeout
  std::optional<std::chrono::seconds> connect;  ///< --connect-timeout
  std::optional<std::string> proxy;             ///< --all-proxy, --http-proxy, --https-proxy
  std::optional<std::string> user_agent;        ///< -U, --user-agent
  std::optional<std::string> referer;           ///< --referer
  std::vector<std::string> headers;             ///< --header, `Name: value`
  std::string error;                            ///< what cannot be read, in one line; else empty
};

/// Reads arguments as a shell would part them, with quotes but without anything else of a shell.
/// Options that mean nothing here are passed over.
HAUL_DECL aria2_args parse_aria2_args(std::string_view text);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/aria2_args.ipp>
#endif

#endif
