#ifndef HAUL_IMPL_HTTP_URL_IPP
#define HAUL_IMPL_HTTP_URL_IPP

#include <haul/http/grammar.hpp>
#include <haul/http/percent.hpp>
#include <haul/http/url.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace haul::http {
namespace detail {

inline constexpr std::size_t max_host = 253;  // RFC 1035, as text

inline std::string_view to_std(boost::urls::string_view text) { return {text.data(), text.size()}; }

// The size of the scheme and its colon at the front of the text, or 0.
inline std::size_t scheme_size(std::string_view text) {
  if (text.empty() || !is_alpha(text.front())) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':') return i + 1;
    const bool in_scheme = is_alpha(text[i]) || is_digit(text[i]) || text[i] == '+' ||
                           text[i] == '-' || text[i] == '.';
    if (!in_scheme) return 0;
  }
  return 0;
}

// `unreserved` and `sub-delims` of RFC 3986, 2.
inline constexpr char_table uri_plain{"-._~!$&'()*+,;="};

// Appends the text, with what is neither unreserved, a sub-delimiter, a code nor in `also` encoded.
inline void append_encoded(std::string& out, std::string_view text, std::string_view also) {
  std::size_t plain = 0;  // where what can be taken as it is begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (uri_plain.contains(c) || is_percent_encoded(text, i) ||
        also.find(c) != std::string_view::npos) {
      continue;
    }
    out.append(text, plain, i - plain);
    append_percent_encoded(out, c);
    plain = i + 1;
  }
  out.append(text, plain);
}

// Of these alone almost every URL consists, and means what it says. Not of `@`: only the last one
// in an authority ends the user.
inline constexpr char_table uri_clean{"-._~!$&'()*+,;=/?:"};

// A URL reference as people write it, made one of RFC 3986, without its fragment; none if it cannot
// be. The host is left as it is. What is made is in `out`.
inline std::optional<std::string_view> clean_reference(std::string_view text, std::string& out) {
  const auto clean = [](char c) { return uri_clean.contains(c); };
  if (std::all_of(text.begin(), text.end(), clean)) return text;
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return std::nullopt;
  }

  out.clear();
  out.reserve(text.size() + 16);
  const std::size_t scheme = scheme_size(text);
  out.append(text.substr(0, scheme));
  text.remove_prefix(scheme);
  if (text.starts_with("//")) {
    const std::size_t end = (std::min)(text.find_first_of("/?#", 2), text.size());
    const std::string_view authority = text.substr(2, end - 2);
    text.remove_prefix(end);
    if (authority.find('\\') != std::string_view::npos) return std::nullopt;
    out += "//";
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
      append_encoded(out, authority.substr(0, at), ":");
      out += '@';
    }
    out.append(authority.substr(at == std::string_view::npos ? 0 : at + 1));
  }
  append_encoded(out, text.substr(0, text.find('#')), "/?:@");
  return out;
}

// RFC 3986, 5.2.4, for a path that begins with a slash.
inline std::string remove_dot_segments(std::string_view path) {
  if (path.find("/.") == std::string_view::npos) return std::string{path};
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    const std::size_t end = (std::min)(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool up = segment == "/..";
    if (up && !out.empty()) out.erase(out.rfind('/'));
    if (!up && segment != "/.") {
      out += segment;
    } else if (path.empty()) {
      out += '/';
    }
  }
  return out;
}

inline std::string make_target(std::string_view path, const boost::urls::url_view& parts) {
  std::string target = path.empty() ? "/" : remove_dot_segments(path);
  if (parts.has_query()) target.append("?").append(to_std(parts.encoded_query()));
  return target;
}

// What a name consists of, in lower case.
inline bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_';
}

inline std::optional<std::string> read_host(const boost::urls::url_view& parts) {
  if (parts.host_type() == boost::urls::host_type::ipv6) {
    return std::string{parts.host_ipv6_address().to_string()};
  }
  if (parts.host_type() == boost::urls::host_type::ipvfuture) return std::nullopt;
  std::string host{to_std(parts.encoded_host())};
  if (host.empty() || host.size() > max_host) return std::nullopt;
  for (char& c : host) {
    c = to_lower(c);
    if (!is_host_char(c)) return std::nullopt;
  }
  return host;
}

inline constexpr std::size_t authority_room = 8;  // brackets, colon and port

inline void append_authority(std::string& to, const origin& o, bool without_port) {
  if (o.ipv6()) {
    to.append("[").append(o.host).append("]");
  } else {
    to.append(o.host);
  }
  if (!without_port) to.append(":").append(std::to_string(o.port));
}

inline std::string authority(const origin& o, bool without_port) {
  std::string text;
  text.reserve(o.host.size() + authority_room);
  append_authority(text, o, without_port);
  return text;
}

