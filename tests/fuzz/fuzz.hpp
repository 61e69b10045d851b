#ifndef HAUL_TESTS_FUZZ_FUZZ_HPP
#define HAUL_TESTS_FUZZ_FUZZ_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

/// Ends the program if what must hold of every input does not.
#define HAUL_FUZZ_CHECK(condition)                                                        \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace haul_fuzz {

/// The input, one piece at a time.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : rest_{size == 0 ? "" : reinterpret_cast<const char*>(data), size} {}

  /// The first byte, or 0.
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto b = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }

  /// What stands before the next LF.
  std::string_view line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// A copy in a block of exactly its size, so that a sanitizer sees every step outside.
class exact_copy {
 public:
  explicit exact_copy(std::string_view text) : data_{new char[text.size()]}, size_{text.size()} {
    text.copy(data_.get(), size_);
  }
  char* data() { return data_.get(); }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_;
};

}  // namespace haul_fuzz

#endif
