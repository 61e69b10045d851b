#include "fuzz.hpp"
#include <haul/metalink/read_metalink.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const haul_fuzz::exact_copy text{haul_fuzz::input{data, size}.rest()};
  const haul::metalink m = haul::read_metalink(text.view());
  HAUL_FUZZ_CHECK(m.error ? m.files.empty() && !m.detail.empty() : !m.files.empty());
  for (const haul::metalink_file& f : m.files) {
    HAUL_FUZZ_CHECK(!f.urls.empty());
    for (const auto& u : f.urls) HAUL_FUZZ_CHECK(!haul::http::parse_url(u).error);
    HAUL_FUZZ_CHECK(!f.name.empty() && f.name.front() != '/' && f.name.back() != '/');
    HAUL_FUZZ_CHECK(f.name.find_first_of("\\:") == std::string::npos);
    HAUL_FUZZ_CHECK(("/" + f.name + "/").find("/../") == std::string::npos);
    HAUL_FUZZ_CHECK(!f.pieces || f.pieces->usable());
    HAUL_FUZZ_CHECK(!f.pieces || !f.size || f.pieces->fits(*f.size));
    const auto r = f.request("/folder");
    HAUL_FUZZ_CHECK(r.mirrors().size() + 1 == f.urls.size());
  }
  return 0;
}
