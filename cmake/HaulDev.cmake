# haul_dev: warnings, sanitizers and debugging aids for haul's own tests, examples and benchmarks.
# Nothing of this reaches a program that uses haul.
add_library(haul_dev INTERFACE)

if(WIN32)
  target_compile_definitions(haul_dev INTERFACE _WIN32_WINNT=0x0A00)
endif()
if(MSVC)
  target_compile_options(haul_dev INTERFACE /W4 /permissive- /utf-8 /bigobj)
  target_compile_definitions(haul_dev INTERFACE _CRT_SECURE_NO_WARNINGS)
else()
  target_compile_options(haul_dev INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Woverloaded-virtual -Wcast-align -Wextra-semi -Wimplicit-fallthrough -Wundef)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(haul_dev INTERFACE -Wduplicated-cond -Wlogical-op)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Where it inlines only one of the two, it takes the operators new and delete of Asio's
      # coroutine frames for a pair that does not match.
      target_compile_options(haul_dev INTERFACE -Wno-mismatched-new-delete)
    endif()
  endif()
  # Checked element access and iterator ranges in libstdc++, cheap enough for every debug build.
  target_compile_definitions(haul_dev INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
endif()

if(HAUL_WARNINGS_AS_ERRORS)
  target_compile_options(haul_dev INTERFACE $<IF:$<CXX_COMPILER_ID:MSVC>,/WX,-Werror>)
endif()

# haul/config.hpp sets these itself; tests that include Asio first need them on the command line.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_definitions(haul_dev INTERFACE ASIO_DISABLE_THREAD_KEYWORD_EXTENSION=1)
  if(haulAsio_VERSION VERSION_LESS 1.26)
    target_compile_definitions(haul_dev INTERFACE ASIO_HAS_CO_AWAIT=1 ASIO_HAS_STD_COROUTINE=1)
  endif()
endif()

if(HAUL_SANITIZE)
  # Line tables are all that a report needs, and far quicker to build than full debug information.
  target_compile_options(haul_dev INTERFACE
    -fsanitize=${HAUL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(haul_dev INTERFACE -fsanitize=${HAUL_SANITIZE})
  if(HAUL_SANITIZE MATCHES "undefined" AND HAUL_SANITIZE MATCHES "address")
    # The address sanitizer stops at a null pointer anyway; checking twice doubles the build time.
    target_compile_options(haul_dev INTERFACE -fno-sanitize=null)
  endif()
  if(HAUL_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # Cannot be combined with coroutines before clang 17.
    target_compile_options(haul_dev INTERFACE -fno-sanitize=function)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code confuses this warning, even inside the standard library.
    target_compile_options(haul_dev INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(HAUL_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It does not see fences. Asio's order nothing between threads by themselves: its mutexes and
    # atomic counters do, and those are seen.
    target_compile_options(haul_dev INTERFACE -Wno-tsan)
  endif()
endif()

set(HAUL_TEST_PREFIX "" CACHE STRING "Put before the name of each test, e.g. the preset's name")

# What a sanitizer finds ends the test, with a stack.
set(HAUL_TEST_ENVIRONMENT
  "ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1"
  "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

# haul's bodies, compiled once for all of the project's own programs (HAUL_SEPARATE_COMPILATION).
file(WRITE "${PROJECT_BINARY_DIR}/haul_compiled.cpp.new" "#include <haul/src.hpp>\n")
configure_file("${PROJECT_BINARY_DIR}/haul_compiled.cpp.new" "${PROJECT_BINARY_DIR}/haul_compiled.cpp"
  COPYONLY)
add_library(haul_compiled STATIC EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/haul_compiled.cpp")
target_compile_definitions(haul_compiled PUBLIC HAUL_SEPARATE_COMPILATION)
target_link_libraries(haul_compiled PUBLIC haul::haul PRIVATE haul_dev)
# Fit for a shared library too, which would otherwise have to compile them once more.
set_target_properties(haul_compiled PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)

# The same for the parts that have bodies of their own.
foreach(part pan123 service)
  if(TARGET haul_${part})
    set(unit "${PROJECT_BINARY_DIR}/haul_${part}_compiled.cpp")
    file(WRITE "${unit}.new" "#include <haul/${part}/src.hpp>\n")
    configure_file("${unit}.new" "${unit}" COPYONLY)
    add_library(haul_${part}_compiled STATIC EXCLUDE_FROM_ALL "${unit}")
    target_link_libraries(haul_${part}_compiled
      PUBLIC haul_compiled haul::${part} PRIVATE haul_dev)
  endif()
endforeach()
