# Toolchain: Windows, by mingw-w64 with POSIX threads; programs are run by Wine. Finds only what
# .ci/mingw_libraries.sh has made and mingw-w64's own.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

# Big translation units have more sections than the old format can count; and the programs need no
# library beside them.
set(CMAKE_CXX_FLAGS_INIT "-Wa,-mbig-obj")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")

if(DEFINED ENV{HAUL_MINGW_CACHE})
  set(haul_mingw "$ENV{HAUL_MINGW_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(haul_mingw "$ENV{XDG_CACHE_HOME}/haul-mingw")
else()
  set(haul_mingw "$ENV{HOME}/.cache/haul-mingw")
endif()
set(CMAKE_FIND_ROOT_PATH "${haul_mingw}" "${haul_mingw}/openssl" "${haul_mingw}/sqlite3"
  "${haul_mingw}/pugixml" /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/wine.sh")
