#ifndef HAUL_COMMAND_TEXT_HPP
#define HAUL_COMMAND_TEXT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace haul_command {

/// The next character of a text that may be anything; what is not UTF-8 counts as U+FFFD, byte by
/// byte. The text must not be empty.
char32_t take_character(std::string_view& text);

void append_utf8(std::string& out, char32_t c);

/// Whether a character would do something else to a terminal than to be seen: control characters,
/// line separators, changes of direction, and what has no width of its own.
bool is_unprintable(char32_t c);

/// The text with U+FFFD in place of each character that is not to be printed.
std::string printable(std::string_view text);

/// A URL as it may be printed: without credentials, also when it is none.
std::string printable_url(std::string_view text);

/// A path from UTF-8, as which the command takes all that it is told, on Windows too.
std::filesystem::path path_of(std::string_view text);

/// How many columns of a terminal a printable text takes.
std::size_t width_of(std::string_view text);

/// A printable text cut, or filled with spaces, to be `width` columns wide.
std::string fit(std::string_view text, std::size_t width);

/// As `fit`, with the spaces in front.
std::string fit_right(std::string_view text, std::size_t width);

std::string size_text(std::uint64_t bytes);              ///< "12.3 MiB"
std::string speed_text(std::uint64_t bytes_per_second);  ///< "12.3 MiB/s"
std::string duration_text(
    std::chrono::milliseconds lasted);                  ///< "0.5 s", "12 s", "2:05", "1:02:05"
std::string time_left_text(std::chrono::seconds left);  ///< the same without a fraction

/// `N[K|M|G]`, with units of 1024; nothing when it is none.
std::optional<std::uint64_t> parse_rate(std::string_view text);

}  // namespace haul_command

#endif
