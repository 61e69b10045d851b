#ifndef TTHSD_REMOTE_LINK_HPP
#define TTHSD_REMOTE_LINK_HPP

#include "tthsd/narrator.hpp"
#include <haul/async/notifier.hpp>
#include <haul/http/url.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tthsd {

/// Where remote events go.
struct remote_target {
  enum class kind : std::uint8_t { lines, websocket };
  kind how = kind::lines;
  haul::http::origin where;
};

/// Reads `host:port`, or a URL of any of the schemes tcp, ws, wss, http and https; nothing when it
/// is none. Only the host and the port count.
std::optional<remote_target> read_remote_target(const std::string& url, remote_target::kind how);

/// The object that a remote client gets for an event.
std::string remote_text(const wire_event& e);

/// Sends events to a remote client, in order: lines of JSON over TCP, or text frames of a
/// WebSocket.
///
/// A connection that cannot be made or breaks is made again, with waits from 0.25 to 10 s; the
/// event that was on its way is sent again. Meanwhile events wait, at most `most_waiting` of them:
/// updates go first when there are too many, then the oldest. After `finish()` it goes on for as
/// long as it gets on: a few seconds without any progress end it, or a minute with it.
///
/// @par Thread Safety
/// `push()`, `finish()` and `abandon()` may be called from any thread.
class remote_link : public std::enable_shared_from_this<remote_link> {
 public:
  static constexpr std::size_t most_waiting = 1024;
  static constexpr std::chrono::seconds linger{10};          // after the last progress
  static constexpr std::chrono::seconds longest_linger{60};  // after the end

  remote_link(const asio::any_io_executor& executor, remote_target to);

  void start();
  void push(const wire_event& e);
  void finish();
  /// Nothing more is sent.
  void abandon();

 private:
  using stream = haul::system::system_stream;
  struct connection;
  using connection_ptr = std::shared_ptr<connection>;
  using self_ptr = std::shared_ptr<remote_link>;
  struct item {
    std::string text;
    bool replaceable = false;
  };

  static haul::awaitable<void> run(self_ptr self);
  static haul::awaitable<bool> converse(self_ptr self);
  static haul::awaitable<void> listen(self_ptr self, connection_ptr c);
  static haul::awaitable<void> shake_hands(self_ptr self, connection_ptr c);
  static haul::awaitable<void> write(self_ptr self, connection_ptr c, std::string bytes);
  static haul::awaitable<void> say_goodbye(self_ptr self, connection_ptr c);
  void progressed();
  void close_connection();
  bool done();
  bool take();
  bool take_control(connection& c, std::string_view bytes);

  const asio::any_io_executor strand_;
  const remote_target to_;
  haul::system::system_environment environment_;
  haul::notifier wake_;
  asio::steady_timer pause_;
  asio::steady_timer end_;
  connection_ptr open_;           // on the strand
  std::optional<item> underway_;  // on the strand

  std::mutex mutex_;
  std::deque<item> waiting_;
  bool finished_ = false;
  bool abandoned_ = false;
  std::chrono::steady_clock::time_point last_moment_{};  // on the strand: of the linger
};

}  // namespace tthsd

#endif
