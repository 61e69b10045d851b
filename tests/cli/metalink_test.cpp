#include "catch.hpp"
#include "cli/cli.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/system/digest.hpp>

#include <filesystem>

using namespace haul;
using namespace haul::test;

namespace {

constexpr std::uint64_t size = 3'000'000;
constexpr std::uint64_t piece = 1u << 20;

std::string piece_list(const std::string& bytes) {
  std::string out = "<pieces length=\"" + std::to_string(piece) + "\" type=\"sha-256\">";
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string part = bytes.substr(at, piece);
    system::digest d{hash_algorithm::sha256};
    d.update(part.data(), part.size());
    out += "<hash>" + d.finish().hex() + "</hash>";
  }
  return out + "</pieces>";
}

struct scene {
  nginx server;
  temp_dir dir;
  std::string bytes = pattern_bytes(1, 0, size);

  scene() {
    write_file(server.root() / "right", bytes);
    std::string wrong = bytes;
    wrong[piece + 5] ^= 1;
    write_file(server.root() / "wrong", wrong);
  }
  std::string metalink(const std::string& urls) {
    const auto path = dir / "files.meta4";
    write_file(path,
               "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"sub/game.pak\">"
               "<size>" +
                   std::to_string(size) + "</size><hash type=\"sha-256\">" +
                   pattern_sha256(1, size) + "</hash>" + piece_list(bytes) + urls +
                   "</file></metalink>");
    return path.string();
  }
};

}  // namespace

TEST_CASE("a Metalink is downloaded, and a mirror with a wrong piece does no harm",
          "[cli][metalink]") {
  scene s;
  const std::string file =
      s.metalink("<url priority=\"1\">" + s.server.url("/wrong") + "</url><url priority=\"2\">" +
                 s.server.url("/right") + "</url>");
  const auto r = haul_run({"-q", "-M", file, "-d", (s.dir / "to").string()});
  INFO(r.err);
  CHECK(r.status.code == 0);
  CHECK_FALSE(mismatch(s.dir / "to" / "sub" / "game.pak", 1, size));
}

TEST_CASE("a damaged file is repaired", "[cli][metalink]") {
  scene s;
  const std::string file = s.metalink("<url>" + s.server.url("/right") + "</url>");
  std::filesystem::create_directories(s.dir / "sub");
  std::string damaged = s.bytes;
  damaged[2 * piece + 7] ^= 1;
  write_file(s.dir / "sub" / "game.pak", damaged);
  const auto kept = haul_run({"-q", "-M", file, "-d", s.dir.path().string()});
  CHECK(kept.status.code == 1);
  CHECK(read_file(s.dir / "sub" / "game.pak") == damaged);
  // One connection: several may fetch the end twice.
  const auto r = haul_run({"-q", "-x", "1", "--repair", "-M", file, "-d", s.dir.path().string()});
  INFO(r.err);
  CHECK(r.status.code == 0);
  CHECK_FALSE(mismatch(s.dir / "sub" / "game.pak", 1, size));
  CHECK(body_bytes(s.server) == size - 2 * piece);
}

TEST_CASE("a Metalink that cannot be read is told in one line", "[cli][metalink]") {
  temp_dir dir;
  write_file(dir / "bad.meta4",
             "<metalink><file name=\"../x\"><url>http://h/x</url></file></metalink>");
  const auto bad = haul_run({"-M", (dir / "bad.meta4").string()});
  CHECK(bad.status.code == 2);
  CHECK(
      contains(only_line(bad.err), "file 1: its name is missing, or is not a safe relative path"));
  const auto none = haul_run({"-M", (dir / "none.meta4").string()});
  CHECK(none.status.code == 2);
  CHECK(contains(only_line(none.err), "No such file"));
  const auto repair = haul_run({"--repair", "http://127.0.0.1:1/f", "-d", dir.path().string()});
  CHECK(repair.status.code == 1);
  CHECK(contains(repair.err, "to repair a file needs a checksum or piece hashes"));
}
