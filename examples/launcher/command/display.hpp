#ifndef LAUNCHER_COMMAND_DISPLAY_HPP
#define LAUNCHER_COMMAND_DISPLAY_HPP

#include "haul/bars.hpp"
#include "haul/screen.hpp"
#include "launcher/events.hpp"

#include <cstddef>
#include <vector>

namespace launcher::command {

/// The games, as the user sees them: a bar for each and one for all of them, and lines.
class display final : public haul_command::screen {
 public:
  display(mode how, bool colour);

  void take(const event& e);

  /// To be called once in each `interval()`.
  void tick(const overall_status& s);

  /// Nothing is drawn after it.
  void finish(bool interrupted);

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

  std::vector<haul_command::transfer_view> bars(std::size_t most) const override;

  bool over_ = false;
  overall_status now_;
};

}  // namespace launcher::command

#endif
