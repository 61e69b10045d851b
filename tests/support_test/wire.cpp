#include "wire.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace haul::test {

using clock = std::chrono::steady_clock;

namespace {

int connect_to(std::uint16_t port, bool ipv6) {
  const int fd = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  const auto* where =
      ipv6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const timeval limit{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, where, ipv6 ? sizeof v6 : sizeof v4) != 0) {
    const int error = errno;
    ::close(fd);
    throw std::system_error(error, std::generic_category(), "connect");
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

}  // namespace

wire::wire(std::uint16_t port, wire_options options)
    : fd_(connect_to(port, options.ipv6)),
      context_(nullptr, SSL_CTX_free),
      tls_(nullptr, SSL_free) {
  if (!options.tls) return;
  const timeval limit{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!options.ca_file.empty()) {
    SSL_CTX_load_verify_locations(context_.get(), options.ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  }
  tls_.reset(SSL_new(context_.get()));
  SSL_set_fd(tls_.get(), fd_);
  in_addr address{};
  if (::inet_pton(AF_INET, options.host.c_str(), &address) == 1) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), options.host.c_str());
  } else {
    SSL_set_tlsext_host_name(tls_.get(), options.host.c_str());
    SSL_set1_host(tls_.get(), options.host.c_str());
  }
  if (options.session) SSL_set_session(tls_.get(), options.session);
  if (SSL_connect(tls_.get()) != 1) {
    const long verdict = SSL_get_verify_result(tls_.get());
    tls_.reset();
    ::close(fd_);
    throw std::runtime_error(std::string("TLS: ") + X509_verify_cert_error_string(verdict));
  }
}

wire::~wire() {
  // Else OpenSSL holds the session for broken and does not resume it.
  if (tls_) SSL_set_shutdown(tls_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  tls_.reset();
  ::close(fd_);
}

SSL* wire::tls() const { return tls_.get(); }

void wire::send(const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const char* p = bytes.data() + done;
    const std::size_t left = bytes.size() - done;
    const long n = tls_ ? SSL_write(tls_.get(), p, static_cast<int>(left))
                        : ::send(fd_, p, left, MSG_NOSIGNAL);
    if (n <= 0) throw std::system_error(errno, std::generic_category(), "send");
    done += static_cast<std::size_t>(n);
  }
}

void wire::get(const std::string& path, const std::string& fields) {
  send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
}

std::size_t wire::receive(char* out, std::size_t n, std::chrono::milliseconds timeout) {
  if (end_ != wire_end::none) return 0;
  if (!tls_ || SSL_pending(tls_.get()) == 0) {
    pollfd p{};
    p.fd = fd_;
    p.events = POLLIN;
    if (::poll(&p, 1, static_cast<int>(std::max<long>(0, timeout.count()))) <= 0) return 0;
  }
  errno = 0;
  if (!tls_) {
    const ssize_t got = ::recv(fd_, out, n, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    end_ = got == 0 ? wire_end::fin : errno == ECONNRESET ? wire_end::reset : wire_end::other;
    return 0;
  }
  const int got = SSL_read(tls_.get(), out, static_cast<int>(n));
  if (got > 0) return static_cast<std::size_t>(got);
  const int system = errno;
  switch (SSL_get_error(tls_.get(), got)) {
    case SSL_ERROR_ZERO_RETURN:
      end_ = wire_end::fin;
      break;
    case SSL_ERROR_SYSCALL:
      end_ = system == ECONNRESET ? wire_end::reset : wire_end::truncated;
      break;
    case SSL_ERROR_SSL:
      end_ = wire_end::truncated;  // How OpenSSL 3 reports an end without close_notify.
      break;
    default:
      end_ = wire_end::other;
      break;
  }
  return 0;
}

bool wire::read_ahead(clock::time_point latest) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(latest - clock::now());
  if (left.count() < 0 || end_ != wire_end::none) return false;
  const std::size_t n = receive(block_.data(), block_.size(), left);
  ahead_.append(block_.data(), n);
  return n != 0;
}

std::string wire::read(std::size_t n, std::chrono::milliseconds timeout) {
  const clock::time_point latest = clock::now() + timeout;
  while (ahead_.size() < n && read_ahead(latest)) {
  }
  std::string bytes = ahead_.substr(0, n);
  ahead_.erase(0, n);
  return bytes;
}

std::string wire::read_head() {
  const clock::time_point latest = clock::now() + std::chrono::seconds(20);
  while (ahead_.find("\r\n\r\n") == std::string::npos && read_ahead(latest)) {
  }
  const std::size_t end = ahead_.find("\r\n\r\n");
  return read(end == std::string::npos ? ahead_.size() : end + 4);
}

std::string wire::read_to_end() { return read(static_cast<std::size_t>(-1)); }

bool wire::quiet_for(std::chrono::milliseconds d) {
  const std::string came = read(1, d);
  ahead_ = came + ahead_;
  return came.empty() && end_ == wire_end::none;
}

std::string wire_reply::field(const std::string& name) const {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t start = at + name.size() + 4;
  return head.substr(start, head.find("\r\n", start) - start);
}

wire_reply exchange_on(wire& connection, const std::string& path, const std::string& fields,
                       const std::string& method) {
  connection.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  wire_reply reply;
  reply.head = connection.read_head();
  if (reply.head.size() > 12) reply.status = std::stoi(reply.head.substr(9, 3));
  const std::string length = reply.field("Content-Length");
  if (method == "HEAD" || reply.status == 204 || reply.status == 304) {
    // No body.
  } else if (!length.empty()) {
    reply.body = connection.read(std::stoull(length));
  } else if (reply.field("Transfer-Encoding") == "chunked") {
    // As it came, with its framing.
    while (reply.body.size() < 5 ||
           reply.body.compare(reply.body.size() - 5, 5, "0\r\n\r\n") != 0) {
      const std::string next = connection.read(1);
      if (next.empty()) break;
      reply.body += next;
    }
  } else {
    reply.body = connection.read_to_end();
  }
  reply.end = connection.end();
  return reply;
}

wire_reply fetch_from(std::uint16_t port, const std::string& path, const std::string& fields,
                      const std::string& method) {
  wire connection(port);
  return exchange_on(connection, path, fields, method);
}

}  // namespace haul::test
