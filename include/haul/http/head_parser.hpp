#ifndef HAUL_HTTP_HEAD_PARSER_HPP
#define HAUL_HTTP_HEAD_PARSER_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/http/response_head.hpp>

#include <cstddef>
#include <string_view>
#include <system_error>

namespace haul::http {

/// What a reply head may cost at most.
struct head_limits {
  std::size_t bytes = 65536;  ///< of the whole head, with its empty line
  std::size_t fields = 100;
};

/// Reads the head of a reply, HTTP/1.0 or HTTP/1.1, by the grammar of RFC 9112, 2 to 5.
///
/// Where the grammar leaves a choice, or servers are known to stray from it:
///
/// - A line ends in CRLF. A bare LF, or a CR without LF, is an error (2.2 allows either).
/// - Nothing may come before the status line, not even an empty line: a client that finds one has
///   lost its place in the stream (2.2 speaks of servers only).
/// - The reason may be empty or absent, with the space before it or without (4).
/// - No space between field name and colon (5.1), and no folded line (5.2).
/// - A value has no control character but HTAB (RFC 9110, 5.5).
/// - Any HTTP/1.x is read; the status is 100 to 999.
///
/// An interim reply (1xx) is a head like any other: who reads it drops `consumed` bytes, calls
/// `reset` and goes on, for a bounded number of times.
///
/// @par Errors
/// `malformed_head`; `unsupported_version` for a well-formed HTTP-version that is not 1.x;
/// `head_too_large` and `too_many_fields` for the limits. The same bytes give the same result
/// however they are split, and an error stays until `reset`.
class head_parser {
 public:
  struct result {
    bool done;             ///< the head is complete
    std::size_t consumed;  ///< the size of the head, once it is done, else 0
    std::error_code error;
  };

  explicit head_parser(head_limits limits = {}) noexcept : limits_{limits} {}

  /// Goes on with `data`, which is all the bytes of this head so far: what was there at the last
  /// call, at any address, and what came since. Work is linear in the bytes over all calls.
  result parse(std::string_view data);

  /// The head; whole once `parse` has said done. May be moved from.
  response_head& head() noexcept { return head_; }
  const response_head& head() const noexcept { return head_; }

  /// Begins a new head.
  void reset();

 private:
  static constexpr std::size_t usual_fields = 12;
  static constexpr std::size_t usual_bytes = 384;

  bool parse_status_line(std::string_view line);
  bool parse_field(std::string_view line);
  result fail(errc e);

  head_limits limits_;
  response_head head_;
  std::size_t line_ = 0;  // where the current line begins
  std::size_t scan_ = 0;  // up to where no LF was found
  std::size_t end_ = 0;   // the size of the head, once it is done
  std::error_code error_;
};

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_head_parser.ipp>
#endif

#endif
