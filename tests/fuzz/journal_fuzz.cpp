#include "fuzz.hpp"
#include <haul/engine/journal.hpp>

#include <string>

using haul::engine::journal;

namespace {

void check(std::string_view text) {
  std::error_code ec;
  const auto state = journal::read(text, ec);
  HAUL_FUZZ_CHECK(state.has_value() == !ec);
  if (!state) return;
  HAUL_FUZZ_CHECK(state->length <= text.size());
  for (const auto& r : state->written.ranges()) {
    HAUL_FUZZ_CHECK(!r.empty() && r.end <= state->header.total);
  }
  // What is sound stays so without what follows it, and can be written anew.
  const auto again = journal::read(text.substr(0, state->length), ec);
  HAUL_FUZZ_CHECK(again && again->written == state->written && again->header == state->header);
  std::string fresh = journal::begin(state->header);
  if (!state->written.empty()) fresh += journal::ranges(state->written);
  const auto third = journal::read(fresh, ec);
  HAUL_FUZZ_CHECK(third && third->written == state->written && third->header == state->header);
  HAUL_FUZZ_CHECK(third->length == fresh.size());
}

// A fuzzer does not guess checksums: lines of the input become records with the right ones.
std::string with_sums(haul_fuzz::input in) {
  std::string text{journal::magic};
  while (!in.rest().empty()) {
    const std::string_view body = in.line();
    for (const std::size_t n :
         {body.size(), static_cast<std::size_t>(haul::engine::crc32c(body))}) {
      for (int i = 0; i < 4; ++i) text += static_cast<char>(n >> 8 * i & 0xff);
    }
    text += body;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const haul_fuzz::exact_copy text{haul_fuzz::input{data, size}.rest()};
  check(text.view());
  const std::string summed = with_sums(haul_fuzz::input{data, size});
  check(summed);
  return 0;
}
