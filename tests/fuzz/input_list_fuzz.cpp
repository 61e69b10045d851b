#include "../../examples/haul/input_list.hpp"
#include "fuzz.hpp"

#include <string>

using haul_command::input_line;
using haul_command::input_list;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = haul_fuzz::input{data, size}.rest();
  const input_list list{std::string{bytes}};
  HAUL_FUZZ_CHECK(list.problems().size() <= list.problem_count());
  HAUL_FUZZ_CHECK(list.problems().size() <= input_list::most_problems);

  // What was read can be written and read again.
  std::string written;
  std::size_t number = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const input_line line = list[i];
    HAUL_FUZZ_CHECK(line.number > number);
    number = line.number;
    HAUL_FUZZ_CHECK(!haul::http::parse_url(line.url).error);
    HAUL_FUZZ_CHECK(line.path.find_first_of(std::string_view{"\t\n\0", 3}) ==
                    std::string_view::npos);
    HAUL_FUZZ_CHECK(line.checksum.empty() || haul::checksum::parse(line.checksum));
    written.append(line.url).append("\t").append(line.path).append("\t").append(line.checksum);
    written += '\n';
  }
  const input_list again{written};
  HAUL_FUZZ_CHECK(again.problem_count() == 0);
  HAUL_FUZZ_CHECK(again.size() == list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    HAUL_FUZZ_CHECK(again[i].url == list[i].url);
    HAUL_FUZZ_CHECK(again[i].path == list[i].path);
    HAUL_FUZZ_CHECK(again[i].checksum == list[i].checksum);
    HAUL_FUZZ_CHECK(again[i].number == i + 1);
  }
  return 0;
}
