#ifndef HAUL_COMMAND_SCREEN_HPP
#define HAUL_COMMAND_SCREEN_HPP

#include "bars.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace haul_command {

/// What the user sees on standard error: lines, and below them bars that are drawn again in place.
class screen {
 public:
  enum class mode {
    quiet,  ///< errors only
    lines,  ///< a line for what is decided, and one now and then
    bars    ///< the bars; lines move up
  };

  /// How often what is shown is to be brought up to date.
  std::chrono::milliseconds interval() const;

  /// A printable line that is always shown.
  void error(const std::string& line);

 protected:
  /// The name of the program stands before its lines where they are among those of others.
  screen(const char* program, mode how, bool colour);
  ~screen() = default;
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  mode how() const { return mode_; }
  /// A printable line, unless it is to be quiet.
  void note(const std::string& line);
  /// Draws the bars, where there are any.
  void redraw();

 private:
  /// What is to be drawn now, in `most` lines at the most.
  virtual std::vector<transfer_view> bars(std::size_t most) const = 0;

  void write_line(const std::string& line, bool is_error);
  std::string drawn_block();
  std::string erased_block() const;

  const std::string program_;
  const mode mode_;
  const bool colour_;
  std::size_t drawn_ = 0;  // lines of the block on the screen
};

/// Bars where they can be drawn, and no events of the same program tear them apart.
screen::mode choose_mode(bool quiet, bool json_events);

}  // namespace haul_command

#endif
