#ifndef HAUL_ENGINE_JOURNAL_HPP
#define HAUL_ENGINE_JOURNAL_HPP

#include <haul/byte_range.hpp>
#include <haul/engine/crc32c.hpp>
#include <haul/error.hpp>
#include <haul/http/validator.hpp>
#include <haul/range_set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace haul::engine {

/// What a journal is bound to.
struct journal_header {
  std::string url;  ///< without credentials
  std::uint64_t total = 0;
  http::validator validator;

  friend bool operator==(const journal_header&, const journal_header&) = default;
};

/// What a journal says.
struct journal_state {
  journal_header header;
  range_set written;
  std::size_t length = 0;  ///< bytes of the journal that are sound; what follows them is torn
};

/// The journal of a part file, as bytes: append-only records, each with its length and CRC. A
/// record of ranges is appended only after their data was written, so that reading a journal never
/// claims a byte that is not there; a torn end costs only what it would have said.
///
///     journal = magic record*
///     magic   = "haul journal 1\n"
///     record  = length:u32 crc:u32 kind:u8 payload       (length and crc are of kind and payload)
///     kind 1  = header: total:u64 flags:u8 url:text etag:text last_modified:text
///     kind 2  = ranges: (begin:u64 end:u64)*
///     text    = length:u32 bytes                         (all numbers little-endian)
///
/// The first record is the header. A record of a kind that is not known ends the reading.
class journal {
 public:
  static constexpr std::string_view magic = "haul journal 1\n";
  static constexpr std::size_t most_bytes = 64u << 20;

  /// The beginning of a new journal.
  static std::string begin(const journal_header& h) {
    std::string body(1, static_cast<char>(kind::header));
    put64(body, h.total);
    body += static_cast<char>((h.validator.weak ? 1 : 0) | (h.validator.young ? 2 : 0));
    put_text(body, h.url);
    put_text(body, h.validator.etag);
    put_text(body, h.validator.last_modified);
    return std::string{magic} + record(body);
  }

  /// A record that claims ranges.
  static std::string ranges(const range_set& written) {
    std::string body(1, static_cast<char>(kind::ranges));
    for (const byte_range& r : written.ranges()) {
      put64(body, r.begin);
      put64(body, r.end);
    }
    return record(body);
  }

  /// Reads a journal as far as it is sound.
  ///
  /// @returns  Nothing, with journal_corrupt, when not even the header is.
  static std::optional<journal_state> read(std::string_view text, std::error_code& ec) {
    ec = errc::journal_corrupt;
    if (!text.starts_with(magic)) return std::nullopt;
    reader in{text.substr(magic.size())};
    journal_state state;
    std::string_view body;
    if (!in.record(body) || !read_header(body, state.header)) return std::nullopt;
    state.length = text.size() - in.left.size();
    while (in.record(body)) {
      if (!read_ranges(body, state.header.total, state.written)) break;
      state.length = text.size() - in.left.size();
    }
    ec.clear();
    return state;
  }

 private:
  enum class kind : std::uint8_t { header = 1, ranges = 2 };

  static void put32(std::string& out, std::uint32_t n) {
    for (int i = 0; i < 4; ++i) out += static_cast<char>(n >> 8 * i & 0xff);
  }
  static void put64(std::string& out, std::uint64_t n) {
    for (int i = 0; i < 8; ++i) out += static_cast<char>(n >> 8 * i & 0xff);
  }
  static void put_text(std::string& out, std::string_view s) {
    put32(out, static_cast<std::uint32_t>(s.size()));
    out += s;
  }
  static std::string record(std::string_view body) {
    std::string out;
    put32(out, static_cast<std::uint32_t>(body.size()));
    put32(out, crc32c(body));
    out += body;
    return out;
  }

  struct reader {
    std::string_view left;

    bool number(std::size_t bytes, std::uint64_t& n) {
      if (left.size() < bytes) return false;
      n = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        n |= static_cast<std::uint64_t>(static_cast<unsigned char>(left[i])) << 8 * i;
      }
      left.remove_prefix(bytes);
      return true;
    }
    bool text(std::string& s) {
      std::uint64_t n = 0;
      if (!number(4, n) || left.size() < n) return false;
      s = left.substr(0, n);
      left.remove_prefix(n);
      return true;
    }
    /// Leaves `left` as it was when there is no sound record.
    bool record(std::string_view& body) {
      reader ahead{left};
      std::uint64_t length = 0;
      std::uint64_t crc = 0;
      if (!ahead.number(4, length) || !ahead.number(4, crc)) return false;
      if (length == 0 || ahead.left.size() < length) return false;
      body = ahead.left.substr(0, length);
      if (crc32c(body) != crc) return false;
      left = ahead.left.substr(length);
      return true;
    }
  };

  static bool read_header(std::string_view body, journal_header& h) {
    reader in{body};
    std::uint64_t what = 0;
    std::uint64_t flags = 0;
    if (!in.number(1, what) || what != static_cast<std::uint64_t>(kind::header)) return false;
    if (!in.number(8, h.total) || !in.number(1, flags)) return false;
    h.validator.weak = flags & 1;
    h.validator.young = flags & 2;
    return in.text(h.url) && in.text(h.validator.etag) && in.text(h.validator.last_modified) &&
           in.left.empty();
  }

  static bool read_ranges(std::string_view body, std::uint64_t total, range_set& written) {
    reader in{body};
    std::uint64_t what = 0;
    if (!in.number(1, what) || what != static_cast<std::uint64_t>(kind::ranges)) return false;
    if (in.left.size() % 16 != 0) return false;
    range_set claimed;
    while (!in.left.empty()) {
      byte_range r;
      in.number(8, r.begin);
      in.number(8, r.end);
      if (r.empty() || r.end > total) return false;
      claimed.add(r);
    }
    for (const byte_range& r : claimed.ranges()) written.add(r);
    return true;
  }
};

}  // namespace haul::engine

#endif
