#include <haul/http/status.hpp>
// The header under test comes first.
#include "catch.hpp"

using haul::condition;
using haul::errc;
using haul::http::error_of_status;

TEST_CASE("what a status means", "[http]") {
  for (int status = 200; status < 300; ++status) CHECK_FALSE(error_of_status(status));
  CHECK(error_of_status(401) == errc::unauthorized);
  CHECK(error_of_status(403) == errc::forbidden);
  CHECK(error_of_status(404) == errc::not_found);
  CHECK(error_of_status(407) == errc::proxy_unauthorized);
  CHECK(error_of_status(410) == errc::gone);
  CHECK(error_of_status(429) == errc::too_many_requests);
  for (int status : {400, 402, 405, 412, 416, 418, 451, 499, 501, 505, 511, 599}) {
    INFO(status);
    CHECK(error_of_status(status) == errc::request_refused);
  }
  for (int status : {100, 101, 199, 300, 301, 302, 304, 308, 399}) {
    INFO(status);
    CHECK(error_of_status(status) == errc::unexpected_status);
  }
}

TEST_CASE("which statuses are retried", "[http]") {
  for (int status = 100; status < 600; ++status) {
    const bool retried = status == 408 || status == 425 || status == 429 || status == 500 ||
                         status == 502 || status == 503 || status == 504;
    INFO(status);
    CHECK((error_of_status(status) == condition::retryable) == retried);
  }
  CHECK(error_of_status(600) == condition::retryable);
  CHECK(error_of_status(999) == condition::retryable);
}
