#ifndef HAUL_STORE_RECORD_CODEC_HPP
#define HAUL_STORE_RECORD_CODEC_HPP

#include <haul/batch_options.hpp>
#include <haul/checksum.hpp>
#include <haul/download_request.hpp>
#include <haul/piece_hashes.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace haul::store_detail {

/// Texts one behind the other, each as its length in decimal, a colon and its bytes.
inline void put(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

inline std::optional<std::vector<std::string>> split(std::string_view in) {
  std::vector<std::string> texts;
  while (!in.empty()) {
    std::size_t n = 0;
    const auto [end, ec] = std::from_chars(in.data(), in.data() + in.size(), n);
    if (ec != std::errc{} || end == in.data() + in.size() || *end != ':') return std::nullopt;
    in.remove_prefix(static_cast<std::size_t>(end - in.data()) + 1);
    if (in.size() < n) return std::nullopt;
    texts.emplace_back(in.substr(0, n));
    in.remove_prefix(n);
  }
  return texts;
}

/// What a request has beside its id, URL, path and name: pairs of a key and its values.
inline std::string encode(const download_request& r) {
  std::string out;
  const auto put_all = [&](std::initializer_list<std::string_view> texts) {
    for (const auto t : texts) put(out, t);
  };
  for (const auto& m : r.mirrors()) put_all({"mirror", m, ""});
  for (const auto& h : r.headers()) put_all({"header", h.name, h.value});
  for (const auto& c : r.checksums()) put_all({"checksum", c.str(), ""});
  if (r.has_credentials()) put_all({"credentials", r.user(), r.password()});
  if (const piece_hashes* p = r.pieces()) {
    std::string hex;
    for (std::size_t i = 0; i < p->size(); ++i) hex += (*p)[i].hex();
    put_all({"pieces", std::string{name_of(p->algorithm())} + ':' + std::to_string(p->piece_size()),
             hex});
  }
  if (r.size()) put_all({"size", std::to_string(*r.size()), ""});
  if (r.priority() != 0) put_all({"priority", std::to_string(r.priority()), ""});
  return out;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number n{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

inline std::optional<piece_hashes> decode_pieces(std::string_view how, std::string_view hex) {
  const std::size_t colon = how.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto algorithm = algorithm_named(how.substr(0, colon));
  const auto size = number<std::uint64_t>(how.substr(colon + 1));
  if (!algorithm || !size) return std::nullopt;
  const std::size_t digits = 2 * digest_size(*algorithm);
  if (hex.size() % digits != 0) return std::nullopt;
  piece_hashes hashes{*algorithm, *size};
  for (; !hex.empty(); hex.remove_prefix(digits)) {
    if (!hashes.add_hex(hex.substr(0, digits))) return std::nullopt;
  }
  return hashes;
}

/// Reads what `encode` has written into a request. False when it cannot be read.
inline bool decode(std::string_view text, download_request& r) {
  const auto texts = split(text);
  if (!texts || texts->size() % 3 != 0) return false;
  for (std::size_t i = 0; i < texts->size(); i += 3) {
    const std::string& key = (*texts)[i];
    const std::string& a = (*texts)[i + 1];
    const std::string& b = (*texts)[i + 2];
    if (key == "mirror") {
      r.mirror(a);
    } else if (key == "header") {
      r.header(a, b);
    } else if (key == "credentials") {
      r.credentials(a, b);
    } else if (key == "checksum") {
      const auto c = checksum::parse(a);
      if (!c) return false;
      r.checksum(*c);
    } else if (key == "pieces") {
      auto hashes = decode_pieces(a, b);
      if (!hashes) return false;
      r.pieces(std::move(*hashes));
    } else if (key == "size") {
      const auto n = number<std::uint64_t>(a);
      if (!n) return false;
      r.size(*n);
    } else if (key == "priority") {
      const auto n = number<int>(a);
      if (!n) return false;
      r.priority(*n);
    }
  }
  return true;
}

/// Visits each option by name; milliseconds are visited as numbers.
template <class Options, class Visit>
void each_option(Options& o, Visit&& visit) {
  visit("connections", o.connections);
  visit("overwrite", o.overwrite);
  visit("repair", o.repair);
  visit("resume", o.resume);
  visit("durability", o.durability);
  visit("retries", o.retries);
  visit("retry_delay", o.retry_delay);
  visit("max_retry_delay", o.max_retry_delay);
  visit("resolve_timeout", o.timeouts.resolve);
  visit("connect_timeout", o.timeouts.connect);
  visit("handshake_timeout", o.timeouts.handshake);
  visit("head_timeout", o.timeouts.head);
  visit("stall_timeout", o.timeouts.stall);
  visit("min_speed", o.min_speed);
  visit("rate_limit", o.rate_limit);
  visit("max_redirects", o.max_redirects);
  visit("allow_insecure_redirect", o.allow_insecure_redirect);
  visit("piece_size", o.piece_size);
  visit("progress_interval", o.progress_interval);
}

inline std::int64_t to_number(std::chrono::milliseconds n) { return n.count(); }
template <class T>
std::int64_t to_number(T n) {
  return static_cast<std::int64_t>(n);
}
inline void from_number(std::int64_t n, std::chrono::milliseconds& to) {
  to = std::chrono::milliseconds{n};
}
template <class T>
void from_number(std::int64_t n, T& to) {
  to = static_cast<T>(n);
}

inline std::string encode(const download_options& o) {
  std::string out;
  each_option(o, [&](const char* name, const auto& value) {
    put(out, name);
    put(out, std::to_string(to_number(value)));
  });
  return out;
}

/// Options that are not named keep their defaults; names that are not known are passed over.
inline bool decode(std::string_view text, download_options& o) {
  const auto texts = split(text);
  if (!texts || texts->size() % 2 != 0) return false;
  for (std::size_t i = 0; i < texts->size(); i += 2) {
    const auto n = number<std::int64_t>((*texts)[i + 1]);
    if (!n) return false;
    each_option(o, [&](const char* name, auto& value) {
      if ((*texts)[i] == name) from_number(*n, value);
    });
  }
  return true;
}

}  // namespace haul::store_detail

#endif
