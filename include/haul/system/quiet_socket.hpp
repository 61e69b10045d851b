#ifndef HAUL_SYSTEM_QUIET_SOCKET_HPP
#define HAUL_SYSTEM_QUIET_SOCKET_HPP

#include <haul/detail/asio_compat.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#ifdef __linux__
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

namespace haul::system {

/// A TCP socket of which the event loop need not hear.
///
/// epoll wakes its thread for every segment that comes on a socket it knows, whether anybody waits
/// for it or not. While a worker reads as fast as bytes come, each of these wakes costs as much as
/// the bytes do.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class quiet_socket {
 public:
  explicit quiet_socket(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  quiet_socket(const quiet_socket&) = delete;
  quiet_socket& operator=(const quiet_socket&) = delete;
  ~quiet_socket() { close(); }

  /// The socket, which the event loop knows from now on.
  asio::ip::tcp::socket& loud() {
#ifdef __linux__
    if (quiet_ != -1) {
      std::error_code ec;
      socket_.assign(protocol_, quiet_, ec);
      if (ec) {
        close();
      } else {
        quiet_ = -1;
        socket_.non_blocking(true, ec);
      }
    }
#endif
    return socket_;
  }

  /// The event loop forgets the socket, until `loud`. To be called while nobody waits for it.
  void hush() {
#ifdef __linux__
    if (quiet_ != -1) return;
    std::error_code ec;
    protocol_ = socket_.local_endpoint(ec).protocol();
    if (ec) return;
    const int handle = socket_.release(ec);
    if (!ec) quiet_ = handle;
#endif
  }

  std::size_t read_some(void* to, std::size_t n, std::error_code& ec) {
#ifdef __linux__
    if (quiet_ != -1) return receive(to, n, ec);
#endif
    return socket_.read_some(asio::buffer(to, n), ec);
  }

  /// Holds up this thread until `n` bytes can be read, or the connection has ended. False when that
  /// takes longer than `most`; at once where the event loop knows the socket.
  bool linger([[maybe_unused]] std::size_t n, [[maybe_unused]] std::chrono::milliseconds most) {
#ifdef __linux__
    if (quiet_ == -1) return false;
    const int low_water = static_cast<int>(n);
    ::setsockopt(quiet_, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof low_water);
    pollfd what{quiet_, POLLIN, 0};
    return ::poll(&what, 1, static_cast<int>(most.count())) == 1;
#else
    return false;
#endif
  }

  void close() {
    std::error_code ignored;
#ifdef __linux__
    if (quiet_ != -1) ::close(std::exchange(quiet_, -1));
#endif
    socket_.close(ignored);
  }

  const asio::ip::tcp::socket& get() const noexcept { return socket_; }

 private:
#ifdef __linux__
  std::size_t receive(void* to, std::size_t n, std::error_code& ec) const {
    ec.clear();
    if (n == 0) return 0;
    ::ssize_t got;
    do {
      got = ::recv(quiet_, to, n, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) {
      ec = asio::error::eof;
    } else if (errno == EAGAIN) {
      ec = asio::error::would_block;
    } else {
      ec.assign(errno, std::system_category());
    }
    return 0;
  }

  int quiet_ = -1;  // the socket while the event loop does not know it
  asio::ip::tcp protocol_ = asio::ip::tcp::v4();
#endif
  asio::ip::tcp::socket socket_;
};

}  // namespace haul::system

#endif
