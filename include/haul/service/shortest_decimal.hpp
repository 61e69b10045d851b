#ifndef HAUL_SERVICE_SHORTEST_DECIMAL_HPP
#define HAUL_SERVICE_SHORTEST_DECIMAL_HPP

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace haul::service {

/// The fewest digits that give a finite number back, as .NET and Python choose them: with an
/// exponent (`1e+16`, `1.5e-05`) only when it is below -4 or above 15, and without a point when it
/// is whole.
inline std::string shortest_decimal(double finite) {
  char buffer[40];
  const char* const end =
      std::to_chars(buffer, buffer + sizeof buffer, finite, std::chars_format::scientific).ptr;
  const std::string_view all{buffer, static_cast<std::size_t>(end - buffer)};
  const std::size_t e = all.find('e');
  // A sign, and digits up to the end: nothing stands behind them that would end them.
  int exponent = 0;
  std::from_chars(all.data() + e + 2, end, exponent);
  if (all[e + 1] == '-') exponent = -exponent;
  if (exponent < -4 || exponent > 15) return std::string{all};

  std::string out;
  std::string digits{all.substr(0, e)};
  if (digits.front() == '-') {
    out += '-';
    digits.erase(0, 1);
  }
  if (digits.size() > 1) digits.erase(1, 1);
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    return out += digits;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  if (digits.size() > whole) digits.insert(whole, 1, '.');
  return out += digits;
}

}  // namespace haul::service

#endif
