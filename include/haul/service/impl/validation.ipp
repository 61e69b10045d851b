#ifndef HAUL_SERVICE_IMPL_VALIDATION_IPP
#define HAUL_SERVICE_IMPL_VALIDATION_IPP

#include <haul/http/grammar.hpp>
#include <haul/http/media_type.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/validation.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace haul::service {
namespace detail {

/// The digits of a text that stands for a whole number; empty when it does not.
inline std::string whole_number(std::string_view s) {
  constexpr std::string_view space = " \t\n\v\f\r";
  const std::size_t first = s.find_first_not_of(space);
  if (first == s.npos) return {};
  s = s.substr(first, s.find_last_not_of(space) - first + 1);
  std::string digits;
  if (s.front() == '+' || s.front() == '-') {
    if (s.front() == '-') digits = "-";
    s.remove_prefix(1);
  }
  if (const std::size_t dot = s.find('.'); dot != s.npos) {
    const std::string_view fraction = s.substr(dot + 1);
    if (fraction.empty() || fraction.find_first_not_of('0') != fraction.npos) return {};
    s = s.substr(0, dot);
  }
  // An underscore stands between two digits.
  bool after_digit = false;
  for (const char c : s) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c != '_' || !after_digit)) return {};
    if (digit) digits += c;
    after_digit = digit;
  }
  return after_digit ? digits : std::string{};
}

inline std::optional<std::int64_t> to_int64(std::string_view digits) {
  std::int64_t n = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return n;
}

inline std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace detail

HAUL_DECL void validation::add(std::string_view type, json_value where, std::string_view message,
                               json_value input, json_value context) {
  json_value e = json_value::object();
  e.set("type", type);
  e.set("loc", std::move(where));
  e.set("msg", message);
  e.set("input", std::move(input));
  if (!context.is(json_value::kind::null)) e.set("ctx", std::move(context));
  std::string link = "https://errors.pydantic.dev/";
  link.append(pydantic_version).append("/v/").append(type);
  e.set("url", std::move(link));
  errors_.push(std::move(e));
}

HAUL_DECL void validation::value_error(json_value where, std::string_view why, json_value input) {
  std::string message = "Value error, ";
  message += why;
  json_value context = json_value::object();
  context.set("error", json_value::object());
  add("value_error", std::move(where), message, std::move(input), std::move(context));
}

HAUL_DECL std::optional<std::int64_t> validation::integer(const json_value& v, json_value where,
                                                          std::optional<std::int64_t> at_least) {
  using kind = json_value::kind;
  constexpr std::string_view too_large =
      "Unable to parse input string as an integer, exceeded maximum size";
  std::optional<std::int64_t> n;
  if (v.is(kind::boolean)) {
    n = v.flag() ? 1 : 0;
  } else if (v.is(kind::integer)) {
    n = detail::to_int64(v.text());
    if (!n) add("int_parsing_size", std::move(where), too_large, v);
  } else if (v.is(kind::real)) {
    if (!std::isfinite(v.real())) {
      add("finite_number", std::move(where), "Input should be a finite number", v);
    } else if (v.real() != std::trunc(v.real())) {
      add("int_from_float", std::move(where),
          "Input should be a valid integer, got a number with a fractional part", v);
    } else if (v.real() >= 0x1p63 || v.real() < -0x1p63) {
      add("int_parsing_size", std::move(where), too_large, v);
    } else {
      n = static_cast<std::int64_t>(v.real());
    }
  } else if (v.is(kind::text)) {
    const std::string digits = detail::whole_number(v.text());
    if (digits.empty()) {
      add("int_parsing", std::move(where),
          "Input should be a valid integer, unable to parse string as an integer", v);
    } else {
      n = detail::to_int64(digits);
      if (!n) add("int_parsing_size", std::move(where), too_large, v);
    }
  } else {
    add("int_type", std::move(where), "Input should be a valid integer", v);
  }
  if (n && at_least && *n < *at_least) {
    json_value context = json_value::object();
    context.set("ge", *at_least);
    add("greater_than_equal", std::move(where),
        "Input should be greater than or equal to " + std::to_string(*at_least), v,
        std::move(context));
    return std::nullopt;
  }
  return n;
}

