#include "manifest.hpp"

#include "names.hpp"
#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace launcher {
namespace {

namespace json = boost::json;

constexpr std::string_view empty_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::size_t most_urls = 32;
constexpr std::size_t most_groups = 500;
constexpr std::size_t most_arguments = 100;
constexpr std::size_t longest_text = 4000;

/// Carries the one line from where it is found to the caller of `read_manifest`.
struct refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw refusal{where + ": " + why};
}

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
}

/// What may stand in an error line of a text that anybody may have written.
std::string shown(std::string_view text) {
  std::string out{text.substr(0, 200)};
  for (char& c : out) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) c = '?';
  }
  return out;
}

/// An object of the manifest, and how it is called in an error.
struct part {
  const json::object& members;
  std::string where;  // "files[3] (data/a.pak).", or empty

  std::string name(std::string_view key) const { return where + std::string{key}; }
  const json::value* find(std::string_view key) const {
    const json::value* v = members.if_contains(json::string_view{key.data(), key.size()});
    return v && v->is_null() ? nullptr : v;
  }
  const json::value& need(std::string_view key) const {
    const json::value* v = find(key);
    if (!v) refuse(name(key), "is missing");
    return *v;
  }
  std::string text(std::string_view key, bool needed) const {
    const json::value* v = needed ? &need(key) : find(key);
    return v ? text_of(*v, name(key)) : std::string{};
  }
  std::uint64_t number(std::string_view key, std::uint64_t least, std::uint64_t most) const {
    const json::value& v = need(key);
    std::uint64_t n = 0;
    if (v.is_int64() && v.get_int64() >= 0) {
      n = static_cast<std::uint64_t>(v.get_int64());
    } else if (v.is_uint64()) {
      n = v.get_uint64();
    } else {
      refuse(name(key), "is not a whole number");
    }
    if (n < least || n > most) {
      refuse(name(key), "is not from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return n;
  }
  bool flag(std::string_view key) const {
    const json::value* v = find(key);
    if (v && !v->is_bool()) refuse(name(key), "is not true or false");
    return v && v->get_bool();
  }
  std::vector<std::string> texts(std::string_view key, std::size_t most) const {
    std::vector<std::string> out;
    const json::value* v = find(key);
    if (!v) return out;
    if (!v->is_array()) refuse(name(key), "is not an array");
    const json::array& a = v->get_array();
    if (a.size() > most) refuse(name(key), "has more than " + std::to_string(most) + " entries");
    for (std::size_t i = 0; i < a.size(); ++i) {
      out.push_back(text_of(a[i], name(key) + '[' + std::to_string(i) + ']'));
    }
    return out;
  }

  static std::string text_of(const json::value& v, const std::string& where) {
    if (!v.is_string()) refuse(where, "is not a text");
    const std::string_view text = view(v.get_string());
    if (text.size() > longest_text) refuse(where, "is too long");
    if (has_control_character(text)) refuse(where, "has a control character");
    return std::string{text};
  }
};

std::string hash_of(const std::string& where, std::string text) {
  if (text.size() != 64) {
    refuse(where, "has " + std::to_string(text.size()) + " digits and not 64");
  }
  const auto read = haul::checksum::from_hex(haul::hash_algorithm::sha256, text);
  if (!read) refuse(where, "is not hexadecimal");
  return read->hex();
}

std::string plain_name(const part& from, std::string_view key) {
  std::string text = from.text(key, true);
  if (!is_plain_name(text)) {
    refuse(from.name(key), '\'' + shown(text) + "' is not 1 to 64 letters, digits and -_.+");
  }
  return text;
}

void check_base(const std::string& where, const std::string& url) {
  if (url.find_first_of("?#") != std::string::npos) refuse(where, "has a query");
  if (url.find("://") == std::string::npos) {
    if (url.starts_with('/')) refuse(where, "begins with a slash");
  } else if (const auto read = haul::http::parse_url(url); read.error) {
    refuse(where, read.error.message());
  }
}

void check_url(const std::string& where, const std::string& url) {
  if (url.empty()) refuse(where, "is empty");
  if (url.find("://") == std::string::npos) {
    if (url.starts_with('/')) refuse(where, "begins with a slash");
  } else if (const auto read = haul::http::parse_url(url); read.error) {
    refuse(where, read.error.message());
  }
}

void read_pieces(const part& from, std::uint64_t default_piece, manifest_file& f) {
  const json::value* v = from.find("pieces");
  if (!v) return;
  if (!v->is_array()) refuse(from.name("pieces"), "is not an array");
  std::uint64_t piece = default_piece;
  if (from.find("piece_size")) piece = from.number("piece_size", least_piece, most_piece);
  if (piece == 0) refuse(from.name("pieces"), "has no piece_size");
  const json::array& a = v->get_array();
  const std::uint64_t due = f.size == 0 ? 0 : (f.size - 1) / piece + 1;
  if (a.size() != due) {
    refuse(from.name("pieces"), "has " + std::to_string(a.size()) + " hashes, but a file of " +
                                    std::to_string(f.size) + " bytes has " + std::to_string(due) +
                                    " pieces of " + std::to_string(piece));
  }
  if (due == 0) return;
  f.pieces.emplace(haul::hash_algorithm::sha256, piece);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::string where = from.name("pieces") + '[' + std::to_string(i) + ']';
    f.pieces->add_hex(hash_of(where, part::text_of(a[i], where)));
  }
}

manifest_file read_file(const json::value& v, std::size_t i, std::uint64_t default_piece,
                        const manifest& m) {
  const std::string place = "files[" + std::to_string(i) + ']';
  if (!v.is_object()) refuse(place, "is not an object");
  part from{v.get_object(), place + '.'};
  manifest_file f;
  f.path = from.text("path", true);
  if (const std::string why = problem_of_path(f.path); !why.empty()) {
    refuse(place + ".path", '\'' + shown(f.path) + "': " + why);
  }
  from.where = place + " (" + f.path + ").";
  f.size = from.number("size", 0, most_file_size);
  f.sha256 = hash_of(from.name("sha256"), from.text("sha256", true));
  if (f.size == 0 && f.sha256 != empty_sha256) {
    refuse(from.name("sha256"), "is not that of an empty file");
  }
  read_pieces(from, default_piece, f);
  f.group = from.text("group", false);
  if (!f.group.empty() && !m.group(f.group)) {
    refuse(from.name("group"), "there is no group '" + shown(f.group) + '\'');
  }
  f.executable = from.flag("executable");
  f.urls = from.texts("urls", most_urls);
  for (const std::string& url : f.urls) check_url(from.name("urls"), url);
  if (f.urls.empty() && m.base_urls.empty() && f.size > 0) {
    refuse(from.name("urls"), "is missing, and there are no base_urls");
  }
  return f;
}

/// No two files, and no two spellings of one folder, that some file system takes for the same; and
/// nothing that is both a file and a folder.
void check_places(const std::vector<manifest_file>& files) {
  std::unordered_map<std::string, std::string_view> places;  // folded -> a file
  std::unordered_map<std::string, std::string_view> folders;
  places.reserve(files.size());
  for (const manifest_file& f : files) {
    const auto [at, fresh] = places.emplace(fold_case(f.path), f.path);
    if (fresh) continue;
    refuse("files (" + f.path + ").path", at->second == f.path
                                              ? "is there twice"
                                              : "differs from '" + std::string{at->second} +
                                                    "' in nothing but upper and lower case");
  }
  for (const manifest_file& f : files) {
    for (std::string_view folder = parent_of(f.path); !folder.empty(); folder = parent_of(folder)) {
      std::string folded = fold_case(folder);
      if (places.contains(folded)) {
        refuse("files (" + f.path + ").path",
               "has the file '" + std::string{places.at(folded)} + "' for a folder");
      }
      const auto [at, fresh] = folders.emplace(std::move(folded), folder);
      if (at->second != folder) {
        refuse("files (" + f.path + ").path",
               "its folder is called '" + std::string{at->second} + "' elsewhere");
      }
      if (!fresh) break;  // and so are those above it
    }
  }
}

void read_groups(const part& from, manifest& m) {
  const json::value* v = from.find("groups");
  if (!v) return;
  if (!v->is_object()) refuse("groups", "is not an object");
  const json::object& groups = v->get_object();
  if (groups.size() > most_groups) refuse("groups", "has more than 500 members");
  for (const auto& [key, value] : groups) {
    manifest_group g;
    g.id = std::string{key.data(), key.size()};
    const std::string where = "groups." + shown(g.id);
    if (!is_plain_name(g.id)) refuse(where, "its name is not letters, digits and -_.+");
    if (!value.is_object()) refuse(where, "is not an object");
    const part group{value.get_object(), where + '.'};
    g.name = group.text("name", false);
    if (g.name.empty()) g.name = g.id;
    g.chosen = group.flag("default");
    m.groups.push_back(std::move(g));
  }
}

void read_all(const json::object& o, manifest& m) {
  const part from{o, ""};
  from.number("format", 1, 1);
  m.game = plain_name(from, "game");
  m.version = plain_name(from, "version");
  m.name = from.text("name", false);
  if (m.name.empty()) m.name = m.game;
  m.base_urls = from.texts("base_urls", most_urls);
  for (std::size_t i = 0; i < m.base_urls.size(); ++i) {
    check_base("base_urls[" + std::to_string(i) + ']', m.base_urls[i]);
  }
  read_groups(from, m);
  std::uint64_t piece = 0;
  if (from.find("piece_size")) piece = from.number("piece_size", least_piece, most_piece);
  const json::value& files = from.need("files");
  if (!files.is_array()) refuse("files", "is not an array");
  const json::array& rows = files.get_array();
  if (rows.empty()) refuse("files", "is empty");
  if (rows.size() > most_files) refuse("files", "has more than 200000 entries");
  m.files.reserve(rows.size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    m.files.push_back(read_file(rows[i], i, piece, m));
    total += m.files.back().size;
    if (total > most_total_size) refuse("files", "are more than 128 TiB together");
  }
  check_places(m.files);
  m.start = from.text("start", false);
  if (!m.start.empty() && std::none_of(m.files.begin(), m.files.end(),
                                       [&](const auto& f) { return f.path == m.start; })) {
    refuse("start", '\'' + shown(m.start) + "' is none of the files");
  }
  m.arguments = from.texts("arguments", most_arguments);
}

json::object to_json(const manifest_file& f) {
  json::object o;
  o["path"] = f.path;
  o["size"] = f.size;
  o["sha256"] = f.sha256;
  if (!f.group.empty()) o["group"] = f.group;
  if (f.executable) o["executable"] = true;
  if (!f.urls.empty()) o["urls"] = array_of(f.urls);
  if (f.pieces) {
    o["piece_size"] = f.pieces->piece_size();
    json::array hashes;
    hashes.reserve(f.pieces->size());
    for (std::size_t i = 0; i < f.pieces->size(); ++i) hashes.emplace_back((*f.pieces)[i].hex());
    o["pieces"] = std::move(hashes);
  }
  return o;
}

json::object head_of(const manifest& m) {
  json::object o;
  o["format"] = 1;
  o["game"] = m.game;
  o["name"] = m.name;
  o["version"] = m.version;
  if (!m.base_urls.empty()) o["base_urls"] = array_of(m.base_urls);
  if (!m.start.empty()) o["start"] = m.start;
  if (!m.arguments.empty()) o["arguments"] = array_of(m.arguments);
  if (!m.groups.empty()) {
    json::object groups;
    for (const manifest_group& g : m.groups) {
      json::object one;
      one["name"] = g.name;
      one["default"] = g.chosen;
      groups[g.id] = std::move(one);
    }
    o["groups"] = std::move(groups);
  }
  return o;
}

/// The URL of a reference that stands in a manifest of this source.
std::string absolute(std::string_view reference, std::string_view source, std::string& problem) {
  if (reference.find("://") != std::string_view::npos) return std::string{reference};
  if (!is_url(source)) {
    problem = "its URL is relative, and the manifest is not from a server";
    return {};
  }
  std::string_view base = source.substr(0, source.find_first_of("?#"));
  const std::size_t host = base.find("://") + 3;
  const std::size_t slash = base.rfind('/');
  std::string out{slash == std::string_view::npos || slash < host ? base : base.substr(0, slash)};
  return out.append("/").append(reference);
}

}  // namespace

