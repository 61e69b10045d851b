#ifndef HAUL_ENGINE_SOURCES_HPP
#define HAUL_ENGINE_SOURCES_HPP

#include <haul/detail/failure.hpp>
#include <haul/error.hpp>
#include <haul/http/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace haul::engine {

/// One place where the file can be had.
struct source {
  explicit source(http::url u) : given(u), current(std::move(u)) {}

  http::url given;    ///< as the program gave it
  http::url current;  ///< where redirects led; asked directly from then on
  std::chrono::steady_clock::time_point not_before{};  ///< do not ask earlier
  std::chrono::steady_clock::time_point failed_at{};   ///< of the last failure that counted
  unsigned failures = 0;                               ///< in a row, without progress between them
  unsigned active = 0;                                 ///< streams at work
  unsigned refreshes = 0;                              ///< in a row
  unsigned edition = 0;                                ///< how often the URL has been made fresh
  unsigned wrong_pieces = 0;                           ///< that it alone has given
  bool gave = false;                                   ///< bytes of the file as it stands
  bool dead = false;                                   ///< never to be asked again
  bool wants_refresh = false;  ///< the program should be asked for a fresh URL
  std::error_code refusal;     ///< because of this
  bool refreshing = false;     ///< it has been asked
  std::optional<haul::detail::failure> last;
};

/// The URL of a download and its mirrors, with the health of each. Pure.
class source_list {
 public:
  using clock = std::chrono::steady_clock;

  void add(http::url u) { sources_.emplace_back(std::move(u)); }

  source& operator[](std::size_t i) { return sources_[i]; }
  const source& operator[](std::size_t i) const { return sources_[i]; }
  std::size_t size() const noexcept { return sources_.size(); }

  /// Where the next stream should go: of those that may be asked now, one that has given no wrong
  /// piece, then one with the fewest failures, then with the fewest streams, then the first.
  std::optional<std::size_t> choose(clock::time_point now) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const source& s = sources_[i];
      if (s.dead || s.wants_refresh || s.refreshing || s.not_before > now) continue;
      if (!best || rank(s) < rank(sources_[*best])) best = i;
    }
    return best;
  }

  /// Whether a source has given a wrong piece, and there is another one that has not.
  bool distrusted(std::size_t i) const {
    return sources_[i].wrong_pieces > 0 &&
           std::any_of(sources_.begin(), sources_.end(),
                       [](const source& s) { return !s.dead && s.wrong_pieces == 0; });
  }

  /// The file as a whole is wrong: whoever has given bytes of it is not asked again. False when
  /// nobody else is left.
  bool drop_givers(const haul::detail::failure& why) {
    for (source& s : sources_) {
      if (!s.gave) continue;
      s.dead = true;
      s.last = why;
    }
    return std::any_of(sources_.begin(), sources_.end(), [](const source& s) { return !s.dead; });
  }

  /// For which source the program should be asked for a fresh URL; for one at a time.
  std::optional<std::size_t> next_refresh() const {
    std::optional<std::size_t> next;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (sources_[i].refreshing) return std::nullopt;
      if (sources_[i].wants_refresh && !next) next = i;
    }
    return next;
  }

  /// When the next source may be asked; nothing when none will ever be.
  std::optional<clock::time_point> next_ready() const {
    std::optional<clock::time_point> first;
    for (const source& s : sources_) {
      if (s.dead) continue;
      const auto at = s.wants_refresh || s.refreshing ? (clock::time_point::max)() : s.not_before;
      if (!first || at < *first) first = at;
    }
    return first;
  }

  /// The failure to report when no source is left: that of the URL the program asked for, unless
  /// another one tells more than that nobody could be reached.
  const haul::detail::failure* verdict() const {
    const haul::detail::failure* told = nullptr;
    for (const source& s : sources_) {
      if (s.last && (!told || (told->http_status == 0 && s.last->http_status != 0))) {
        told = &*s.last;
      }
    }
    return told;
  }

 private:
  static std::tuple<bool, unsigned, unsigned> rank(const source& s) {
    return {s.wrong_pieces > 0, s.failures, s.active};
  }

  std::vector<source> sources_;
};

}  // namespace haul::engine

#endif
