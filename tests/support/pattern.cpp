#include "pattern.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace haul::test {
namespace {

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
constexpr std::size_t block_size = 1 << 20;

// The output step of splitmix64: every input bit changes half of the output bits.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

constexpr std::uint64_t little_endian(std::uint64_t x) {
  if constexpr (std::endian::native == std::endian::big) {
    std::uint64_t r = 0;
    for (int i = 0; i < 8; ++i) r |= ((x >> (8 * i)) & 0xff) << (56 - 8 * i);
    return r;
  }
  return x;
}

constexpr std::uint64_t word(std::uint64_t base, std::uint64_t index) {
  return little_endian(mix(base + index * golden));
}

class digest {
 public:
  explicit digest(std::string_view algorithm) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    const EVP_MD* md = EVP_get_digestbyname(std::string(algorithm).c_str());
    if (!context_ || !md || EVP_DigestInit_ex(context_.get(), md, nullptr) != 1) {
      throw std::runtime_error("no digest " + std::string(algorithm));
    }
  }
  void update(const char* p, std::size_t n) { EVP_DigestUpdate(context_.get(), p, n); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned n = 0;
    EVP_DigestFinal_ex(context_.get(), out.data(), &n);
    std::string text;
    for (unsigned i = 0; i < n; ++i) {
      text += "0123456789abcdef"[out[i] >> 4];
      text += "0123456789abcdef"[out[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::ifstream open_to_read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
  }
  return in;
}

}  // namespace

void fill_pattern(std::uint64_t seed, std::uint64_t offset, char* out, std::size_t n) {
  const std::uint64_t base = mix(seed + golden);
  std::uint64_t index = offset / 8;
  if (const std::size_t skip = offset % 8; skip != 0 && n != 0) {
    const std::uint64_t w = word(base, index++);
    const std::size_t part = std::min(n, 8 - skip);
    std::memcpy(out, reinterpret_cast<const char*>(&w) + skip, part);
    out += part;
    n -= part;
  }
  for (; n >= 8; n -= 8, out += 8) {
    const std::uint64_t w = word(base, index++);
    std::memcpy(out, &w, 8);
  }
  if (n != 0) {
    const std::uint64_t w = word(base, index);
    std::memcpy(out, &w, n);
  }
}

std::string pattern_bytes(std::uint64_t seed, std::uint64_t offset, std::size_t n) {
  std::string bytes(n, '\0');
  fill_pattern(seed, offset, bytes.data(), n);
  return bytes;
}

std::string digest_hex(std::string_view algorithm, std::string_view bytes) {
  digest d(algorithm);
  d.update(bytes.data(), bytes.size());
  return d.hex();
}

std::string pattern_digest(std::string_view algorithm, std::uint64_t seed, std::uint64_t size) {
  digest d(algorithm);
  std::vector<char> block(block_size);
  for (std::uint64_t at = 0; at < size;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    fill_pattern(seed, at, block.data(), n);
    d.update(block.data(), n);
    at += n;
  }
  return d.hex();
}

std::string file_digest(std::string_view algorithm, const std::filesystem::path& path) {
  digest d(algorithm);
  std::ifstream in = open_to_read(path);
  std::vector<char> block(block_size);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    d.update(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  return d.hex();
}

std::string pattern_sha256(std::uint64_t seed, std::uint64_t size) {
  return pattern_digest("SHA256", seed, size);
}

std::optional<std::string> mismatch(const std::filesystem::path& path, std::uint64_t seed,
                                    std::uint64_t size) {
  std::error_code ec;
  const std::uint64_t found = std::filesystem::file_size(path, ec);
  if (ec) return path.string() + ": " + ec.message();
  std::ifstream in = open_to_read(path);
  std::vector<char> block(block_size);
  std::vector<char> expected(block_size);
  std::uint64_t at = 0;
  while (at < size &&
         (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)) {
    const auto n = static_cast<std::size_t>(
        std::min<std::uint64_t>(static_cast<std::uint64_t>(in.gcount()), size - at));
    fill_pattern(seed, at, expected.data(), n);
    if (std::memcmp(block.data(), expected.data(), n) != 0) {
      const auto where =
          std::mismatch(block.begin(), block.begin() + static_cast<long>(n), expected.begin());
      const auto i = static_cast<std::size_t>(where.first - block.begin());
      std::size_t wrong = 0;
      for (std::size_t k = i; k < n; ++k) {
        if (block[k] != expected[k]) ++wrong;
      }
      return path.string() + ": first wrong byte at " + std::to_string(at + i) + " (" +
             std::to_string(static_cast<unsigned char>(*where.first)) + " instead of " +
             std::to_string(static_cast<unsigned char>(*where.second)) + "), " +
             std::to_string(wrong) + " wrong in this block, file of " + std::to_string(found) +
             " bytes";
    }
    at += n;
  }
  if (found != size) {
    return path.string() + ": " + std::to_string(found) + " bytes instead of " +
           std::to_string(size) + ", the common part is right";
  }
  if (at != size) return path.string() + ": cannot be read at " + std::to_string(at);
  return std::nullopt;
}

}  // namespace haul::test
