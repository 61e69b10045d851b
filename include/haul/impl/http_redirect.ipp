#ifndef HAUL_IMPL_HTTP_REDIRECT_IPP
#define HAUL_IMPL_HTTP_REDIRECT_IPP

#include <haul/http/redirect.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace haul::http {

HAUL_DECL redirect_decision decide_redirect(const url& from, int status, const field_list& fields,
                                            unsigned already_followed,
                                            const redirect_policy& policy) {
  const auto fail = [](std::error_code error) {
    redirect_decision d;
    d.error = error;
    return d;
  };

  const bool redirects =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (!redirects) return {};
  if (already_followed >= policy.max) return fail(errc::too_many_redirects);

  const auto location = fields.find("Location");
  if (!location || location->empty()) return fail(errc::bad_redirect);
  bool differ = false;
  fields.for_each_value("Location", [&](std::string_view v) { differ = differ || v != *location; });
  if (differ) return fail(errc::bad_redirect);

  auto next = from.resolve(*location);
  if (next.error == errc::unsupported_scheme) return fail(next.error);
  if (next.error) return fail(errc::bad_redirect);
  if (from.where().secure && !next.value.where().secure && !policy.allow_insecure) {
    return fail(errc::insecure_redirect);
  }
  redirect_decision d;
  d.follow = true;
  d.same_origin = next.value.where() == from.where();
  d.next = std::move(next.value);
  return d;
}

}  // namespace haul::http

#endif
