#ifndef LAUNCHER_COMMAND_DISPLAY_HPP
#define LAUNCHER_COMMAND_DISPLAY_HPP

#include "haul/bars.hpp"
#include "launcher/events.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace launcher::command {

/// What the user sees on standard error: errors always, and how it goes as the mode says.
class display {
 public:
  enum class mode {
    quiet,  ///< errors only
    lines,  ///< a line for what is decided, and one now and then
    bars    ///< a bar for each game and one for all of them, drawn again in place
  };

  display(mode how, bool colour);

  void take(const event& e);

  /// How often `tick()` wants to be called.
  std::chrono::milliseconds interval() const;
  void tick(const overall_status& s);

  /// Nothing is drawn after it.
  void finish(bool interrupted);

  /// A printable line that is always shown.
  void error(const std::string& line);

 private:
  void on(const phase_changed&) {}
  void on(const plan_made& e);
  void on(const file_bad& e);
  void on(const file_fetched&) {}
  void on(const file_retrying& e);
  void on(const file_failed& e);
  void on(const priority_changed&) {}
  void on(const limit_changed& e);
  void on(const game_paused& e);
  void on(const game_started& e);
  void on(const game_ended& e);
  void on(const finished& e);

  void note(const std::string& line);
  void write_line(const std::string& line, bool is_error);
  std::string drawn_block();
  std::string erased_block() const;

  const mode mode_;
  const bool colour_;
  bool over_ = false;
  overall_status now_;
  std::size_t drawn_ = 0;  // lines of the block on the screen
};

/// How a game stands, as a bar shows it.
haul_command::transfer_view view_of(const game_status& g);
haul_command::transfer_view view_of(const overall_status& s);

}  // namespace launcher::command

#endif
