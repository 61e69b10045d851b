#ifndef HAUL_TESTS_CLI_CLI_HPP
#define HAUL_TESTS_CLI_CLI_HPP

#include "support/child_process.hpp"
#include "support/nginx.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// The haul command, run as a user runs it.
namespace haul::test {

using arguments = std::vector<std::string>;

/// Where the command is.
std::string command_path();

/// Runs it to its end. One that hangs is killed, and its status says so.
run_result haul_run(arguments args, child_options how = plain_environment(),
                    std::chrono::milliseconds timeout = std::chrono::seconds(120));

/// Starts it.
child_process haul_start(arguments args, child_options how = plain_environment());

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

/// The only line of a text; empty when there are more or none.
std::string only_line(const std::string& text);

/// What the server has sent of bodies, by its log.
std::uint64_t body_bytes(const nginx& server);

bool contains(const std::string& text, const std::string& part);

}  // namespace haul::test

#endif
