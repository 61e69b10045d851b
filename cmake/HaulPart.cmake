# haul_part(<name> HEADERS <paths below include/>... LINK <libraries>...
#           [PACKAGES <arguments of find_package, as one string>...])
#
# Declares an INTERFACE target. The name `haul` is the library itself, haul::haul. Any other is an
# optional part: a target haul::<name>, which links haul::haul, and the component <name> of the
# installed package. Its PACKAGES are looked up here and, in a program that asks for the component,
# by the installed package. HAUL_WITH_<NAME> says whether it is wanted: ON, OFF, or AUTO, which is
# where its packages are at hand.
#
# The headers are file sets, so that each public one can be compiled alone
# (all_verify_interface_header_sets); bodies (.ipp, and src.hpp for all of them) need no such check.
function(haul_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "HEADERS;LINK;PACKAGES")
  if(name STREQUAL "haul")
    set(target haul)
  else()
    set(target haul_${name})
    string(TOUPPER "HAUL_WITH_${name}" wanted)
    set(${wanted} AUTO CACHE STRING "Build and install haul::${name}: ON, OFF or AUTO")
    set_property(CACHE ${wanted} PROPERTY STRINGS ON OFF AUTO)
    if(${wanted} STREQUAL "AUTO")
      set(strictness QUIET)
    elseif(${wanted})
      set(strictness REQUIRED)
    else()
      return()
    endif()
    set(lookups "")
    foreach(package IN LISTS part_PACKAGES)
      separate_arguments(arguments UNIX_COMMAND "${package}")
      list(GET arguments 0 package_name)
      find_package(${arguments} ${strictness})
      if(NOT ${package_name}_FOUND)
        message(STATUS "haul::${name} is left out: there is no ${package}")
        return()
      endif()
      string(APPEND lookups "find_dependency(${package})\n")
    endforeach()
    set_property(GLOBAL PROPERTY HAUL_LOOKUPS_${target} "${lookups}")
  endif()

  add_library(${target} INTERFACE)
  add_library(haul::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})

  list(TRANSFORM part_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/")
  set(bodies ${part_HEADERS})
  list(FILTER bodies INCLUDE REGEX "\\.ipp$|/src\\.hpp$")
  list(FILTER part_HEADERS EXCLUDE REGEX "\\.ipp$|/src\\.hpp$")
  target_sources(${target} INTERFACE
    FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${part_HEADERS}
    FILE_SET bodies TYPE HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${bodies})
  set_target_properties(${target} PROPERTIES
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
    INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)

  target_compile_features(${target} INTERFACE cxx_std_20)
  if(NOT name STREQUAL "haul")
    target_link_libraries(${target} INTERFACE haul)
  endif()
  target_link_libraries(${target} INTERFACE ${part_LINK})
  set_property(GLOBAL APPEND PROPERTY HAUL_PARTS ${target})
endfunction()
