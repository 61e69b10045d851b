#ifndef HAUL_IMPL_CHECKSUM_IPP
#define HAUL_IMPL_CHECKSUM_IPP

#include <haul/checksum.hpp>
#include <haul/detail/hex.hpp>

namespace haul {

HAUL_DECL std::optional<checksum> checksum::from_hex(hash_algorithm algorithm,
                                                     std::string_view hex) {
  if (hex.size() != 2 * digest_size(algorithm)) return std::nullopt;
  bytes digest{};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const int digit = detail::hex_value(hex[i]);
    if (digit < 0) return std::nullopt;
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | digit);
  }
  return checksum{algorithm, digest};
}

HAUL_DECL std::optional<checksum> checksum::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string name;
  for (const char c : text.substr(0, colon)) {
    if (c != '-') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const auto algorithm = algorithm_named(name);
  return algorithm ? from_hex(*algorithm, text.substr(colon + 1)) : std::nullopt;
}

HAUL_DECL std::string checksum::hex() const {
  std::string out;
  for (std::size_t i = 0; i < digest_size(algorithm_); ++i) detail::append_hex(out, digest_[i], 2);
  return out;
}

HAUL_DECL std::string checksum::str() const {
  return std::string{name_of(algorithm_)} + ':' + hex();
}

}  // namespace haul

#endif
