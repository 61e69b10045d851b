#ifndef HAUL_ENGINE_GOVERNOR_HPP
#define HAUL_ENGINE_GOVERNOR_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace haul::engine {

/// Decides how many streams a download should have: it begins with one, doubles while the goodput
/// grows, goes back when it does not, and looks again from time to time. Pure.
///
/// Servers that hold each connection to a rate often let it begin with a burst. So what a step has
/// brought is measured at once, but what the next one is compared with is measured once more when
/// the bursts are over.
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
    hold(now, std::nullopt);
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
          hold(now, received);
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
        judge(goodput(now, received), received, now);
        return state_ == state::holding ? hold_until_ : now;
      }
      case state::settling:
        if (now - since_ < window(answer)) return since_ + window(answer);
        best_goodput_ = (std::min)(best_goodput_, goodput(now, received));
        set_level(level_ * 2, now);
        state_ = state::waiting;
        return now;
      case state::holding:
        if (now < hold_until_) return hold_until_;
        most_ = limit_;
        if (throttled) {
          rest(now);
          return hold_until_;
        }
        if (level_ >= most_) {
          hold(now, received);
          return hold_until_;
        }
        // What was best may have been a burst, or another network: what counts is what there was
        // meanwhile. And what is compared with so long a time must not be too short.
        if (held_from_) {
          bytes_ = *held_from_;
          best_goodput_ = goodput(now, received);
        }
        shortest_ = calm_window;
        set_level((std::min)(most_, level_ + (std::max)(1u, level_ / 2)), now);
        state_ = state::waiting;
        return now;
    }
    return (clock::time_point::max)();
  }

 private:
  enum class state { closed, waiting, measuring, settling, holding };

  static constexpr double worth_it = 1.10;
  static constexpr std::chrono::milliseconds shortest_window{40};
  static constexpr std::chrono::milliseconds calm_window{250};
  static constexpr std::chrono::milliseconds longest_window{1'000};
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::chrono::seconds first_hold{5};
  static constexpr std::chrono::seconds longest_hold{60};

  clock::duration window(clock::duration answer) const {
    return std::clamp<clock::duration>(2 * answer, shortest_, longest_window);
  }

  double goodput(clock::time_point now, std::uint64_t received) const {
    const std::chrono::duration<double> passed = now - since_;
    return static_cast<double>(received - bytes_) / passed.count();
  }

  void set_level(unsigned n, clock::time_point now) {
    level_ = (std::min)(n, most_);
    since_ = now;
  }

  void judge(double goodput, std::uint64_t received, clock::time_point now) {
    const bool grew = goodput > best_goodput_ * worth_it;
    if (grew) {
      best_goodput_ = goodput;
      best_ = level_;
      if (level_ < most_) {
        state_ = state::settling;
        since_ = now;
        bytes_ = received;
        return;
      }
    } else if (level_ > best_) {
      level_ = best_;
    }
    hold(now, received);
  }

  void hold(clock::time_point now, std::optional<std::uint64_t> received) {
    state_ = state::holding;
    since_ = now;
    held_from_ = received;
    hold_until_ = now + hold_;
    hold_ = (std::min<clock::duration>)(hold_ * 2, longest_hold);
  }

  /// As `hold`, for as long as the first time, where there is nothing to be learned.
  void rest(clock::time_point now) {
    state_ = state::holding;
    held_from_.reset();
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
  std::optional<std::uint64_t> held_from_;  // received when the hold began
  std::chrono::milliseconds shortest_ = shortest_window;
};

}  // namespace haul::engine

#endif
