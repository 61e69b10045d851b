#ifndef HAUL_ENGINE_PIECE_CHECK_HPP
#define HAUL_ENGINE_PIECE_CHECK_HPP

#include <haul/byte_range.hpp>
#include <haul/piece_hashes.hpp>
#include <haul/range_set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace haul::engine {

/// Which pieces of a file are whole, which of them have been found right, and who gave their bytes.
/// Pure: hashing is done elsewhere.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class piece_check {
 public:
  /// The pieces that are hashed in one go, and what that comes to.
  struct work {
    std::vector<std::size_t> pieces;
    std::uint64_t bytes = 0;
  };

  explicit piece_check(std::shared_ptr<const piece_hashes> hashes) : hashes_(std::move(hashes)) {}

  bool wanted() const noexcept { return hashes_ != nullptr; }

  /// A file of `total` bytes, of which `right` is there, found right piece by piece. How often each
  /// piece was wrong is kept.
  void begin(std::uint64_t total, const range_set& right) {
    if (!wanted()) return;
    total_ = total;
    const std::size_t n = hashes_->size();
    states_.assign(n, state::missing);
    tries_.resize(n, 0);
    givers_.assign(n, 0);
    ready_.clear();
    right_ = 0;
    right_size_ = 0;
    right_end_ = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (!right.contains(range(i))) continue;
      states_[i] = state::whole;
      this->right(i);
    }
  }

  /// Nothing is there, and how long the file is is not known.
  void forget() {
    states_.clear();
    ready_.clear();
    right_ = right_end_ = 0;
    right_size_ = 0;
  }

  /// Bytes from a source have been written; `written` is all that is there.
  void note(byte_range r, std::size_t source, const range_set& written) {
    if (!wanted() || r.empty() || states_.empty()) return;
    const std::size_t last = index_of(r.end - 1);
    for (std::size_t i = index_of(r.begin); i <= last && i < states_.size(); ++i) {
      givers_[i] |= bit(source);
      if (states_[i] != state::missing || !written.contains(range(i))) continue;
      states_[i] = state::whole;
      ready_.push_back(i);
    }
  }

  /// Takes whole pieces to be hashed, `most` bytes at the most but one piece at least.
  work take(std::uint64_t most) {
    work w;
    std::size_t n = 0;
    while (n < ready_.size() && (n == 0 || w.bytes + range(ready_[n]).size() <= most)) {
      w.bytes += range(ready_[n]).size();
      w.pieces.push_back(ready_[n]);
      ++n;
    }
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(n));
    return w;
  }

  bool has_work() const noexcept { return !ready_.empty(); }

  void right(std::size_t i) {
    if (states_[i] != state::whole) return;
    states_[i] = state::right;
    ++right_;
    right_size_ += range(i).size();
    while (right_end_ < states_.size() && states_[right_end_] == state::right) ++right_end_;
  }

  /// The piece is wrong and will be fetched again. Returns how often it has been wrong.
  unsigned wrong(std::size_t i) {
    states_[i] = state::missing;
    givers_[i] = 0;
    return ++tries_[i];
  }

  /// Whether one source alone has given the bytes of a piece, and it is `source`.
  bool only_giver(std::size_t i, std::size_t source) const { return givers_[i] == bit(source); }

  /// Whether all pieces have been found right.
  bool complete() const noexcept { return !wanted() || right_ == hashes_->size(); }

  byte_range range(std::size_t i) const noexcept { return hashes_->range(i, total_); }
  const piece_hashes& hashes() const noexcept { return *hashes_; }

  /// How many bytes have been found right, and how many from the start without a gap. What was
  /// found right stays so.
  std::uint64_t right_size() const noexcept { return right_size_; }
  std::uint64_t right_end() const noexcept {
    return right_end_ == 0 ? 0 : range(right_end_ - 1).end;
  }

  /// The bytes that have been found right.
  range_set right_bytes() const {
    range_set found;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == state::right) found.add(range(i));
    }
    return found;
  }

 private:
  enum class state : std::uint8_t { missing, whole, right };

  std::size_t index_of(std::uint64_t at) const noexcept {
    return static_cast<std::size_t>(at / hashes_->piece_size());
  }
  // Sources beyond the 63rd share a bit.
  static std::uint64_t bit(std::size_t source) noexcept {
    return std::uint64_t{1} << (source < 63 ? source : 63);
  }

  std::shared_ptr<const piece_hashes> hashes_;
  std::uint64_t total_ = 0;
  std::vector<state> states_;
  std::vector<std::uint8_t> tries_;
  std::vector<std::uint64_t> givers_;
  std::vector<std::size_t> ready_;
  std::size_t right_ = 0;
  std::uint64_t right_size_ = 0;
  std::size_t right_end_ = 0;
};

}  // namespace haul::engine

#endif
