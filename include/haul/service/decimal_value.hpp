#ifndef HAUL_SERVICE_DECIMAL_VALUE_HPP
#define HAUL_SERVICE_DECIMAL_VALUE_HPP

#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <version>

#ifndef __cpp_lib_to_chars
// libc++ reads no floating-point numbers before its version 20.
#include <cstdlib>
#include <locale.h>
#if __has_include(<xlocale.h>)
#include <xlocale.h>
#endif
#endif

namespace haul::service {

/// The double that is nearest to a number as JSON writes it: infinite when it is too large, zero
/// when it is too small.
inline double decimal_value(std::string_view number) {
#ifdef __cpp_lib_to_chars
  double d = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), d);
  if (read.ec != std::errc::result_out_of_range) return d;
  // Which of the two it is: what is too small for a double has a negative exponent, or begins with
  // a zero.
  const bool tiny = number.find("e-") != number.npos || number.find("E-") != number.npos ||
                    number.starts_with("0.") || number.starts_with("-0.");
  d = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return number.front() == '-' ? -d : d;
#else
  // Not in the program's locale, where a comma may be the point.
  static const locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
  return strtod_l(std::string{number}.c_str(), nullptr, plain);
#endif
}

}  // namespace haul::service

#endif
