#ifndef LAUNCHER_GAME_RUN_HPP
#define LAUNCHER_GAME_RUN_HPP

#include "check.hpp"
#include "game_process.hpp"
#include "record.hpp"
#include "shared.hpp"
#include <haul/download_task.hpp>
#include <haul/engine/speed_meter.hpp>
#include <haul/system/file.hpp>

#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace launcher {

/// One task of one game, from the lock on its folder to its outcome.
///
/// `run()` and the events stay on the engine's thread; what blocks is a job of the crew, and the
/// two never touch the members at the same time, since `run()` waits for each job. What others ask
/// for meanwhile is kept in atomics.
class game_run : public std::enable_shared_from_this<game_run> {
 public:
  game_run(shared_parts& shared, game_task task, std::size_t number);

  haul::awaitable<outcome> run();
  /// An event of a file of this game.
  void heard(std::size_t file, const haul::event& e);

  void set_priority(int priority);
  void pause(bool now);
  void stop();

  const game_task& task() const noexcept { return task_; }
  std::size_t number() const noexcept { return number_; }
  int priority() const noexcept { return task_.priority; }
  game_status status();
  /// Bytes that came over the network, for the speed of all games together.
  std::uint64_t received() const noexcept { return received_; }
  /// What is, or was, to be fetched.
  struct share {
    std::size_t files_done = 0;
    std::size_t files = 0;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes = 0;

    share& operator+=(const share& more) noexcept {
      files_done += more.files_done;
      files += more.files;
      bytes_done += more.bytes_done;
      bytes += more.bytes;
      return *this;
    }
  };
  share fetched() const noexcept { return share_; }

 private:
  using ended = std::optional<outcome>;
  using job = ended (game_run::*)();

  haul::awaitable<outcome> run_all();
  haul::awaitable<ended> on_crew(job j);
  haul::awaitable<ended> get_manifest();
  haul::awaitable<ended> fetch();
  haul::awaitable<outcome> play();
  void enter(phase p);

  // Jobs.
  ended open_folder();
  ended finish_what_was_begun();
  ended read_it();
  ended check();
  ended prepare();
  ended install();
  ended remove_all();

  ended take(const manifest_result& read);
  ended judge();
  ended make_requests();
  ended fail(const std::string& what) const;
  ended stopped() const;
  outcome conclude(outcome::kind k) const;
  void clean_stage();
  std::string missing_space(const std::filesystem::path& stage) const;
  commit_record swap_of_this() const;
  std::filesystem::path own(std::string_view name) const;
  std::filesystem::path staged(const finding& f) const;
  void tell(const event& e) const { shared_.tell(e); }
  void count(std::size_t file, std::uint64_t done, bool received);

  struct transfer {
    const finding* what = nullptr;
    std::uint64_t done = 0;
  };

  shared_parts& shared_;
  game_task task_;
  std::size_t number_;
  phase phase_ = phase::waiting;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  haul::system::file lock_;
  std::optional<install_record> before_;
  std::string source_;
  std::optional<std::vector<std::string>> asked_groups_;
  std::vector<std::string> groups_;
  std::filesystem::path manifest_path_;
  manifest what_;
  std::vector<finding> findings_;
  std::size_t files_ = 0;  // of the selection
  std::uint64_t bytes_ = 0;
  std::vector<std::string> obsolete_;
  std::vector<transfer> transfers_;
  std::vector<haul::download_request> requests_;
  std::vector<std::string> failures_;
  share share_;
  std::uint64_t received_ = 0;
  std::uint64_t bodies_ = 0;
  haul::engine::speed_meter speed_;
  std::unique_ptr<haul::download_task<>> manifest_task_;
  std::string batch_;
  bool paused_ = false;
  std::optional<asio::steady_timer> clock_;
  check_progress progress_;
};

}  // namespace launcher

#endif
