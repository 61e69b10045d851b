#ifndef LAUNCHER_COMMAND_CONTROL_HPP
#define LAUNCHER_COMMAND_CONTROL_HPP

#include "launcher/engine.hpp"

#include <asio/posix/stream_descriptor.hpp>

#include <functional>
#include <string>

namespace launcher::command {

/// Commands for the engine while it runs, a line each, from a named pipe or standard input.
class control {
 public:
  /// @param complain  Told, in one printable line, of what cannot be done.
  control(engine& e, std::function<void(const std::string&)> complain);

  /// False, after a complaint, when it cannot be read.
  bool open(const std::string& name);
  void close();

 private:
  void read();
  void obey(const std::string& line);

  engine& engine_;
  std::function<void(const std::string&)> complain_;
  asio::posix::stream_descriptor from_;
  std::string text_;
};

}  // namespace launcher::command

#endif