inline std::optional<std::uint16_t> read_port(std::string_view text, bool secure) {
  if (text.empty()) return secure ? 443 : 80;
  const auto number = parse_decimal(text);
  if (!number || *number == 0 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// Reads a cleaned URL with a name or an IPv4 address for a host and nothing to resolve or decode:
// what almost all are. It says of them what Boost.URL says, in a tenth of the time, and takes a
// name that begins as an address does, which Boost.URL 1.81 refuses. False of all others.
inline bool read_plain(std::string_view text, origin& where, std::string& target) {
  where.secure = text.starts_with("https://");
  if (!where.secure && !text.starts_with("http://")) return false;
  text.remove_prefix(where.secure ? 8 : 7);

  const auto in_host = [](char c) { return is_host_char(c); };
  const auto host_end = std::find_if_not(text.begin(), text.end(), in_host);
  const auto host_size = static_cast<std::size_t>(host_end - text.begin());
  if (host_size == 0 || host_size > max_host) return false;
  where.host = text.substr(0, host_size);
  text.remove_prefix(host_size);

  std::string_view port_text;
  if (text.starts_with(':')) {
    const std::size_t end = (std::min)(text.find('/'), text.size());
    port_text = text.substr(1, end - 1);
    text.remove_prefix(end);
  }
  const auto port = read_port(port_text, where.secure);
  if (!port) return false;
  where.port = *port;

  if (!text.starts_with('/')) return false;
  if (text.substr(0, text.find('?')).find("/.") != std::string_view::npos) return false;
  target = text;
  return true;
}

}  // namespace detail

HAUL_DECL std::string origin::authority() const { return detail::authority(*this, default_port()); }

HAUL_DECL std::string origin::host_and_port() const { return detail::authority(*this, false); }

HAUL_DECL std::string url::str() const {
  const std::string_view scheme = origin_.secure ? "https://" : "http://";
  std::string text;
  text.reserve(scheme.size() + origin_.host.size() + detail::authority_room + target_.size());
  text = scheme;
  detail::append_authority(text, origin_, origin_.default_port());
  text += target_;
  return text;
}

HAUL_DECL url_result parse_url(std::string_view text) {
  std::string made;
  const auto cleaned = detail::clean_reference(text, made);
  if (!cleaned) return {{}, errc::invalid_url};
  return url::read(*cleaned);
}

HAUL_DECL url_result url::read(std::string_view cleaned) {
  url_result plain;
  if (detail::read_plain(cleaned, plain.value.origin_, plain.value.target_)) return plain;
  const std::string_view scheme = cleaned.substr(0, detail::scheme_size(cleaned));
  const bool secure = equals_ignore_case(scheme, "https:");
  if (scheme.empty()) return {{}, errc::invalid_url};
  if (!secure && !equals_ignore_case(scheme, "http:")) return {{}, errc::unsupported_scheme};

  const auto parsed = boost::urls::parse_uri(cleaned);
  if (!parsed || !parsed->has_authority()) return {{}, errc::invalid_url};
  // Boost.URL 1.81 takes what follows a port or a bracket for a path: "http://h:80:80/".
  const std::string_view path = detail::to_std(parsed->encoded_path());
  if (!path.empty() && path.front() != '/') return {{}, errc::invalid_url};
  auto host = detail::read_host(*parsed);
  const auto port = detail::read_port(detail::to_std(parsed->port()), secure);
  if (!host || !port) return {{}, errc::invalid_url};

  url u;
  u.origin_ = origin{secure, std::move(*host), *port};
  u.target_ = detail::make_target(path, *parsed);
  u.has_credentials_ = parsed->has_userinfo();
  if (u.has_credentials_) {
    u.user_ = percent_decode(detail::to_std(parsed->encoded_user()));
    u.password_ = percent_decode(detail::to_std(parsed->encoded_password()));
  }
  return {std::move(u), {}};
}

HAUL_DECL url_result url::resolve(std::string_view reference) const {
  std::string made;
  const auto cleaned = detail::clean_reference(reference, made);
  if (!cleaned) return {{}, errc::invalid_url};

  url_result next;
  if (detail::scheme_size(*cleaned) != 0) {
    next = read(*cleaned);
  } else if (cleaned->starts_with("//")) {
    next = read(std::string{origin_.secure ? "https:" : "http:"}.append(*cleaned));
  } else {
    const auto parsed = boost::urls::parse_uri_reference(*cleaned);
    if (!parsed) return {{}, errc::invalid_url};
    next.value.origin_ = origin_;
    const std::string_view relative = detail::to_std(parsed->encoded_path());
    if (cleaned->empty()) {
      next.value.target_ = target_;
    } else if (relative.empty()) {
      next.value.target_ = detail::make_target(path(), *parsed);
    } else if (relative.front() == '/') {
      next.value.target_ = detail::make_target(relative, *parsed);
    } else {
      const std::string_view folder = path().substr(0, path().rfind('/') + 1);
      next.value.target_ = detail::make_target(std::string{folder}.append(relative), *parsed);
    }
  }
  if (!next.error && !next.value.has_credentials_ && next.value.origin_ == origin_) {
    next.value.user_ = user_;
    next.value.password_ = password_;
    next.value.has_credentials_ = has_credentials_;
  }
  return next;
}

}  // namespace haul::http

#endif
