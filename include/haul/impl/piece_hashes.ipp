#ifndef HAUL_IMPL_PIECE_HASHES_IPP
#define HAUL_IMPL_PIECE_HASHES_IPP

#include <haul/piece_hashes.hpp>

#include <algorithm>

namespace haul {

HAUL_DECL void piece_hashes::add(const checksum& hash) {
  if (hash.algorithm() != algorithm_) {
    bad_ = true;
    return;
  }
  const auto& bytes = hash.digest();
  raw_.append(reinterpret_cast<const char*>(bytes.data()), digest_size(algorithm_));
}

HAUL_DECL bool piece_hashes::add_hex(std::string_view hex) {
  const auto hash = checksum::from_hex(algorithm_, hex);
  if (hash) add(*hash);
  return hash.has_value();
}

HAUL_DECL checksum piece_hashes::operator[](std::size_t i) const noexcept {
  checksum::bytes bytes{};
  const std::size_t n = digest_size(algorithm_);
  std::copy_n(raw_.data() + i * n, n, reinterpret_cast<char*>(bytes.data()));
  return checksum{algorithm_, bytes};
}

HAUL_DECL byte_range piece_hashes::range(std::size_t i, std::uint64_t total) const noexcept {
  const std::uint64_t begin = i * piece_size_;
  return byte_range{begin, (std::min)(begin + piece_size_, total)};
}

}  // namespace haul

#endif
