#ifndef HAUL_SYSTEM_QUIET_SOCKET_HPP
#define HAUL_SYSTEM_QUIET_SOCKET_HPP

#include <haul/detail/asio_compat.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/socket_base.hpp>
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
    if (quiet_ != -1) {
      const std::size_t got = transferred([&] { return ::recv(quiet_, to, n, 0); }, ec);
      if (got == 0 && n > 0 && !ec) ec = asio::error::eof;
      return got;
    }
#endif
    return socket_.read_some(asio::buffer(to, n), ec);
  }

  /// The event loop does not get to know the socket by it: TLS may have to answer while a worker
  /// reads.
  std::size_t write_some(const void* from, std::size_t n, std::error_code& ec) {
#ifdef __linux__
    if (quiet_ != -1) {
      return transferred([&] { return ::send(quiet_, from, n, MSG_NOSIGNAL); }, ec);
    }
#endif
    return socket_.write_some(asio::buffer(from, n), ec);
  }

  /// Whether the event loop does not know the socket.
  bool quiet() const noexcept {
#ifdef __linux__
    return quiet_ != -1;
#else
    return false;
#endif
  }

  /// Lets so many bytes collect before the socket counts as readable; the end of the connection
  /// makes it readable too. No more than a hint.
  void expect(std::size_t n) {
    if (n == expected_) return;
    expected_ = n;
    const int low_water = static_cast<int>(n);
#ifdef __linux__
    if (quiet_ != -1) {
      ::setsockopt(quiet_, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof low_water);
      return;
    }
#endif
    std::error_code ignored;
    socket_.set_option(asio::socket_base::receive_low_watermark{low_water}, ignored);
  }

  /// Holds up this thread until what is expected can be read, or the connection has ended. False
  /// when that takes longer than `most`; at once where the event loop knows the socket.
  bool linger([[maybe_unused]] std::chrono::milliseconds most) {
#ifdef __linux__
    if (quiet_ == -1) return false;
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
  /// What a call on the socket has done, and its error as Asio says it.
  template <class Call>
  static std::size_t transferred(Call&& call, std::error_code& ec) {
    ec.clear();
    ::ssize_t done;
    do {
      done = call();
    } while (done < 0 && errno == EINTR);
    if (done >= 0) return static_cast<std::size_t>(done);
    if (errno == EAGAIN) {
      ec = asio::error::would_block;
    } else {
      ec.assign(errno, std::system_category());
    }
    return 0;
  }

  int quiet_ = -1;  // the socket while the event loop does not know it
  asio::ip::tcp protocol_ = asio::ip::tcp::v4();
#endif
  std::size_t expected_ = 1;
  asio::ip::tcp::socket socket_;
};

}  // namespace haul::system

#endif
