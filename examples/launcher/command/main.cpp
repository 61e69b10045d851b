// The launcher command: a terminal around the launcher's engine.

#include "control.hpp"
#include "display.hpp"
#include "haul/terminal.hpp"
#include "haul/text.hpp"
#include "json_lines.hpp"
#include "launcher/engine.hpp"
#include "launcher/make_manifest.hpp"
#include "options.hpp"

#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <system_error>
#include <thread>

namespace launcher::command {
namespace {

display::mode choose_mode(const command_options& o) {
  if (o.quiet) return display::mode::quiet;
  // Events on the same screen would tear the bars apart.
  const bool alone = !o.json_events || !haul_command::output_is_terminal();
  return haul_command::can_draw() && alone ? display::mode::bars : display::mode::lines;
}

class run {
 public:
  explicit run(const command_options& options)
      : options_(options),
        display_(choose_mode(options), haul_command::wants_colour()),
        engine_(options.engine, [this](const event& e) { take(e); }),
        control_(engine_, [this](const std::string& line) { display_.error(line); }),
        signals_(engine_.context(), SIGINT, SIGTERM),
        clock_(engine_.context()) {}

  int execute() {
    if (!options_.control.empty() && !control_.open(options_.control)) return exit_usage;
    wait_for_signal();
    keep_ticking();
    for (const game_task& t : options_.tasks) engine_.add(t);
    engine_.run();
    display_.finish(interrupted_ && stopped_ > 0);
    if (output_broken_ || failed_ > 0) return exit_failed;
    if (stopped_ > 0) return exit_interrupted;
    return damaged_ > 0 ? exit_damaged : exit_done;
  }

 private:
  void take(const event& e) {
    if (options_.json_events && !output_broken_) {
      const std::string line = json_line(e);
      const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                           std::fflush(stdout) == 0;
      if (!written) {
        // Who asked for events and cannot get them should know, and soon.
        const std::error_code why{errno, std::generic_category()};
        output_broken_ = true;
        display_.error("standard output: writing events: " + why.message());
        engine_.stop();
      }
    }
    display_.take(e);
    const auto* over = std::get_if<finished>(&e);
    if (!over) return;
    failed_ += over->result.what == outcome::kind::failed;
    damaged_ += over->result.what == outcome::kind::damaged;
    stopped_ += over->result.what == outcome::kind::stopped;
    if (++finished_ == options_.tasks.size()) end();
  }

  void wait_for_signal() {
    signals_.async_wait([this](const std::error_code& ec, int) {
      if (ec) return;
      interrupted_ = true;
      // The next one ends the program at once, whatever it is doing.
      signals_.clear();
      for (const int s : {SIGINT, SIGTERM}) std::signal(s, [](int) { std::_Exit(130); });
      engine_.stop();
    });
  }

  void keep_ticking() {
    clock_.expires_after(display_.interval());
    clock_.async_wait([this](const std::error_code& ec) {
      // What has expired already cannot be cancelled.
      if (ec || over_) return;
      display_.tick(engine_.status());
      keep_ticking();
    });
  }

  void end() {
    over_ = true;
    signals_.cancel();
    clock_.cancel();
    control_.close();
  }

  const command_options& options_;
  display display_;
  engine engine_;
  control control_;
  asio::signal_set signals_;
  asio::steady_timer clock_;
  std::size_t finished_ = 0;
  std::size_t failed_ = 0;
  std::size_t damaged_ = 0;
  std::size_t stopped_ = 0;
  bool interrupted_ = false;
  bool output_broken_ = false;
  bool over_ = false;
};

int write_manifest(const command_options& o) {
  crew hands{std::clamp(std::thread::hardware_concurrency(), 1u, 8u)};
  const manifest_result made = make_manifest(o.order, hands);
  if (!made.problem.empty()) {
    std::fprintf(stderr, "launcher: %s\n", haul_command::printable(made.problem).c_str());
    return exit_failed;
  }
  const std::string text = manifest_text(made.value);
  std::FILE* const to = o.output.empty() ? stdout : std::fopen(o.output.c_str(), "wb");
  bool written =
      to && std::fwrite(text.data(), 1, text.size(), to) == text.size() && std::fflush(to) == 0;
  const std::error_code why{errno, std::generic_category()};
  if (to && to != stdout) written = std::fclose(to) == 0 && written;
  if (written) return exit_done;
  const std::string name = o.output.empty() ? "standard output" : o.output.string();
  std::fprintf(stderr, "launcher: %s: %s\n", haul_command::printable(name).c_str(),
               why.message().c_str());
  return exit_failed;
}

int main(int argc, const char* const* argv) {
  command_options options;
  if (const auto code = parse_options(argc, argv, options)) return *code;
  // As errors of the write that is to blame, they can be told.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return options.makes_manifest ? write_manifest(options) : run{options}.execute();
}

}  // namespace
}  // namespace launcher::command

int main(int argc, char** argv) {
  try {
    return launcher::command::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "launcher: %s\n", haul_command::printable(e.what()).c_str());
  }
  return launcher::command::exit_failed;
}