const manifest_group* manifest::group(std::string_view id) const {
  const auto at = std::find_if(groups.begin(), groups.end(),
                               [id](const manifest_group& g) { return g.id == id; });
  return at == groups.end() ? nullptr : &*at;
}

std::vector<std::string> manifest::default_groups() const {
  std::vector<std::string> out;
  for (const manifest_group& g : groups) {
    if (g.chosen) out.push_back(g.id);
  }
  return out;
}

bool manifest::selected(const manifest_file& f, const std::vector<std::string>& chosen) const {
  return f.group.empty() || std::find(chosen.begin(), chosen.end(), f.group) != chosen.end();
}

std::map<std::string_view, const manifest_file*> manifest::selection(
    const std::vector<std::string>& chosen) const {
  std::map<std::string_view, const manifest_file*> out;
  for (const manifest_file& f : files) {
    if (selected(f, chosen)) out.emplace(f.path, &f);
  }
  return out;
}

manifest_result read_manifest(const json::object& from) {
  manifest_result result;
  try {
    read_all(from, result.value);
  } catch (const refusal& r) {
    result.problem = r.what();
  }
  return result;
}

manifest_result parse_manifest(std::string_view text) {
  manifest_result result;
  if (text.size() > most_manifest_bytes) {
    result.problem = "is larger than 64 MiB";
    return result;
  }
  json::error_code ec;
  const json::value v = json::parse(json::string_view{text.data(), text.size()}, ec);
  if (ec) {
    result.problem = "is not JSON: " + ec.message();
    return result;
  }
  const json::object* o = v.if_object();
  if (!o) {
    result.problem = "is not a JSON object";
    return result;
  }
  return read_manifest(*o);
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array a;
  for (const std::string& s : texts) a.emplace_back(s);
  return a;
}

