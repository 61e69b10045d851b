#ifndef HAUL_VERSION_HPP
#define HAUL_VERSION_HPP

/// The version of haul, as three numbers and as text. The build files read it from here.
#define HAUL_VERSION_MAJOR 0
#define HAUL_VERSION_MINOR 1
#define HAUL_VERSION_PATCH 0
#define HAUL_VERSION_STRING "0.1.0"

#endif
