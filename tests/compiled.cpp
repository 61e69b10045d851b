#include <haul/src.hpp>
