#include "bystander.hpp"

#include <cstdlib>
#include <system_error>
#include <utility>

namespace haul_command {

void bystander::start(std::function<void()> stop, std::chrono::milliseconds interval,
                      std::function<void()> tick) {
  stop_ = std::move(stop);
  interval_ = interval;
  tick_ = std::move(tick);
  wait_for_signal();
  keep_ticking();
}

void bystander::end() {
  over_ = true;
  signals_.cancel();
  clock_.cancel();
}

void bystander::wait_for_signal() {
  signals_.async_wait([this](const std::error_code& ec, int) {
    if (ec) return;
    interrupted_ = true;
    signals_.clear();
    for (const int s : {SIGINT, SIGTERM}) std::signal(s, [](int) { std::_Exit(130); });
    stop_();
  });
}

void bystander::keep_ticking() {
  clock_.expires_after(interval_);
  clock_.async_wait([this](const std::error_code& ec) {
    // What has expired already cannot be cancelled.
    if (ec || over_) return;
    tick_();
    keep_ticking();
  });
}

}  // namespace haul_command
