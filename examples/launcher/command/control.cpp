#include "control.hpp"

#include "haul/text.hpp"

#include <asio/buffer.hpp>
#include <asio/read_until.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <sstream>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace launcher::command {
namespace {

constexpr std::size_t longest_line = 4096;

}  // namespace

control::control(engine& e, std::function<void(const std::string&)> complain)
    : engine_(e), complain_(std::move(complain)), from_(e.context()) {}

bool control::open(const std::string& name) {
  // For writing too: a pipe then stays open when those who write come and go.
  const int fd =
      name == "-" ? ::dup(STDIN_FILENO) : ::open(name.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  std::error_code ec;
  if (fd < 0) ec.assign(errno, std::generic_category());
  if (!ec) from_.assign(fd, ec);
  if (ec) {
    complain_("--control: '" + haul_command::printable(name) + "': " + ec.message());
    return false;
  }
  read();
  return true;
}

void control::close() {
  std::error_code ignored;
  from_.close(ignored);
}

void control::read() {
  asio::async_read_until(from_, asio::dynamic_buffer(text_, longest_line), '\n',
                         [this](const std::error_code& ec, std::size_t n) {
                           // Its end is no reason to end anything else.
                           if (ec) return;
                           const std::string line = text_.substr(0, n - 1);
                           text_.erase(0, n);
                           obey(line);
                           if (from_.is_open()) read();
                         });
}

void control::obey(const std::string& line) {
  std::istringstream words{line};
  std::string verb;
  std::string game;
  words >> verb;
  if (verb.empty()) return;
  const auto rate = [&words] {
    std::string text;
    words >> text;
    return haul_command::parse_rate(text);
  };
  bool understood = true;
  if (verb == "stop") {
    engine_.stop();
  } else if (verb == "limit" || verb == "playing-limit") {
    const auto n = rate();
    understood = n.has_value();
    if (n && verb == "limit") engine_.set_limit(*n);
    if (n && verb == "playing-limit") engine_.set_playing_limit(*n);
  } else if (verb == "priority") {
    int n = 0;
    understood = static_cast<bool>(words >> game >> n);
    if (understood) engine_.set_priority(game, n);
  } else {
    understood = static_cast<bool>(words >> game);
    if (understood && verb == "first") {
      engine_.play_first(game);
    } else if (understood && verb == "pause") {
      engine_.pause(game);
    } else if (understood && verb == "resume") {
      engine_.resume(game);
    } else {
      understood = false;
    }
  }
  if (!understood) complain_("--control: '" + haul_command::printable(line) + "' is no command");
}

}  // namespace launcher::command
