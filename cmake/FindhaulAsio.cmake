# Finds standalone Asio and always ends in the target asio::asio.
#
# Debian's package has headers only; upstream has a pkg-config file from 1.23 on; package managers
# export a CMake package. So: a package, then the header, then pkg-config. Set ASIO_ROOT or
# haulAsio_INCLUDE_DIR to point at a copy; FetchContent's layout is `asio/include` up to 1.36 and
# `include` from 1.38 on.

function(_haul_asio_version header result)
  set(version "")
  if(EXISTS "${header}")
    file(STRINGS "${header}" line REGEX "^#define ASIO_VERSION [0-9]+")
    if(line MATCHES "ASIO_VERSION ([0-9]+)")
      math(EXPR major "${CMAKE_MATCH_1} / 100000")
      math(EXPR minor "${CMAKE_MATCH_1} / 100 % 1000")
      math(EXPR patch "${CMAKE_MATCH_1} % 100")
      set(version "${major}.${minor}.${patch}")
    endif()
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

if(NOT TARGET asio::asio)
  find_package(asio CONFIG QUIET)
endif()

if(TARGET asio::asio)
  set(haulAsio_TARGET asio::asio)
  get_target_property(_haul_asio_dirs asio::asio INTERFACE_INCLUDE_DIRECTORIES)
  foreach(_haul_asio_dir IN LISTS _haul_asio_dirs)
    if(NOT haulAsio_VERSION AND NOT _haul_asio_dir MATCHES "\\$<")
      _haul_asio_version("${_haul_asio_dir}/asio/version.hpp" haulAsio_VERSION)
    endif()
  endforeach()
  if(NOT haulAsio_VERSION AND asio_VERSION)
    set(haulAsio_VERSION "${asio_VERSION}")
  endif()
  if(NOT haulAsio_VERSION)
    # Not to be told from here; haul/config.hpp checks it when it is compiled.
    set(haulAsio_VERSION "${haulAsio_FIND_VERSION}")
  endif()
else()
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(_haul_asio_pc QUIET asio)
  endif()
  find_path(haulAsio_INCLUDE_DIR asio.hpp
    HINTS "${ASIO_ROOT}" ENV ASIO_ROOT
    PATHS ${_haul_asio_pc_INCLUDE_DIRS}
    PATH_SUFFIXES include asio/include)
  mark_as_advanced(haulAsio_INCLUDE_DIR)
  _haul_asio_version("${haulAsio_INCLUDE_DIR}/asio/version.hpp" haulAsio_VERSION)
endif()

include(FindPackageHandleStandardArgs)
if(haulAsio_TARGET)
  find_package_handle_standard_args(haulAsio
    REQUIRED_VARS haulAsio_TARGET VERSION_VAR haulAsio_VERSION)
else()
  find_package_handle_standard_args(haulAsio
    REQUIRED_VARS haulAsio_INCLUDE_DIR VERSION_VAR haulAsio_VERSION
    REASON_FAILURE_MESSAGE "standalone Asio was not found (Debian: libasio-dev)")
endif()

if(haulAsio_FOUND AND NOT TARGET asio::asio)
  find_package(Threads REQUIRED)
  add_library(asio::asio INTERFACE IMPORTED GLOBAL)
  set_target_properties(asio::asio PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${haulAsio_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
