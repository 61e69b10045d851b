#ifndef HAUL_COMMAND_BYSTANDER_HPP
#define HAUL_COMMAND_BYSTANDER_HPP

#include <haul/config.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <functional>

namespace haul_command {

/// What waits beside a program's work, on the thread of its `io_context`: for the signals that are
/// to end it, and for the time to draw.
class bystander {
 public:
  explicit bystander(asio::io_context& io) : signals_(io, SIGINT, SIGTERM), clock_(io) {}

  /// `stop` is called for the first signal. The next one ends the program at once, whatever it is
  /// doing.
  void start(std::function<void()> stop, std::chrono::milliseconds interval,
             std::function<void()> tick);
  /// Nothing of it keeps the `io_context` running then.
  void end();

  bool interrupted() const { return interrupted_; }

 private:
  void wait_for_signal();
  void keep_ticking();

  asio::signal_set signals_;
  asio::steady_timer clock_;
  std::function<void()> stop_;
  std::chrono::milliseconds interval_{};
  std::function<void()> tick_;
  bool interrupted_ = false;
  bool over_ = false;
};

}  // namespace haul_command

#endif
