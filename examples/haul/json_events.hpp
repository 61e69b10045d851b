#ifndef HAUL_COMMAND_JSON_EVENTS_HPP
#define HAUL_COMMAND_JSON_EVENTS_HPP

#include <haul/event.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace haul_command {

/// Appends a JSON string with its quotes. What is not UTF-8 becomes U+FFFD; what is not to be
/// printed is escaped.
void append_json_string(std::string& out, std::string_view text);

/// An event as one line of JSON, with its line end. Everything about a task has its id, its number
/// and the number of all; sizes are bytes, and unknown ones null.
///
/// @param index  Of the task, from 1; not looked at for batches.
std::string json_line(const haul::event& e, std::size_t index, std::size_t total);

}  // namespace haul_command

#endif
