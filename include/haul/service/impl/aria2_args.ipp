#ifndef HAUL_SERVICE_IMPL_ARIA2_ARGS_IPP
#define HAUL_SERVICE_IMPL_ARIA2_ARGS_IPP

#include <haul/service/aria2_args.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <utility>

namespace haul::service {
namespace bbdown_detail {

inline std::vector<std::string> split_arguments(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      inside = true;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (inside) words.push_back(std::exchange(word, {}));
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(std::move(word));
  return words;
}

/// 10, 512K, 5M.
inline std::optional<std::uint64_t> read_size(std::string_view text) {
  std::uint64_t unit = 1;
  if (!text.empty() && (text.back() == 'K' || text.back() == 'k')) unit = 1024;
  if (!text.empty() && (text.back() == 'M' || text.back() == 'm')) unit = 1024 * 1024;
  if (unit != 1) text.remove_suffix(1);
  std::uint64_t n = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), n);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  if (n > (std::numeric_limits<std::uint64_t>::max)() / unit) return std::nullopt;
  return n * unit;
}

class aria2_reader {
 public:
  void option(std::string_view name, std::string_view value) {
    if (name == "-x" || name == "--max-connection-per-server") {
      number(out.per_server, name, value, 1);
    } else if (name == "-s" || name == "--split") {
      number(out.split, name, value, 1);
    } else if (name == "-j" || name == "--max-concurrent-downloads") {
      number(out.at_once, name, value, 1);
    } else if (name == "-k" || name == "--min-split-size") {
      size(out.min_split, name, value);
    } else if (name == "--max-download-limit") {
      size(out.limit, name, value);
    } else if (name == "--lowest-speed-limit") {
      size(out.lowest_speed, name, value);
    } else if (name == "-m" || name == "--max-tries") {
      number(out.tries, name, value, 0);
    } else if (name == "--retry-wait") {
      seconds(out.wait, name, value);
    } else if (name == "-t" || name == "--timeout") {
      seconds(out.timeout, name, value);
    } else if (name == "--connect-timeout") {
      seconds(out.connect, name, value);
    } else if (name == "--all-proxy" || name == "--http-proxy" || name == "--https-proxy") {
      out.proxy = value;
    } else if (name == "-U" || name == "--user-agent") {
      out.user_agent = value;
    } else if (name == "--referer") {
      out.referer = value;
    } else if (name == "--header") {
      out.headers.emplace_back(value);
    }
  }

  void missing(std::string_view name) {
    if (out.error.empty()) out.error = std::string{name} + ": there is no value behind it";
  }

  aria2_args out;

 private:
  void number(std::optional<unsigned>& to, std::string_view name, std::string_view value,
              unsigned least) {
    unsigned n = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), n);
    if (read.ec != std::errc{} || read.ptr != value.data() + value.size() || n < least) {
      wrong(name, value, "a whole number");
    } else {
      to = n;
    }
  }
  void size(std::optional<std::uint64_t>& to, std::string_view name, std::string_view value) {
    to = read_size(value);
    if (!to) wrong(name, value, "a size such as 512K or 5M");
  }
  void seconds(std::optional<std::chrono::seconds>& to, std::string_view name,
               std::string_view value) {
    std::optional<unsigned> n;
    number(n, name, value, 0);
    // A day is enough for anybody, and cannot overflow a count of milliseconds.
    if (n) to = std::chrono::seconds{(std::min)(*n, 86'400u)};
  }
  void wrong(std::string_view name, std::string_view value, const char* what) {
    if (!out.error.empty()) return;
    out.error.append(name).append(": '").append(value).append("' is not ").append(what);
  }
};

/// Options of aria2c that need no value. A value behind a long option may be a word of its own.
inline bool is_aria2_flag(std::string_view option) {
  for (const std::string_view flag :
       {"-V", "-c", "-Z", "-n", "-D", "-q", "-h", "-v", "--continue", "--quiet", "--no-conf",
        "--force-sequential", "--parameterized-uri", "--no-netrc", "--daemon", "--check-integrity",
        "--enable-rpc", "--version"}) {
    if (option == flag) return true;
  }
  return false;
}

}  // namespace bbdown_detail

HAUL_DECL aria2_args parse_aria2_args(std::string_view text) {
  const std::vector<std::string> words = bbdown_detail::split_arguments(text);
  bbdown_detail::aria2_reader reader;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.size() < 2 || word[0] != '-' || word == "--") continue;
    std::string_view name = word.substr(0, 2);
    std::string_view value = word.substr(2);
    bool has_value = !value.empty();
    if (word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      has_value = equals != std::string_view::npos;
      name = word.substr(0, equals);
      value = has_value ? word.substr(equals + 1) : std::string_view{};
    }
    if (bbdown_detail::is_aria2_flag(name)) continue;
    if (!has_value) {
      if (i + 1 == words.size()) {
        reader.missing(name);
        break;
      }
      value = words[++i];
    }
    reader.option(name, value);
  }
  return std::move(reader.out);
}

}  // namespace haul::service

#endif
