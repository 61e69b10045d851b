#ifndef HAUL_SRC_HPP
#define HAUL_SRC_HPP

// The bodies of haul, for one translation unit of a program that is compiled with
// HAUL_SEPARATE_COMPILATION; the others then compile in a fraction of the time.

#ifndef HAUL_SEPARATE_COMPILATION
#error "haul/src.hpp is of use only when HAUL_SEPARATE_COMPILATION is defined for the whole program"
#endif

#include <haul/batch/impl/core_run.ipp>
#include <haul/batch/impl/core_submit.ipp>
#include <haul/engine/impl/download_conductor.ipp>
#include <haul/engine/impl/download_disk.ipp>
#include <haul/engine/impl/download_pieces.ipp>
#include <haul/engine/impl/download_stream.ipp>
#include <haul/engine/impl/download_transfer.ipp>
#include <haul/haul.hpp>
#include <haul/impl/error.ipp>
#include <haul/impl/http_chunked_decoder.ipp>
#include <haul/impl/http_content_disposition.ipp>
#include <haul/impl/http_date.ipp>
#include <haul/impl/http_file_name.ipp>
#include <haul/impl/http_framing.ipp>
#include <haul/impl/http_head_parser.ipp>
#include <haul/impl/http_redirect.ipp>
#include <haul/impl/http_url.ipp>
#include <haul/impl/http_validator.ipp>
#include <haul/impl/system_proxy.ipp>
#include <haul/impl/system_socks5.ipp>
#ifdef _WIN32
#include <haul/system/impl/file_windows.ipp>
#else
#include <haul/system/impl/file_posix.ipp>
#endif

namespace haul::engine {
template class download<system::system_environment>;
}
namespace haul::batch {
template class core<system::system_environment>;
}

#endif
