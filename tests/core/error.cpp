#include "catch.hpp"
#include <haul/error.hpp>

#include <set>
#include <string>

TEST_CASE("every error code has a message of its own") {
  std::set<std::string> seen;
  for (int value = 1; value <= static_cast<int>(haul::errc::malformed_metalink); ++value) {
    const std::error_code ec = static_cast<haul::errc>(value);
    CHECK(std::string{ec.category().name()} == "haul");
    CHECK(ec.message() != "unknown haul error");
    CHECK(seen.insert(ec.message()).second);
  }
}

TEST_CASE("errors belong to conditions") {
  CHECK(std::error_code{haul::errc::stalled} == haul::condition::retryable);
  CHECK(std::error_code{haul::errc::not_found} == haul::condition::refused);
  CHECK(std::error_code{haul::errc::checksum_mismatch} == haul::condition::untrusted);
  CHECK(std::make_error_code(std::errc::connection_reset) == haul::condition::retryable);
  CHECK(std::make_error_code(std::errc::no_space_on_device) == haul::condition::local);
  CHECK(std::error_code{} != haul::condition::retryable);
}
