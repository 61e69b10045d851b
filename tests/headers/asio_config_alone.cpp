// Nothing stands before haul.
#include <haul/config.hpp>

#include <asio/detail/config.hpp>
// After Asio.
#include "asio_answers.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

std::vector<std::string> answers_when_late();

int main() {
  std::vector<std::string> alone = answers();
  std::vector<std::string> late = answers_when_late();
  std::sort(alone.begin(), alone.end());
  std::sort(late.begin(), late.end());
  std::vector<std::string> different;
  std::set_symmetric_difference(alone.begin(), alone.end(), late.begin(), late.end(),
                                std::back_inserter(different));
  for (const std::string& name : different) {
    std::printf("%s depends on what is included before haul\n", name.c_str());
  }
  return different.empty() && !alone.empty() ? 0 : 1;
}
