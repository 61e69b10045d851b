#ifndef HAUL_HTTP_EXCHANGE_HPP
#define HAUL_HTTP_EXCHANGE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/watchdog.hpp>
#include <haul/detail/failure.hpp>
#include <haul/download_options.hpp>
#include <haul/error.hpp>
#include <haul/http/chunked_decoder.hpp>
#include <haul/http/connection.hpp>
#include <haul/http/connection_pool.hpp>
#include <haul/http/framing.hpp>
#include <haul/http/head_parser.hpp>
#include <haul/http/low_water.hpp>
#include <haul/http/read_buffer.hpp>
#include <haul/http/response_head.hpp>
#include <haul/system/environment.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace haul::http {

/// One request and its reply on a connection. The body is read without blocking, straight into the
/// caller's buffer:
///
/// @code
/// while (!x.complete()) {
///   if (!x.buffered()) co_await x.wait();
///   std::error_code ec;
///   const std::size_t n = x.read_some(buffer, size, ec);  // 0 and would_block: wait again
/// }
/// @endcode
///
/// When the exchange is destroyed, its connection goes back to the pool if the reply was read to
/// its end, and is closed if not.
template <system::environment Environment>
class exchange {
 public:
  using pool_type = connection_pool<Environment>;
  using clock = std::chrono::steady_clock;

  exchange(Environment& environment, pool_type& pool, const asio::any_io_executor& executor,
           typename pool_type::connection_ptr connection, const timeouts& limits)
      : environment_(environment),
        pool_(pool),
        connection_(std::move(connection)),
        limits_(limits),
        reused_(connection_->exchanges > 0),
        watch_(environment.make_timer(executor), [this] { overdue(); }) {}
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  ~exchange() {
    watch_.disarm();
    if (connection_ && reusable()) {
      ++connection_->exchanges;
      pool_.keep(std::move(connection_));
    }
  }

  /// Sends a request (head and, if any, body) and reads the head of its reply; interim replies are
  /// skipped. Both texts have to live until then.
  ///
  /// @throws detail::failure  head_timeout, connection_closed, an error of the grammar or framing,
  /// or
  ///                          the system's error.
  awaitable<void> start(std::string_view method, std::string_view request) {
    stream().expect(1);
    stream().pace(0);
    const auto deadline = environment_.now() + limits_.head;
    if (limits_.head.count() > 0) watch_.arm(deadline);
    std::size_t sent = 0;
    while (sent < request.size()) {
      std::error_code ec;
      sent += stream().write_some(request.data() + sent, request.size() - sent, ec);
      if (!ec) continue;
      if (ec != asio::error::would_block) throw failed(ec, operation::requesting);
      co_await ready(system::readiness::write);
    }
    head_parser parser;
    for (unsigned interim = 0;;) {
      // A stream that waits for its reply holds no buffer.
      if (!stream().buffered()) co_await ready(system::readiness::read);
      std::error_code ec;
      const auto read = [&](char* to, std::size_t n) { return stream().read_some(to, n, ec); };
      const std::size_t got = in_.fill(read);
      if (got == 0 && ec == asio::error::would_block) continue;
      if (got == 0) throw failed(ec, operation::requesting);
      answered_ = true;
      for (;;) {
        const auto parsed = parser.parse(in_.view());
        if (parsed.error) throw failed(parsed.error, operation::requesting);
        if (!parsed.done) break;
        in_.consume(parsed.consumed);
        const int status = parser.head().status;
        if (status >= 200 || status == 101) {
          watch_.rest();
          accept(method, std::move(parser.head()));
          co_return;
        }
        if (++interim > most_interim) throw failed(errc::malformed_head, operation::requesting);
        parser.reset();
      }
    }
  }

  const response_head& head() const noexcept { return head_; }
  const body_framing& framing() const noexcept { return framing_; }
  /// Whether any byte of a reply has come. If not, and the connection was a kept one, the server
  /// may never have seen the request.
  bool answered() const noexcept { return answered_; }
  bool reused() const noexcept { return reused_; }

  /// Whether the whole body has been read.
  bool complete() const noexcept { return complete_; }
  /// Whether `read_some` has something to give without waiting.
  bool buffered() const { return !in_.empty() || connection_->stream.buffered(); }

