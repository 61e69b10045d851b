#ifndef HAUL_ENGINE_GOVERNOR_HPP
#define HAUL_ENGINE_GOVERNOR_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace haul::engine {

/// Decides how many streams a download should have: it begins with one, doubles while the goodput
/// grows, goes back when it does not, and looks again from time to time. Pure.
class governor {
 public:
  using clock = std::chrono::steady_clock;

  explicit governor(unsigned most) : limit_((std::max)(most, 1u)), most_(limit_) {}

  /// Streams that should be at work.
  unsigned level() const noexcept { return level_; }

  /// More than one stream is possible from now on.
  void open(clock::time_point now) {
    if (state_ != state::closed) return;
    state_ = state::waiting;
    set_level(2, now);
  }
  /// One stream, for good.
  void close() noexcept {
    state_ = state::closed;
    level_ = 1;
  }

  /// The server asks for less, or refuses connections: half of what there is, for a while.
  void back_off(unsigned active, clock::time_point now) {
    if (state_ == state::closed) return;
    most_ = (std::min)(most_, (std::max)(1u, active / 2));
    const unsigned before = level_;
    best_ = level_ = (std::min)(level_, most_);
    // What the others brought is no measure for these.
    best_goodput_ *= static_cast<double>(level_) / before;
    hold(now);
  }

  /// Looks at what has come of the last step.
  ///
  /// @param received   Bytes received so far, by all streams.
  /// @param answered   Whether every stream that was asked for is receiving.
  /// @param answer     How long a reply takes to begin.
  /// @param throttled  Whether a rate limit holds the streams back, so that more of them would
  ///                   bring nothing but bytes that wait in sockets.
  /// @returns  When to look again.
  clock::time_point update(clock::time_point now, std::uint64_t received, bool answered,
                           clock::duration answer, bool throttled = false) {
    switch (state_) {
      case state::closed:
        return (clock::time_point::max)();
      case state::waiting:
        if (!answered) {
          if (now - since_ < patience) return since_ + patience;
          // A step that never gets its streams has failed.
          level_ = best_;
          hold(now);
          return hold_until_;
        }
        state_ = state::measuring;
        since_ = now;
        bytes_ = received;
        return now + window(answer);
      case state::measuring: {
        if (now - since_ < window(answer)) return since_ + window(answer);
        if (throttled) {
          level_ = best_;
          rest(now);
          return hold_until_;
        }
        const std::chrono::duration<double> passed = now - since_;
        const double goodput = static_cast<double>(received - bytes_) / passed.count();
        judge(goodput, now);
        return state_ == state::holding ? hold_until_ : now;
      }
      case state::holding:
        if (now < hold_until_) return hold_until_;
        most_ = limit_;
        if (throttled) {
          rest(now);
          return hold_until_;
        }
        if (level_ >= most_) {
          hold(now);
          return hold_until_;
        }
        set_level((std::min)(most_, level_ + (std::max)(1u, level_ / 2)), now);
        state_ = state::waiting;
        return now;
    }
    return (clock::time_point::max)();
  }

 private:
  enum class state { closed, waiting, measuring, holding };

  static constexpr double worth_it = 1.10;
  static constexpr std::chrono::milliseconds shortest_window{40};
  static constexpr std::chrono::milliseconds longest_window{1'000};
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::chrono::seconds first_hold{5};
  static constexpr std::chrono::seconds longest_hold{60};

  static clock::duration window(clock::duration answer) {
    return std::clamp<clock::duration>(2 * answer, shortest_window, longest_window);
  }

  void set_level(unsigned n, clock::time_point now) {
    level_ = (std::min)(n, most_);
    since_ = now;
  }

  void judge(double goodput, clock::time_point now) {
    const bool grew = goodput > best_goodput_ * worth_it;
    if (grew) {
      best_goodput_ = goodput;
      best_ = level_;
      if (level_ < most_) {
        set_level(level_ * 2, now);
        state_ = state::waiting;
        return;
      }
    } else if (level_ > best_) {
      level_ = best_;
      // What is best may change with the network: the memory of it fades.
      best_goodput_ *= 0.9;
    }
    hold(now);
  }

  void hold(clock::time_point now) {
    state_ = state::holding;
    hold_until_ = now + hold_;
    hold_ = (std::min<clock::duration>)(hold_ * 2, longest_hold);
  }

  /// As `hold`, for as long as the first time.
  void rest(clock::time_point now) {
    state_ = state::holding;
    hold_until_ = now + first_hold;
  }

  unsigned limit_;
  unsigned most_;  // less than the limit while the server wants fewer
  unsigned level_ = 1;
  unsigned best_ = 1;
  double best_goodput_ = 0;
  state state_ = state::closed;
  clock::time_point since_{};
  clock::time_point hold_until_{};
  clock::duration hold_ = first_hold;
  std::uint64_t bytes_ = 0;
};

}  // namespace haul::engine

#endif
