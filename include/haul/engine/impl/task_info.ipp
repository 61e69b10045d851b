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
  auto info = std::make_shared<task_info>();
  const http::url_result parsed = http::parse_url(r.url());
  info->url = parsed.error ? r.url() : parsed.value.str();
  info->path = r.path();
  info->index = index;
  info->total = total;
  info->id = r.id();
  if (info->id.empty()) haul::detail::append_hex(info->id, random, 16);
  info->name = r.name();
  if (info->name.empty() && !names_folder(r.path())) info->name = r.path().filename().string();
  if (info->name.empty() && !parsed.error) info->name = http::file_name_of_url(parsed.value);
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
