#ifndef HAUL_ENGINE_FORWARD_HPP
#define HAUL_ENGINE_FORWARD_HPP

// What a program's own files need to know of the engine when its bodies are compiled separately.

namespace haul::system {

class system_environment;

}  // namespace haul::system

namespace haul::engine {

template <class Environment>
struct session_core;

}  // namespace haul::engine

#endif
