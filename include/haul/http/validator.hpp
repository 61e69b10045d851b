#ifndef HAUL_HTTP_VALIDATOR_HPP
#define HAUL_HTTP_VALIDATOR_HPP

#include <haul/config.hpp>

#include <haul/http/response_head.hpp>

#include <string>

namespace haul::http {

/// What a reply says about the version of the file it is from (RFC 9110, 8.8).
///
/// Bytes of two replies may be joined only if `same_version` says so, and, when the known
/// validator is not `strong`, if both replies also name the same total length.
struct validator {
  std::string etag;           ///< opaque, with its quotes and its `W/`; compared byte for byte
  bool weak = false;          ///< the tag promises the same meaning, not the same bytes
  std::string last_modified;  ///< as it was sent; compared byte for byte

  /// The file was still young when the reply was made: by the reply's own Date, less than a second
  /// had passed since Last-Modified. It may have been written again in that second, so its date
  /// proves nothing (RFC 9110, 8.8.2.2). Left out where the tag is strong.
  bool young = false;

  /// Whether there is a strong ETag: equal tags are equal bytes.
  bool strong() const noexcept { return !etag.empty() && !weak; }

  /// Whether there is no strong ETag, but a date that serves together with the total length.
  bool dated() const noexcept { return !strong() && !last_modified.empty() && !young; }

  /// Whether bytes of a later reply can be joined to those of this one at all.
  bool joinable() const noexcept { return strong() || dated(); }

  /// Whether the reply said nothing at all about its version.
  bool absent() const noexcept { return etag.empty() && last_modified.empty(); }

  /// What to send as If-Range, so that a changed file comes whole (RFC 9110, 13.1.5); empty if
  /// there is nothing that may be sent.
  std::string if_range() const { return strong() ? etag : dated() ? last_modified : std::string{}; }

  friend bool operator==(const validator&, const validator&) = default;
};

/// The validator of a reply.
///
/// A tag that is empty (`""`) or not well-formed, like one without quotes, counts as weak: equal
/// ones prove nothing, different ones mean another version. A field that is there twice with two
/// values says nothing and is left out.
HAUL_DECL validator validator_of(const response_head& head);

/// Whether a reply with the validator `seen` is proved to be of the version `known`.
///
/// - The known one is strong: only the same strong tag will do. A reply without a tag, or with the
///   tag turned weak, is not proved to be of it.
/// - Else two tags that differ mean another version. Equal weak tags, or a missing one, prove
///   nothing: the known date must be there (and not `young`), and the reply's must be the same.
/// - Nothing to compare proves nothing.
HAUL_DECL bool same_version(const validator& known, const validator& seen);

}  // namespace haul::http

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/http_validator.ipp>
#endif

#endif
