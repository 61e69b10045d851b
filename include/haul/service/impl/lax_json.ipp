#ifndef HAUL_SERVICE_IMPL_LAX_JSON_IPP
#define HAUL_SERVICE_IMPL_LAX_JSON_IPP

#include <haul/detail/hex.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/decimal_value.hpp>
#include <haul/service/lax_json.hpp>
#include <haul/service/shortest_decimal.hpp>

#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

namespace haul::service {
namespace detail {

inline void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

/// Goes through a text as Python's scanner does, so that it stops where that one stops.
class json_reader {
 public:
  explicit json_reader(std::string_view text) : s_(text) {}

  json_text read() {
    if (!http::is_utf8(s_)) {
      result_.what = json_text::outcome::unusable;
      return std::move(result_);
    }
    if (s_.starts_with("\xef\xbb\xbf")) s_.remove_prefix(3);
    skip_space();
    if (value(result_.value, 0)) {
      skip_space();
      if (i_ != s_.size()) fail(i_, "Extra data");
    }
    if (result_.what != json_text::outcome::good) result_.value = {};
    return std::move(result_);
  }

 private:
  // As deep as Python goes, or nearly; and as long as it lets a number be.
  static constexpr std::size_t most_depth = 900;
  static constexpr std::size_t most_digits = 4300;

  bool at(char c) const { return i_ < s_.size() && s_[i_] == c; }
  bool digit_at(std::size_t i) const { return i < s_.size() && s_[i] >= '0' && s_[i] <= '9'; }

  void skip_space() { i_ = (std::min)(s_.find_first_not_of(" \t\n\r", i_), s_.size()); }

  bool fail(std::size_t where, const char* why) {
    result_.what = json_text::outcome::malformed;
    result_.error = why;
    result_.offset = 0;
    for (const char c : s_.substr(0, where)) result_.offset += (c & 0xc0) != 0x80;
    return false;
  }
  bool give_up() {
    result_.what = json_text::outcome::unusable;
    return false;
  }

  bool value(json_value& to, std::size_t depth) {
    if (depth > most_depth) return give_up();
    const std::size_t begin = i_;
    if (at('"')) {
      std::string t;
      if (!text(t)) return false;
      to = json_value{std::move(t)};
      return true;
    }
    if (at('{')) return object(to, depth);
    if (at('[')) return list(to, depth);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (word("null", to, json_value{}) || word("true", to, json_value{true}) ||
        word("false", to, json_value{false}) ||
        word("NaN", to, json_value{std::numeric_limits<double>::quiet_NaN()}) ||
        word("Infinity", to, json_value{infinity}) ||
        word("-Infinity", to, json_value{-infinity})) {
      return true;
    }
    if (number(to)) return true;
    if (result_.what == json_text::outcome::unusable) return false;
    return fail(begin, "Expecting value");
  }

  bool word(std::string_view w, json_value& to, const json_value& v) {
    if (s_.substr(i_, w.size()) != w) return false;
    i_ += w.size();
    to = v;
    return true;
  }

  bool number(json_value& to) {
    const std::size_t begin = i_;
    std::size_t i = i_;
    if (i < s_.size() && s_[i] == '-') ++i;
    if (!digit_at(i)) return false;
    if (s_[i] == '0') {
      ++i;
    } else {
      while (digit_at(i)) ++i;
    }
    const std::size_t whole = i;
    if (i < s_.size() && s_[i] == '.' && digit_at(i + 1)) {
      ++i;
      while (digit_at(i)) ++i;
    }
    if (i < s_.size() && (s_[i] == 'e' || s_[i] == 'E')) {
      std::size_t e = i + 1;
      if (e < s_.size() && (s_[e] == '+' || s_[e] == '-')) ++e;
      if (digit_at(e)) {
        i = e;
        while (digit_at(i)) ++i;
      }
    }
    i_ = i;
    const std::string_view all = s_.substr(begin, i - begin);
    if (i == whole) {
      if (all.size() > most_digits) return give_up();
      to = json_value::integer(all == "-0" ? "0" : std::string{all});
      return true;
    }
    to = json_value{decimal_value(all)};
    return true;
  }

  std::optional<std::uint32_t> hex4(std::size_t from) const {
    std::uint32_t c = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const int digit = i < s_.size() ? http::hex_value(s_[i]) : -1;
      if (digit < 0) return std::nullopt;
      c = c << 4 | static_cast<std::uint32_t>(digit);
    }
    return c;
  }

