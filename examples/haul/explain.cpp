#include "explain.hpp"

#include "text.hpp"
#include <haul/error.hpp>

#include <system_error>

namespace haul_command {
namespace {

const char* advice(const std::error_code& ec) {
  if (ec == std::errc::no_space_on_device) return "make room";
  if (ec.category() != haul::category()) return nullptr;
  switch (static_cast<haul::errc>(ec.value())) {
    case haul::errc::target_exists:
      return "--overwrite replaces it";
    case haul::errc::duplicate_target:
      return "another URL of this run goes to the same file: give it a path of its own with "
             "--input";
    case haul::errc::invalid_target:
      return "--output names a file, --dir a folder";
    case haul::errc::certificate_untrusted:
      return "--cacert names certificates to trust";
    case haul::errc::unauthorized:
      return "give user:password@ in the URL, or --header 'Authorization: ...'";
    case haul::errc::proxy_unauthorized:
      return "give user:password@ in --proxy";
    default:
      return nullptr;
  }
}

}  // namespace

std::string explain(const std::string& url, const haul::download_result& r) {
  std::string line = printable_url(url) + ": " + printable(r.message());
  // A redirect or a mirror: it is another server's answer.
  const std::string asked = printable_url(r.url);
  if (r.http_status != 0 && !asked.empty() && asked != printable_url(url)) {
    line += ", at " + asked;
  }
  if (const char* what_to_do = advice(r.error)) line.append("; ").append(what_to_do);
  return line;
}

}  // namespace haul_command
