#ifndef HAUL_IMPL_HTTP_HEAD_PARSER_IPP
#define HAUL_IMPL_HTTP_HEAD_PARSER_IPP

#include <haul/http/head_parser.hpp>

#include <algorithm>

namespace haul::http {

HAUL_DECL head_parser::result head_parser::parse(std::string_view data) {
  if (error_) return {false, 0, error_};
  if (end_ != 0) return {true, end_, {}};

  // A peer that does not speak HTTP is told from its first bytes, not by a timeout.
  constexpr std::string_view magic = "HTTP/";
  if (line_ == 0) {
    const std::size_t n = (std::min)(data.size(), magic.size());
    if (data.substr(0, n) != magic.substr(0, n)) return fail(errc::malformed_head);
  }

  for (;;) {
    const std::size_t lf = data.find('\n', scan_);
    if (lf == std::string_view::npos || lf >= limits_.bytes) {
      if (data.size() >= limits_.bytes) return fail(errc::head_too_large);
      scan_ = data.size();
      return {false, 0, {}};
    }
    if (lf == line_ || data[lf - 1] != '\r') return fail(errc::malformed_head);

    const std::string_view line = data.substr(line_, lf - 1 - line_);
    if (line_ == 0) {
      if (!parse_status_line(line)) return {false, 0, error_};
    } else if (line.empty()) {
      end_ = lf + 1;
      return {true, end_, {}};
    } else if (!parse_field(line)) {
      return {false, 0, error_};
    }
    line_ = scan_ = lf + 1;
  }
}

HAUL_DECL void head_parser::reset() {
  head_ = {};
  line_ = scan_ = end_ = 0;
  error_ = {};
}

// status-line = HTTP-version SP status-code [ SP [ reason-phrase ] ]
HAUL_DECL bool head_parser::parse_status_line(std::string_view line) {
  constexpr std::size_t status_end = 12;  // "HTTP/1.1 200"
  const bool formed = line.size() >= status_end && is_digit(line[5]) && line[6] == '.' &&
                      is_digit(line[7]) && line[8] == ' ';
  if (!formed) {
    fail(errc::malformed_head);
    return false;
  }
  if (line[5] != '1') {
    fail(errc::unsupported_version);
    return false;
  }
  const bool status_formed = line[9] >= '1' && is_digit(line[9]) && is_digit(line[10]) &&
                             is_digit(line[11]) && (line.size() == status_end || line[12] == ' ');
  const std::string_view reason =
      line.size() > status_end ? line.substr(status_end + 1) : std::string_view{};
  if (!status_formed || !is_field_value(reason)) {
    fail(errc::malformed_head);
    return false;
  }
  head_.minor_version = line[7] - '0';
  head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  head_.reason.assign(reason);
  return true;
}

// field-line = field-name ":" OWS field-value OWS
HAUL_DECL bool head_parser::parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
      !is_field_value(line.substr(colon + 1))) {
    fail(errc::malformed_head);
    return false;
  }
  if (head_.fields.size() >= limits_.fields) {
    fail(errc::too_many_fields);
    return false;
  }
  if (head_.fields.empty()) head_.fields.reserve(usual_fields, usual_bytes);
  head_.fields.append(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  return true;
}

HAUL_DECL head_parser::result head_parser::fail(errc e) {
  error_ = e;
  return {false, 0, error_};
}

}  // namespace haul::http

#endif
