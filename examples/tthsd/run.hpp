#ifndef TTHSD_RUN_HPP
#define TTHSD_RUN_HPP

#include "tthsd/arguments.hpp"
#include "tthsd/downloader.hpp"
#include "tthsd/mailbox.hpp"
#include "tthsd/narrator.hpp"
#include "tthsd/remote_link.hpp"
#include <haul/async/notifier.hpp>
#include <haul/batch_manager.hpp>
#include <haul/session.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tthsd {

/// One run of a downloader's tasks: a session and a batch of their own, the narrator between them
/// and the client, and the ways to the client.
///
/// @par Thread Safety
/// Safe.
class run : public std::enable_shared_from_this<run> {
 public:
  run(const asio::any_io_executor& executor, const order& o, const controls& c, bool parallel);

  /// Throws when there can be no thread for the callback; nothing has begun then.
  void start();
  void pause();
  void resume();
  void stop();
  void set_speed_limit(std::uint64_t bytes_per_second);
  void set_proxy(const std::string& url);
  void set_retries(unsigned most, std::chrono::milliseconds delay,
                   std::chrono::milliseconds longest);
  bool over() const;
  std::string stats() const;

 private:
  using clock = std::chrono::steady_clock;

  struct sink {
    std::weak_ptr<run> owner;
    void operator()(const haul::event& e) const {
      if (const auto r = owner.lock()) r->hear(e);
    }
  };

  struct engine {
    engine(const asio::any_io_executor& executor, const haul::session_options& o, sink s);
    haul::session session;
    haul::batch_manager<sink> manager;
  };
  using engine_ptr = std::shared_ptr<engine>;

  static haul::awaitable<void> drive(std::shared_ptr<run> self, engine_ptr e);
  static haul::awaitable<void> close(std::shared_ptr<run> self, engine_ptr e);
  void prepare(const order& o);
  void hear(const haul::event& e);
  void deliver(wire_event e);
  haul::batch_options options() const;
  bool submitted(const engine_ptr& e, const haul::submit_result& told);
  void tell_refused(const haul::submit_result& told);
  void finish();

  const asio::any_io_executor executor_;
  const bool parallel_;
  const unsigned connections_;
  const std::uint64_t piece_size_;
  const std::shared_ptr<mailbox> mailbox_;     // may be null
  const std::shared_ptr<remote_link> remote_;  // may be null
  std::vector<haul::download_request> requests_;
  std::vector<std::size_t> places_;  // of the requests among the tasks

  // Taken before mutex_, and held while the engine is told what to do: what is told last counts.
  mutable std::mutex control_;
  controls controls_;
  engine_ptr engine_;  // until the end
  std::string batch_;  // once it is known
  bool paused_ = false;
  bool stopping_ = false;

  haul::notifier done_;  // the batch is over, or closed
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::optional<narrator> narrator_;
  clock::time_point begun_ = clock::now();
  clock::time_point ended_{};
  bool over_ = false;
};

}  // namespace tthsd

#endif
