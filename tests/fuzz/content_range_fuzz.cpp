#include "fuzz.hpp"
#include <haul/http/content_range.hpp>

#include <string>

using namespace haul::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const haul_fuzz::exact_copy text{haul_fuzz::input{data, size}.rest()};
  const auto r = parse_content_range(text.view());
  if (!r) return 0;

  HAUL_FUZZ_CHECK(r->first <= r->last && r->last <= max_length);
  HAUL_FUZZ_CHECK(!r->total || *r->total <= max_length);
  HAUL_FUZZ_CHECK(r->unsatisfied || !r->total || r->last < *r->total);
  HAUL_FUZZ_CHECK(!r->unsatisfied || (r->total && r->first == 0 && r->last == 0));
  HAUL_FUZZ_CHECK(r->unsatisfied == (r->size() == 0));

  const std::string total = r->total ? std::to_string(*r->total) : "*";
  const std::string range =
      r->unsatisfied ? "*" : std::to_string(r->first) + '-' + std::to_string(r->last);
  HAUL_FUZZ_CHECK(parse_content_range("bytes " + range + '/' + total) == r);
  return 0;
}
