#ifndef HAUL_HTTP_CHUNKED_DECODER_HPP
#define HAUL_HTTP_CHUNKED_DECODER_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/grammar.hpp>

#include <cstddef>
#include <cstdint>
#include <system_error>

namespace haul::http {

/// Takes the chunked transfer coding off a body, in the buffer it was read into
/// (RFC 9112, 7.1).
///
/// Chunk extensions are read over and trailer fields are dropped, both checked for their grammar
/// and bounded. Spaces between a chunk size and the end of its line are let pass, because old
/// servers pad it with them; everything else is as strict as the head parser.
class chunked_decoder {
 public:
  static constexpr std::size_t max_chunk_line = 256;      ///< a chunk's size and extensions
  static constexpr std::size_t max_trailer_bytes = 8192;  ///< all trailer fields
  static constexpr std::size_t max_trailer_fields = 100;

  struct result {
    std::size_t consumed;  ///< of the coded bytes; less than all only at the end or on an error
    std::size_t produced;  ///< decoded bytes, at the front of the buffer
    std::error_code error;
  };

  /// Decodes the next bytes of the body in place. They may be split anywhere. What stands behind
  /// the produced bytes is unspecified, except that bytes which were not consumed, because the
  /// body was done, are left where they are.
  ///
  /// @par Errors
  /// `malformed_chunk`, which stays. The bytes produced before it are still right.
  result decode(char* data, std::size_t size);

  /// Whether the last chunk and the trailer section have been read.
  bool done() const noexcept { return state_ == state::done; }

 private:
  enum class state {
    size_begin,
    size,
    size_padding,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_begin,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed
  };

  state next(char c);  // for every state but data and done
  state next_in_size(char c);
  state next_in_trailer(char c);

  state state_ = state::size_begin;
  std::uint64_t left_ = 0;      // the size of the chunk, then what is left of it
  std::size_t line_bytes_ = 0;  // of the chunk line, or of the trailer section
  std::size_t trailers_ = 0;
};

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_chunked_decoder.ipp>
#endif

#endif
