#include "tthsd/foreign_memory.hpp"

#include "catch.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace haul::test {
namespace {

/// Two pages that can be read, and one behind them that cannot.
class wall {
 public:
  wall() : size_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    pages_ = static_cast<char*>(
        ::mmap(nullptr, 3 * size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages_ != MAP_FAILED);
    REQUIRE(::mprotect(pages_ + 2 * size_, size_, PROT_NONE) == 0);
    std::memset(pages_, 'x', 2 * size_);
  }
  ~wall() { ::munmap(pages_, 3 * size_); }
  wall(const wall&) = delete;
  wall& operator=(const wall&) = delete;

  char* end() const { return pages_ + 2 * size_; }
  std::size_t readable() const { return 2 * size_; }

 private:
  std::size_t size_;
  char* pages_ = nullptr;
};

constexpr std::size_t plenty = 1u << 20;

}  // namespace

TEST_CASE("texts are read up to the last byte of the memory, and not past it") {
  const wall w;
  CHECK(!tthsd::read_text(w.end(), plenty));
  CHECK(!tthsd::read_text(w.end() - 1, plenty));
  CHECK(!tthsd::read_text(w.end() - w.readable(), plenty));
  w.end()[-1] = '\0';
  CHECK(tthsd::read_text(w.end() - 1, plenty) == "");
  CHECK(tthsd::read_text(w.end() - 3, plenty) == "xx");
  CHECK(tthsd::read_text(w.end() - w.readable(), plenty) == std::string(w.readable() - 1, 'x'));
  CHECK(!tthsd::read_text(w.end() - w.readable(), w.readable() - 2));
  CHECK(tthsd::read_text(w.end() - w.readable(), w.readable() - 1));
}

TEST_CASE("addresses that are none") {
  for (const std::uintptr_t at : {std::uintptr_t{0}, std::uintptr_t{1}, std::uintptr_t{4096},
                                  UINTPTR_MAX, UINTPTR_MAX - 5, UINTPTR_MAX / 2 + 1}) {
    CHECK(!tthsd::read_text(reinterpret_cast<const char*>(at), plenty));
    CHECK(!tthsd::read_flag(reinterpret_cast<const bool*>(at)));
  }
}

TEST_CASE("a flag is a byte of 0 or 1") {
  const wall w;
  for (int value = 0; value < 256; ++value) {
    w.end()[-1] = static_cast<char>(value);
    const auto read = tthsd::read_flag(reinterpret_cast<const bool*>(w.end() - 1));
    CHECK(read.has_value() == (value < 2));
    if (read) CHECK(*read == (value == 1));
  }
  CHECK(!tthsd::read_flag(reinterpret_cast<const bool*>(w.end())));
}

}  // namespace haul::test
