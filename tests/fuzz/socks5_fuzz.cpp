#include "fuzz.hpp"
#include <haul/system/socks5.hpp>

#include <string>
#include <string_view>
#include <system_error>

using namespace haul::system;

namespace {

struct outcome {
  std::string sent;
  std::size_t consumed = 0;
  bool done = false;
  std::error_code error;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome play(const haul::http::origin& to, const proxy& p, std::string_view said,
             std::size_t step) {
  socks5_client client{to, p};
  outcome out;
  std::string pending;
  for (std::size_t at = 0; at < said.size() && !out.done && !out.error; at += step) {
    pending += said.substr(at, step);
    const haul_fuzz::exact_copy copy{pending};
    const auto r = client.feed(copy.view());
    HAUL_FUZZ_CHECK(r.consumed <= pending.size());
    HAUL_FUZZ_CHECK(!(r.done && r.error));
    pending.erase(0, r.consumed);
    out.sent += r.send;
    out.consumed += r.error ? 0 : r.consumed;
    out.done = r.done;
    out.error = r.error;
  }
  if (out.error) out.consumed = 0, out.sent.clear();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  haul_fuzz::input in{data, size};
  const std::uint8_t choice = in.byte();
  const std::size_t step = 1 + in.byte() % 16;
  const haul::http::origin hosts[] = {
      {true, "example.com", 443}, {false, "127.0.0.1", 80}, {false, "::1", 8080}};
  proxy p{proxy::kind::socks5, "p", 1080, false, "", ""};
  if (choice >= 128) p.has_credentials = true, p.user = "user", p.password = "password";

  const auto& to = hosts[choice % 3];
  const outcome whole = play(to, p, in.rest(), in.rest().size() + 1);
  HAUL_FUZZ_CHECK(play(to, p, in.rest(), step) == whole);
  HAUL_FUZZ_CHECK(play(to, p, in.rest(), 1) == whole);
  HAUL_FUZZ_CHECK(!whole.done || whole.consumed >= 2 + 4 + 3);
  return 0;
}
