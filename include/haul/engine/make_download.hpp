#ifndef HAUL_ENGINE_MAKE_DOWNLOAD_HPP
#define HAUL_ENGINE_MAKE_DOWNLOAD_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/engine/any_download.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/forward.hpp>

#include <memory>

namespace haul::engine {

/// @param sink  Null when nobody listens.
template <class Environment>
std::shared_ptr<any_download> make_download(std::shared_ptr<session_core<Environment>> core,
                                            download_request request,
                                            const download_options& options,
                                            std::unique_ptr<any_sink> sink);

}  // namespace haul::engine

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/engine/impl/make_download.ipp>
#else
namespace haul::engine {
extern template std::shared_ptr<any_download> make_download<system::system_environment>(
    std::shared_ptr<session_core<system::system_environment>>, download_request,
    const download_options&, std::unique_ptr<any_sink>);
}
#endif

#endif
