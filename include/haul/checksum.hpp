#ifndef HAUL_CHECKSUM_HPP
#define HAUL_CHECKSUM_HPP

#include <haul/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace haul {

/// The hash functions that a download can be checked with.
enum class hash_algorithm : std::uint8_t { md5, sha1, sha256, sha512 };

constexpr std::size_t digest_size(hash_algorithm a) noexcept {
  switch (a) {
    case hash_algorithm::md5:
      return 16;
    case hash_algorithm::sha1:
      return 20;
    case hash_algorithm::sha256:
      return 32;
    case hash_algorithm::sha512:
      return 64;
  }
  return 0;
}

constexpr std::string_view name_of(hash_algorithm a) noexcept {
  switch (a) {
    case hash_algorithm::md5:
      return "md5";
    case hash_algorithm::sha1:
      return "sha1";
    case hash_algorithm::sha256:
      return "sha256";
    case hash_algorithm::sha512:
      return "sha512";
  }
  return "";
}

/// The algorithm that `name_of` calls so.
constexpr std::optional<hash_algorithm> algorithm_named(std::string_view name) noexcept {
  for (const auto a : {hash_algorithm::md5, hash_algorithm::sha1, hash_algorithm::sha256,
                       hash_algorithm::sha512}) {
    if (name == name_of(a)) return a;
  }
  return std::nullopt;
}

/// What bytes must hash to: an algorithm and a digest.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Safe; nothing but assignment changes one.
class checksum {
 public:
  using bytes = std::array<std::uint8_t, 64>;  ///< room for the longest digest

  /// @param algorithm  How many bytes of `digest` count.
  /// @param digest     The bytes, from the first on.
  checksum(hash_algorithm algorithm, const bytes& digest) noexcept
      : digest_(digest), algorithm_(algorithm) {}

  /// Reads hexadecimal digits, in either case; nothing when their number or one of them is wrong.
  HAUL_DECL static std::optional<checksum> from_hex(hash_algorithm algorithm, std::string_view hex);

  /// Reads `sha256:9f86d0...`. Names are `md5`, `sha1`, `sha256` and `sha512`, also written with a
  /// hyphen (`sha-256`) and in upper case.
  HAUL_DECL static std::optional<checksum> parse(std::string_view text);

  /// Which hash function it is of.
  hash_algorithm algorithm() const noexcept { return algorithm_; }
  /// The first `digest_size(algorithm())` bytes count.
  const bytes& digest() const noexcept { return digest_; }

  /// The digest in hexadecimal, in lower case.
  HAUL_DECL std::string hex() const;

  /// `sha256:9f86d0...`, which `parse` reads.
  HAUL_DECL std::string str() const;

  /// Whether algorithm and digest are the same.
  friend bool operator==(const checksum&, const checksum&) = default;

 private:
  bytes digest_{};
  hash_algorithm algorithm_;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/checksum.ipp>
#endif

#endif
