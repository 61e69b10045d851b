#ifndef HAUL_TEST_SIM_ENGINE_HPP
#define HAUL_TEST_SIM_ENGINE_HPP

#include "environment.hpp"
#include <haul/batch_manager.hpp>
#include <haul/download_task.hpp>
#include <haul/impl/session.ipp>
#include <haul/session.hpp>

#include <memory>

namespace haul {
namespace engine {
extern template std::shared_ptr<any_download> make_download<sim::sim_environment>(
    std::shared_ptr<session_core<sim::sim_environment>>, download_request, const download_options&,
    std::unique_ptr<any_sink>);
}
namespace batch {
extern template std::shared_ptr<any_core> make_core<sim::sim_environment>(
    std::shared_ptr<engine::session_core<sim::sim_environment>>, std::unique_ptr<engine::any_sink>,
    std::unique_ptr<store_link>, const manager_options&);
}
namespace sim {

using sim_session = basic_session<sim_environment>;

}  // namespace sim
}  // namespace haul

#endif
