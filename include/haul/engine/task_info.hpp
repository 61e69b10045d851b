#ifndef HAUL_ENGINE_TASK_INFO_HPP
#define HAUL_ENGINE_TASK_INFO_HPP

#include <haul/detail/hex.hpp>
#include <haul/download_request.hpp>
#include <haul/engine/paths.hpp>
#include <haul/event.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace haul::engine {

/// What events say about a request.
///
/// @param random  Becomes the id of a request that has none.
inline task_ref describe(const download_request& r, std::uint64_t random, std::size_t index = 1,
                         std::size_t total = 1) {
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

}  // namespace haul::engine

#endif
