#ifndef HAUL_TEST_NGINX_HPP
#define HAUL_TEST_NGINX_HPP

#include "test_ca.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::test {

struct nginx_options {
  std::filesystem::path root = {};     ///< the folder it serves; empty: one of its own
  std::optional<leaf_files> tls = {};  ///< a second port with TLS
  std::string http_lines = {};         ///< further lines of configuration
  std::string server_lines = {};
  std::string location_lines = {};  ///< such as "limit_rate 1m;"
  int workers = 1;
};

/// A line of the access log. nginx writes it when a request is over.
struct nginx_request {
  double time = 0;          ///< seconds since the epoch, at the end
  double request_time = 0;  ///< seconds it took
  std::uint64_t connection = 0;
  std::uint64_t on_connection = 0;  ///< 1, 2, ... on this connection
  std::string method = {};
  std::string uri = {};
  int status = 0;
  std::uint64_t body_bytes = 0;
  std::string range = {};          ///< the request's Range field, "-" if it had none
  std::string content_range = {};  ///< the reply's, "-" if it had none
  std::string if_range = {};
  std::string tls_version = {};  ///< "-" without TLS
  bool tls_resumed = false;
  bool complete = false;  ///< the whole reply went out
  std::string host = {};
  std::string user_agent = {};
};

/// A real nginx on free ports of 127.0.0.1, gone with this object.
class nginx {
 public:
  explicit nginx(nginx_options options = {});
  ~nginx();
  nginx(const nginx&) = delete;
  nginx& operator=(const nginx&) = delete;

  static bool available();

  const std::filesystem::path& root() const;
  std::uint16_t port() const;
  std::uint16_t tls_port() const;
  std::string url(std::string_view path, std::string_view host = "127.0.0.1") const;
  std::string tls_url(std::string_view path, std::string_view host = "localhost") const;

  void stop();   ///< at once; connections break, ports refuse
  void start();  ///< again, on the same ports

  std::vector<nginx_request> log() const;
  /// The log, once it is as wanted, or as it is after the timeout.
  std::vector<nginx_request> log_when(
      const std::function<bool(const std::vector<nginx_request>&)>& wanted,
      std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;
  /// The log, once it has had nothing new for a moment: the last lines come a little after the end
  /// of the client.
  std::vector<nginx_request> settled_log() const;
  void clear_log();
  std::string error_log() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace haul::test

#endif
