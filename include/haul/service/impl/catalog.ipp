#ifndef HAUL_SERVICE_IMPL_CATALOG_IPP
#define HAUL_SERVICE_IMPL_CATALOG_IPP

#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/catalog.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace haul::service {
namespace detail {

inline constexpr std::string_view catalog_kind = "media-catalog";
inline constexpr std::string_view entry_members[] = {"id",   "url",  "file_name",
                                                     "type", "hash", "size"};

inline bool is_media_type(std::string_view type) {
  return !type.empty() && type.size() <= 32 && std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

inline std::optional<checksum> read_hash(std::string_view text) {
  if (text.size() == 64) return checksum::from_hex(hash_algorithm::sha256, text);
  return checksum::parse(text);
}

inline std::string at_line(std::size_t line, std::string_view why) {
  std::string text = "line ";
  text += std::to_string(line);
  text += ": ";
  text += why;
  return text;
}

/// The line on which each item of an array begins. The text is an array, and well-formed.
inline std::vector<std::size_t> lines_of_items(std::string_view text) {
  std::vector<std::size_t> lines;
  std::size_t line = 1;
  int depth = 0;
  bool quoted = false;
  bool fresh = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (fresh && c != ']') lines.push_back(line);
    fresh = false;
    quoted = c == '"';
    if (c == '[' || c == '{') fresh = ++depth == 1;
    if (c == ']' || c == '}') --depth;
    if (c == ',' && depth == 1) fresh = true;
  }
  return lines;
}

/// Adds one row; says what is wrong with it.
inline std::string add_entry(const json_value& v, std::set<std::int64_t>& known, catalog_list& to) {
  validation wrong;
  const std::optional<catalog_entry> e = read_entry(v, wrong, json_value::list());
  if (!e) return wrong.first();
  if (!known.insert(e->id).second) {
    return "id: " + std::to_string(e->id) + " stands there twice";
  }
  to.entries.push_back(*e);
  return {};
}

inline bool is_entry_member(std::string_view name) {
  return std::find(std::begin(entry_members), std::end(entry_members), name) !=
         std::end(entry_members);
}

inline std::string no_member(std::string_view name) {
  std::string why = "there is no `";
  why += name;
  why += "`: the names are id, url, file_name, type, hash and size";
  return why;
}

struct csv_row {
  std::size_t line = 1;
  std::vector<std::string> cells;
};

/// RFC 4180, a row at a time.
class csv_reader {
 public:
  explicit csv_reader(std::string_view text) : s_(text) {}

  /// False at the end, and when there is an error.
  bool next(csv_row& row) {
    while (i_ < s_.size() && end_of_line()) {
    }
    if (i_ >= s_.size()) return false;
    row.line = line_;
    row.cells.clear();
    for (;;) {
      std::string cell;
      if (!(s_.substr(i_, 1) == "\"" ? quoted(cell) : plain(cell))) return false;
      row.cells.push_back(std::move(cell));
      if (i_ >= s_.size() || end_of_line()) return true;
      if (s_[i_] != ',') return fail(line_, "text behind the closing quote of a cell");
      ++i_;
    }
  }

  const std::string& error() const noexcept { return error_; }

 private:
  bool fail(std::size_t line, std::string_view why) {
    error_ = at_line(line, why);
    return false;
  }

  bool end_of_line() {
    const std::size_t n = s_.substr(i_, 2) == "\r\n" ? 2 : s_[i_] == '\n' ? 1 : 0;
    i_ += n;
    if (n > 0) ++line_;
    return n > 0;
  }

  bool plain(std::string& cell) {
    const std::size_t end = (std::min)(s_.find_first_of(",\r\n", i_), s_.size());
    cell = s_.substr(i_, end - i_);
    i_ = end;
    if (cell.find('"') != cell.npos) return fail(line_, "a quote in a cell that is not quoted");
    if (i_ < s_.size() && s_[i_] == '\r' && s_.substr(i_, 2) != "\r\n") {
      return fail(line_, "a carriage return without a line feed");
    }
    return true;
  }

