#ifndef HAUL_ENGINE_HASH_CHAIN_HPP
#define HAUL_ENGINE_HASH_CHAIN_HPP

#include <haul/byte_range.hpp>
#include <haul/checksum.hpp>
#include <haul/engine/block_reader.hpp>
#include <haul/system/digest.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

namespace haul::engine {

/// The hashes of a file, computed from its beginning while its bytes arrive: from memory as long as
/// they come in order, and from the file for what came before its turn.
///
/// @par Thread Safety
/// Safe.
class hash_chain {
 public:
  explicit hash_chain(const std::vector<checksum>& wanted) : wanted_(wanted) { reset(); }

  bool wanted() const noexcept { return !wanted_.empty(); }

  /// Begins again.
  void reset() {
    const std::lock_guard lock{mutex_};
    digests_.clear();
    for (const checksum& c : wanted_) digests_.emplace_back(c.algorithm());
    position_ = 0;
  }

  std::uint64_t position() const {
    const std::lock_guard lock{mutex_};
    return position_;
  }

  /// Takes bytes if they are the next ones, and nobody else is hashing.
  void offer(std::uint64_t offset, const char* data, std::size_t n) {
    if (wanted_.empty()) return;
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock || offset != position_) return;
    update(data, n);
  }

  /// Reads on from the file, up to `end` and for `most` bytes at the most.
  template <class File>
  void catch_up(File& file, std::uint64_t end, std::uint64_t most, std::error_code& ec) {
    ec.clear();
    if (wanted_.empty()) return;
    const std::lock_guard lock{mutex_};
    const std::uint64_t last = end > position_ ? position_ + (std::min)(most, end - position_) : 0;
    if (position_ >= last) return;
    block_reader reader;
    reader.read(file, byte_range{position_, last}, ec,
                [this](const char* data, std::size_t n) { update(data, n); });
  }

  /// Once all bytes are in: the checksum that does not match, as it is, if there is one.
  std::optional<checksum> mismatch() {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const checksum is = digests_[i].finish();
      if (is != wanted_[i]) return is;
    }
    return std::nullopt;
  }

 private:
  void update(const char* data, std::size_t n) {
    for (auto& d : digests_) d.update(data, n);
    position_ += n;
  }

  std::vector<checksum> wanted_;
  mutable std::mutex mutex_;
  std::vector<system::digest> digests_;
  std::uint64_t position_ = 0;
};

}  // namespace haul::engine

#endif
