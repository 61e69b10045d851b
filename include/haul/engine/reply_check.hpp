#ifndef HAUL_ENGINE_REPLY_CHECK_HPP
#define HAUL_ENGINE_REPLY_CHECK_HPP

#include <haul/byte_range.hpp>
#include <haul/error.hpp>
#include <haul/http/content_range.hpp>
#include <haul/http/framing.hpp>
#include <haul/http/response_head.hpp>
#include <haul/http/status.hpp>
#include <haul/http/validator.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace haul::engine {

/// What is known of the file before a reply is judged.
struct known_version {
  std::optional<std::uint64_t> total;
  http::validator validator;
};

/// What a request asked for.
struct asked_for {
  bool ranged = true;       ///< whether there was a Range field
  byte_range range;         ///< `end` is of no account when `open_ended`
  bool open_ended = false;  ///< `bytes=N-`
};

/// What a reply is good for.
struct reply_verdict {
  enum class kind {
    part,           ///< its body is the file from `range.begin` to `range.end`
    whole,          ///< its body is the whole file
    changed,        ///< the file is another one than the known: start over
    range_ignored,  ///< the whole file came where a part was asked for: one stream, from the start
    range_refused,  ///< the server cannot do ranges: ask again without
    error           ///< `error` says why it is of no use
  };

  kind what = kind::error;
  byte_range range;                    ///< of the body; `end` is 0 when its length is unknown
  std::optional<std::uint64_t> total;  ///< of the file, where the reply says so
  http::validator validator;           ///< of the reply
  bool joinable = false;               ///< more replies may be joined to this one
  std::error_code error;
};

namespace detail {

inline reply_verdict refuse(errc e) {
  reply_verdict v;
  v.error = e;
  return v;
}

/// Bytes that were encoded on the way are not the file's, unless the file is itself of that kind: a
/// server that names the compression of `a.tar.gz` sends the file as it is.
inline bool usable_encoding(const http::response_head& head, std::string_view path) {
  const auto coding = head.fields.find("Content-Encoding");
  if (!coding || coding->empty() || http::equals_ignore_case(*coding, "identity")) return true;
  const auto ends_with = [&](std::string_view ending) {
    return path.size() >= ending.size() &&
           http::equals_ignore_case(path.substr(path.size() - ending.size()), ending);
  };
  if (http::equals_ignore_case(*coding, "gzip") || http::equals_ignore_case(*coding, "x-gzip")) {
    return ends_with(".gz") || ends_with(".tgz") || ends_with(".svgz");
  }
  if (http::equals_ignore_case(*coding, "br")) return ends_with(".br");
  if (http::equals_ignore_case(*coding, "zstd")) return ends_with(".zst");
  return false;
}

inline reply_verdict check_part(const asked_for& asked, const known_version& known,
                                const http::response_head& head,
                                const http::body_framing& framing) {
  using kind = reply_verdict::kind;
  if (!asked.ranged || head.fields.count("Content-Range") != 1) {
    return refuse(errc::bad_content_range);
  }
  const auto told = http::parse_content_range(*head.fields.find("Content-Range"));
  if (!told || told->unsatisfied) return refuse(errc::bad_content_range);
  reply_verdict v;
  v.range = byte_range{told->first, told->last + 1};
  v.total = told->total;
  v.validator = http::validator_of(head);
  // A part of a file whose length nobody tells: where it ends would be a guess. The whole tells.
  if (!v.total && !known.total) {
    v.what = kind::range_refused;
    return v;
  }
  // The version comes first: a range of another file is no fault of the range.
  if (known.total && v.total && *known.total != *v.total) {
    v.what = kind::changed;
    return v;
  }
  if (known.validator.joinable() && !http::same_version(known.validator, v.validator)) {
    v.what = kind::changed;
    return v;
  }
  // An earlier start is only more than was asked for; what is known already is skipped.
  const bool reaches = v.range.begin <= asked.range.begin && v.range.end > asked.range.begin;
  if (!reaches) return refuse(errc::bad_content_range);
  // But then it must not end earlier, too: that is a range that was moved, by whatever mistake.
  const std::uint64_t total = v.total ? *v.total : *known.total;
  const std::uint64_t end = asked.open_ended ? total : (std::min)(asked.range.end, total);
  if (v.range.begin < asked.range.begin && v.range.end < end) {
    return refuse(errc::bad_content_range);
  }
  if (framing.how == http::body_framing::kind::length && framing.length != v.range.size()) {
    return refuse(errc::bad_content_range);
  }
  v.joinable = v.validator.strong() || (v.validator.dated() && (v.total || known.total));
  v.what = kind::part;
  return v;
}

inline reply_verdict check_whole(const asked_for& asked, const known_version& known,
                                 const http::response_head& head,
                                 const http::body_framing& framing) {
  using kind = reply_verdict::kind;
  reply_verdict v;
  v.validator = http::validator_of(head);
  if (framing.how == http::body_framing::kind::length) {
    v.total = framing.length;
    v.range = byte_range{0, framing.length};
  }
  // How long the file is, only the end of this reply would tell: it may be another one.
  const bool unproved = known.total && !v.total && !known.validator.joinable();
  const bool other =
      unproved || (known.total && v.total && *known.total != *v.total) ||
      (known.validator.joinable() && !http::same_version(known.validator, v.validator));
  if (other) {
    v.what = kind::changed;
  } else {
    v.what = asked.ranged && asked.range.begin > 0 ? kind::range_ignored : kind::whole;
  }
  return v;
}

}  // namespace detail

/// Judges a reply before a byte of its body is used (RFC 9110, 14 and 15.3.7; see "Never a wrong
/// byte" in the documentation).
///
/// @param path  Of the URL: tells whether a Content-Encoding is the file's own.
inline reply_verdict check_reply(const asked_for& asked, const known_version& known,
                                 const http::response_head& head, const http::body_framing& framing,
                                 std::string_view path) {
  if (head.status == 206 || head.status == 200) {
    if (!detail::usable_encoding(head, path)) return detail::refuse(errc::unexpected_encoding);
  }
  switch (head.status) {
    case 206:
      return detail::check_part(asked, known, head, framing);
    case 200:
      return detail::check_whole(asked, known, head, framing);
    case 416: {
      reply_verdict v;
      std::optional<http::content_range> told;
      if (const auto field = head.fields.find("Content-Range")) {
        told = http::parse_content_range(*field);
      }
      if (told && told->unsatisfied && told->total) v.total = told->total;
      if (known.total && v.total && *v.total != *known.total) {
        v.what = reply_verdict::kind::changed;
      } else if (asked.ranged && asked.range.begin == 0) {
        // An empty file has no first byte; other servers refuse every range.
        v.what = reply_verdict::kind::range_refused;
      } else {
        v.error = errc::request_refused;
      }
      return v;
    }
    default: {
      reply_verdict v;
      if (head.status == 501 && asked.ranged && asked.range.begin == 0 && !known.total) {
        // Not implemented: the range, perhaps.
        v.what = reply_verdict::kind::range_refused;
        return v;
      }
      v.error = http::error_of_status(head.status);
      if (!v.error) v.error = errc::unexpected_status;
      return v;
    }
  }
}

}  // namespace haul::engine

#endif