HAUL_DECL std::optional<bool> validation::boolean(const json_value& v, json_value where) {
  using kind = json_value::kind;
  if (v.is(kind::boolean)) return v.flag();
  std::string said;
  if (v.is(kind::integer)) {
    said = v.text();
  } else if (v.is(kind::text)) {
    said = detail::lower_case(v.text());
  } else if (v.is(kind::real) && v.real() == std::trunc(v.real()) && std::abs(v.real()) < 0x1p63) {
    said = std::to_string(static_cast<std::int64_t>(v.real()));
  } else {
    add("bool_type", std::move(where), "Input should be a valid boolean", v);
    return std::nullopt;
  }
  for (const std::string_view yes : {"1", "true", "t", "yes", "y", "on"}) {
    if (said == yes) return true;
  }
  for (const std::string_view no : {"0", "false", "f", "no", "n", "off"}) {
    if (said == no) return false;
  }
  add("bool_parsing", std::move(where),
      "Input should be a valid boolean, unable to interpret input", v);
  return std::nullopt;
}

HAUL_DECL std::optional<std::string> validation::text(const json_value& v, json_value where) {
  if (v.is(json_value::kind::text)) return v.text();
  add("string_type", std::move(where), "Input should be a valid string", v);
  return std::nullopt;
}

HAUL_DECL const json_value* validation::list(const json_value& v, json_value where) {
  if (v.is(json_value::kind::list)) return &v;
  add("list_type", std::move(where), "Input should be a valid list", v);
  return nullptr;
}

HAUL_DECL std::string validation::first() const {
  if (ok()) return {};
  const json_value& e = errors_.items().front();
  std::string line;
  for (const json_value& part : e.find("loc")->items()) {
    if (!line.empty()) line += '.';
    line += part.text();
  }
  if (!line.empty()) line += ": ";
  return line + e.find("msg")->text();
}

HAUL_DECL response validation::answer() const {
  json_value body = json_value::object();
  body.set("detail", errors_);
  return json_response(422, body);
}

HAUL_DECL response json_response(int status, const json_value& body) {
  return response{status}.body("application/json", write_json(body));
}

HAUL_DECL response detail_response(int status, std::string_view detail) {
  json_value body = json_value::object();
  body.set("detail", detail);
  return json_response(status, body);
}

HAUL_DECL json_body read_json_body(const request& r, bool or_list) {
  using kind = json_value::kind;
  json_body result;
  validation wrong;
  // Without a type it is taken for JSON; of those in `+json` only `application/` is.
  const std::string_view type = http::media_type_of(r.fields().find("Content-Type").value_or(""));
  const bool json =
      type.empty() || (http::is_json_type(type) &&
                       http::equals_ignore_case(type.substr(0, type.find('/')), "application"));
  json_value v;
  if (r.body().empty()) {
    wrong.missing(location("body"), {});
  } else if (!json) {
    v = json_value{http::to_valid_utf8(r.body())};
  } else {
    json_text read = parse_json(r.body());
    if (read.what == json_text::outcome::unusable) {
      result.answer = detail_response(400, "There was an error parsing the body");
      return result;
    }
    if (read.what == json_text::outcome::malformed) {
      // FastAPI makes this one itself, and so without a link.
      json_value e = json_value::object();
      e.set("type", "json_invalid");
      e.set("loc", location("body", read.offset));
      e.set("msg", "JSON decode error");
      e.set("input", json_value::object());
      e.set("ctx", json_value::object().set("error", std::move(read.error)));
      json_value body = json_value::object();
      body.set("detail", json_value::list().push(std::move(e)));
      result.answer = json_response(422, body);
      return result;
    }
    v = std::move(read.value);
    if (v.is(kind::null)) wrong.missing(location("body"), {});
  }
  const bool fits = v.is(kind::object) || (or_list && v.is(kind::list));
  if (wrong.ok() && !fits) {
    wrong.add("model_attributes_type", location("body"),
              "Input should be a valid dictionary or object to extract fields from", v);
  }
  if (wrong.ok()) {
    result.value = std::move(v);
  } else {
    result.answer = wrong.answer();
  }
  return result;
}

}  // namespace haul::service

#endif
