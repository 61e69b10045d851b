#include "fuzz.hpp"
#include <haul/http/framing.hpp>
#include <haul/http/head_parser.hpp>
#include <haul/http/validator.hpp>

#include <string>
#include <string_view>
#include <system_error>

using namespace haul::http;

namespace {

struct outcome {
  bool done = false;
  std::size_t consumed = 0;
  std::error_code error;
  response_head head;
};

outcome parse(std::string_view bytes, std::size_t step, head_limits limits) {
  head_parser parser{limits};
  for (std::size_t size = 0;;) {
    size = std::min(size + step, bytes.size());
    const haul_fuzz::exact_copy copy{bytes.substr(0, size)};
    const auto r = parser.parse(copy.view());
    if (r.done || r.error || size == bytes.size()) {
      return {r.done, r.consumed, r.error, std::move(parser.head())};
    }
    HAUL_FUZZ_CHECK(r.consumed == 0);
  }
}

std::string print(const response_head& head) {
  std::string out = "HTTP/1." + std::to_string(head.minor_version) + ' ' +
                    std::to_string(head.status) + ' ' + head.reason + "\r\n";
  head.fields.for_each([&out](auto name, auto value) {
    HAUL_FUZZ_CHECK(is_token(name));
    HAUL_FUZZ_CHECK(is_field_value(value));
    HAUL_FUZZ_CHECK(trim_ows(value) == value);
    out.append(name).append(": ").append(value).append("\r\n");
  });
  return out + "\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  haul_fuzz::input in{data, size};
  const std::size_t step = 1 + in.byte() % 32;
  const head_limits limits{in.byte() < 128 ? 65536U : 64U, 8};
  const std::string_view bytes = in.rest();

  const outcome whole = parse(bytes, bytes.size() + 1, limits);
  const outcome split = parse(bytes, step, limits);
  HAUL_FUZZ_CHECK(whole.done == split.done);
  HAUL_FUZZ_CHECK(whole.error == split.error);
  HAUL_FUZZ_CHECK(whole.consumed == split.consumed);
  HAUL_FUZZ_CHECK(!(whole.done && whole.error));
  if (!whole.done) return 0;

  // The end is the first empty line, inside the limits.
  HAUL_FUZZ_CHECK(whole.consumed == bytes.find("\r\n\r\n") + 4);
  HAUL_FUZZ_CHECK(whole.consumed <= limits.bytes);
  HAUL_FUZZ_CHECK(whole.head.fields.size() <= limits.fields);
  HAUL_FUZZ_CHECK(whole.head.status >= 100 && whole.head.status <= 999);

  // What was read can be written and read again.
  const std::string printed = print(whole.head);
  HAUL_FUZZ_CHECK(printed == print(split.head));
  const outcome again = parse(printed, printed.size(), {65536 + 8, 8});
  HAUL_FUZZ_CHECK(again.done && again.consumed == printed.size());
  HAUL_FUZZ_CHECK(print(again.head) == printed);

  const auto framed = framing_of("GET", whole.head);
  using kind = body_framing::kind;
  const bool coded = whole.head.fields.count("Transfer-Encoding") != 0;
  const bool sized = whole.head.fields.count("Content-Length") != 0;
  if (!framed.error) {
    HAUL_FUZZ_CHECK(framed.framing.length <= max_length);
    HAUL_FUZZ_CHECK(framed.framing.how != kind::length || (sized && !coded));
    HAUL_FUZZ_CHECK(framed.framing.how != kind::chunked || (coded && !sized));
    HAUL_FUZZ_CHECK(framed.framing.how != kind::until_close || (!coded && !sized));
  }
  HAUL_FUZZ_CHECK(framing_of("HEAD", whole.head).framing.how == kind::none);
  keeps_alive(whole.head);

  const validator v = validator_of(whole.head);
  HAUL_FUZZ_CHECK(same_version(v, v) == v.joinable());
  HAUL_FUZZ_CHECK(v.if_range().empty() == !v.joinable());
  HAUL_FUZZ_CHECK(is_field_value(v.if_range()));
  return 0;
}
