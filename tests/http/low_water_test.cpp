#include "catch.hpp"
#include <haul/http/low_water.hpp>

#include <chrono>
#include <cstdint>

using haul::http::low_water;

namespace {

using time_point = low_water::clock::time_point;

time_point at(int milliseconds) { return time_point{std::chrono::milliseconds{milliseconds}}; }

constexpr std::uint64_t much = std::uint64_t{1} << 40;

/// What is waited for after half a second at so many bytes in each millisecond.
std::size_t after(low_water& w, std::size_t each, std::uint64_t left = much) {
  std::size_t n = 0;
  for (int t = 1; t <= 500; ++t) {
    w.received(each);
    n = w.next(at(t), left);
  }
  return n;
}

}  // namespace

TEST_CASE("a reader that knows nothing is woken for every byte", "[low_water]") {
  low_water w;
  CHECK(w.next(at(1), much) == 1);
  CHECK(w.next(at(2), much) == 1);
}

TEST_CASE("a slow connection wakes its reader at once", "[low_water]") {
  low_water w;
  CHECK(after(w, 1'000) == 1);
}

TEST_CASE("a fast one is waited for as long as some milliseconds take", "[low_water]") {
  low_water w;
  const std::size_t n = after(w, 20'000);
  CHECK(n > 64'000);
  CHECK(n <= 20'000 * 18);
}

TEST_CASE("never more than a bounded number of bytes", "[low_water]") {
  low_water w;
  CHECK(after(w, 10'000'000) == 1u << 20);
}

TEST_CASE("a stream of bytes is told from what comes now and then", "[low_water]") {
  low_water none;
  CHECK_FALSE(none.streams());
  low_water slow;
  after(slow, 20'000);
  CHECK_FALSE(slow.streams());
  low_water w;
  after(w, 100'000);
  CHECK(w.streams());
  // Near its end it is none any more: less is to come than is worth a wait.
  w.next(at(501), 100'000);
  CHECK_FALSE(w.streams());
}

TEST_CASE("never more than what is sure to come", "[low_water]") {
  low_water w;
  REQUIRE(after(w, 1'000'000) > 500'000);
  CHECK(w.next(at(501), 300'000) == 300'000);
  CHECK(w.next(at(502), 100'000) == 100'000);
  CHECK(w.next(at(503), 10'000) == 1);
  CHECK(w.next(at(504), 0) == 1);
}

TEST_CASE("what has become slow is noticed", "[low_water]") {
  low_water w;
  REQUIRE(after(w, 1'000'000) > 500'000);
  CHECK(w.next(at(1'500), much) < 200'000);
  w.received(1'000);
  CHECK(w.next(at(2'500), much) == 1);
}

TEST_CASE("after a wait in vain it begins anew", "[low_water]") {
  low_water w;
  REQUIRE(after(w, 1'000'000) > 500'000);
  w.reset();
  CHECK(w.next(at(501), much) == 1);
}

TEST_CASE("small changes do not change what is waited for", "[low_water]") {
  low_water w;
  const std::size_t before = after(w, 50'000);
  for (int t = 501; t < 600; ++t) {
    w.received(60'000);
    CHECK(w.next(at(t), much) == before);
  }
}