  bool text(std::string& to) {
    const std::size_t begin = i_++;
    for (;;) {
      if (i_ >= s_.size()) return fail(begin, "Unterminated string starting at");
      const char c = s_[i_];
      if (c == '"') {
        ++i_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return fail(i_, "Invalid control character at");
      ++i_;
      if (c != '\\') {
        to += c;
        continue;
      }
      if (i_ >= s_.size()) return fail(begin, "Unterminated string starting at");
      const char e = s_[i_++];
      constexpr std::string_view from = "\"\\/bfnrt";
      constexpr std::string_view means = "\"\\/\b\f\n\r\t";
      if (e != 'u') {
        const std::size_t which = from.find(e);
        if (which == from.npos) return fail(i_ - 2, "Invalid \\escape");
        to += means[which];
      } else if (!unicode(to)) {
        return false;
      }
    }
  }

  /// Behind `\u`.
  bool unicode(std::string& to) {
    const char* const why = "Invalid \\uXXXX escape";
    const std::size_t u = i_ - 1;
    std::optional<std::uint32_t> c = hex4(i_);
    if (!c || i_ + 4 >= s_.size()) return fail(u, why);
    i_ += 4;
    if (*c >= 0xd800 && *c < 0xdc00 && i_ + 6 < s_.size() && s_.substr(i_, 2) == "\\u") {
      const std::optional<std::uint32_t> low = hex4(i_ + 2);
      if (!low) return fail(i_ + 1, why);
      if (*low >= 0xdc00 && *low < 0xe000) {
        c = 0x10000 + ((*c - 0xd800) << 10) + (*low - 0xdc00);
        i_ += 6;
      }
    }
    append_utf8(to, *c >= 0xd800 && *c < 0xe000 ? 0xfffd : *c);
    return true;
  }

  bool list(json_value& to, std::size_t depth) {
    to = json_value::list();
    ++i_;
    skip_space();
    if (at(']')) {
      ++i_;
      return true;
    }
    for (;;) {
      json_value item;
      if (!value(item, depth + 1)) return false;
      to.push(std::move(item));
      skip_space();
      if (at(']')) break;
      if (!at(',')) return fail(i_, "Expecting ',' delimiter");
      ++i_;
      skip_space();
    }
    ++i_;
    return true;
  }

  bool object(json_value& to, std::size_t depth) {
    std::vector<std::string> names;
    std::vector<json_value> values;
    std::unordered_map<std::string, std::size_t> places;
    ++i_;
    skip_space();
    while (!(names.empty() && at('}'))) {
      if (!at('"')) return fail(i_, "Expecting property name enclosed in double quotes");
      std::string name;
      if (!text(name)) return false;
      skip_space();
      if (!at(':')) return fail(i_, "Expecting ':' delimiter");
      ++i_;
      skip_space();
      json_value v;
      if (!value(v, depth + 1)) return false;
      const auto [place, fresh] = places.emplace(name, names.size());
      if (fresh) {
        names.push_back(std::move(name));
        values.push_back(std::move(v));
      } else {
        values[place->second] = std::move(v);
      }
      skip_space();
      if (at('}')) break;
      if (!at(',')) return fail(i_, "Expecting ',' delimiter");
      ++i_;
      skip_space();
    }
    ++i_;
    to = json_value::object(std::move(names), std::move(values));
    return true;
  }

  std::string_view s_;
  std::size_t i_ = 0;
  json_text result_;
};

inline void write_text(std::string& out, std::string_view text) {
  constexpr std::string_view from = "\"\\\b\f\n\r\t";
  constexpr std::string_view to = "\"\\bfnrt";
  out += '"';
  for (const char c : text) {
    if (const std::size_t which = from.find(c); which != from.npos) {
      out += '\\';
      out += to[which];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u";
      haul::detail::append_hex(out, static_cast<unsigned char>(c), 4);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// As Python's `repr`.
inline void write_real(std::string& out, double d) {
  if (!std::isfinite(d)) {
    out += "null";
    return;
  }
  const std::string text = shortest_decimal(d);
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

inline void write_value(std::string& out, const json_value& v) {
  using kind = json_value::kind;
  switch (v.what()) {
    case kind::null:
      out += "null";
      break;
    case kind::boolean:
      out += v.flag() ? "true" : "false";
      break;
    case kind::integer:
      out += v.text();
      break;
    case kind::real:
      write_real(out, v.real());
      break;
    case kind::text:
      write_text(out, v.text());
      break;
    case kind::list:
    case kind::object:
      const bool named = v.is(kind::object);
      out += named ? '{' : '[';
      for (std::size_t i = 0; i < v.items().size(); ++i) {
        if (i > 0) out += ',';
        if (named) {
          write_text(out, v.names()[i]);
          out += ':';
        }
        write_value(out, v.items()[i]);
      }
      out += named ? '}' : ']';
  }
}

}  // namespace detail

HAUL_DECL json_value& json_value::set(std::string_view name, json_value value) & {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] != name) continue;
    items_[i] = std::move(value);
    return *this;
  }
  names_.emplace_back(name);
  items_.push_back(std::move(value));
  return *this;
}

HAUL_DECL const json_value* json_value::find(std::string_view name) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return &items_[i];
  }
  return nullptr;
}

HAUL_DECL json_text parse_json(std::string_view text) { return detail::json_reader{text}.read(); }

HAUL_DECL std::string write_json(const json_value& value) {
  std::string out;
  detail::write_value(out, value);
  return out;
}

}  // namespace haul::service

#endif
