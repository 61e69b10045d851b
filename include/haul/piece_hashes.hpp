#ifndef HAUL_PIECE_HASHES_HPP
#define HAUL_PIECE_HASHES_HPP

#include <haul/byte_range.hpp>
#include <haul/checksum.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace haul {

/// The hashes of the pieces of a file: pieces of one size, the last one shorter where the file
/// ends. With them a download finds out which bytes are wrong, and fetches only these again.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class piece_hashes {
 public:
  /// @param algorithm   Of all pieces.
  /// @param piece_size  In bytes; not 0.
  piece_hashes(hash_algorithm algorithm, std::uint64_t piece_size)
      : piece_size_(piece_size), algorithm_(algorithm) {}

  /// Adds the hash of the next piece; one of another algorithm makes the whole unusable.
  void add(const checksum& hash) {
    if (hash.algorithm() != algorithm_) {
      bad_ = true;
      return;
    }
    const auto& bytes = hash.digest();
    raw_.append(reinterpret_cast<const char*>(bytes.data()), digest_size(algorithm_));
  }
  /// As `add`, from hexadecimal digits. False when they are none: nothing is added then.
  bool add_hex(std::string_view hex) {
    const auto hash = checksum::from_hex(algorithm_, hex);
    if (hash) add(*hash);
    return hash.has_value();
  }

  /// Of all pieces.
  hash_algorithm algorithm() const noexcept { return algorithm_; }
  /// In bytes; the last piece may be shorter.
  std::uint64_t piece_size() const noexcept { return piece_size_; }
  /// How many pieces there are.
  std::size_t size() const noexcept { return raw_.size() / digest_size(algorithm_); }

  /// The hash of piece `i`, from 0; there must be one.
  checksum operator[](std::size_t i) const noexcept {
    checksum::bytes bytes{};
    const std::size_t n = digest_size(algorithm_);
    std::copy_n(raw_.data() + i * n, n, reinterpret_cast<char*>(bytes.data()));
    return checksum{algorithm_, bytes};
  }

  /// Where piece `i` of a file of `total` bytes stands.
  byte_range range(std::size_t i, std::uint64_t total) const noexcept {
    const std::uint64_t begin = i * piece_size_;
    return byte_range{begin, (std::min)(begin + piece_size_, total)};
  }

  /// Whether these can be the pieces of any file.
  bool usable() const noexcept { return !bad_ && piece_size_ > 0 && !raw_.empty(); }
  /// Whether these can be the pieces of a file of `total` bytes.
  bool fits(std::uint64_t total) const noexcept {
    return usable() && total > 0 && (total - 1) / piece_size_ + 1 == size();
  }

 private:
  std::string raw_;  // one digest behind the other
  std::uint64_t piece_size_;
  hash_algorithm algorithm_;
  bool bad_ = false;
};

}  // namespace haul

#endif
