# Makes the single header, and a program of it in both standards, without a warning.
file(MAKE_DIRECTORY "${FOLDER}")
execute_process(COMMAND "${PYTHON}" "${SCRIPT}" "${FOLDER}/haul.hpp" COMMAND_ERROR_IS_FATAL ANY)
set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
execute_process(COMMAND "${CXX}" -std=c++23 -fsyntax-only ${warnings} -I${FOLDER} "${SOURCE}"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CXX}" -std=c++20 ${warnings} -I${FOLDER} "${SOURCE}"
    -o "${FOLDER}/program" -lboost_url -lssl -lcrypto -pthread
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${FOLDER}/program" COMMAND_ERROR_IS_FATAL ANY)
