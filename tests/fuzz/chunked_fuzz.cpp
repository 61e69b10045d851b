#include "fuzz.hpp"
#include <haul/http/chunked_decoder.hpp>

#include <string>
#include <string_view>

using namespace haul::http;

namespace {

struct outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool error = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome decode(std::string_view coded, std::size_t step) {
  chunked_decoder decoder;
  outcome out;
  for (std::size_t at = 0; at < coded.size() && !out.done && !out.error; at += step) {
    haul_fuzz::exact_copy copy{coded.substr(at, step)};
    const auto r = decoder.decode(copy.data(), copy.size());
    HAUL_FUZZ_CHECK(r.produced <= r.consumed && r.consumed <= copy.size());
    out.body.append(copy.data(), r.produced);
    out.consumed += r.consumed;
    out.done = decoder.done();
    out.error = static_cast<bool>(r.error);
    HAUL_FUZZ_CHECK(!(out.done && out.error));
    HAUL_FUZZ_CHECK(r.consumed == copy.size() || out.done || out.error);
    HAUL_FUZZ_CHECK(copy.view().substr(r.consumed) == coded.substr(at, step).substr(r.consumed));
  }
  return out;
}

// The grammar, line by line, for a body that is there as a whole; false if it is not one, or not
// all of one.
bool decode_by_lines(std::string_view coded, std::string& body, std::size_t& size) {
  const std::size_t all = coded.size();
  const auto take_line = [&coded](std::string_view& line) {
    const std::size_t end = coded.find("\r\n");
    if (end == std::string_view::npos) return false;
    line = coded.substr(0, end);
    coded.remove_prefix(end + 2);
    return is_field_value(line);
  };
  for (;;) {
    std::string_view line;
    if (!take_line(line) || line.size() >= chunked_decoder::max_chunk_line) return false;
    std::uint64_t chunk = 0;
    std::size_t digits = 0;
    for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
      if (chunk >= std::uint64_t{1} << 59) return false;
      chunk = chunk * 16 + static_cast<std::uint64_t>(hex_value(line[digits]));
    }
    const std::string_view extension = trim_ows(line.substr(digits));
    if (digits == 0 || (!extension.empty() && extension.front() != ';')) return false;
    if (chunk == 0) break;
    if (coded.size() < 2 || chunk > coded.size() - 2) return false;
    body += coded.substr(0, static_cast<std::size_t>(chunk));
    coded.remove_prefix(static_cast<std::size_t>(chunk));
    if (!coded.starts_with("\r\n")) return false;
    coded.remove_prefix(2);
  }
  std::size_t bytes = 0;
  for (std::size_t fields = 0;; ++fields) {
    std::string_view line;
    if (!take_line(line)) return false;
    if (line.empty()) break;
    bytes += line.size() + 2;
    if (fields == chunked_decoder::max_trailer_fields) return false;
    if (bytes > chunked_decoder::max_trailer_bytes) return false;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  }
  size = all - coded.size();
  return true;
}

std::string encode(std::string_view body, std::size_t step) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += step) {
    const std::string_view chunk = body.substr(at, step);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    out.append(size).append(chunk).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  haul_fuzz::input in{data, size};
  const std::size_t step = 1 + in.byte() % 64;
  const std::string_view bytes = in.rest();

  const outcome whole = decode(bytes, bytes.size() + 1);
  HAUL_FUZZ_CHECK(decode(bytes, step) == whole);
  HAUL_FUZZ_CHECK(decode(bytes, 1) == whole);

  outcome expected;
  const bool good = decode_by_lines(bytes, expected.body, expected.consumed);
  HAUL_FUZZ_CHECK(good == whole.done);
  if (good) {
    HAUL_FUZZ_CHECK(expected.body == whole.body && expected.consumed == whole.consumed);
  }

  const std::string coded = encode(bytes, step);
  const outcome back = decode(coded + "next", 1 + step / 2);
  HAUL_FUZZ_CHECK(back.done && back.body == bytes && back.consumed == coded.size());
  return 0;
}
