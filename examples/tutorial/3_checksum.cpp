// One file that must hash to what is known of it.
//
//   3_checksum URL PATH SHA256

#include <haul/haul.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: 3_checksum URL PATH SHA256\n");
    return 2;
  }
  //[fetch
  haul::download_request wanted{argv[1], argv[2]};
  wanted.sha256(argv[3]);
  const haul::download_result result = haul::fetch(wanted);  // blocks; there is no loop to run

  if (result.error == haul::errc::checksum_mismatch) {
    std::printf("these are other bytes; nothing is at %s\n", argv[2]);
  } else {
    std::printf("%s\n", result.message().c_str());
  }
  //]
  return result ? 0 : 1;
}
