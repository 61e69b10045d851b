#ifndef HAUL_ENGINE_IMPL_MAKE_DOWNLOAD_IPP
#define HAUL_ENGINE_IMPL_MAKE_DOWNLOAD_IPP

#include <haul/engine/download.hpp>
#include <haul/engine/event_queue.hpp>
#include <haul/engine/make_download.hpp>
#include <haul/engine/session_core.hpp>
#include <haul/engine/task_info.hpp>

#include <utility>

namespace haul::engine {

template <class Environment>
std::shared_ptr<any_download> make_download(std::shared_ptr<session_core<Environment>> core,
                                            download_request request,
                                            const download_options& options,
                                            std::unique_ptr<any_sink> sink) {
  task_place place;
  place.random = core->environment.random();
  const rate_limiter above = core->limiter;
  return std::make_shared<download<Environment>>(std::move(core), std::move(request), options,
                                                 std::move(sink), delivery::queued, place, above);
}

}  // namespace haul::engine

#endif
