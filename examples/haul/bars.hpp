#ifndef HAUL_COMMAND_BARS_HPP
#define HAUL_COMMAND_BARS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace haul_command {

/// What is known of a download that runs, or of all of them.
struct transfer_view {
  std::string label;                   ///< printable
  std::string note;                    ///< printable; in place of the numbers, when there is one
  std::optional<double> done;          ///< 0 to 1, when it is known
  std::uint64_t downloaded = 0;        ///< bytes
  std::optional<std::uint64_t> total;  ///< bytes
  std::uint64_t speed = 0;             ///< bytes per second
  std::optional<std::chrono::seconds> time_left;
};

/// One line of exactly `columns` columns: label, bar, percent, size, speed, time left; what there
/// is no room for is left out, the bar first.
std::string bar_line(const transfer_view& t, std::size_t columns);

/// The numbers as text: "34% of 256 MiB, 21.5 MiB/s, 8 s left".
std::string progress_text(const transfer_view& t);

}  // namespace haul_command

#endif
