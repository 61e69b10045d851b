#ifndef HAUL_SRC_HPP
#define HAUL_SRC_HPP

// The bodies of haul, for one translation unit of a program that is compiled with
// HAUL_SEPARATE_COMPILATION; the others then compile in a fraction of the time.

#ifndef HAUL_SEPARATE_COMPILATION
#error "haul/src.hpp is of use only when HAUL_SEPARATE_COMPILATION is defined for the whole program"
#endif

#include <haul/async/detail/impl/waiter.ipp>
#include <haul/async/impl/rate_limiter.ipp>
#include <haul/async/impl/semaphore.ipp>
#include <haul/batch/impl/core_run.ipp>
#include <haul/batch/impl/core_submit.ipp>
#include <haul/batch/impl/make_core.ipp>
#include <haul/engine/impl/download_conductor.ipp>
#include <haul/engine/impl/download_disk.ipp>
#include <haul/engine/impl/download_pieces.ipp>
#include <haul/engine/impl/download_stream.ipp>
#include <haul/engine/impl/download_transfer.ipp>
#include <haul/engine/impl/event_queue.ipp>
#include <haul/engine/impl/make_download.ipp>
#include <haul/engine/impl/task_info.ipp>
#include <haul/haul.hpp>
#include <haul/impl/checksum.ipp>
#include <haul/impl/download_request.ipp>
#include <haul/impl/download_result.ipp>
#include <haul/impl/error.ipp>
#include <haul/impl/event_sink.ipp>
#include <haul/impl/fetch.ipp>
#include <haul/impl/http_chunked_decoder.ipp>
#include <haul/impl/http_content_disposition.ipp>
#include <haul/impl/http_date.ipp>
#include <haul/impl/http_file_name.ipp>
#include <haul/impl/http_framing.ipp>
#include <haul/impl/http_head_parser.ipp>
#include <haul/impl/http_redirect.ipp>
#include <haul/impl/http_url.ipp>
#include <haul/impl/http_validator.ipp>
#include <haul/impl/piece_hashes.ipp>
#include <haul/impl/session.ipp>
#include <haul/impl/system_proxy.ipp>
#include <haul/impl/system_socks5.ipp>
#ifdef _WIN32
#include <haul/system/impl/file_windows.ipp>
#else
#include <haul/system/impl/file_posix.ipp>
#endif

namespace haul {
template class basic_session<system::system_environment>;
}
namespace haul::engine {
template class download<system::system_environment>;
template std::shared_ptr<any_download> make_download<system::system_environment>(
    std::shared_ptr<session_core<system::system_environment>>, download_request,
    const download_options&, std::unique_ptr<any_sink>);
}  // namespace haul::engine
namespace haul::batch {
template class core<system::system_environment>;
template std::shared_ptr<any_core> make_core<system::system_environment>(
    std::shared_ptr<engine::session_core<system::system_environment>>,
    std::unique_ptr<engine::any_sink>, std::unique_ptr<store_link>, const manager_options&);
}  // namespace haul::batch

#endif
