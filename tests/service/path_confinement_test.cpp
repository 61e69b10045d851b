#include "catch.hpp"
#include "support/temp_dir.hpp"
#include <haul/service/path_confinement.hpp>

#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;
using haul::service::confine;
using haul::service::is_confined;
using haul::service::path_below;
using haul::test::temp_dir;
using haul::test::write_file;

struct folder {
  folder() : root(fs::canonical(dir.path()) / "root"), outside(fs::canonical(dir.path()) / "else") {
    fs::create_directories(root / "inner");
    fs::create_directories(outside);
    write_file(outside / "secret", "s");
  }

  temp_dir dir;
  fs::path root;
  fs::path outside;
};

TEST_CASE("a path below the root is confined") {
  const folder f;
  CHECK(confine(f.root, "") == f.root);
  CHECK(confine(f.root, ".") == f.root);
  CHECK(confine(f.root, "a.mp4") == f.root / "a.mp4");
  CHECK(confine(f.root, "inner/b") == f.root / "inner/b");
  CHECK(confine(f.root, "new/deep/b") == f.root / "new/deep/b");
  CHECK(confine(f.root, "./inner//./b/") == f.root / "inner/b");
  CHECK(confine(f.root, "..a/b..") == f.root / "..a/b..");
  CHECK(confine(f.root, "\xe6\xa0\x87") == f.root / fs::path{u8"\u6807"});
  CHECK(confine(f.root / "inner" / "..", "a") == f.root / "a");
}

TEST_CASE("a path that leads out of the root is refused") {
  const folder f;
  const std::string real = f.root.string();
  for (const std::string& p :
       {std::string{".."}, std::string{"../else/secret"}, std::string{"inner/../../else"},
        std::string{"inner/.."}, std::string{"new/../a"}, std::string{"/etc/passwd"},
        std::string{"/"}, std::string{"//a"}, real + "/a", std::string{"..\\else"},
        std::string{"C:"}, std::string{"c:/windows"}, std::string{"a\\b"}, std::string{"a\0b", 3},
        std::string{"a\nb"}, std::string{"a\x7f"}, std::string{"\xff"}}) {
    INFO(p);
    CHECK_FALSE(confine(f.root, p));
  }
  CHECK_FALSE(confine(f.root / "missing", "a"));
}

TEST_CASE("links are followed, and count by where they lead", "[posix]") {
  const folder f;
  fs::create_symlink(f.root / "inner", f.root / "near");
  fs::create_symlink(f.outside, f.root / "far");
  fs::create_symlink(f.outside / "not-yet", f.root / "dangling");
  fs::create_symlink("../else", f.root / "inner" / "up");
  fs::create_symlink("loop", f.root / "loop");
  fs::create_symlink(f.outside / "secret", f.root / "file");
  fs::create_symlink(f.root, f.outside / "back");

  CHECK(confine(f.root, "near/b") == f.root / "inner/b");
  CHECK(confine(f.root, "near") == f.root / "inner");
  for (const char* p : {"far", "far/secret", "far/new", "dangling", "dangling/x", "inner/up",
                        "near/up", "loop", "loop/x", "file", "far/back/inner/b"}) {
    INFO(p);
    CHECK_FALSE(confine(f.root, p));
  }
  // The root itself may be a link.
  CHECK(confine(f.outside / "back", "inner/b") == f.root / "inner/b");
}

TEST_CASE("a path that a file has ended up at is checked the same way", "[posix]") {
  const folder f;
  fs::create_symlink(f.outside, f.root / "far");
  CHECK(is_confined(f.root, f.root));
  CHECK(is_confined(f.root, f.root / "a"));
  CHECK(is_confined(f.root, f.root / "new" / "a"));
  CHECK_FALSE(is_confined(f.root, f.outside / "secret"));
  CHECK_FALSE(is_confined(f.root, f.root / "far" / "secret"));
  CHECK_FALSE(is_confined(f.root, f.root / ".." / "else"));
  CHECK_FALSE(is_confined(f.root, f.root.string() + "2/a"));
  CHECK_FALSE(is_confined(f.root / "missing", f.root / "missing" / "a"));
}

TEST_CASE("what stands behind the root") {
  CHECK(path_below("/srv/root", "/srv/root/a/b") == "a/b");
  CHECK(path_below("/srv/root", "/srv/root") == "");
  CHECK(path_below("/srv/root", "/srv/rooted/a") == "");
}

}  // namespace
