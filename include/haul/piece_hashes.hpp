#ifndef HAUL_PIECE_HASHES_HPP
#define HAUL_PIECE_HASHES_HPP

#include <haul/config.hpp>

#include <haul/byte_range.hpp>
#include <haul/checksum.hpp>

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
  HAUL_DECL void add(const checksum& hash);
  /// As `add`, from hexadecimal digits. False when they are none: nothing is added then.
  HAUL_DECL bool add_hex(std::string_view hex);

  /// Of all pieces.
  hash_algorithm algorithm() const noexcept { return algorithm_; }
  /// In bytes; the last piece may be shorter.
  std::uint64_t piece_size() const noexcept { return piece_size_; }
  /// How many pieces there are.
  std::size_t size() const noexcept { return raw_.size() / digest_size(algorithm_); }

  /// The hash of piece `i`, from 0; there must be one.
  HAUL_DECL checksum operator[](std::size_t i) const noexcept;

  /// Where piece `i` of a file of `total` bytes stands.
  HAUL_DECL byte_range range(std::size_t i, std::uint64_t total) const noexcept;

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

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/piece_hashes.ipp>
#endif

#endif
