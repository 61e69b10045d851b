// All of haul from one file.
#include "haul.hpp"

#include <cstdio>

int main() {
  const haul::download_result none = haul::fetch("gopher://example.com/", "never");
  const std::string why = none.error.message();
  std::printf("haul %s: %s\n", HAUL_VERSION_STRING, why.c_str());
  return none.error == haul::errc::unsupported_scheme ? 0 : 1;
}
