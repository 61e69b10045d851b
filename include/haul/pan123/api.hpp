#ifndef HAUL_PAN123_API_HPP
#define HAUL_PAN123_API_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/engine/any_sink.hpp>
#include <haul/pan123/core.hpp>
#include <haul/pan123/requests.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The calls behind `pan123::client`, which documents them.
namespace haul::pan123::api {

/// A sink whose type is not known, which a coroutine may take by value.
class task_sink {
 public:
  explicit task_sink(std::unique_ptr<engine::any_sink> to) : to_(std::move(to)) {}

  awaitable<void> operator()(haul::event e) const { return deliver(to_, std::move(e)); }

 private:
  HAUL_DECL static awaitable<void> deliver(std::shared_ptr<engine::any_sink> to, haul::event e);

  std::shared_ptr<engine::any_sink> to_;
};

HAUL_DECL awaitable<account> user_info(core_ptr c);

HAUL_DECL awaitable<wire::file_page> list_page(core_ptr c, file_id folder, file_id after);
HAUL_DECL awaitable<file_entry> detail(core_ptr c, file_id id);
HAUL_DECL awaitable<std::vector<file_entry>> infos(core_ptr c, file_ids ids);
HAUL_DECL awaitable<std::string> download_url(core_ptr c, file_id id);
HAUL_DECL awaitable<file_id> mkdir(core_ptr c, file_id parent, std::string name);
HAUL_DECL awaitable<file_id> ensure_dir(core_ptr c, file_id parent, std::string path);
HAUL_DECL awaitable<void> move(core_ptr c, file_ids ids, file_id to);
HAUL_DECL awaitable<void> rename(core_ptr c, file_id id, std::string name);
HAUL_DECL awaitable<copied_file> copy(core_ptr c, file_id id, file_id to);
HAUL_DECL awaitable<void> copy_all(core_ptr c, file_ids ids, file_id to,
                                   std::chrono::milliseconds limit);
HAUL_DECL awaitable<void> trash(core_ptr c, file_ids ids);
HAUL_DECL awaitable<file_ids> recover(core_ptr c, file_ids ids);
HAUL_DECL awaitable<void> recover_to(core_ptr c, file_ids ids, file_id folder);
HAUL_DECL awaitable<void> remove(core_ptr c, file_ids ids);

HAUL_DECL awaitable<task_id> offline_create(core_ptr c, offline_request r);
HAUL_DECL awaitable<offline_report> offline_progress_of(
    core_ptr c, task_id id, std::optional<core::clock::time_point> deadline);
HAUL_DECL awaitable<void> offline_wait(core_ptr c, task_id id, std::chrono::milliseconds limit);

HAUL_DECL awaitable<share_link> share_create(core_ptr c, share_request r);
HAUL_DECL awaitable<share_page> share_list(core_ptr c, share_id after);
HAUL_DECL awaitable<void> share_update(core_ptr c, std::vector<share_id> ids, bool traffic,
                                       std::optional<std::uint64_t> traffic_limit);

HAUL_DECL awaitable<std::string> direct_switch(core_ptr c, file_id folder, bool on);
HAUL_DECL awaitable<std::string> direct_url(core_ptr c, file_id id);

HAUL_DECL awaitable<uploaded_file> upload(core_ptr c, upload_request r);

HAUL_DECL awaitable<download_result> pull(core_ptr c, file_id id, std::filesystem::path path,
                                          task_sink sink, download_options o);
HAUL_DECL awaitable<offline_pull_result> offline_pull(core_ptr c, offline_pull_request r,
                                                      task_sink sink);

}  // namespace haul::pan123::api

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/api_files.ipp>
#include <haul/pan123/impl/api_pull.ipp>
#include <haul/pan123/impl/api_upload.ipp>
#endif

#endif
