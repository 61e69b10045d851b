// The launcher command: a terminal around the launcher's engine.

#include "control.hpp"
#include "display.hpp"
#include "haul/bystander.hpp"
#include "haul/screen.hpp"
#include "haul/terminal.hpp"
#include "haul/text.hpp"
#include "json_lines.hpp"
#include "launcher/engine.hpp"
#include "launcher/make_manifest.hpp"
#include "options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <thread>

namespace launcher::command {
namespace {

class run {
 public:
  explicit run(const command_options& options)
      : options_(options),
        display_(haul_command::choose_mode(options.quiet, options.json_events),
                 haul_command::wants_colour()),
        engine_(options.engine, [this](const event& e) { take(e); }),
        control_(engine_, [this](const std::string& line) { display_.error(line); }),
        beside_(engine_.context()) {}

  int execute() {
    if (!options_.control.empty() && !control_.open(options_.control)) return exit_usage;
    beside_.start([this] { engine_.stop(); }, display_.interval(),
                  [this] { display_.tick(engine_.status()); });
    for (const game_task& t : options_.tasks) engine_.add(t);
    engine_.run();
    display_.finish(beside_.interrupted() && stopped_ > 0);
    if (output_broken_ || failed_ > 0) return exit_failed;
    if (stopped_ > 0) return exit_interrupted;
    return damaged_ > 0 ? exit_damaged : exit_done;
  }

 private:
  void take(const event& e) {
    if (options_.json_events && !output_broken_) {
      if (const std::error_code why = haul_command::write_output(json_line(e))) {
        // Who asked for events and cannot get them should know, and soon.
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

  void end() {
    beside_.end();
    control_.close();
  }

  const command_options& options_;
  display display_;
  engine engine_;
  control control_;
  haul_command::bystander beside_;
  std::size_t finished_ = 0;
  std::size_t failed_ = 0;
  std::size_t damaged_ = 0;
  std::size_t stopped_ = 0;
  bool output_broken_ = false;
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
  haul_command::prepare_output();
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
