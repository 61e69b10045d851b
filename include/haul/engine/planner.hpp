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

namespace haul::engine {

/// Decides what each stream of a download fetches next. Pure: time is an argument, and nothing
/// happens but through its answers.
///
/// Every byte of the file is in one of four states: free, owned by a stream, received (on its way
/// to the disk) or written. A stream owns a span and asks for it in closed ranges that end at piece
/// borders. A stream without work takes the first free gap; when there is none, it steals the
/// second half of the span that would take the longest, at a piece border, and where it can from
/// behind the range that its owner is reading, so that the owner's connection survives.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class planner {
 public:
  using clock = std::chrono::steady_clock;
  using stream_id = unsigned;

  static constexpr std::uint64_t unlimited = UINT64_MAX;

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

  /// What the stream should ask for now; nothing when there is no work for it. The stream must ask
  /// again, or be released, when that is received.
  std::optional<byte_range> take(stream_id id, clock::time_point now) {
    auto at = lanes_.find(id);
    if (at == lanes_.end() || at->second.own.empty()) {
      std::optional<byte_range> span = free_span();
      if (!span) span = steal(id, now);
      if (!span) {
        if (at != lanes_.end()) lanes_.erase(at);
        return std::nullopt;
      }
      if (at == lanes_.end()) at = lanes_.emplace(id, lane{}).first;
      at->second.own = *span;
    }
    lane& l = at->second;
    l.request_end = request_end(l);
    l.seen_at = now;
    l.seen_bytes = 0;
    return byte_range{l.own.begin, l.request_end};
  }

  /// The stream has `n` more bytes. Returns how many of them are its to write, at the position
  /// where it stood: fewer when its range was cut by another stream.
  std::uint64_t received(stream_id id, std::uint64_t n, clock::time_point now) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) return 0;
    lane& l = at->second;
    const std::uint64_t wanted = (std::min)(n, wanted_of(l));
    l.own.begin += wanted;
    l.seen_bytes += wanted;
    const std::chrono::duration<double> passed = now - l.seen_at;
    if (passed.count() >= 0.1) {
      const double rate = static_cast<double>(l.seen_bytes) / passed.count();
      l.rate = l.rate > 0 ? 0.6 * l.rate + 0.4 * rate : rate;
      l.seen_at = now;
      l.seen_bytes = 0;
    }
    return wanted;
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
    const byte_range behind{l.own.end, (std::min)(end, free_.run_end(l.own.end))};
    if (behind.empty()) return;
    free_.erase(behind);
    l.own.end = l.request_end = behind.end;
  }

  /// The stream is gone; what it owned and did not receive is free again.
  void release(stream_id id) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) return;
    free_.add(at->second.own);
    lanes_.erase(at);
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
    return !free_.empty() || victim(static_cast<stream_id>(-1), now) != lanes_.end();
  }

 private:
  struct lane {
    byte_range own;                 // what is still to be received
    std::uint64_t request_end = 0;  // of the range that is being read
    clock::time_point seen_at{};
    std::uint64_t seen_bytes = 0;
    double rate = 0;  // bytes per second; 0 is not known yet
  };
  using lane_map = std::map<stream_id, lane>;

  static constexpr std::uint64_t request_pieces = 16;
  static constexpr double request_seconds = 4;
  static constexpr double shortest_steal_seconds = 0.02;

  static std::uint64_t wanted_of(const lane& l) noexcept {
    const std::uint64_t end = (std::min)(l.request_end, l.own.end);
    return end > l.own.begin ? end - l.own.begin : 0;
  }

  std::uint64_t align_up(std::uint64_t at) const noexcept {
    const std::uint64_t rest = at % piece_;
    return rest == 0 || at > unlimited - piece_ ? at : at - rest + piece_;
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
    return (std::min)(l.own.end, align_up(l.own.begin + length));
  }

  lane_map::const_iterator victim(stream_id thief, clock::time_point) const {
    double known = 0;
    std::size_t count = 0;
    for (const auto& [id, l] : lanes_) {
      if (l.rate > 0) {
        known += l.rate;
        ++count;
      }
    }
    const double usual = count ? known / static_cast<double>(count) : 1;
    auto longest = lanes_.end();
    double most = shortest_steal_seconds;
    for (auto at = lanes_.begin(); at != lanes_.end(); ++at) {
      const lane& l = at->second;
      if (at->first == thief || l.own.end == unlimited || l.own.size() < 2 * piece_) continue;
      const double left = static_cast<double>(l.own.size()) / (l.rate > 0 ? l.rate : usual);
      if (left > most) {
        most = left;
        longest = at;
      }
    }
    return longest;
  }

  std::optional<byte_range> steal(stream_id thief, clock::time_point now) {
    const auto found = victim(thief, now);
    if (found == lanes_.end()) return std::nullopt;
    lane& l = lanes_.at(found->first);
    std::uint64_t cut = align_up(l.own.begin + l.own.size() / 2);
    const std::uint64_t behind = l.own.end > l.request_end ? l.own.end - l.request_end : 0;
    if (behind >= l.own.size() / 4) cut = (std::max)(cut, l.request_end);
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
};

}  // namespace haul::engine

#endif
