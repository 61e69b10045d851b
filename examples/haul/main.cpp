// The haul command: files from the command line or from a list, as downloads with haul.

#include "bystander.hpp"
#include "display.hpp"
#include "job_list.hpp"
#include "job_queue.hpp"
#include "json_events.hpp"
#include "options.hpp"
#include "screen.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

namespace haul_command {
namespace {

/// One run: everything that the program does once the command line is understood.
///
/// One thread runs it all, the disk's workers aside: it carries more than 1 GB/s, also of TLS, so
/// that the display and the queue need no locks.
class run {
 public:
  run(const command_options& options, const job_list& jobs)
      : options_(options),
        session_(io_.get_executor(), options.session.with_implicit_strand()),
        display_(choose_mode(options.quiet, options.json_events), wants_colour()),
        queue_(session_, jobs, options,
               [this](const haul::event& e, std::size_t index, std::size_t total) {
                 take(e, index, total);
               }) {}

  int execute() {
    beside_.start([this] { queue_.stop(); }, display_.interval(), [this] { display_.tick(); });
    queue_.start([this] { over(); });
    io_.run();
    const run_summary& s = queue_.summary();
    const bool all = s.completed == s.total;
    const bool resumable =
        options_.download.resume && options_.download.durability != haul::durability::none;
    display_.finish(s, beside_.interrupted() && !all, resumable);
    if (queue_.bug()) std::rethrow_exception(queue_.bug());
    if (output_broken_) return exit_failed;
    if (all) return exit_complete;
    return beside_.interrupted() ? exit_interrupted : exit_failed;
  }

 private:
  void take(const haul::event& e, std::size_t index, std::size_t total) {
    if (options_.json_events && !output_broken_) {
      if (const std::error_code why = write_output(json_line(e, index, total))) {
        // Who asked for events and cannot get them should know, and soon.
        output_broken_ = true;
        display_.error("standard output: writing events: " + why.message());
        queue_.stop();
      }
    }
    display_.take(e, index, total);
  }

  void over() {
    beside_.end();
    session_.close_idle_connections();
  }

  const command_options& options_;
  asio::io_context io_{1};
  haul::session session_;
  bystander beside_{io_};
  display display_;
  job_queue queue_;
  bool output_broken_ = false;
};

int main(int argc, const char* const* argv) {
  command_options options;
  if (const auto code = parse_options(argc, argv, options)) return *code;
  const job_list jobs{options};
  for (const std::string& line : jobs.problems()) std::fprintf(stderr, "haul: %s\n", line.c_str());
  if (!jobs.problems().empty()) return exit_usage;
  prepare_output();
  return run{options, jobs}.execute();
}

}  // namespace
}  // namespace haul_command

int main(int argc, char** argv) {
  try {
    return haul_command::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "haul: %s\n", haul_command::printable(e.what()).c_str());
  }
  return haul_command::exit_failed;
}
