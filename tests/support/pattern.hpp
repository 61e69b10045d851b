#ifndef HAUL_TEST_PATTERN_HPP
#define HAUL_TEST_PATTERN_HPP

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace haul::test {

/// Bodies of any size without storing them: the byte at an offset depends on the seed and the
/// offset only, so a server can send any range and a test can check any range. No two places look
/// alike, so a block at the wrong place is as visible as a wrong byte.
void fill_pattern(std::uint64_t seed, std::uint64_t offset, char* out, std::size_t n);

std::string pattern_bytes(std::uint64_t seed, std::uint64_t offset, std::size_t n);

/// Lower-case hex digest; `algorithm` is a name OpenSSL knows: "MD5", "SHA1", "SHA256", "SHA512".
std::string digest_hex(std::string_view algorithm, std::string_view bytes);
std::string pattern_digest(std::string_view algorithm, std::uint64_t seed, std::uint64_t size);
std::string file_digest(std::string_view algorithm, const std::filesystem::path& path);

std::string pattern_sha256(std::uint64_t seed, std::uint64_t size);

/// Nothing when the file holds exactly this pattern, else what is wrong and where.
std::optional<std::string> mismatch(const std::filesystem::path& path, std::uint64_t seed,
                                    std::uint64_t size);

}  // namespace haul::test

#endif
