#ifndef HAUL_SYSTEM_SYSTEM_STREAM_HPP
#define HAUL_SYSTEM_SYSTEM_STREAM_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/detail/failure.hpp>
#include <haul/error.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/quiet_socket.hpp>
#include <haul/system/tls.hpp>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <climits>
#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace haul::system {

/// A TCP connection, with TLS on it if asked for.
///
/// OpenSSL works on the socket itself, through a BIO that neither blocks nor raises SIGPIPE, with a
/// large read-ahead buffer: a record is copied once, and one system call brings many.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class system_stream {
 public:
  explicit system_stream(asio::ip::tcp::socket socket)
      : state_(std::make_unique<state>(std::move(socket))) {
    std::error_code ignored;
    state_->socket.loud().non_blocking(true, ignored);
    state_->socket.loud().set_option(asio::ip::tcp::no_delay{true}, ignored);
  }

  std::size_t read_some(void* to, std::size_t n, std::error_code& ec) {
    ec.clear();
    if (!state_->ssl) return state_->socket.read_some(to, n, ec);
    std::size_t done = 0;
    // A call of OpenSSL gives one record at the most.
    while (done < n) {
      std::size_t got = 0;
      ERR_clear_error();
      if (SSL_read_ex(state_->ssl.get(), static_cast<char*>(to) + done, n - done, &got) != 1) {
        ec = error_of_last_call();
        break;
      }
      done += got;
      // Another call would ask the socket: who wants more does so.
      if (SSL_has_pending(state_->ssl.get()) == 0) break;
    }
    state_->drained = ec == asio::error::would_block;
    if (done > 0) ec.clear();
    return done;
  }

  std::size_t write_some(const void* from, std::size_t n, std::error_code& ec) {
    ec.clear();
    if (!state_->ssl) return state_->socket.write_some(from, n, ec);
    std::size_t done = 0;
    ERR_clear_error();
    if (SSL_write_ex(state_->ssl.get(), from, n, &done) != 1) ec = error_of_last_call();
    return done;
  }

  /// Waits until the last call that would have blocked can go on.
  awaitable<std::error_code> wait(readiness what) {
    if (state_->ssl && state_->wants != readiness::read) what = state_->wants;
    const auto event = what == readiness::read ? asio::ip::tcp::socket::wait_read
                                               : asio::ip::tcp::socket::wait_write;
    std::error_code ec;
    co_await state_->socket.loud().async_wait(event, haul::detail::into(ec));
    co_return ec;
  }

  /// Lets the kernel collect so many bytes before a wait for reading ends; the end of the
  /// connection ends it too.
  void expect(std::size_t n) { state_->socket.expect(n); }

  /// Holds up this thread until `n` bytes have come. False when they have not in time, or this
  /// thread is not the one to wait.
  bool linger(std::size_t n, std::chrono::milliseconds most) {
    if (!quiet() || (state_->ssl && state_->wants != readiness::read)) return false;
    state_->socket.expect(n);
    return state_->socket.linger(most);
  }

  /// Nobody has to be woken for what comes, until the next wait.
  void hush() { state_->socket.hush(); }

  /// Whether that is so.
  bool quiet() const noexcept { return state_->socket.quiet(); }

  /// Keeps the receive window to what is read in the time that the sender needs to hear of it, so
  /// that it sends evenly. No more than a hint, and only on Linux.
  void pace(std::uint64_t rate) {
    if (rate == state_->pace) return;
    state_->pace = rate;
#if defined(__linux__) && defined(TCP_WINDOW_CLAMP)
    const int s = state_->socket.loud().native_handle();
    std::uint64_t window = largest_window;
    if (rate != 0) {
      tcp_info info{};
      socklen_t size = sizeof info;
      const bool known = ::getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
      const std::uint64_t microseconds = 20'000 + 2 * (known ? info.tcpi_rtt : 100'000);
      const std::uint64_t per_second = (std::min<std::uint64_t>)(rate, 1u << 30);
      window = std::clamp<std::uint64_t>(per_second * microseconds / 1'000'000, 16u << 10,
                                         largest_window);
    }
    const int value = static_cast<int>(window);
    ::setsockopt(s, IPPROTO_TCP, TCP_WINDOW_CLAMP, &value, sizeof value);
