set(VCPKG_BUILD_TYPE release) # header-only

# An overlay port: it takes the sources from the checkout that it lies in.
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS options
  FEATURES
    json HAUL_WITH_JSON
    metalink HAUL_WITH_METALINK
    pan123 HAUL_WITH_PAN123
    service HAUL_WITH_SERVICE
    sqlite HAUL_WITH_SQLITE)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${options}
    -DHAUL_BUILD_TESTS=OFF
    -DHAUL_BUILD_EXAMPLES=OFF
    -DHAUL_BUILD_BENCHMARKS=OFF
    -DHAUL_BUILD_FUZZERS=OFF
    -DHAUL_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/haul)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
