include(CMakePackageConfigHelpers)

# Headers and text only, so it goes where files for every architecture go.
set(haul_package_dir "${CMAKE_INSTALL_DATAROOTDIR}/cmake/haul")
get_property(haul_parts GLOBAL PROPERTY HAUL_PARTS)

# Each part has an export of its own: a program that asks for the core alone need not have what the
# others link to. INCLUDES DESTINATION: without it the exported target has no include folder for users
# of a CMake that does not know file sets.
foreach(target IN LISTS haul_parts)
  install(TARGETS ${target} EXPORT ${target}Targets
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILE_SET bodies DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT ${target}Targets NAMESPACE haul:: DESTINATION "${haul_package_dir}")
  export(EXPORT ${target}Targets NAMESPACE haul:: FILE "${PROJECT_BINARY_DIR}/${target}Targets.cmake")
  if(NOT target STREQUAL "haul")
    get_property(lookups GLOBAL PROPERTY HAUL_LOOKUPS_${target})
    file(WRITE "${PROJECT_BINARY_DIR}/${target}Packages.cmake" "${lookups}")
    install(FILES "${PROJECT_BINARY_DIR}/${target}Packages.cmake" DESTINATION "${haul_package_dir}")
  endif()
endforeach()

configure_package_config_file(cmake/haulConfig.cmake.in "${PROJECT_BINARY_DIR}/haulConfig.cmake"
  INSTALL_DESTINATION "${haul_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/haulConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
configure_file(cmake/FindhaulAsio.cmake "${PROJECT_BINARY_DIR}/FindhaulAsio.cmake" COPYONLY)
install(FILES
    "${PROJECT_BINARY_DIR}/haulConfig.cmake"
    "${PROJECT_BINARY_DIR}/haulConfigVersion.cmake"
    "${PROJECT_BINARY_DIR}/FindhaulAsio.cmake"
  DESTINATION "${haul_package_dir}")

# The path from the .pc file to the prefix, so that the whole may be moved.
set(haul_pc_dir "${CMAKE_INSTALL_DATAROOTDIR}/pkgconfig")
file(RELATIVE_PATH haul_pc_to_prefix "/${haul_pc_dir}" "/")
string(REGEX REPLACE "/$" "" haul_pc_to_prefix "${haul_pc_to_prefix}")
configure_file(cmake/haul.pc.in "${PROJECT_BINARY_DIR}/haul.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/haul.pc" DESTINATION "${haul_pc_dir}")
