#ifndef HAUL_TEST_SIM_DICE_HPP
#define HAUL_TEST_SIM_DICE_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace haul::sim {

/// Chance from a seed: the same on every machine, unlike the standard library's distributions.
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) {}

  std::uint64_t next() noexcept { return mix(state_ += 0x9e3779b97f4a7c15u); }
  /// From 0 to `n` - 1.
  std::uint64_t below(std::uint64_t n) noexcept { return n ? next() % n : 0; }
  /// From `low` to `high`, both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
    return low + below(high - low + 1);
  }
  /// True in so many of a thousand cases.
  bool chance(unsigned permille) noexcept { return permille != 0 && below(1000) < permille; }
  template <class T>
  T pick(std::initializer_list<T> from) noexcept {
    return from.begin()[below(from.size())];
  }

  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

}  // namespace haul::sim

#endif
