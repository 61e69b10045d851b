#ifndef HAUL_BATCH_IMPL_MAKE_CORE_IPP
#define HAUL_BATCH_IMPL_MAKE_CORE_IPP

#include <haul/batch/core.hpp>
#include <haul/batch/make_core.hpp>

#include <utility>

namespace haul::batch {

template <class Environment>
std::shared_ptr<any_core> make_core(std::shared_ptr<engine::session_core<Environment>> session,
                                    std::unique_ptr<engine::any_sink> sink,
                                    std::unique_ptr<store_link> store,
                                    const manager_options& options) {
  return std::make_shared<core<Environment>>(std::move(session), std::move(sink), std::move(store),
                                             options);
}

}  // namespace haul::batch

#endif
