// The haul command: files from the command line or from a list, as downloads with haul.

#include "display.hpp"
#include "job_list.hpp"
#include "job_queue.hpp"
#include "json_events.hpp"
#include "options.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>

#ifdef _WIN32
#include <haul/system/windows.hpp>

#include <fcntl.h>
#include <io.h>
#endif

namespace haul_command {
namespace {

display::mode choose_mode(const command_options& o) {
  if (o.quiet) return display::mode::quiet;
  // Events on the same screen would tear the bars apart.
  const bool alone = !o.json_events || !output_is_terminal();
  return can_draw() && alone ? display::mode::bars : display::mode::lines;
}

/// One run: everything that the program does once the command line is understood.
///
/// One thread runs it all, the disk's workers aside: it carries more than 1 GB/s, also of TLS, so
/// that the display and the queue need no locks.
class run {
 public:
  run(const command_options& options, const job_list& jobs)
      : options_(options),
        session_(io_.get_executor(), options.session),
        display_(choose_mode(options), wants_colour()),
        queue_(session_, jobs, options,
               [this](const haul::event& e, std::size_t index, std::size_t total) {
                 take(e, index, total);
               }) {}

  int execute() {
    wait_for_signal();
    keep_ticking();
    queue_.start([this] { over(); });
    io_.run();
    const run_summary& s = queue_.summary();
    const bool all = s.completed == s.total;
    const bool resumable =
        options_.download.resume && options_.download.durability != haul::durability::none;
    display_.finish(s, interrupted_ && !all, resumable);
    if (queue_.bug()) std::rethrow_exception(queue_.bug());
    if (output_broken_) return exit_failed;
    if (all) return exit_complete;
    return interrupted_ ? exit_interrupted : exit_failed;
  }

 private:
  void take(const haul::event& e, std::size_t index, std::size_t total) {
    if (options_.json_events && !output_broken_) {
      const std::string line = json_line(e, index, total);
      const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                           std::fflush(stdout) == 0;
      if (!written) {
        // Who asked for events and cannot get them should know, and soon.
        const std::error_code why{errno, std::generic_category()};
        output_broken_ = true;
        display_.error("standard output: writing events: " + why.message());
        queue_.stop();
      }
    }
    display_.take(e, index, total);
  }

  void wait_for_signal() {
    signals_.async_wait([this](const std::error_code& ec, int) {
      if (ec) return;
      interrupted_ = true;
      // The next one ends the program at once, whatever it is doing.
      signals_.clear();
      for (const int s : {SIGINT, SIGTERM}) std::signal(s, [](int) { std::_Exit(130); });
      queue_.stop();
    });
  }

  void keep_ticking() {
    clock_.expires_after(display_.interval());
    clock_.async_wait([this](const std::error_code& ec) {
      // What has expired already cannot be cancelled.
      if (ec || over_) return;
      display_.tick();
      keep_ticking();
    });
  }

  void over() {
    over_ = true;
    signals_.cancel();
    clock_.cancel();
    session_.close_idle_connections();
  }

  const command_options& options_;
  asio::io_context io_{1};
  haul::session session_;
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer clock_{io_};
  display display_;
  job_queue queue_;
  bool interrupted_ = false;
  bool output_broken_ = false;
  bool over_ = false;
};

int main(int argc, const char* const* argv) {
  command_options options;
  if (const auto code = parse_options(argc, argv, options)) return *code;
  const job_list jobs{options};
  for (const std::string& line : jobs.problems()) std::fprintf(stderr, "haul: %s\n", line.c_str());
  if (!jobs.problems().empty()) return exit_usage;
#ifdef _WIN32
  // All text here is in UTF-8 (see haul.manifest), and lines end as on every other system.
  ::SetConsoleOutputCP(CP_UTF8);
  ::_setmode(::_fileno(stdout), _O_BINARY);
#else
  // As errors of the write that is to blame, they can be told.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
#endif
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
