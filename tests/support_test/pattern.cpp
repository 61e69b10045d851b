#include "support/pattern.hpp"

#include "catch.hpp"
#include "support/temp_dir.hpp"

using namespace haul::test;

TEST_CASE("a pattern's bytes depend on the seed and the offset only", "[support][pattern]") {
  const std::string whole = pattern_bytes(5, 0, 1000);
  for (std::size_t first = 0; first < 40; ++first) {
    for (std::size_t n : {0U, 1U, 7U, 8U, 9U, 63U, 500U}) {
      REQUIRE(pattern_bytes(5, first, n) == whole.substr(first, n));
    }
  }
  const std::uint64_t far = (std::uint64_t{1} << 40) + 3;
  CHECK(pattern_bytes(5, far, 100).substr(50) == pattern_bytes(5, far + 50, 50));
}

TEST_CASE("a pattern's bytes are fixed for all time", "[support][pattern]") {
  CHECK(digest_hex("SHA256", pattern_bytes(1, 0, 4096)) ==
        "a744756cc7b0f8bc84c475ba63cf07d8185410a0d6df257a4719b1e01a102b2e");
}

TEST_CASE("two seeds and two places have different bytes", "[support][pattern]") {
  const std::string a = pattern_bytes(1, 0, 4096);
  const std::string b = pattern_bytes(2, 0, 4096);
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) ++same;
  }
  CHECK(same < 64);
  // No word of eight bytes comes twice, whichever way the pattern is shifted.
  const std::string far = pattern_bytes(1, 1 << 20, 4096);
  for (std::size_t i = 0; i + 8 <= 64; ++i) {
    CHECK(a.find(far.substr(i, 8)) == std::string::npos);
    CHECK(a.find(a.substr(i, 8), i + 1) == std::string::npos);
  }
}

TEST_CASE("digests", "[support][pattern]") {
  CHECK(digest_hex("SHA256", "abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_hex("MD5", "") == "d41d8cd98f00b204e9800998ecf8427e");
  const std::uint64_t size = (3 << 20) + 17;
  const std::string expected =
      digest_hex("SHA256", pattern_bytes(9, 0, static_cast<std::size_t>(size)));
  CHECK(pattern_sha256(9, size) == expected);
  temp_dir dir;
  write_pattern_file(dir / "f", 9, size);
  CHECK(file_digest("SHA256", dir / "f") == expected);
  CHECK_THROWS(digest_hex("SHA-nothing", ""));
}

TEST_CASE("a file is compared with a pattern", "[support][pattern]") {
  temp_dir dir;
  const auto path = dir / "f";
  const std::uint64_t size = (2 << 20) + 5;
  std::string bytes = pattern_bytes(3, 0, static_cast<std::size_t>(size));
  write_file(path, bytes);
  CHECK(mismatch(path, 3, size) == std::nullopt);
  CHECK(mismatch(path, 4, size).value_or("").find("first wrong byte at 0 ") != std::string::npos);

  SECTION("one wrong byte is named") {
    const auto where = GENERATE(std::size_t{0}, std::size_t{(1 << 20) - 1}, std::size_t{1 << 20},
                                std::size_t{(2 << 20) + 4});
    bytes[where] = static_cast<char>(bytes[where] ^ 1);
    write_file(path, bytes);
    CHECK(mismatch(path, 3, size)
              .value_or("")
              .find("first wrong byte at " + std::to_string(where) + " ") != std::string::npos);
  }
  SECTION("too short, too long, not there") {
    CHECK(mismatch(path, 3, size + 1).value_or("").find("instead of") != std::string::npos);
    CHECK(mismatch(path, 3, size - 1).value_or("").find("instead of") != std::string::npos);
    CHECK(mismatch(dir / "none", 3, size).has_value());
  }
  SECTION("nothing is a pattern too") {
    write_file(path, "");
    CHECK(mismatch(path, 3, 0) == std::nullopt);
  }
}
