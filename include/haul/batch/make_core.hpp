#ifndef HAUL_BATCH_MAKE_CORE_HPP
#define HAUL_BATCH_MAKE_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch/any_core.hpp>
#include <haul/batch/store_link.hpp>
#include <haul/batch_options.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/forward.hpp>

#include <memory>

namespace haul::batch {

template <class Environment>
std::shared_ptr<any_core> make_core(std::shared_ptr<engine::session_core<Environment>> session,
                                    std::unique_ptr<engine::any_sink> sink,
                                    std::unique_ptr<store_link> store,
                                    const manager_options& options);

}  // namespace haul::batch

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/batch/impl/make_core.ipp>
#else
namespace haul::batch {
extern template std::shared_ptr<any_core> make_core<system::system_environment>(
    std::shared_ptr<engine::session_core<system::system_environment>>,
    std::unique_ptr<engine::any_sink>, std::unique_ptr<store_link>, const manager_options&);
}
#endif

#endif
