# Makes the reference with Doxygen; a warning is an error. ROOT: the checkout, OUT: where it goes.
find_program(doxygen doxygen)
if(NOT doxygen)
  message(FATAL_ERROR "there is no doxygen (Debian: doxygen)")
endif()
file(MAKE_DIRECTORY "${OUT}")
file(WRITE "${OUT}/Doxyfile" "@INCLUDE = docs/Doxyfile\nOUTPUT_DIRECTORY = \"${OUT}\"\n")
execute_process(COMMAND "${doxygen}" "${OUT}/Doxyfile" WORKING_DIRECTORY "${ROOT}"
  COMMAND_ERROR_IS_FATAL ANY)
# It says nothing of a file that it does not find: what stands on the main page must have a page.
foreach(page IN ITEMS classhaul_1_1basic__session classhaul_1_1download__request
    classhaul_1_1download__task classhaul_1_1batch__manager classhaul_1_1semaphore
    classhaul_1_1rate__limiter structhaul_1_1progress classhaul_1_1checksum
    classhaul_1_1piece__hashes classhaul_1_1sqlite__store classhaul_1_1pan123_1_1client)
  if(NOT EXISTS "${OUT}/html/${page}.html")
    message(FATAL_ERROR "there is no page ${page}")
  endif()
endforeach()
