#ifndef HAUL_IMPL_HTTP_CHUNKED_DECODER_IPP
#define HAUL_IMPL_HTTP_CHUNKED_DECODER_IPP

#include <haul/http/chunked_decoder.hpp>

#include <algorithm>
#include <cstring>

namespace haul::http {

HAUL_DECL chunked_decoder::result chunked_decoder::decode(char* data, std::size_t size) {
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < size && state_ != state::done && state_ != state::failed) {
    if (state_ != state::data) {
      state_ = next(data[in]);
      if (state_ != state::failed) ++in;
      continue;
    }
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - in));
    if (in != out) std::memmove(data + out, data + in, n);
    in += n;
    out += n;
    left_ -= n;
    if (left_ == 0) state_ = state::data_cr;
  }
  if (state_ == state::failed) return {in, out, errc::malformed_chunk};
  return {in, out, {}};
}

HAUL_DECL chunked_decoder::state chunked_decoder::next(char c) {
  switch (state_) {
    case state::size_begin:
    case state::size:
    case state::size_padding:
    case state::extension:
    case state::size_lf:
      return next_in_size(c);
    case state::data_cr:
      return c == '\r' ? state::data_lf : state::failed;
    case state::data_lf:
      return c == '\n' ? state::size_begin : state::failed;
    case state::trailer_begin:
    case state::trailer_name:
    case state::trailer_value:
    case state::trailer_lf:
    case state::end_lf:
      return next_in_trailer(c);
    case state::data:
    case state::done:
    case state::failed:
      break;
  }
  return state::failed;
}

// chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
HAUL_DECL chunked_decoder::state chunked_decoder::next_in_size(char c) {
  if (state_ == state::size_lf) {
    line_bytes_ = 0;
    if (c != '\n') return state::failed;
    return left_ == 0 ? state::trailer_begin : state::data;
  }
  if (++line_bytes_ > max_chunk_line) return state::failed;

  if (state_ == state::size_begin || state_ == state::size) {
    const int digit = hex_value(c);
    if (digit >= 0) {
      if (left_ > max_length >> 4) return state::failed;
      left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
      return state::size;
    }
    if (state_ == state::size_begin) return state::failed;
  }
  if (c == '\r') return state::size_lf;
  if (state_ == state::extension) return is_field_char(c) ? state::extension : state::failed;
  if (c == ';') return state::extension;
  return is_ows(c) ? state::size_padding : state::failed;
}

// trailer-section = *( field-line CRLF ), and the CRLF that ends the body
HAUL_DECL chunked_decoder::state chunked_decoder::next_in_trailer(char c) {
  if (state_ == state::end_lf) return c == '\n' ? state::done : state::failed;
  if (state_ == state::trailer_begin && c == '\r') return state::end_lf;
  if (++line_bytes_ > max_trailer_bytes) return state::failed;

  switch (state_) {
    case state::trailer_begin:
      if (++trailers_ > max_trailer_fields) return state::failed;
      return is_tchar(c) ? state::trailer_name : state::failed;
    case state::trailer_name:
      if (c == ':') return state::trailer_value;
      return is_tchar(c) ? state::trailer_name : state::failed;
    case state::trailer_value:
      if (c == '\r') return state::trailer_lf;
      return is_field_char(c) ? state::trailer_value : state::failed;
    default:
      return c == '\n' ? state::trailer_begin : state::failed;
  }
}

}  // namespace haul::http

#endif
