#ifndef HAUL_SYSTEM_CONNECT_RACE_HPP
#define HAUL_SYSTEM_CONNECT_RACE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/detail/failure.hpp>
#include <haul/error.hpp>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::system {

/// The addresses of a host in the order in which they are tried: the families take turns, beginning
/// with the family that the system prefers (RFC 8305, 4).
inline std::vector<asio::ip::address> interleave(const std::vector<asio::ip::address>& in) {
  std::vector<asio::ip::address> turn[2];
  for (const auto& a : in) turn[a.is_v6() == in.front().is_v6() ? 0 : 1].push_back(a);
  std::vector<asio::ip::address> out;
  for (std::size_t i = 0; i < turn[0].size() || i < turn[1].size(); ++i) {
    for (const auto& t : turn) {
      if (i < t.size()) out.push_back(t[i]);
    }
  }
  return out;
}

/// Connects to the first address that accepts: a new one is tried whenever the last has failed, or
/// has not answered for a quarter of a second (RFC 8305, 5). Runs on one strand.
class connect_race : public std::enable_shared_from_this<connect_race> {
 public:
  connect_race(asio::any_io_executor executor, std::vector<asio::ip::address> addresses,
               std::uint16_t port)
      : executor_(executor),
        addresses_(interleave(addresses)),
        port_(port),
        stagger_(executor),
        done_(executor) {}

  /// @param race  Kept alive until all its attempts have ended.
  /// @throws detail::failure      why the last address failed.
  /// @throws std::system_error    operation_aborted when cancelled; no attempt goes on.
  static awaitable<asio::ip::tcp::socket> run(std::shared_ptr<connect_race> race) {
    race->next();
    std::error_code ec;
    co_await race->done_.wait(haul::detail::into(ec));
    race->abort();
    if (ec) throw std::system_error{ec};
    if (!race->winner_) {
      throw haul::detail::failure{race->error_, operation::connecting, race->failed_at_};
    }
    co_return std::move(*race->winner_);
  }

  /// Ends the race; `run` then fails with connect_timeout.
  void expire() {
    if (!winner_) error_ = errc::connect_timeout;
    started_ = addresses_.size();
    done_.notify();
  }

 private:
  static constexpr std::chrono::milliseconds delay{250};

  void next() {
    stagger_.cancel();
    if (over_) return;
    if (started_ == addresses_.size()) {
      if (pending_ == 0) done_.notify();
      return;
    }
    const asio::ip::tcp::endpoint to{addresses_[started_++], port_};
    auto socket = std::make_shared<asio::ip::tcp::socket>(executor_);
    attempts_.push_back(socket);
    ++pending_;
    socket->async_connect(to, [self = shared_from_this(), socket, to](std::error_code ec) {
      self->ended(*socket, to, ec);
    });
    if (started_ < addresses_.size()) {
      stagger_.expires_after(delay);
      stagger_.async_wait([self = shared_from_this()](std::error_code ec) {
        if (!ec) self->next();
      });
    }
  }

  void ended(asio::ip::tcp::socket& socket, const asio::ip::tcp::endpoint& to, std::error_code ec) {
    --pending_;
    if (over_ || winner_) return;
    if (!ec) {
      winner_.emplace(std::move(socket));
      done_.notify();
      return;
    }
    if (error_ != errc::connect_timeout) {
      error_ = ec;
      failed_at_ = to.address().to_string() + " port " + std::to_string(to.port());
    }
    next();
  }

  void abort() {
    over_ = true;
    stagger_.cancel();
    std::error_code ignored;
    for (const auto& s : attempts_) s->close(ignored);
    attempts_.clear();
  }

  asio::any_io_executor executor_;
  std::vector<asio::ip::address> addresses_;
  std::uint16_t port_;
  asio::steady_timer stagger_;
  notifier done_;
  std::vector<std::shared_ptr<asio::ip::tcp::socket>> attempts_;
  std::optional<asio::ip::tcp::socket> winner_;
  std::error_code error_;
  std::string failed_at_;
  std::size_t started_ = 0;
  std::size_t pending_ = 0;
  bool over_ = false;
};

}  // namespace haul::system

#endif
