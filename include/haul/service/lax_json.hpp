#ifndef HAUL_SERVICE_LAX_JSON_HPP
#define HAUL_SERVICE_LAX_JSON_HPP

#include <haul/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace haul::service {

/// JSON as Python has it, for answers that have to be the same to the byte: whole numbers of any
/// size, objects in the order of their first keys, and `1.0` that stays apart from `1`.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class json_value {
 public:
  enum class kind : std::uint8_t { null, boolean, integer, real, text, list, object };

  json_value() = default;
  json_value(std::nullptr_t) {}
  json_value(std::same_as<bool> auto value) : kind_(kind::boolean), flag_(value) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) json_value(I value)
      : kind_(kind::integer), text_(std::to_string(value)) {}
  json_value(double value) : kind_(kind::real), real_(value) {}
  json_value(std::string text) : kind_(kind::text), text_(std::move(text)) {}
  json_value(std::string_view text) : kind_(kind::text), text_(text) {}
  json_value(const char* text) : kind_(kind::text), text_(text) {}

  static json_value list() { return json_value{kind::list}; }
  static json_value object() { return json_value{kind::object}; }
  /// With members whose names are all different.
  static json_value object(std::vector<std::string> names, std::vector<json_value> values) {
    json_value v{kind::object};
    v.names_ = std::move(names);
    v.items_ = std::move(values);
    return v;
  }
  /// A whole number of any size: an optional minus sign and digits, the first of which is no zero
  /// unless it is the only one.
  static json_value integer(std::string digits) {
    json_value v{kind::integer};
    v.text_ = std::move(digits);
    return v;
  }

  kind what() const noexcept { return kind_; }
  bool is(kind k) const noexcept { return kind_ == k; }
  bool flag() const noexcept { return flag_; }
  double real() const noexcept { return real_; }
  /// Of a text, its UTF-8; of a whole number, its digits.
  const std::string& text() const noexcept { return text_; }
  /// Of a list, or of an object the values in the order of `names()`.
  const std::vector<json_value>& items() const noexcept { return items_; }
  const std::vector<std::string>& names() const noexcept { return names_; }

  json_value& push(json_value item) & {
    items_.push_back(std::move(item));
    return *this;
  }
  json_value&& push(json_value item) && { return std::move(push(std::move(item))); }
  /// Appends a member, or replaces the one of that name where it stands.
  HAUL_DECL json_value& set(std::string_view name, json_value value) &;
  json_value&& set(std::string_view name, json_value value) && {
    return std::move(set(name, std::move(value)));
  }
  /// Null when there is no such member.
  HAUL_DECL const json_value* find(std::string_view name) const;

 private:
  explicit json_value(kind k) : kind_(k) {}

  kind kind_ = kind::null;
  bool flag_ = false;
  double real_ = 0;
  std::string text_;
  std::vector<std::string> names_;
  std::vector<json_value> items_;
};

/// What has become of a text that should be JSON.
struct json_text {
  enum class outcome : std::uint8_t {
    good,
    malformed,  ///< `offset` and `error` say where and why, as Python's decoder does
    unusable,   ///< not UTF-8, nested too deeply, or a number of absurd length
  };
  outcome what = outcome::good;
  json_value value;
  std::size_t offset = 0;  ///< in characters, not in bytes
  std::string error;
};

/// Reads what Python's `json.loads` (3.11) reads: JSON, and `NaN` and `Infinity` beside it. Of keys
/// that repeat, the last value counts. A lone surrogate is U+FFFD.
HAUL_DECL json_text parse_json(std::string_view text);

/// Writes what Python's `json.dumps` writes with `ensure_ascii=False` and the separators `,` and
/// `:`. Numbers that are not finite are `null`.
HAUL_DECL std::string write_json(const json_value& value);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/lax_json.ipp>
#endif

#endif
