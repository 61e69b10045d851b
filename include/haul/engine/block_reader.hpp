#ifndef HAUL_ENGINE_BLOCK_READER_HPP
#define HAUL_ENGINE_BLOCK_READER_HPP

#include <haul/byte_range.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

namespace haul::engine {

/// Reads ranges of a file through one block of memory, to be hashed. For disk jobs.
class block_reader {
 public:
  /// Calls `use(data, n)` with the bytes of `r`, one block after another. A file that ends before
  /// `r` does is an error.
  template <class File, class Use>
  void read(File& file, byte_range r, std::error_code& ec, Use&& use) {
    ec.clear();
    while (!r.empty()) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, r.size()));
      const std::size_t got = file.read_at(r.begin, block_.get(), want, ec);
      if (!ec && got == 0) ec = std::make_error_code(std::errc::io_error);
      if (ec) return;
      use(static_cast<const char*>(block_.get()), got);
      r.begin += got;
    }
  }

 private:
  static constexpr std::size_t block_size = 256u << 10;

  std::unique_ptr<char[]> block_{new char[block_size]};
};

}  // namespace haul::engine

#endif
