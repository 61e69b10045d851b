#ifndef HAUL_TESTS_CATCH_HPP
#define HAUL_TESTS_CATCH_HPP

// Catch2 2.13 and 3 alike. Matchers have moved between the two: do without them.

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_adapters.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
