# No package, no build system: the folder, and the libraries that haul stands on.
execute_process(COMMAND "${CXX}" -std=c++20 -I${INCLUDE} "${SOURCE}" -o "${PROGRAM}"
    -lboost_url -lssl -lcrypto -pthread
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${PROGRAM}" COMMAND_ERROR_IS_FATAL ANY)
