#ifndef HAUL_BENCHMARKS_BASELINE_WIRE_HPP
#define HAUL_BENCHMARKS_BASELINE_WIRE_HPP

// What the baselines share: a blocking connection, plain or TLS, and just enough of HTTP. An expert
// who knows the server would write no more than this. Linux only.

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace baseline {

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// `http://127.0.0.1:PORT/PATH`, or https.
struct place {
  bool tls = false;
  std::uint16_t port = 0;
  std::string path;

  explicit place(const std::string& url) {
    tls = url.compare(0, 8, "https://") == 0;
    const std::size_t host = tls ? 8 : 7;
    const std::size_t colon = url.find(':', host);
    const std::size_t slash = url.find('/', host);
    if (colon == std::string::npos || slash == std::string::npos) fail("URL");
    port = static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1, slash - colon - 1)));
    path = url.substr(slash);
  }
};

inline int connect_to(std::uint16_t port) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (s < 0 || ::connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return s;
}

inline SSL_CTX* tls_context(const char* ca) {
  SSL_CTX* const c = SSL_CTX_new(TLS_client_method());
  if (!c || SSL_CTX_load_verify_locations(c, ca, nullptr) != 1) fail("certificate authority");
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_default_read_buffer_len(c, 256 * 1024);
  return c;
}

inline SSL* tls_over(SSL_CTX* context, int s) {
  SSL* const ssl = SSL_new(context);
  SSL_set_tlsext_host_name(ssl, "localhost");
  SSL_set1_host(ssl, "localhost");
  SSL_set_fd(ssl, s);
  if (SSL_connect(ssl) != 1) fail("TLS handshake");
  return ssl;
}

inline std::string request(const place& at, std::string_view range = {}) {
  std::string r = "GET " + at.path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!range.empty()) r.append("Range: bytes=").append(range).append("\r\n");
  return r + "\r\n";
}

/// The length of the body that a whole head tells; the baselines trust the server.
inline std::uint64_t body_length(std::string_view head) {
  const std::size_t at = head.find("Content-Length: ");
  if (at == std::string_view::npos || (head.substr(9, 2) != "20")) fail("reply");
  return std::strtoull(head.data() + at + 16, nullptr, 10);
}

// Read and written at once: what was measured to be the fastest.
inline constexpr std::size_t plain_block = 1024 * 1024;
inline constexpr std::size_t tls_block = 512 * 1024;

class connection {
 public:
  connection(const place& at, SSL_CTX* tls) : socket_(connect_to(at.port)) {
    if (tls) ssl_ = tls_over(tls, socket_);
  }
  connection(const connection&) = delete;
  ~connection() {
    if (ssl_) SSL_free(ssl_);
    ::close(socket_);
  }
  std::size_t block() const { return ssl_ ? tls_block : plain_block; }
  void write(const std::string& bytes) {
    const auto n = static_cast<int>(bytes.size());
    const bool all = ssl_ ? SSL_write(ssl_, bytes.data(), n) == n
                          : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == n;
    if (!all) fail("send");
  }
  /// Between 1 and `n` bytes; with TLS as many as fill the buffer.
  std::size_t read(char* to, std::size_t n) {
    if (!ssl_) {
      const ssize_t got = ::recv(socket_, to, n, 0);
      if (got <= 0) fail("recv");
      return static_cast<std::size_t>(got);
    }
    std::size_t done = 0;
    do {
      const int got = SSL_read(ssl_, to + done, static_cast<int>(n - done));
      if (got <= 0) fail("SSL_read");
      done += static_cast<std::size_t>(got);
    } while (done < n && SSL_has_pending(ssl_));
    return done;
  }

 private:
  int socket_;
  SSL* ssl_ = nullptr;
};

/// Reads a reply's head; what came of the body stands at the front of the buffer.
inline std::size_t read_head(connection& c, std::vector<char>& buffer, std::uint64_t& length) {
  std::size_t have = 0;
  for (;;) {
    have += c.read(buffer.data() + have, std::size_t{16} * 1024);
    const std::string_view text{buffer.data(), have};
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) continue;
    length = body_length(text.substr(0, end + 4));
    have -= end + 4;
    std::memmove(buffer.data(), buffer.data() + end + 4, have);
    return have;
  }
}

}  // namespace baseline

#endif
