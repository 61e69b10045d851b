# haul_part(<name> HEADERS <paths below include/>... LINK <libraries>...)
#
# Declares an INTERFACE target: `haul` itself as haul::haul, any other name as the target haul_<name>
# with the alias haul::<name>, linked to haul::haul. The headers are file sets, so that each public
# one can be compiled alone (all_verify_interface_header_sets); bodies (.ipp) need no such check.
function(haul_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "HEADERS;LINK")
  if(name STREQUAL "haul")
    set(target haul)
  else()
    set(target haul_${name})
  endif()

  add_library(${target} INTERFACE)
  add_library(haul::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})

  list(TRANSFORM part_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/")
  set(bodies ${part_HEADERS})
  list(FILTER bodies INCLUDE REGEX "\\.ipp$")
  list(FILTER part_HEADERS EXCLUDE REGEX "\\.ipp$")
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
