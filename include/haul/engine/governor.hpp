#ifndef HAUL_ENGINE_GOVERNOR_HPP
#define HAUL_ENGINE_GOVERNOR_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace haul::engine {

/// Decides how many streams a download should have: it begins with one, then four times as many
/// while the goodput grows, goes back when it does not, and looks again from time to time. Pure.
///
/// Servers that hold each connection to a rate often let it begin with a burst. So what a step has
/// brought is measured at once, but what the next one is compared with is measured once more when
/// the bursts are over. While bytes come in bursts with silence between them, as they do in the
/// first round trips too, a short measurement tells nothing; but streams that wait leave room for
/// others, so it goes on at once, and finds out later whether half of them would have done. They
/// would not where each would have to be faster than the first one ever was alone.
class governor {
 public:
  using clock = std::chrono::steady_clock;

  explicit governor(unsigned most) : limit_((std::max)(most, 1u)), most_(limit_) {}

  /// Streams that should be at work.
  unsigned level() const noexcept { return level_; }
  /// Whether `update` should be called as soon as what it calls `answered` comes true.
  bool waiting() const noexcept { return state_ == state::waiting; }
  /// Whether there will never be more than one stream.
  bool closed() const noexcept { return state_ == state::closed; }

  /// More than one stream is possible from now on.
  void open(clock::time_point now) {
    if (state_ != state::closed) return;
    starting_ = true;
    step_to(1, now);
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
    hold_until_ = (std::max)(hold_until_, now + rest_time);
  }

