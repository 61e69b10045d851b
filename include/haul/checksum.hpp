#ifndef HAUL_CHECKSUM_HPP
#define HAUL_CHECKSUM_HPP

#include <haul/detail/hex.hpp>

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
  static std::optional<checksum> from_hex(hash_algorithm algorithm, std::string_view hex) {
    if (hex.size() != 2 * digest_size(algorithm)) return std::nullopt;
    bytes digest{};
    for (std::size_t i = 0; i < hex.size(); ++i) {
      const int digit = detail::hex_value(hex[i]);
      if (digit < 0) return std::nullopt;
      digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | digit);
    }
    return checksum{algorithm, digest};
  }

  /// Reads `sha256:9f86d0...`. Names are `md5`, `sha1`, `sha256` and `sha512`, also written with a
  /// hyphen (`sha-256`) and in upper case.
  static std::optional<checksum> parse(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string name;
    for (const char c : text.substr(0, colon)) {
      if (c != '-') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto algorithm = algorithm_named(name);
    return algorithm ? from_hex(*algorithm, text.substr(colon + 1)) : std::nullopt;
  }

  /// Which hash function it is of.
  hash_algorithm algorithm() const noexcept { return algorithm_; }
  /// The first `digest_size(algorithm())` bytes count.
  const bytes& digest() const noexcept { return digest_; }

  /// The digest in hexadecimal, in lower case.
  std::string hex() const {
    std::string out;
    for (std::size_t i = 0; i < digest_size(algorithm_); ++i)
      detail::append_hex(out, digest_[i], 2);
    return out;
  }

  /// `sha256:9f86d0...`, which `parse` reads.
  std::string str() const { return std::string{name_of(algorithm_)} + ':' + hex(); }

  /// Whether algorithm and digest are the same.
  friend bool operator==(const checksum&, const checksum&) = default;

 private:
  bytes digest_{};
  hash_algorithm algorithm_;
};

}  // namespace haul

#endif
