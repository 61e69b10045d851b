#ifndef HAUL_BATCH_MANAGER_HPP
#define HAUL_BATCH_MANAGER_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch/any_core.hpp>
#include <haul/batch/make_core.hpp>
#include <haul/batch/store_link.hpp>
#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/error.hpp>
#include <haul/event_sink.hpp>
#include <haul/session.hpp>
#include <haul/store/memory_store.hpp>
#include <haul/store/task_store.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace haul {

/// Downloads many files: batches that share one queue, a limit on what runs at once, and a store
/// that brings them back after a restart.
///
/// @code
/// haul::batch_manager manager{session, sink};
/// haul::submit_result told = co_await manager.submit(std::move(requests), options);
/// co_await manager.wait(told.batch);
/// @endcode
///
/// A file that is queued or running already, by its id or by its target, is not downloaded twice:
/// all batches that ask for it see its state. The failure of one file never stops the others.
///
/// The sink gets the events of all batches, in order and one at a time.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: all members but the destructor may be called from any
/// thread.
///
/// @par Lifetimes
/// Destroying the manager stops what is running; what the store holds is kept. Await `close()`
/// first to be sure that the store has everything.
template <event_sink Sink = null_sink, task_store Store = memory_store, class Session = session>
class batch_manager {
 public:
  /// @param in       What its downloads share. Its context must outlive the manager.
  /// @param sink     Takes the events of all batches.
  /// @param store    Where batches live beyond the manager.
  /// @param options  What holds for all batches.
  explicit batch_manager(Session& in, Sink sink = {}, Store store = {},
                         const manager_options& options = {})
      : core_(batch::make_core(in.core(), engine::erase_sink(std::move(sink)),
                               std::make_unique<batch::store_link_impl<Store>>(std::move(store)),
                               options)) {}
  /// @{
  /// The one that is moved from may only be destroyed or assigned to.
  batch_manager(batch_manager&&) noexcept = default;
  batch_manager& operator=(batch_manager&&) noexcept = default;
  /// @}
  ~batch_manager() {
    if (core_) core_->abandon();
  }

  /// Queues files. Completes as soon as it is known what becomes of each: at once, but for targets
  /// that exist and have to be hashed to know whether they are right.
  ///
  /// @par Per-Operation Cancellation
  /// None once it has begun: the batch is submitted, and `cancel` takes it back.
  ///
  /// @par Errors
  /// For the batch: invalid_argument (no files, or an option), batch_too_large, or the store's
  /// error. For a file: invalid_url, unsupported_scheme, invalid_argument, target_exists.
  awaitable<submit_result> submit(std::vector<download_request> files,
                                  const batch_options& options) {
    return core_->submit(std::move(files), options);
  }
  /// As above, with `batch_options{}`.
  awaitable<submit_result> submit(std::vector<download_request> files) {
    return submit(std::move(files), batch_options{});
  }
  /// A batch of one.
  awaitable<submit_result> submit(download_request file, const batch_options& options) {
    std::vector<download_request> one;
    one.push_back(std::move(file));
    return core_->submit(std::move(one), options);
  }
  /// A batch of one, with `batch_options{}`.
  awaitable<submit_result> submit(download_request file) {
    return submit(std::move(file), batch_options{});
  }

  /// Waits until every file of the batch is final and its events have been delivered, or the
  /// manager is closed; nothing when there is no such batch, or it has been forgotten meanwhile.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total: only the waiting ends.
  awaitable<std::optional<batch_status>> wait(std::string batch) {
    return core_->wait(std::move(batch), true);
  }
  /// As `wait`, without a row for each file: cheap for a large batch.
  ///
  /// @par Per-Operation Cancellation
  /// As `wait`.
  awaitable<std::optional<batch_status>> wait_counts(std::string batch) {
    return core_->wait(std::move(batch), false);
  }

  /// How the batch stands; nothing when there is no such batch.
  std::optional<batch_status> status(const std::string& batch) const {
    return core_->status(batch, true);
  }
  /// As `status`, without a row for each file: cheap for a large batch.
  std::optional<batch_status> counts(const std::string& batch) const {
    return core_->status(batch, false);
  }
  /// How one file stands, by its id.
  std::optional<file_status> file(const std::string& id) const { return core_->file(id); }
  /// All batches that can be asked for, in the order of their arrival.
  std::vector<std::string> batches() const { return core_->batches(); }

  // The following act at once and do not wait. On what is final they do nothing.

  /// Nothing of the batch is fetched until it is resumed. Connections are closed, the state on disk
  /// is kept.
  ///
  /// @returns  errc::no_such_batch, as all of the following that take the id of a batch or a file.
  std::error_code pause(const std::string& batch) { return core_->pause(batch); }
  /// Lets a paused batch go on.
  std::error_code resume(const std::string& batch) { return core_->resume(batch); }
  /// Ends all files of the batch that are not final, for all batches that they are in. Final:
  /// nothing turns a cancelled file into anything else. What was fetched of it is removed.
  std::error_code cancel(const std::string& batch) { return core_->cancel(batch); }
  /// As `pause`, for one file by its id, in all batches that it is in.
  std::error_code pause_file(const std::string& id) { return core_->pause_file(id); }
  /// As `resume`, for one file by its id.
  std::error_code resume_file(const std::string& id) { return core_->resume_file(id); }
  /// As `cancel`, for one file by its id.
  std::error_code cancel_file(const std::string& id) { return core_->cancel_file(id); }
  /// Files at once; capped by the manager's limit. Of no effect on a sequential batch.
  ///
  /// @returns  Also errc::invalid_argument, for 0.
  std::error_code set_max_concurrent(const std::string& batch, unsigned n) {
    return core_->set_max_concurrent(batch, n);
  }
  /// Bytes per second for the whole batch; 0 is none.
  std::error_code set_rate_limit(const std::string& batch, std::uint64_t bytes_per_second) {
    return core_->set_rate_limit(batch, bytes_per_second);
  }
  /// How often, and after which waits, the files of the batch are tried again; for those that are
  /// running from their next failure on.
  std::error_code set_retries(const std::string& batch, unsigned most,
                              std::chrono::milliseconds delay, std::chrono::milliseconds longest) {
    return core_->set_retries(batch, most, delay, longest);
  }
  /// Higher goes first among batches that wait; nothing that runs is interrupted.
  std::error_code set_priority(const std::string& batch, int priority) {
    return core_->set_priority(batch, priority);
  }

  /// Brings back what the store holds: finished batches can be asked for, unfinished ones go on
  /// from the journals of their files. To be awaited before anything is submitted.
  ///
  /// @returns  The store's error; then nothing has come back.
  ///
  /// @par Per-Operation Cancellation
  /// None once it has begun.
  awaitable<std::error_code> recover(recovery how = recovery::go_on) { return core_->recover(how); }
  /// Stops everything with its state kept, and completes when the store has it all and the sink has
  /// had its events.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal, partial and total: the waiting ends with `asio::error::operation_aborted`;
  /// everything is stopped all the same.
  awaitable<void> close() { return core_->close(); }
  /// The first error of the store, if it has failed.
  std::error_code store_error() const { return core_->store_error(); }

 private:
  std::shared_ptr<batch::any_core> core_;
};

}  // namespace haul

#endif