#endif
  }

  bool buffered() const {
    // A part of a record is pending too, but nothing can be read of it.
    return state_->ssl && !state_->drained && SSL_has_pending(state_->ssl.get()) == 1;
  }

  bool stale() {
    if (buffered()) return true;
    std::error_code ec;
    char byte;
    // Session tickets of TLS 1.3 come after the handshake: only what is no such record is stale.
    if (state_->ssl) {
      std::size_t got = 0;
      ERR_clear_error();
      if (SSL_peek_ex(state_->ssl.get(), &byte, 1, &got) == 1) return true;
      return error_of_last_call() != asio::error::would_block;
    }
    state_->socket.loud().receive(asio::buffer(&byte, 1), asio::ip::tcp::socket::message_peek, ec);
    return ec != asio::error::would_block;
  }

  /// Says that nothing more will be sent. What was sent still arrives, and reading goes on.
  void shutdown_send() {
    if (state_->ssl) {
      ERR_clear_error();
      SSL_shutdown(state_->ssl.get());
    }
    std::error_code ignored;
    state_->socket.loud().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void close() { state_->socket.close(); }

  /// Puts TLS on the connection, as a client of `host`.
  ///
  /// @throws detail::failure  tls_failed or one of the certificate errors.
  awaitable<void> handshake(tls_context& context, std::string host, std::string key) {
    state_->session_key = std::move(key);
    state_->ssl = context.make(host, &state_->session_key);
    if (!state_->ssl || !attach_bio()) throw tls_failure(errc::tls_failed, "out of memory");
    for (;;) {
      ERR_clear_error();
      const int outcome = SSL_do_handshake(state_->ssl.get());
      if (outcome == 1) co_return;
      const std::error_code ec = error_of_last_call();
      if (ec != asio::error::would_block) throw handshake_failure(ec);
      const std::error_code failed = co_await wait(state_->wants);
      if (failed) throw std::system_error{failed};
    }
  }

  const asio::ip::tcp::socket& socket() const noexcept { return state_->socket.get(); }
  /// Whether the TLS session was taken up from an earlier connection.
  bool session_reused() const { return state_->ssl && SSL_session_reused(state_->ssl.get()) == 1; }

 private:
  static constexpr std::uint64_t largest_window = 1u << 30;

  struct state {
    explicit state(asio::ip::tcp::socket s) : socket(std::move(s)) {}
    quiet_socket socket;
    std::string session_key;  // the SSL object points to it
    tls_context::ssl_ptr ssl;
    std::error_code io_error;
    readiness wants = readiness::read;
    std::uint64_t pace = 0;
    bool drained = false;  // the last read took every whole record
  };

  static haul::detail::failure tls_failure(std::error_code ec, std::string detail) {
    return haul::detail::failure{ec, operation::handshaking, std::move(detail)};
  }

  std::error_code error_of_last_call() {
    state& s = *state_;
    switch (SSL_get_error(s.ssl.get(), 0)) {
      case SSL_ERROR_WANT_READ:
        s.wants = readiness::read;
        return asio::error::would_block;
      case SSL_ERROR_WANT_WRITE:
        s.wants = readiness::write;
        return asio::error::would_block;
      case SSL_ERROR_ZERO_RETURN:
        return asio::error::eof;
      case SSL_ERROR_SYSCALL:
        return s.io_error ? s.io_error : std::error_code{errc::connection_closed};
      default:
        break;
    }
    const unsigned long code = ERR_peek_last_error();
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return errc::connection_closed;
#endif
    return errc::tls_failed;
  }

  haul::detail::failure handshake_failure(std::error_code ec) {
    const long verified = SSL_get_verify_result(state_->ssl.get());
    if (verified != X509_V_OK) {
      return tls_failure(error_of_certificate(verified), X509_verify_cert_error_string(verified));
    }
    std::string text;
    if (const unsigned long code = ERR_peek_last_error()) {
      if (const char* reason = ERR_reason_error_string(code)) text = reason;
    }
    return tls_failure(ec == asio::error::eof ? errc::connection_closed : ec, std::move(text));
  }

  static errc error_of_certificate(long verified) {
    switch (verified) {
      case X509_V_ERR_CERT_HAS_EXPIRED:
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return errc::certificate_expired;
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_CERT_UNTRUSTED:
        return errc::certificate_untrusted;
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return errc::certificate_mismatch;
      default:
        return errc::certificate_invalid;
    }
  }

  bool attach_bio() {
    BIO_METHOD* method = bio_method();
    BIO* bio = method ? BIO_new(method) : nullptr;
    if (!bio) return false;
    BIO_set_data(bio, state_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(state_->ssl.get(), bio, bio);
    return true;
  }

  static BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "haul socket");
      if (!m) return m;
      BIO_meth_set_read(m, [](BIO* bio, char* to, int n) {
        return transfer(bio, n, true, [&](state& s, std::error_code& ec) {
          return s.socket.read_some(to, static_cast<std::size_t>(n), ec);
        });
      });
      BIO_meth_set_write(m, [](BIO* bio, const char* from, int n) {
        return transfer(bio, n, false, [&](state& s, std::error_code& ec) {
          return s.socket.write_some(from, static_cast<std::size_t>(n), ec);
        });
      });
      BIO_meth_set_ctrl(m, [](BIO* bio, int command, long, void*) -> long {
        if (command == BIO_CTRL_EOF) {
          return static_cast<state*>(BIO_get_data(bio))->io_error == asio::error::eof;
        }
        return command == BIO_CTRL_FLUSH;
      });
      return m;
    }();
    return method;
  }

  template <class Call>
  static int transfer(BIO* bio, int n, bool reading, Call&& call) {
    BIO_clear_retry_flags(bio);
    if (n <= 0) return 0;
    auto& s = *static_cast<state*>(BIO_get_data(bio));
    s.io_error.clear();
    const std::size_t done = call(s, s.io_error);
    if (!s.io_error) return static_cast<int>(done);
    if (s.io_error == asio::error::would_block) {
      s.io_error.clear();
      if (reading) {
        BIO_set_retry_read(bio);
      } else {
        BIO_set_retry_write(bio);
      }
      return -1;
    }
    return s.io_error == asio::error::eof ? 0 : -1;
  }

  std::unique_ptr<state> state_;
};

static_assert(stream<system_stream>);

}  // namespace haul::system

#endif
