#ifndef HAUL_ENGINE_PLANNER_HPP
#define HAUL_ENGINE_PLANNER_HPP

#include <haul/byte_range.hpp>
#include <haul/range_set.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace haul::engine {

/// Decides what each stream of a download fetches next. Pure: time is an argument, and nothing
/// happens but through its answers.
///
/// Every byte of the file is in one of four states: free, owned by a stream, received (on its way
/// to the disk) or written. A stream owns a span and asks for it in closed ranges that end at piece
/// borders. A stream without work takes the first free gap; when there is none, it steals from the
/// span that would take the longest, so much that both would be done at the same time: half of it
/// among equals, nearly all from one that lags; and where it can from behind the range that its
/// owner is reading, so that the owner's connection survives. When too little is left to be shared,
/// and would still take long, both fetch it, and whatever comes first counts: the two are twins.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class planner {
 public:
  using clock = std::chrono::steady_clock;
  using stream_id = unsigned;

  static constexpr std::uint64_t unlimited = UINT64_MAX;

  /// Which of the bytes that a stream has received are its to write: `size` bytes behind the first
  /// `skip`, which its twin has given already. What is beyond them belongs to others.
  struct share {
    std::uint64_t skip = 0;
    std::uint64_t size = 0;
    friend bool operator==(const share&, const share&) = default;
  };

  explicit planner(std::uint64_t piece) : piece_(std::max<std::uint64_t>(piece, 1)) {}

  /// Plans a file of which nothing is known: one stream from the start.
  void begin() {
    *this = planner{piece_};
    free_.add(byte_range{0, unlimited});
  }

  /// Plans a file of `total` bytes of which `written` is there.
  void begin(std::uint64_t total, const range_set& written) {
    *this = planner{piece_};
    total_ = total;
    written_ = written;
    free_.add(byte_range{0, total});
    for (const byte_range& r : written.ranges()) free_.erase(r);
  }

  /// The size has become known; what streams own ends there.
  void set_total(std::uint64_t total) {
    total_ = total;
    free_.erase(byte_range{total, unlimited});
    for (auto& [id, l] : lanes_) {
      l.own.end = (std::min)(l.own.end, total);
      l.request_end = (std::min)(l.request_end, total);
    }
  }

  /// How long a reply takes to begin.
  void set_latency(clock::duration d) { latency_ = std::chrono::duration<double>(d).count(); }
  /// While streams are held back on purpose, none of them lags.
  void set_held_back(bool on) noexcept { held_back_ = on; }

  /// What the stream should ask for now; nothing when there is no work for it. The stream must ask
  /// again, or be released, when that is received.
  std::optional<byte_range> take(stream_id id, clock::time_point now) {
    auto at = lanes_.find(id);
    if (at != lanes_.end() && !at->second.rest().empty()) {
      at->second.own = at->second.rest();
    } else {
      if (at != lanes_.end()) part(at->second);
      const stream_id known = at == lanes_.end() ? nobody : id;
      std::optional<byte_range> span = free_span();
      std::optional<stream_id> twin;
      if (!span) span = steal(known, now);
      if (!span) {
        twin = hedged(known, now);
        if (twin) span = lanes_.at(*twin).rest();
      }
      if (!span) {
        if (at != lanes_.end()) lanes_.erase(at);
        return std::nullopt;
      }
      if (at == lanes_.end()) at = lanes_.emplace(id, lane{}).first;
      at->second.own = *span;
      at->second.given = 0;
      at->second.shed = false;
      at->second.twin = twin;
      if (twin) lanes_.at(*twin).twin = id;
    }
    lane& l = at->second;
    l.request_end = request_end(l);
    l.asked_at = l.seen_at = now;
    l.seen_bytes = 0;
    return byte_range{l.own.begin, l.request_end};
  }

  /// The stream has `n` more bytes.
  share received(stream_id id, std::uint64_t n, clock::time_point now) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) return {};
    lane& l = at->second;
    share mine;
    mine.size = (std::min)(n, wanted_of(l));
    if (l.given > l.own.begin) {
      mine.skip = (std::min)(mine.size, l.given - l.own.begin);
      mine.size -= mine.skip;
    }
    l.own.begin += mine.skip + mine.size;
    if (l.twin) {
      lane& other = lanes_.at(*l.twin);
      other.given = (std::max)(other.given, l.own.begin);
    }
    measure(l, n, now);
    return mine;
  }

  /// How many bytes of the stream's current range are still wanted.
  std::uint64_t wanted(stream_id id) const {
    const auto at = lanes_.find(id);
    return at == lanes_.end() ? 0 : wanted_of(at->second);
  }

  /// The reply that the stream reads runs on to `end`: what was taken from the stream, and is free
  /// again, becomes its own.
  void reunite(stream_id id, std::uint64_t end) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) return;
    lane& l = at->second;
    if (l.twin || l.shed) return;
    const byte_range behind{l.own.end, (std::min)(end, free_.run_end(l.own.end))};
    if (behind.empty()) return;
    free_.erase(behind);
    l.own.end = l.request_end = behind.end;
  }

  /// The stream is one too many: it keeps what is on its way to it already, and the rest is free.
  void shed(stream_id id, clock::time_point now) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end() || at->second.shed) return;
    lane& l = at->second;
    l.shed = true;
    if (l.twin || l.own.end == unlimited) return;
    const double coming = rate_of(l, now) * (latency_ + shortest_steal_seconds);
    const std::uint64_t cut = align_up(l.own.begin + static_cast<std::uint64_t>(coming), grain());
    if (cut >= l.own.end) return;
    free_.add(byte_range{cut, l.own.end});
    l.own.end = cut;
  }

  /// The stream is gone; what it owned and did not receive is free again.
  void release(stream_id id) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) return;
    // What a twin reads as well is still on its way.
    if (!at->second.twin) free_.add(at->second.rest());
    part(at->second);
    lanes_.erase(at);
  }

  /// Whether the stream is so far behind the others that another connection should be tried in its
  /// place. True once for each time that this may be done.
  bool lags(stream_id id, clock::time_point now) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end() || held_back_ || lanes_.size() < 3) return false;
    if (now - at->second.asked_at < patience || now < restart_after_) return false;
    std::vector<double> others;
    for (const auto& [other, l] : lanes_) {
      if (other != id && l.rate > 0) others.push_back(l.rate);
    }
    if (others.size() < 2) return false;
    const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
    std::nth_element(others.begin(), middle, others.end());
    const double usual = *middle;
    if (rate_of(at->second, now) * far_behind > usual) return false;
    restart_after_ = now + restart_pause_;
    restart_pause_ = (std::min<clock::duration>)(2 * restart_pause_, longest_restart_pause);
    return true;
  }

  /// Bytes are on disk. Returns how many are new.
  std::uint64_t written(byte_range r) { return written_.add(r); }

  /// Bytes that were written are of no use: they are free again.
  void lost(byte_range r) {
    written_.erase(r);
    free_.add(r);
  }

  /// A body of unknown length has ended at `total`.
  void ended(std::uint64_t total) {
    set_total(total);
    lanes_.clear();
    free_.clear();
  }

  const range_set& written() const noexcept { return written_; }
  std::optional<std::uint64_t> total() const noexcept { return total_; }
  bool complete() const noexcept { return total_ && written_.size() == *total_; }
  /// Whether every byte has been received, if not yet written.
  bool total_received() const noexcept { return total_ && free_.empty() && lanes_.empty(); }
  /// Whether a stream that is not there yet would find work.
  bool has_work(clock::time_point now) const {
    return !free_.empty() || victim(nobody, now) != lanes_.end() || hedged(nobody, now);
  }

 private:
  struct lane {
    byte_range own;                 // what is still to be received
    std::uint64_t request_end = 0;  // of the range that is being read
    std::uint64_t given = 0;        // up to where a twin has been ahead
    std::optional<stream_id> twin;
    bool shed = false;  // ends soon
    clock::time_point asked_at{};
    clock::time_point seen_at{};
    std::uint64_t seen_bytes = 0;
    double rate = 0;  // bytes per second; 0 is not known yet

    byte_range rest() const noexcept { return {std::clamp(given, own.begin, own.end), own.end}; }
  };
  using lane_map = std::map<stream_id, lane>;

  static constexpr stream_id nobody = static_cast<stream_id>(-1);
  static constexpr std::uint64_t request_pieces = 16;
  static constexpr double request_seconds = 4;
  static constexpr double shortest_steal_seconds = 0.02;
  static constexpr double shortest_hedge_seconds = 0.1;
  static constexpr double silence_seconds = 0.5;
  static constexpr double far_behind = 8;
  static constexpr std::chrono::seconds patience{1};
  static constexpr std::chrono::seconds longest_restart_pause{60};

  static std::uint64_t wanted_of(const lane& l) noexcept {
    if (l.rest().empty()) return 0;  // its twin has given all of it
    const std::uint64_t end = (std::min)(l.request_end, l.own.end);
    return end > l.own.begin ? end - l.own.begin : 0;
  }

  /// A lane and its twin, if it has one, go on alone.
  void part(lane& l) {
    if (l.twin) lanes_.at(*l.twin).twin.reset();
    l.twin.reset();
  }

  void measure(lane& l, std::uint64_t n, clock::time_point now) {
    l.seen_bytes += n;
    const std::chrono::duration<double> passed = now - l.seen_at;
    if (passed.count() < 0.1) return;
    const double rate = static_cast<double>(l.seen_bytes) / passed.count();
    l.rate = l.rate > 0 ? 0.6 * l.rate + 0.4 * rate : rate;
    l.seen_at = now;
    l.seen_bytes = 0;
    if (lanes_.size() > 1) usual_ = usual_ > 0 ? 0.9 * usual_ + 0.1 * rate : rate;
  }

  /// Bytes per second, 0 while nothing is known; silence counts once it is longer than a reply
  /// takes.
  double rate_of(const lane& l, clock::time_point now) const {
    const std::chrono::duration<double> silent = now - l.seen_at;
    if (silent.count() < (std::max)(silence_seconds, 4 * latency_)) return l.rate;
    const double rate = static_cast<double>(l.seen_bytes) / silent.count();
    return (std::max)(l.rate > 0 ? (std::min)(l.rate, rate) : rate, 1.0);
  }

  /// What a stream does that has shown nothing yet.
  double usual_rate() const {
    if (usual_ > 0) return usual_;
    double known = 0;
    std::size_t count = 0;
    for (const auto& [id, l] : lanes_) {
      if (l.rate <= 0) continue;
      known += l.rate;
      ++count;
    }
    return count ? known / static_cast<double>(count) : 1;
  }

  double rate_of_thief(stream_id thief) const {
    const auto at = lanes_.find(thief);
    return at != lanes_.end() && at->second.rate > 0 ? at->second.rate : usual_rate();
  }

  /// Near the end of the file, parts of a piece are worth a request.
  std::uint64_t grain() const noexcept { return (std::max<std::uint64_t>)(piece_ / 4, 1); }

  static std::uint64_t align_up(std::uint64_t at, std::uint64_t unit) noexcept {
    const std::uint64_t rest = at % unit;
    return rest == 0 || at > unlimited - unit ? at : at - rest + unit;
  }

  std::optional<byte_range> free_span() {
    if (free_.empty()) return std::nullopt;
    const byte_range first = free_.ranges().front();
    free_.erase(first);
    return first;
  }

  std::uint64_t request_end(const lane& l) const {
    // Alone, a stream reads all in one reply.
    if (lanes_.size() <= 1) return l.own.end;
    const std::uint64_t length =
        (std::max)(request_pieces * piece_, static_cast<std::uint64_t>(l.rate * request_seconds));
    if (l.own.size() <= length + length / 2) return l.own.end;
    return (std::min)(l.own.end, align_up(l.own.begin + length, piece_));
  }

  /// The lane that would take the longest, among those that have at least `least` bytes and no
  /// twin; its time in seconds goes to `longest`.
  lane_map::const_iterator slowest(stream_id but, std::uint64_t least, clock::time_point now,
                                   double& longest) const {
    auto found = lanes_.end();
    const double usual = usual_rate();
    longest = 0;
    for (auto at = lanes_.begin(); at != lanes_.end(); ++at) {
      const lane& l = at->second;
      const std::uint64_t size = l.rest().size();
      if (at->first == but || l.twin || l.own.end == unlimited || size < least) continue;
      const double rate = rate_of(l, now);
      // Of a little that may be on its way already, nothing is worth a request.
      if (rate <= 0 && size < 2 * piece_) continue;
      const double left = static_cast<double>(size) / (rate > 0 ? rate : usual);
      if (left <= longest) continue;
      longest = left;
      found = at;
    }
    return found;
  }

  /// Whom to steal from.
  lane_map::const_iterator victim(stream_id thief, clock::time_point now) const {
    double longest = 0;
    const auto found = slowest(thief, 2 * grain(), now, longest);
    return longest > shortest_steal_seconds + 2 * latency_ ? found : lanes_.end();
  }

  /// Whose rest should be fetched twice.
  std::optional<stream_id> hedged(stream_id thief, clock::time_point now) const {
    if (held_back_) return std::nullopt;
    double longest = 0;
    const auto found = slowest(thief, 1, now, longest);
    if (found == lanes_.end()) return std::nullopt;
    const double own =
        latency_ + static_cast<double>(found->second.rest().size()) / rate_of_thief(thief);
    if (longest < 2 * own + shortest_hedge_seconds) return std::nullopt;
    return found->first;
  }

  std::optional<byte_range> steal(stream_id thief, clock::time_point now) {
    const auto found = victim(thief, now);
    if (found == lanes_.end()) return std::nullopt;
    lane& l = lanes_.at(found->first);
    const byte_range rest = l.rest();
    const auto size = static_cast<double>(rest.size());
    const double mine = rate_of_thief(thief);
    double its = rate_of(l, now);
    if (its <= 0) its = usual_rate();
    // So much stays that both end at the same time; at most half, which is what a guess is worth.
    const double keeps = (std::min)(its * (latency_ + size / mine) / (1 + its / mine), size / 2);
    const std::uint64_t unit = rest.size() >= 4 * piece_ ? piece_ : grain();
    std::uint64_t cut = align_up(rest.begin + static_cast<std::uint64_t>(keeps), unit);
    const std::uint64_t behind = l.own.end > l.request_end ? l.own.end - l.request_end : 0;
    const bool peer = its * 4 > mine;
    if (peer && behind >= rest.size() / 4) cut = (std::max)(cut, l.request_end);
    if (cut >= l.own.end) return std::nullopt;
    const byte_range stolen{cut, l.own.end};
    l.own.end = cut;
    return stolen;
  }

  std::uint64_t piece_;
  std::optional<std::uint64_t> total_;
  range_set free_;
  range_set written_;
  lane_map lanes_;
  double latency_ = 0;  // seconds
  double usual_ = 0;    // bytes per second of one stream among several
  bool held_back_ = false;
  clock::time_point restart_after_{};
  clock::duration restart_pause_ = 2 * patience;
};

}  // namespace haul::engine

#endif