  bool quoted(std::string& cell) {
    const std::size_t begun = line_;
    for (++i_;; ++i_) {
      if (i_ >= s_.size()) return fail(begun, "a quoted cell without an end");
      if (s_[i_] == '\n') ++line_;
      if (s_[i_] == '"') {
        ++i_;
        if (s_.substr(i_, 1) != "\"") return true;
      }
      cell += s_[i_];
    }
  }

  std::string_view s_;
  std::size_t i_ = 0;
  std::size_t line_ = 1;
  std::string error_;
};

}  // namespace detail

HAUL_DECL std::optional<catalog_entry> read_entry(const json_value& v, validation& wrong,
                                                  const json_value& where) {
  const auto inside = [&where](const char* name) {
    json_value l = where;
    l.push(name);
    return l;
  };
  const auto member = [&v](const char* name) -> const json_value* {
    const json_value* m = v.find(name);
    return m && !m->is(json_value::kind::null) ? m : nullptr;
  };
  if (!v.is(json_value::kind::object)) {
    wrong.add("model_attributes_type", where,
              "Input should be a valid dictionary or object to extract fields from", v);
    return std::nullopt;
  }
  catalog_entry e;
  validation here;
  bool good = true;
  const auto read_text = [&](const char* name, auto&& take) {
    const json_value* m = member(name);
    if (!m) return;
    const std::optional<std::string> text = wrong.text(*m, inside(name));
    const std::string why = text ? take(*text) : std::string{};
    if (!why.empty()) wrong.value_error(inside(name), why, *m);
    if (!text || !why.empty()) good = false;
  };
  if (const json_value* id = v.find("id")) {
    const auto n = wrong.integer(*id, inside("id"));
    good = n.has_value();
    e.id = n.value_or(0);
  } else {
    wrong.missing(inside("id"), v);
    good = false;
  }
  read_text("url", [&e](const std::string& text) -> std::string {
    e.url = text;
    if (text.empty()) return {};
    const std::error_code ec = http::parse_url(text).error;
    return ec ? ec.message() : std::string{};
  });
  read_text("file_name", [&e](const std::string& text) -> std::string {
    e.name = text;
    return http::safe_file_name(text).empty() ? "no name that a file can have" : "";
  });
  read_text("type", [&e](const std::string& text) -> std::string {
    e.type = text;
    return detail::is_media_type(text) ? "" : "a type has small letters, digits, - and _";
  });
  read_text("hash", [&e](const std::string& text) -> std::string {
    e.hash = detail::read_hash(text);
    return e.hash ? "" : "a hash is sha256: and 64 hexadecimal digits, or of md5, sha1 or sha512";
  });
  if (const json_value* size = member("size")) {
    const auto n = wrong.integer(*size, inside("size"), 0);
    if (!n) good = false;
    e.size = static_cast<std::uint64_t>(n.value_or(0));
  }
  if (!good) return std::nullopt;
  return e;
}

HAUL_DECL json_value write_entry(const catalog_entry& e) {
  json_value v = json_value::object();
  v.set("id", e.id);
  v.set("url", e.url.empty() ? json_value{} : json_value{e.url});
  v.set("file_name", e.name ? json_value{*e.name} : json_value{});
  v.set("type", e.type);
  v.set("hash", e.hash ? json_value{e.hash->str()} : json_value{});
  v.set("size", e.size ? json_value{*e.size} : json_value{});
  return v;
}

HAUL_DECL recorded_catalog::recorded_catalog(records& in) : records_(in) {
  in.for_each(detail::catalog_kind, [this](std::string_view, std::string_view value) {
    validation wrong;
    const auto e = read_entry(parse_json(value).value, wrong, json_value::list());
    if (e) entries_.insert_or_assign(e->id, *e);
  });
}

