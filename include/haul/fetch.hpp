#ifndef HAUL_FETCH_HPP
#define HAUL_FETCH_HPP

#include <haul/config.hpp>

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/event_sink.hpp>
#include <haul/session_options.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace haul {
namespace detail {

/// `fetch`, with a sink whose type is not known.
HAUL_DECL download_result fetch(download_request request, std::unique_ptr<engine::any_sink> sink,
                                const download_options& options, const session_options& shared);

}  // namespace detail

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
  return detail::fetch(std::move(request), engine::erase_sink(std::move(sink)), options, shared);
}

/// As above, from a URL to a path.
HAUL_DECL download_result fetch(std::string url, std::filesystem::path path = "./");

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/fetch.ipp>
#endif

#endif
