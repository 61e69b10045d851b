#ifndef HAUL_COMMAND_TERMINAL_HPP
#define HAUL_COMMAND_TERMINAL_HPP

#include <cstddef>
#include <string_view>
#include <system_error>

namespace haul_command {

struct terminal_size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Whether standard error is a terminal on which lines can be drawn again.
bool can_draw();

/// Whether the user wants colours where lines can be drawn (NO_COLOR).
bool wants_colour();

/// Of the terminal at standard error, as it is now; COLUMNS and LINES go before what it says.
terminal_size size_of_terminal();

/// Whether standard output and standard error are one terminal, so that they get into each other's
/// way.
bool output_is_terminal();

/// To be called first: from then on a write that fails says why, and does not end the program.
void prepare_output();

/// Writes to standard output, at once; why not, if it cannot.
std::error_code write_output(std::string_view text);

}  // namespace haul_command

#endif