  /// Reads bytes of the body. Nothing read and no error: ask again, or the body is complete.
  /// `would_block`: wait first.
  std::size_t read_some(void* to, std::size_t n, std::error_code& ec) {
    ec.clear();
    if (complete_ || n == 0) return 0;
    if (framing_.how == body_framing::kind::length) {
      n = static_cast<std::size_t>(std::min<std::uint64_t>(n, left_));
    }
    std::size_t got = take_buffered(to, n);
    if (got == 0) got = stream().read_some(to, n, ec);
    if (got == 0) {
      if (ec == asio::error::eof) {
        ec.clear();
        if (framing_.how == body_framing::kind::until_close) {
          complete_ = true;
        } else {
          ec = errc::connection_closed;
        }
      } else if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) {
        ec = watch_.expired() ? errc::stalled : ec;
      }
      return 0;
    }
    ec.clear();
    switch (framing_.how) {
      case body_framing::kind::length:
        water_.received(got);
        left_ -= got;
        complete_ = left_ == 0;
        return got;
      case body_framing::kind::chunked: {
        const auto decoded = chunks_.decode(static_cast<char*>(to), got);
        ec = decoded.error;
        complete_ = chunks_.done();
        surplus_ = surplus_ || decoded.consumed < got;
        return decoded.produced;
      }
      default:
        return got;
    }
  }

  /// The whole body, where it has `n` bytes and all of them came with the head: they need not be
  /// copied then. Null if not.
  std::unique_ptr<char[]> take_whole(std::size_t n, std::string_view& body) {
    const bool whole = framing_.how == body_framing::kind::length && !complete_ &&
                       framing_.length == n && left_ == n && in_.view().size() == n;
    if (!whole) return nullptr;
    water_.received(static_cast<std::size_t>(left_));
    left_ = 0;
    complete_ = true;
    return in_.take(body);
  }

  /// Waits until more of the body can be read, for the stall limit at most.
  ///
  /// @throws detail::failure  stalled.
  awaitable<void> wait() {
    const auto now = environment_.now();
    const bool limited = limits_.stall.count() > 0;
    stalled_at_ = limited ? now + limits_.stall : (clock::time_point::max)();
    const std::size_t n = collects() ? water_.next(now, sure()) : 1;
    stream().expect(n);
    collecting_ = n > 1;
    if (collecting_) {
      watch_.arm((std::min)(stalled_at_, now + longest_collecting));
    } else if (limited) {
      watch_.arm(stalled_at_);
    }
    return ready(system::readiness::read);
  }

  /// Waits in the thread that calls it, a worker's, where bytes come so fast that it will not be
  /// for long: to change threads would cost more. False when it is better to `wait`.
  bool linger() {
    if (!collects()) return false;
    water_.next(environment_.now(), sure());
    return water_.streams() && stream().linger(handful, longest_lingering);
  }

  /// Whether bytes come so fast that `linger` is worth trying.
  bool streams() const noexcept { return collects() && water_.streams(); }

  /// Says that the body will be read without waiting for it, since more of it is there.
  void hush() { stream().hush(); }

  /// Whether that is so still.
  bool quiet() { return stream().quiet(); }

  /// Says how fast the body will be read at the most, in bytes a second; 0 is as fast as it comes.
  void pace(std::uint64_t rate) {
    paced_ = rate != 0;
    stream().pace(rate);
  }

  /// Gives the connection up now.
  void close() {
    watch_.disarm();
    connection_.reset();
  }

 private:
  static constexpr unsigned most_interim = 16;
  static constexpr std::uint64_t framing_room = 64u << 10;
  static constexpr std::chrono::milliseconds longest_collecting{50};
  static constexpr std::size_t handful = 128u << 10;
  static constexpr std::chrono::milliseconds longest_lingering{10};

  typename Environment::stream& stream() noexcept { return connection_->stream; }

  /// Under a limit little comes at a time, and at the limit's own pace.
  bool collects() const noexcept { return framing_.how == body_framing::kind::length && !paced_; }

  /// Bytes that are sure to come: what is left of a record of TLS, and of its decoding, may never
  /// come as bytes of its own.
  std::uint64_t sure() const noexcept { return left_ > framing_room ? left_ - framing_room : 1; }

  /// A deadline has passed. While bytes were being collected, it is only the patience with that.
  void overdue() {
    if (!std::exchange(collecting_, false)) return stream().close();
    water_.reset();
    if (stalled_at_ != (clock::time_point::max)()) watch_.arm(stalled_at_);
    stream().expect(1);
  }

  bool reusable() {
    return complete_ && !surplus_ && in_.empty() && keep_alive_ &&
           framing_.how != body_framing::kind::until_close;
  }

  haul::detail::failure failed(std::error_code ec, operation doing) {
    if (watch_.expired()) {
      ec = doing == operation::requesting ? errc::head_timeout : errc::stalled;
    } else if (ec == asio::error::eof) {
      ec = errc::connection_closed;
    }
    return haul::detail::failure{ec, doing};
  }

  awaitable<void> ready(system::readiness what) {
    const std::error_code ec = co_await stream().wait(what);
    const operation doing = head_.status == 0 ? operation::requesting : operation::receiving;
    if (watch_.expired()) throw failed(ec, doing);
    if (ec == asio::error::operation_aborted) throw std::system_error{ec};
    if (ec) throw failed(ec, doing);
    if (doing == operation::receiving) watch_.rest();
  }

  void accept(std::string_view method, response_head&& head) {
    head_ = std::move(head);
    const framing_result f = framing_of(method, head_);
    if (f.error) throw failed(f.error, operation::requesting);
    framing_ = f.framing;
    left_ = framing_.length;
    keep_alive_ = keeps_alive(head_);
    complete_ = framing_.how == body_framing::kind::none ||
                (framing_.how == body_framing::kind::length && left_ == 0);
  }

  std::size_t take_buffered(void* to, std::size_t n) {
    const std::size_t take = (std::min)(n, in_.view().size());
    if (take == 0) return 0;
    std::memcpy(to, in_.view().data(), take);
    in_.consume(take);
    return take;
  }

  Environment& environment_;
  pool_type& pool_;
  typename pool_type::connection_ptr connection_;
  timeouts limits_;
  response_head head_{};
  body_framing framing_{};
  chunked_decoder chunks_;
  read_buffer in_;  // what came with the head
  std::uint64_t left_ = 0;
  low_water water_;
  clock::time_point stalled_at_{};
  bool paced_ = false;
  bool collecting_ = false;
  bool reused_;
  bool answered_ = false;
  bool complete_ = false;
  bool surplus_ = false;
  bool keep_alive_ = false;
  watchdog<typename Environment::timer> watch_;
};

}  // namespace haul::http

#endif
