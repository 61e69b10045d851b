// haul's engine on the simulated environment, compiled once.
#include "engine.hpp"

#include <haul/batch/impl/core_run.ipp>
#include <haul/batch/impl/core_submit.ipp>
#include <haul/batch/impl/make_core.ipp>
#include <haul/engine/impl/download_conductor.ipp>
#include <haul/engine/impl/download_disk.ipp>
#include <haul/engine/impl/download_pieces.ipp>
#include <haul/engine/impl/download_stream.ipp>
#include <haul/engine/impl/download_transfer.ipp>
#include <haul/engine/impl/make_download.ipp>

namespace haul::engine {
template class download<sim::sim_environment>;
template std::shared_ptr<any_download> make_download<sim::sim_environment>(
    std::shared_ptr<session_core<sim::sim_environment>>, download_request, const download_options&,
    std::unique_ptr<any_sink>);
}  // namespace haul::engine
namespace haul::batch {
template class core<sim::sim_environment>;
template std::shared_ptr<any_core> make_core<sim::sim_environment>(
    std::shared_ptr<engine::session_core<sim::sim_environment>>, std::unique_ptr<engine::any_sink>,
    std::unique_ptr<store_link>, const manager_options&);
}  // namespace haul::batch