json::object to_json(const manifest& m) {
  json::object o = head_of(m);
  json::array files;
  files.reserve(m.files.size());
  for (const manifest_file& f : m.files) files.emplace_back(to_json(f));
  o["files"] = std::move(files);
  return o;
}

std::string manifest_text(const manifest& m) {
  std::string out = json::serialize(head_of(m));
  out.back() = ',';
  out += "\n \"files\": [\n";
  for (std::size_t i = 0; i < m.files.size(); ++i) {
    out += "  " + json::serialize(to_json(m.files[i]));
    out += i + 1 < m.files.size() ? ",\n" : "\n";
  }
  return out += "]}\n";
}

bool is_url(std::string_view text) {
  const auto begins = [text](std::string_view scheme) {
    return haul::http::equals_ignore_case(text.substr(0, scheme.size()), scheme);
  };
  return begins("http://") || begins("https://");
}

urls_result urls_of(const manifest& m, const manifest_file& f, std::string_view source) {
  urls_result result;
  const auto add = [&](const std::string& url) {
    if (result.problem.empty()) result.urls.push_back(url);
  };
  for (const std::string& url : f.urls) add(absolute(url, source, result.problem));
  if (!f.urls.empty()) return result;
  for (const std::string& base : m.base_urls) {
    std::string url = absolute(base, source, result.problem);
    if (!url.ends_with('/')) url += '/';
    add(url + percent_encode_path(f.path));
  }
  return result;
}

std::uint64_t bytes_in_common(const manifest_file& old, const manifest_file& fresh) {
  if (!old.pieces || !fresh.pieces) return 0;
  if (old.pieces->piece_size() != fresh.pieces->piece_size()) return 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < std::min(old.pieces->size(), fresh.pieces->size()); ++i) {
    const haul::byte_range r = fresh.pieces->range(i, fresh.size);
    // A last piece may end where the other file goes on.
    if (r.size() != old.pieces->range(i, old.size).size()) continue;
    if ((*old.pieces)[i] == (*fresh.pieces)[i]) bytes += r.size();
  }
  return bytes;
}

}  // namespace launcher
