// One file that several servers have.
//
//   7_mirrors PATH SHA256 URL MIRROR...

#include <haul/haul.hpp>

#include <cstdio>
#include <utility>
#include <variant>

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: 7_mirrors PATH SHA256 URL MIRROR...\n");
    return 2;
  }
  //[request
  haul::download_request wanted{argv[3], argv[1]};
  wanted.sha256(argv[2]);
  for (int i = 4; i < argc; ++i) wanted.mirror(argv[i]);
  //]
  //[fetch
  const auto show = [](const haul::event& e) {
    if (const auto* r = std::get_if<haul::retrying>(&e)) {
      std::printf("trying again: %s\n", r->error.message().c_str());
    }
  };
  const haul::download_result result = haul::fetch(std::move(wanted), show);
  std::printf("%s\n", result.message().c_str());
  //]
  return result ? 0 : 1;
}
