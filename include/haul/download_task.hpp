#ifndef HAUL_DOWNLOAD_TASK_HPP
#define HAUL_DOWNLOAD_TASK_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/engine/any_download.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/make_download.hpp>
#include <haul/error.hpp>
#include <haul/event_sink.hpp>
#include <haul/session.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace haul {

/// What a task looks like from outside at one moment.
using task_status = engine::download_status;

/// Downloads one file.
///
/// @code
/// haul::download_task task{session, haul::download_request{url, "game.pak"}, sink};
/// haul::download_result result = co_await task.run();
/// @endcode
///
/// The file appears at its path, by a rename, only when every byte of it is there and every check
/// has passed. Until then the bytes are in `NAME.haul` beside it, and `NAME.haul-journal` says
/// which; with them a later run goes on where this one was cut short, if the file on the server is
/// still the same.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: `pause`, `resume`, `stop`, `set_rate_limit` and `status`
/// may be called from any thread at any time; the rest must not be called at the same time.
///
/// @par Lifetimes
/// Destroying a task whose `run()` has not completed stops it; the state on disk is kept.
template <event_sink Sink = null_sink, class Session = session>
class download_task {
 public:
  /// Nothing happens before `run()`.
  download_task(Session& in, download_request request, Sink sink = {},
                const download_options& options = {})
      : download_(engine::make_download(in.core(), std::move(request), options,
                                        engine::erase_sink(std::move(sink)))) {}

  /// @{
  /// Must not be moved while `run()` is under way; the one that is moved from may only be destroyed
  /// or assigned to.
  download_task(download_task&&) noexcept = default;
  download_task& operator=(download_task&&) noexcept = default;
  /// @}
  ~download_task() {
    if (download_) download_->stop();
  }

  /// Runs the download to its end. To be called once.
  ///
  /// Does not throw for a failed download: the result says what went wrong. What the program itself
  /// throws, and `std::bad_alloc`, comes out; but not an exception of the sink, which ends the task
  /// with `errc::sink_failed`. Every event has been delivered when it completes.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, and what else the awaiting coroutine lets through: as `stop()`; `run()` completes
  /// with `errc::stopped`, and the state on disk is kept: a later run goes on from it.
  ///
  /// @par Errors
  /// Any of `errc`, and errors of the operating system as they are. `condition` tells what to do:
  /// `bad_request` for what cannot be used or stands in the way (before any request), `refused` for
  /// the server's no, `untrusted` for certificates, sizes and hashes, `retryable` when as many
  /// tries as allowed have failed, `local` for the disk.
  awaitable<download_result> run() { return download_->run(); }

  /// Lets the task stand still: within 20 ms nothing more is fetched, and its connections are
  /// closed.
  void pause() { download_->pause(); }
  /// Lets it go on.
  void resume() { download_->resume(); }
  /// Ends the task; `run()` completes with `errc::stopped`, and the state on disk is kept. Final.
  void stop() { download_->stop(); }
  /// Changes the limit of this task, in bytes per second; 0 is none.
  void set_rate_limit(std::uint64_t bytes_per_second) {
    download_->set_rate_limit(bytes_per_second);
  }
  /// How it stands now.
  task_status status() const { return download_->status(); }

 private:
  std::shared_ptr<engine::any_download> download_;
};

}  // namespace haul

#endif
