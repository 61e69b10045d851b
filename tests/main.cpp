// Catch's main function, compiled once for all tests.
#define CATCH_CONFIG_MAIN
#include "catch.hpp"
