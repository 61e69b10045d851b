#ifndef HAUL_ENGINE_IMPL_TASK_INFO_IPP
#define HAUL_ENGINE_IMPL_TASK_INFO_IPP

#include <haul/detail/hex.hpp>
#include <haul/engine/paths.hpp>
#include <haul/engine/task_info.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>

#include <memory>
#include <string>
#include <variant>

namespace haul::engine {

HAUL_DECL task_ref describe(const download_request& r, std::uint64_t random, std::size_t index,
                            std::size_t total) {
  const http::url_result url = http::parse_url(r.url());
  // The request may have a name of its own, or its path; the URL's need not be made then.
  const bool named = !r.name().empty() || !names_folder(r.native_path());
  const std::string url_name =
      named || url.error ? std::string{} : http::file_name_of_url(url.value);
  return describe(r, url, url_name, task_place{random, index, total});
}

HAUL_DECL task_ref describe(const download_request& r, const http::url_result& url,
                            const std::string& url_name, const task_place& place) {
  auto info = std::make_shared<task_info>();
  info->url = url.error ? r.url() : url.value.str();
  info->path = r.path();
  info->index = place.index;
  info->total = place.total;
  info->id = r.id();
  if (info->id.empty()) haul::detail::append_hex(info->id, place.random, 16);
  info->name = r.name();
  if (info->name.empty() && !names_folder(r.native_path())) {
    info->name = info->path.filename().string();
  }
  if (info->name.empty()) info->name = url_name;
  if (info->name.empty()) info->name = info->url;
  return info;
}

HAUL_DECL const task_info* task_of(const event& e) noexcept {
  return std::visit(
      [](const auto& x) -> const task_info* {
        if constexpr (requires { x.task; }) {
          return x.task.get();
        } else {
          return nullptr;
        }
      },
      e);
}

}  // namespace haul::engine

#endif
