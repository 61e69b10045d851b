#ifndef HAUL_PAN123_IMPL_CALLBACK_IPP
#define HAUL_PAN123_IMPL_CALLBACK_IPP

#include <haul/http/percent.hpp>
#include <haul/pan123/callback.hpp>
#include <haul/pan123/error.hpp>
#include <haul/pan123/wire.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>

namespace haul::pan123 {
namespace detail {

/// Takes as long for a wrong text as for the right one.
inline bool same_secret(std::string_view given, std::string_view secret) {
  unsigned different = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    different |= static_cast<unsigned>(static_cast<unsigned char>(c)) ^
                 static_cast<unsigned>(static_cast<unsigned char>(secret[i]));
  }
  return different == 0;
}

inline bool has_secret(std::string_view target, std::string_view secret) {
  constexpr std::string_view name = "haul_secret=";
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos || secret.empty()) return false;
  std::string_view query = target.substr(question + 1);
  while (!query.empty()) {
    const std::size_t end = (std::min)(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    if (part.substr(0, name.size()) == name) {
      return same_secret(http::percent_decode(part.substr(name.size())), secret);
    }
    query.remove_prefix((std::min)(end + 1, query.size()));
  }
  return false;
}

}  // namespace detail

HAUL_DECL callback_result parse_callback(std::string_view body, std::string_view target,
                                         std::string_view secret) {
  callback_result result;
  if (!detail::has_secret(target, secret)) {
    result.error = errc::unauthorized;
    return result;
  }
  boost::json::error_code ec;
  const boost::json::value v =
      boost::json::parse(boost::json::string_view{body.data(), body.size()}, ec);
  if (ec) {
    result.error = errc::protocol_error;
    return result;
  }
  wire::reader r{v, "callback"};
  result.value.url = r.text("url");
  const std::int64_t status = r.number("status");
  result.value.succeeded = status == 0;
  if (status != 0 && status != 1) r.fail("status");
  // The documents have both names for it.
  result.value.reason = r.text_or("failReason", r.text_or("fileReason", {}));
  if (result.value.succeeded) {
    result.value.file = r.id("fileID", "fileId");
    if (result.value.file <= 0) r.fail("fileID");
  } else {
    result.value.file = 0;
  }
  if (!r.problem().empty()) {
    result = callback_result{};
    result.error = errc::protocol_error;
  }
  return result;
}

}  // namespace haul::pan123

#endif
