#ifndef HAUL_SERVICE_EVENT_FEED_HPP
#define HAUL_SERVICE_EVENT_FEED_HPP

#include <haul/config.hpp>

#include <haul/batch_status.hpp>
#include <haul/event.hpp>
#include <haul/service/downloads.hpp>

#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace haul::service {

/// What a page is told of one file: `id`, `name`, `url`, `path` (below the root, when it is known),
/// `state`, `percent`, `downloaded`, `total` (or null), `speed`, `left` (seconds, or null),
/// `error`.
HAUL_DECL boost::json::object row_of(const file_status& file, const std::filesystem::path& root);

/// Tells readers how downloads stand, as server-sent events, without ever keeping more than the ids
/// of what has changed: a reader that is slow sees the latest state of each file when it comes
/// back, and when too much has changed meanwhile, all of it anew.
///
/// A reader is sent `snapshot` first, `{"files":[row...],"cut":bool}` with the newest file first,
/// and then `files`, `[row...]`, whenever some have changed.
///
/// Copies are one feed, so that one can be the sink of a `batch_manager` and another stay with the
/// server. It is of use once it has been told whom to ask, by `attach`.
///
/// @par Thread Safety
/// All members may be called from any thread.
class event_feed {
 public:
  /// All batches that can be asked for, the newest last.
  using list_batches = std::function<std::vector<std::string>()>;

  struct limits {
    std::size_t rows = 2000;     ///< in a snapshot
    std::size_t changes = 4096;  ///< that one reader may have before it gets a snapshot instead
    std::size_t readers = 128;
  };

  class reader;

  HAUL_DECL explicit event_feed(std::filesystem::path root);
  HAUL_DECL event_feed(std::filesystem::path root, limits most);

  /// Until it is detached, `all` is asked. It must outlive that.
  HAUL_DECL void attach(const downloads& all, list_batches batches);
  HAUL_DECL void detach();

  HAUL_DECL void operator()(const event& e) const;
  HAUL_DECL void file_changed(const std::string& id) const;
  HAUL_DECL void batch_changed(const std::string& id) const;

  /// A new reader; nothing when there are as many as may be.
  HAUL_DECL std::shared_ptr<reader> open() const;

  /// The rows of a snapshot, as JSON text.
  HAUL_DECL std::string snapshot() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

/// One client of a feed; it is forgotten when the last pointer to it goes.
class event_feed::reader {
 public:
  explicit reader(std::shared_ptr<state> feed) : feed_(std::move(feed)) {}

  /// What has come since the last call, as complete server-sent events; empty when nothing has.
  /// To be called a few times a second: whatever has happened to a file in between is one row.
  HAUL_DECL std::string take();

 private:
  friend class event_feed;
  friend struct event_feed::state;

  const std::shared_ptr<state> feed_;
  // Guarded by the feed's mutex.
  std::unordered_map<std::string, bool> changed_;  // and whether the file is about to be final
  bool whole_ = true;                              // a snapshot is due
};

/// Passes everything on, and tells a feed of what no event is sent for: what waits, or is ended
/// before it has begun.
class watched_downloads final : public downloads {
 public:
  watched_downloads(downloads& to, event_feed feed) : to_(to), feed_(std::move(feed)) {}

  awaitable<submit_result> submit(std::vector<download_request> files,
                                  const batch_options& options) override {
    return submit_and_tell(to_, feed_, std::move(files), options);
  }
  awaitable<std::optional<batch_status>> wait(std::string batch) override {
    return to_.wait(std::move(batch));
  }
  std::optional<batch_status> status(const std::string& batch) const override {
    return to_.status(batch);
  }
  std::optional<batch_status> counts(const std::string& batch) const override {
    return to_.counts(batch);
  }
  std::optional<file_status> file(const std::string& id) const override { return to_.file(id); }
  std::error_code pause(const std::string& b) override { return tell_batch(b, to_.pause(b)); }
  std::error_code resume(const std::string& b) override { return tell_batch(b, to_.resume(b)); }
  std::error_code cancel(const std::string& b) override { return tell_batch(b, to_.cancel(b)); }
  std::error_code pause_file(const std::string& f) override {
    return tell_file(f, to_.pause_file(f));
  }
  std::error_code resume_file(const std::string& f) override {
    return tell_file(f, to_.resume_file(f));
  }
  std::error_code cancel_file(const std::string& f) override {
    return tell_file(f, to_.cancel_file(f));
  }

 private:
  static awaitable<submit_result> submit_and_tell(downloads& to, event_feed feed,
                                                  std::vector<download_request> files,
                                                  batch_options options) {
    submit_result told = co_await to.submit(std::move(files), options);
    if (!told.batch.empty()) feed.batch_changed(told.batch);
    co_return std::move(told);
  }
  std::error_code tell_batch(const std::string& id, std::error_code ec) const {
    feed_.batch_changed(id);
    return ec;
  }
  std::error_code tell_file(const std::string& id, std::error_code ec) const {
    feed_.file_changed(id);
    return ec;
  }

  downloads& to_;
  event_feed feed_;
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/event_feed.ipp>
#endif

#endif