HAUL_DECL std::optional<catalog_entry> recorded_catalog::find(std::int64_t id) const {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  return at->second;
}

HAUL_DECL bool recorded_catalog::put(const catalog_entry& e) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(e.id);
  if (at != entries_.end() && at->second == e) return false;
  records_.put(detail::catalog_kind, std::to_string(e.id), write_json(write_entry(e)));
  return entries_.insert_or_assign(e.id, e).second;
}

HAUL_DECL bool recorded_catalog::erase(std::int64_t id) {
  const std::lock_guard lock{mutex_};
  if (entries_.erase(id) == 0) return false;
  records_.erase(detail::catalog_kind, std::to_string(id));
  return true;
}

HAUL_DECL std::size_t recorded_catalog::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

HAUL_DECL catalog_list parse_catalog_json(std::string_view text) {
  catalog_list result;
  const json_text read = parse_json(text);
  if (read.what == json_text::outcome::unusable) {
    result.error = "line 1: not JSON in UTF-8";
    return result;
  }
  if (read.what == json_text::outcome::malformed) {
    // The offset counts characters.
    std::size_t line = 1;
    std::size_t seen = 0;
    for (const char c : text) {
      if ((c & 0xc0) != 0x80 && seen++ == read.offset) break;
      if (c == '\n') ++line;
    }
    result.error = detail::at_line(line, read.error);
    return result;
  }
  if (!read.value.is(json_value::kind::list)) {
    result.error = "line 1: a catalog is an array of objects";
    return result;
  }
  const std::vector<std::size_t> lines = detail::lines_of_items(text);
  std::set<std::int64_t> known;
  for (std::size_t i = 0; i < read.value.items().size(); ++i) {
    const json_value& item = read.value.items()[i];
    std::string why;
    for (const std::string& name : item.names()) {
      if (why.empty() && !detail::is_entry_member(name)) why = detail::no_member(name);
    }
    if (why.empty()) why = detail::add_entry(item, known, result);
    if (why.empty()) continue;
    result.error = detail::at_line(lines[i], why);
    result.entries.clear();
    break;
  }
  return result;
}

HAUL_DECL catalog_list parse_catalog_csv(std::string_view text) {
  catalog_list result;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  detail::csv_reader reader{text};
  detail::csv_row names;
  const auto refuse = [&result](std::size_t line, std::string_view why) {
    result.error = detail::at_line(line, why);
    result.entries.clear();
  };
  if (!reader.next(names)) {
    result.error = reader.error().empty() ? "line 1: there is no row of names" : reader.error();
    return result;
  }
  bool has_id = false;
  for (auto at = names.cells.begin(); at != names.cells.end(); ++at) {
    if (!detail::is_entry_member(*at)) {
      refuse(names.line, detail::no_member(http::to_valid_utf8(*at)));
      return result;
    }
    if (std::find(names.cells.begin(), at, *at) != at) {
      refuse(names.line, "`" + *at + "` stands there twice");
      return result;
    }
    has_id = has_id || *at == "id";
  }
  if (!has_id) {
    refuse(names.line, "there is no `id` among the names");
    return result;
  }
  std::set<std::int64_t> known;
  detail::csv_row row;
  while (reader.next(row)) {
    if (row.cells.size() != names.cells.size()) {
      refuse(row.line, std::to_string(row.cells.size()) + " cells, where the row of names has " +
                           std::to_string(names.cells.size()));
      return result;
    }
    json_value v = json_value::object();
    bool utf8 = true;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      utf8 = utf8 && http::is_utf8(row.cells[i]);
      if (!row.cells[i].empty()) v.set(names.cells[i], row.cells[i]);
    }
    const std::string why = utf8 ? detail::add_entry(v, known, result) : "not UTF-8";
    if (why.empty()) continue;
    refuse(row.line, why);
    return result;
  }
  if (!reader.error().empty()) {
    result.error = reader.error();
    result.entries.clear();
  }
  return result;
}

}  // namespace haul::service

#endif
