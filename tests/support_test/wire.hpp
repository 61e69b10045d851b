#ifndef HAUL_TEST_SUPPORT_WIRE_HPP
#define HAUL_TEST_SUPPORT_WIRE_HPP

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The plainest possible client: blocking sockets and nothing clever, so that what a test sees is
/// what the server did. Nothing here waits longer than twenty seconds.
namespace haul::test {

enum class wire_end {
  none,       ///< still open
  fin,        ///< end of stream; with TLS: after close_notify
  truncated,  ///< TLS only: end of stream without close_notify
  reset,
  other
};

struct wire_options {
  bool tls = false;
  std::string ca_file = {};
  std::string host = "localhost";  ///< for SNI and the check of the certificate
  SSL_SESSION* session = nullptr;  ///< to resume
  bool ipv6 = false;
};

class wire {
 public:
  /// Throws std::system_error if nobody listens, std::runtime_error if TLS fails.
  explicit wire(std::uint16_t port, wire_options options = {});
  ~wire();
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  void send(const std::string& bytes);
  void get(const std::string& path, const std::string& fields = {});

  /// All that comes until this much is there, or the end, or the time is over.
  std::string read(std::size_t n, std::chrono::milliseconds timeout = std::chrono::seconds(20));
  /// A head with its empty line.
  std::string read_head();
  std::string read_to_end();
  /// Neither a byte nor an end for so long.
  bool quiet_for(std::chrono::milliseconds d);
  /// How it ended, once a read came short.
  wire_end end() const { return end_; }
  SSL* tls() const;

 private:
  bool read_ahead(std::chrono::steady_clock::time_point latest);
  std::size_t receive(char* out, std::size_t n, std::chrono::milliseconds timeout);

  int fd_ = -1;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::vector<char> block_ = std::vector<char>(64 * 1024);
  std::string ahead_;
  wire_end end_ = wire_end::none;
};

struct wire_reply {
  int status = 0;
  std::string head;
  std::string body;
  wire_end end = wire_end::none;

  std::string field(const std::string& name) const;  ///< "" if it is not there
};

/// One exchange on an open connection, or on one of its own that is closed after it.
wire_reply exchange_on(wire& connection, const std::string& path, const std::string& fields = {},
                       const std::string& method = "GET");
wire_reply fetch_from(std::uint16_t port, const std::string& path, const std::string& fields = {},
                      const std::string& method = "GET");

}  // namespace haul::test

#endif
