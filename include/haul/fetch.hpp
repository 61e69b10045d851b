#ifndef HAUL_FETCH_HPP
#define HAUL_FETCH_HPP

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/download_task.hpp>
#include <haul/event_sink.hpp>
#include <haul/session.hpp>
#include <haul/session_options.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <filesystem>
#include <string>
#include <utility>

namespace haul {

/// Downloads one file and waits for it, for programs without coroutines. Blocks; has a session of
/// its own.
///
/// @returns  As `download_task::run()`. There is no way to end it from outside but an exception of
///           the sink, which is called on this thread: `errc::sink_failed`.
///
/// @par Thread Safety
/// May be called from any thread.
template <event_sink Sink = null_sink>
download_result fetch(download_request request, Sink sink = {},
                      const download_options& options = {}, const session_options& shared = {}) {
  asio::io_context io{1};
  session s{io.get_executor(), shared};
  download_task task{s, std::move(request), std::move(sink), options};
  download_result result;
  std::exception_ptr bug;
  asio::co_spawn(io, task.run(), [&](std::exception_ptr e, download_result r) {
    bug = e;
    result = std::move(r);
  });
  io.run();
  if (bug) std::rethrow_exception(bug);
  return result;
}

/// As above, from a URL to a path.
inline download_result fetch(std::string url, std::filesystem::path path = "./") {
  return fetch(download_request{std::move(url), std::move(path)});
}

}  // namespace haul

#endif
