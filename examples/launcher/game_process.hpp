#ifndef LAUNCHER_GAME_PROCESS_HPP
#define LAUNCHER_GAME_PROCESS_HPP

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace launcher {

/// A game that runs. It has a process group of its own, so that what the terminal sends to the
/// launcher does not end it; it outlives this object.
class game_process {
 public:
  struct ending {
    int code = -1;  ///< -1: it did not exit by itself
    int signal = 0;
  };

  /// Starts it in its folder, with nothing to read from standard input.
  static game_process start(const std::filesystem::path& program,
                            const std::vector<std::string>& arguments,
                            const std::filesystem::path& folder, std::error_code& ec);

  long id() const noexcept { return id_; }
  /// How it has ended; nothing while it runs.
  std::optional<ending> poll();

 private:
  long id_ = -1;
};

}  // namespace launcher

#endif
