#ifndef HAUL_RANGE_SET_HPP
#define HAUL_RANGE_SET_HPP

#include <haul/byte_range.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace haul {

/// A set of offsets, kept as sorted ranges that neither overlap nor touch.
///
/// Adding and erasing cost a binary search and the move of what follows; a download has at most a
/// few ranges for each stream.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class range_set {
 public:
  /// Adds `r`, joining it with what it overlaps or touches. Returns how many bytes are new.
  std::uint64_t add(byte_range r) {
    if (r.empty()) return 0;
    auto first = std::lower_bound(ranges_.begin(), ranges_.end(), r.begin,
                                  [](const byte_range& a, std::uint64_t at) { return a.end < at; });
    auto last = first;
    std::uint64_t already = 0;
    byte_range joined = r;
    while (last != ranges_.end() && last->begin <= r.end) {
      joined.begin = (std::min)(joined.begin, last->begin);
      joined.end = (std::max)(joined.end, last->end);
      already += last->size();
      ++last;
    }
    const std::uint64_t fresh = joined.size() - already;
    if (first == last) {
      ranges_.insert(first, joined);
    } else {
      *first = joined;
      ranges_.erase(first + 1, last);
    }
    size_ += fresh;
    return fresh;
  }

  /// Takes `r` out. Returns how many bytes were there.
  std::uint64_t erase(byte_range r) {
    if (r.empty()) return 0;
    const auto first =
        std::upper_bound(ranges_.begin(), ranges_.end(), r.begin,
                         [](std::uint64_t x, const byte_range& a) { return x < a.end; });
    auto last = first;
    std::uint64_t gone = 0;
    for (; last != ranges_.end() && last->begin < r.end; ++last) gone += last->size();
    if (first == last) return 0;
    // What is left of the first and of the last, which may be the same.
    const byte_range before{first->begin, (std::min)(first->end, r.begin)};
    const byte_range after{(std::max)((last - 1)->begin, r.end), (last - 1)->end};
    auto gap = first;
    if (!before.empty()) *gap++ = before;
    if (after.empty()) {
      ranges_.erase(gap, last);
    } else if (gap == last) {
      ranges_.insert(gap, after);
    } else {
      *gap++ = after;
      ranges_.erase(gap, last);
    }
    gone -= before.size() + after.size();
    size_ -= gone;
    return gone;
  }

  /// Takes everything out.
  void clear() noexcept {
    ranges_.clear();
    size_ = 0;
  }

  /// Whether every offset of `r` is in the set.
  bool contains(byte_range r) const noexcept {
    if (r.empty()) return true;
    const auto at = after(r.begin);
    return at != ranges_.end() && at->begin <= r.begin && r.end <= at->end;
  }

  /// Where the gap-free run that starts at `from` ends; `from` itself when it is not in the set.
  std::uint64_t run_end(std::uint64_t from) const noexcept {
    const auto at = after(from);
    return at != ranges_.end() && at->begin <= from ? at->end : from;
  }

  /// The first gap that starts at or after `from`, cut at `limit`; empty when there is none.
  byte_range gap(std::uint64_t from, std::uint64_t limit) const noexcept {
    const std::uint64_t begin = run_end(from);
    if (begin >= limit) return {limit, limit};
    const auto at = after(begin);
    return {begin, at == ranges_.end() ? limit : (std::min)(limit, at->begin)};
  }

  /// How many bytes the set holds.
  std::uint64_t size() const noexcept { return size_; }
  /// Whether there is no offset in it.
  bool empty() const noexcept { return ranges_.empty(); }
  /// The ranges, sorted; they neither overlap nor touch.
  const std::vector<byte_range>& ranges() const noexcept { return ranges_; }

  /// Whether they hold the same offsets.
  friend bool operator==(const range_set& a, const range_set& b) { return a.ranges_ == b.ranges_; }

 private:
  std::vector<byte_range>::const_iterator after(std::uint64_t at) const noexcept {
    return std::upper_bound(ranges_.begin(), ranges_.end(), at,
                            [](std::uint64_t x, const byte_range& a) { return x < a.end; });
  }

  std::vector<byte_range> ranges_;
  std::uint64_t size_ = 0;
};

}  // namespace haul

#endif
