#ifndef LAUNCHER_COMMAND_JSON_LINES_HPP
#define LAUNCHER_COMMAND_JSON_LINES_HPP

#include "launcher/events.hpp"

#include <string>

namespace launcher::command {

/// An event as one line of JSON, with its line end.
std::string json_line(const event& e);

}  // namespace launcher::command

#endif
