#ifndef HAUL_TESTS_HAULD_RIG_HPP
#define HAUL_TESTS_HAULD_RIG_HPP

#include "support/child_process.hpp"
#include "support/temp_dir.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The real hauld, and a client that sends exactly what it is told to.
namespace haul::test {

struct raw_reply {
  int status = 0;     ///< 0: no reply came
  std::string head;   ///< with the empty line
  std::string body;   ///< without its transfer coding
  bool whole = true;  ///< the body has come to its end

  std::optional<std::string> field(std::string_view name) const;
};

/// A connection to a port of 127.0.0.1. Nothing in it waits longer than its patience.
class wire {
 public:
  explicit wire(std::uint16_t port, std::chrono::seconds patience = std::chrono::seconds(60));
  ~wire();
  wire(wire&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), kept_(std::move(other.kept_)) {}
  wire& operator=(wire&&) = delete;

  /// False when the peer has closed.
  bool send(std::string_view bytes);
  /// One reply; `head` says that it has no body.
  raw_reply receive(bool head = false);
  /// What has come until this text has; all of it when it does not come.
  std::string receive_until(std::string_view text);
  /// Waits for the peer to close; what came before is dropped.
  bool closed_by_peer();

 private:
  bool more();

  int socket_ = -1;
  std::string kept_;
};

/// Where the server's program is.
std::string hauld_command();

/// A server that runs, with folders of its own. The destructor kills it.
class hauld_run {
 public:
  /// @param more  Options beside --listen, --root and --db.
  explicit hauld_run(std::vector<std::string> more = {}, std::string listen = "http://127.0.0.1:0");

  std::uint16_t port() const noexcept { return port_; }
  const std::filesystem::path& root() const noexcept { return root_; }
  const temp_dir& folder() const noexcept { return *folder_; }
  child_process& process() { return *process_; }

  /// As `kill -9` does it.
  void kill();
  /// Again, with the same folders; on another port.
  void start(std::vector<std::string> more = {}, std::string listen = "http://127.0.0.1:0");

  /// A request of its own connection. `fields` with their line ends; Host is added.
  raw_reply ask(std::string_view method, std::string_view target, std::string_view fields = {},
                std::string_view body = {}) const;
  raw_reply get(std::string_view target) const { return ask("GET", target); }
  raw_reply post_json(std::string_view target, std::string_view body) const {
    return ask("POST", target, "Content-Type: application/json\r\n", body);
  }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

  /// The row of the panel for the only file with this name; null when there is none.
  boost::json::value row(std::string_view name) const;
  /// Waits until the file is in this state.
  bool wait_for_state(std::string_view name, std::string_view state,
                      std::chrono::seconds patience = std::chrono::seconds(60)) const;

 private:
  std::unique_ptr<temp_dir> folder_ = std::make_unique<temp_dir>();
  std::filesystem::path root_;
  std::optional<child_process> process_;
  std::uint16_t port_ = 0;
};

/// The text of a field of a row; empty when it is none.
std::string text_in(const boost::json::value& row, std::string_view key);

}  // namespace haul::test

#endif
