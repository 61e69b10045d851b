#ifndef HAUL_TEST_PROXIES_HPP
#define HAUL_TEST_PROXIES_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace haul::test {

struct proxy_options {
  std::string user = {};  ///< with password: credentials are needed
  std::string password = {};
  std::string config_lines = {};  ///< tinyproxy only
};

/// tinyproxy on a free port of 127.0.0.1: CONNECT to any port, and requests in absolute form.
class http_proxy {
 public:
  explicit http_proxy(proxy_options options = {});
  ~http_proxy();
  http_proxy(const http_proxy&) = delete;
  http_proxy& operator=(const http_proxy&) = delete;

  static bool available();

  std::uint16_t port() const;
  std::string url() const;  ///< with the credentials, if any
  std::string url_without_credentials() const;

  /// The request lines it got, such as "CONNECT 127.0.0.1:443 HTTP/1.1".
  std::vector<std::string> requests() const;
  /// Whether `n` request lines with this in them have come, at once or soon.
  bool saw(const std::string& text, std::size_t n = 1) const;
  std::string log() const;
  void stop();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// microsocks on a free port of 127.0.0.1.
class socks_proxy {
 public:
  explicit socks_proxy(proxy_options options = {});
  ~socks_proxy();
  socks_proxy(const socks_proxy&) = delete;
  socks_proxy& operator=(const socks_proxy&) = delete;

  static bool available();

  std::uint16_t port() const;
  std::string url(const std::string& scheme = "socks5h") const;
  std::string url_without_credentials(const std::string& scheme = "socks5h") const;

  /// Where it connected to, as the client named it: "localhost:8080".
  std::vector<std::string> targets() const;
  bool saw(const std::string& target, std::size_t n = 1) const;
  std::string log() const;
  void stop();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace haul::test

#endif
