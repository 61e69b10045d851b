#include "catch.hpp"
#include "support/net.hpp"
#include "support/temp_dir.hpp"

#include <set>

using namespace haul::test;

namespace fs = std::filesystem;

TEST_CASE("a temporary folder goes with its object", "[support][files]") {
  fs::path path;
  fs::path other;
  {
    temp_dir a;
    temp_dir b;
    path = a.path();
    other = b.path();
    CHECK(path != other);
    write_file(a / "deep" / "er" / "file", "text");
    fs::permissions(a / "deep", fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(fs::is_directory(path));
  }
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(fs::exists(other));
}

TEST_CASE("files are written and read as they are", "[support][files]") {
  temp_dir dir;
  const std::string bytes("a\0b\r\n\xff", 6);
  write_file(dir / "x" / "y", bytes);
  CHECK(read_file(dir / "x" / "y") == bytes);
  write_file(dir / "x" / "y", "");
  CHECK(read_file(dir / "x" / "y").empty());
  CHECK_THROWS(read_file(dir / "none"));
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"x/", "x/y"});
}

TEST_CASE("free ports are free and not given twice", "[support][files]") {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 100; ++i) {
    const std::uint16_t port = free_port();
    CHECK(ports.insert(port).second);
    CHECK_FALSE(can_connect(port));
  }
}
