// haul's engine on the simulated environment, compiled once.
#include "engine.hpp"

#include <haul/batch/impl/core_run.ipp>
#include <haul/batch/impl/core_submit.ipp>
#include <haul/engine/impl/download_conductor.ipp>
#include <haul/engine/impl/download_disk.ipp>
#include <haul/engine/impl/download_pieces.ipp>
#include <haul/engine/impl/download_stream.ipp>
#include <haul/engine/impl/download_transfer.ipp>

namespace haul::engine {
template class download<sim::sim_environment>;
}
namespace haul::batch {
template class core<sim::sim_environment>;
}