  /// Looks at what has come of the last step.
  ///
  /// @param received   Bytes received so far, by all streams.
  /// @param answered   Whether as many streams as there should be are receiving, and no more.
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
        measure_from(now, received);
        state_ = state::measuring;
        return now + window(answer) / samples;
      case state::measuring:
        sample(now, received, answer);
        if (now - since_ < window(answer) && !untellable()) return next_look(answer);
        // Not enough to call a step in vain that had something to beat.
        if (!steady_ && best_goodput_ > 0 && now - since_ < calm_window)
          return since_ + calm_window;
        if (throttled) {
          level_ = best_;
          rest(now);
          return hold_until_;
        }
        judge(received, now, answer);
        return state_ == state::holding ? hold_until_ : now;
      case state::settling:
        sample(now, received, answer);
        if (now - since_ < window(answer)) return next_look(answer);
        best_goodput_ = std::clamp(goodput(now, received), previous_, best_goodput_);
        if (starting_ && !steady_ && previous_ == 0) best_goodput_ = 0;
        step_to(level_ * (starting_ ? first_factor : 2), now);
        return now;
      case state::holding:
        if (now < hold_until_) return hold_until_;
        most_ = limit_;
        if (throttled) {
          rest(now);
          return hold_until_;
        }
        return look_again(now, received);
    }
    return (clock::time_point::max)();
  }

 private:
  enum class state { closed, waiting, measuring, settling, holding };

  static constexpr double worth_it = 1.10;
  static constexpr double worth_slower_replies = 1.50;
  static constexpr unsigned first_factor = 4;
  static constexpr unsigned unseen_factor = 16;
  static constexpr int samples = 3;
  static constexpr std::chrono::milliseconds shortest_window{60};
  static constexpr std::chrono::milliseconds calm_window{250};
  static constexpr std::chrono::milliseconds longest_window{1'000};
  static constexpr std::chrono::milliseconds slower_by{100};
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::chrono::seconds first_hold{2};
  static constexpr std::chrono::seconds unproved_hold{1};
  static constexpr std::chrono::seconds rest_time{5};
  static constexpr std::chrono::seconds longest_hold{60};

  clock::duration window(clock::duration answer) const {
    const auto least = between_ ? calm_window : shortest_;
    return std::clamp<clock::duration>(starting_ ? answer : 2 * answer, least, longest_window);
  }

  void measure_from(clock::time_point now, std::uint64_t received) {
    since_ = sampled_at_ = now;
    bytes_ = sampled_ = received;
    steady_ = true;
    first_sample_ = 0;
  }

  /// Notes whether bytes have come in each part of the window, and about as many.
  void sample(clock::time_point now, std::uint64_t received, clock::duration answer) {
    const clock::duration part = window(answer) / samples;
    const std::chrono::duration<double> passed = now - sampled_at_;
    if (passed < part) return;
    const std::uint64_t n = received - sampled_;
    // In less than a round trip a sender has only begun.
    if (starting_ && level_ == 1 && answer <= part) {
      alone_ = (std::max)(alone_, static_cast<double>(n) / passed.count());
    }
    if (sampled_ == bytes_) first_sample_ = n;
    if (n == 0 || n > 2 * first_sample_) steady_ = false;
    sampled_at_ = now;
    sampled_ = received;
  }

  clock::time_point next_look(clock::duration answer) const {
    const auto all = window(answer);
    return (std::min)(since_ + all, sampled_at_ + all / samples);
  }

  double goodput(clock::time_point now, std::uint64_t received) const {
    const std::chrono::duration<double> passed = now - since_;
    return static_cast<double>(received - bytes_) / passed.count();
  }

  void step_to(unsigned n, clock::time_point now) {
    level_ = (std::min)(n, most_);
    since_ = now;
    state_ = state::waiting;
  }

  /// Whether a measurement is under way that will tell nothing.
  bool untellable() const noexcept { return starting_ && !steady_ && best_goodput_ == 0; }

  /// Whether replies take much longer than they did: so many streams fill the queues on the way.
  bool slower_replies(clock::duration answer) {
    quickest_ = (std::min)(quickest_, answer);
    return answer > 4 * quickest_ + slower_by;
  }

  void judge(std::uint64_t received, clock::time_point now, clock::duration answer) {
    const double seen = goodput(now, received);
    const bool slower = slower_replies(answer);
    if (lowering_) {
      judge_lower(seen, received, now);
      return;
    }
    if (untellable() && !slower) {
      best_ = level_;
      unproved_ = true;
      if (level_ < most_) {
        // Over a long way every step costs two round trips before it brings a byte.
        step_to(level_ * unseen_factor, now);
      } else {
        hold(now, received);
      }
      return;
    }
    if (seen > best_goodput_ * (slower ? worth_slower_replies : worth_it)) {
      previous_ = best_goodput_;
      best_goodput_ = seen;
      best_ = level_;
      if (level_ < most_ && !between_) {
        measure_from(now, received);
        state_ = state::settling;
        return;
      }
    } else if (starting_ && level_ / 2 > best_) {
      between_ = true;
      step_to(level_ / 2, now);
      return;
    }
    level_ = best_;
    hold(now, received);
  }

  /// Half as many were tried, in place of those of which nobody has seen what they are good for.
  void judge_lower(double seen, std::uint64_t received, clock::time_point now) {
    const bool as_good = seen * worth_it >= best_goodput_;
    if (as_good) {
      best_ = level_;
      best_goodput_ = (std::max)(best_goodput_, seen);
    }
    // Those that have just ended may have taken their share of it still. Where each of the others
    // brought more than before, and one alone more than all, that was not the last word.
    const bool each_more = seen * best_ > worth_it * best_goodput_ * level_;
    const bool fewer_may_do = each_more && alone_ > best_goodput_;
    if ((as_good || fewer_may_do) && level_ > 1) {
      step_to(level_ / 2, now);
      return;
    }
    level_ = best_;
    unproved_ = false;
    hold(now, received);
  }

  /// Whether half of the streams may bring what all of them do.
  bool half_may_do() const noexcept {
    return alone_ == 0 || alone_ * level_ / 2 * worth_it >= best_goodput_;
  }

  /// A hold is over: more streams, or fewer?
  clock::time_point look_again(clock::time_point now, std::uint64_t received) {
    // What was best may have been a burst, or another network: what counts is what there was
    // meanwhile. And what is compared with so long a time must not be too short.
    if (held_from_) {
      bytes_ = *held_from_;
      best_goodput_ = goodput(now, received);
      if (!half_may_do()) unproved_ = false;
    }
    const bool lower = unproved_ && held_from_ && level_ > 1;
    if (!lower && level_ >= most_) {
      hold(now, received);
      return hold_until_;
    }
    shortest_ = calm_window;
    lowering_ = lower;
    step_to(lower ? level_ / 2 : level_ + (std::max)(1u, level_ / 2), now);
    return now;
  }

  void hold(clock::time_point now, std::optional<std::uint64_t> received) {
    since_ = now;
    held_from_ = received;
    if (unproved_ && level_ > 1) {
      hold_for(now, unproved_hold);
      return;
    }
    hold_for(now, hold_);
    hold_ = (std::min<clock::duration>)(hold_ * 2, longest_hold);
  }

  /// As `hold`, but always for the same time, where there is nothing to be learned.
  void rest(clock::time_point now) {
    held_from_.reset();
    hold_for(now, rest_time);
  }

  void hold_for(clock::time_point now, clock::duration time) {
    state_ = state::holding;
    starting_ = lowering_ = between_ = false;
    hold_until_ = now + time;
  }

  unsigned limit_;
  unsigned most_;  // less than the limit while the server wants fewer
  unsigned level_ = 1;
  unsigned best_ = 1;
  double best_goodput_ = 0;
  double previous_ = 0;  // the best before the last step that was worth it
  double alone_ = 0;     // the most that one stream brought in a part of a window; 0 is not known
  state state_ = state::closed;
  bool starting_ = false;  // until the first hold
  bool between_ = false;   // a step was too large: a smaller one is under way
  bool lowering_ = false;  // the step under way is one to fewer streams
  bool unproved_ = false;  // there was no baseline when a step was taken
  clock::time_point since_{};
  clock::time_point hold_until_{};
  clock::duration hold_ = first_hold;
  clock::duration quickest_ = (clock::duration::max)() / 8;
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> held_from_;  // received when the hold began
  std::chrono::milliseconds shortest_ = shortest_window;
  bool steady_ = true;  // about as many bytes came in every part of the window
  std::uint64_t first_sample_ = 0;
  clock::time_point sampled_at_{};
  std::uint64_t sampled_ = 0;
};

}  // namespace haul::engine

#endif
