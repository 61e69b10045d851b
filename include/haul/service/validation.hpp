#ifndef HAUL_SERVICE_VALIDATION_HPP
#define HAUL_SERVICE_VALIDATION_HPP

#include <haul/config.hpp>

#include <haul/service/lax_json.hpp>
#include <haul/service/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace haul::service {

/// The version of pydantic whose rules and words `validation` has; part of the links in its errors.
inline constexpr std::string_view pydantic_version = "2.13";

/// Reads values as pydantic does when it is not strict, and collects what is wrong with them.
///
/// Where a location is asked for, it is a list of names and numbers: `["body", "message_ids", 0]`.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class validation {
 public:
  /// Whole numbers, `true` and `false`, `2.0`, and texts with a whole number in them, such as
  /// `" 1_000 "` or `"2.0"`.
  /// @param at_least  What the number may not be below.
  HAUL_DECL std::optional<std::int64_t> integer(const json_value& v, json_value location,
                                                std::optional<std::int64_t> at_least = {});
  /// `true` and `false`, 0 and 1, and texts such as `yes`, `off`, `T`.
  HAUL_DECL std::optional<bool> boolean(const json_value& v, json_value location);
  HAUL_DECL std::optional<std::string> text(const json_value& v, json_value location);
  /// Null, with an error, when it is no list.
  HAUL_DECL const json_value* list(const json_value& v, json_value location);

  void missing(json_value location, json_value input) {
    add("missing", std::move(location), "Field required", std::move(input));
  }
  /// What a validator of the program's own says.
  HAUL_DECL void value_error(json_value location, std::string_view why, json_value input);
  HAUL_DECL void add(std::string_view type, json_value location, std::string_view message,
                     json_value input, json_value context = {});

  bool ok() const noexcept { return errors_.items().empty(); }
  /// The first error in one line: `size: Input should be greater than or equal to 0`.
  HAUL_DECL std::string first() const;
  /// 422 with all errors.
  HAUL_DECL response answer() const;

 private:
  json_value errors_ = json_value::list();
};

/// `["body", "name"]` and so on.
template <class... Parts>
json_value location(Parts... parts) {
  json_value all = json_value::list();
  (all.push(json_value{parts}), ...);
  return all;
}

/// An answer of FastAPI's: this status, and this JSON.
HAUL_DECL response json_response(int status, const json_value& body);
/// `{"detail": ...}`
HAUL_DECL response detail_response(int status, std::string_view detail);

/// The body of a request, as FastAPI takes it for one model.
struct json_body {
  std::optional<json_value> value;  ///< an object or a list
  std::optional<response> answer;   ///< what to say instead
};

/// Reads a body that has to be an object.
/// @param or_list  A list will do as well.
HAUL_DECL json_body read_json_body(const request& r, bool or_list = false);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/validation.ipp>
#endif

#endif
