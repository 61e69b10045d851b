#ifndef HAUL_TEST_SIM_ENGINE_HPP
#define HAUL_TEST_SIM_ENGINE_HPP

#include "environment.hpp"
#include <haul/batch_manager.hpp>
#include <haul/download_task.hpp>
#include <haul/session.hpp>

namespace haul {
namespace engine {
extern template class download<sim::sim_environment>;
}
namespace batch {
extern template class core<sim::sim_environment>;
}
namespace sim {

using sim_session = basic_session<sim_environment>;

}  // namespace sim
}  // namespace haul

#endif
