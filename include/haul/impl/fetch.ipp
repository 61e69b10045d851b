#ifndef HAUL_IMPL_FETCH_IPP
#define HAUL_IMPL_FETCH_IPP

#include <haul/detail/asio_compat.hpp>

#include <haul/engine/make_download.hpp>
#include <haul/fetch.hpp>
#include <haul/session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <utility>

namespace haul {
namespace detail {

HAUL_DECL download_result fetch(download_request request, std::unique_ptr<engine::any_sink> sink,
                                const download_options& options, const session_options& shared) {
  asio::io_context io{1};
  session s{io.get_executor(), shared.with_implicit_strand()};
  const auto task = engine::make_download(s.core(), std::move(request), options, std::move(sink));
  download_result result;
  std::exception_ptr bug;
  asio::co_spawn(io, task->run(), [&](std::exception_ptr e, download_result r) {
    bug = e;
    result = std::move(r);
  });
  io.run();
  if (bug) std::rethrow_exception(bug);
  return result;
}

}  // namespace detail

HAUL_DECL download_result fetch(std::string url, std::filesystem::path path) {
  return fetch(download_request{std::move(url), std::move(path)});
}

}  // namespace haul

#endif
