#ifndef HAUL_BATCH_CORE_HPP
#define HAUL_BATCH_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/async/rate_limiter.hpp>
#include <haul/async/semaphore.hpp>
#include <haul/batch/any_core.hpp>
#include <haul/batch/probe.hpp>
#include <haul/batch/queue.hpp>
#include <haul/batch/store_link.hpp>
#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/engine/download.hpp>
#include <haul/engine/event_queue.hpp>
#include <haul/engine/paths.hpp>
#include <haul/engine/session_core.hpp>
#include <haul/error.hpp>
#include <haul/event.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/system_environment.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace haul::batch {

/// What `batch_manager` does, without the types of its sink and store.
///
/// All state is under one mutex. A download may report while it holds its own mutex, so nothing of
/// a download is called while this one is held.
///
/// Kept alive by the manager object and by every file that is running.
template <system::environment Environment>
class core : public any_core, public std::enable_shared_from_this<core<Environment>> {
 public:
  using session_ptr = std::shared_ptr<engine::session_core<Environment>>;

  core(session_ptr session, std::unique_ptr<engine::any_sink> sink,
       std::unique_ptr<store_link> store, const manager_options& options);
  ~core() override;

  awaitable<submit_result> submit(std::vector<download_request> requests,
                                  batch_options options) override;
  awaitable<std::error_code> recover(recovery how) override;
  awaitable<void> close() override;
  void abandon() override;
  awaitable<std::optional<batch_status>> wait(std::string id, bool with_files) override;

  std::optional<batch_status> status(const std::string& id, bool with_files) const override;
  std::optional<file_status> file(const std::string& id) const override;
  std::vector<std::string> batches() const override;

  std::error_code pause(const std::string& id) override;
  std::error_code resume(const std::string& id) override;
  std::error_code cancel(const std::string& id) override;
  std::error_code pause_file(const std::string& id) override;
  std::error_code resume_file(const std::string& id) override;
  std::error_code cancel_file(const std::string& id) override;
  std::error_code set_max_concurrent(const std::string& id, unsigned n) override;
  std::error_code set_rate_limit(const std::string& id, std::uint64_t bytes_per_second) override;
  std::error_code set_retries(const std::string& id, unsigned most, std::chrono::milliseconds delay,
                              std::chrono::milliseconds longest) override;
  std::error_code set_priority(const std::string& id, int priority) override;
  std::error_code store_error() const override { return store_->error(); }

 private:
  using clock = std::chrono::steady_clock;
  using download = engine::download<Environment>;
  using native_text = engine::native_text;
  struct batch;
  using batch_ptr = std::shared_ptr<batch>;
  using batch_queue = queue<batch>;

  /// A file, in one batch or in several.
  struct item {
    explicit item(download_request r) : request(std::move(r)) {}

    const native_text& native_target() const { return path.empty() ? request.native_path() : path; }
    std::filesystem::path target() const { return std::filesystem::path{native_target()}; }

    download_request request;
    native_text path;  // the target, once it is known
    std::uint64_t downloaded = 0;
    std::uint64_t total = 0;  // if `has_total`
    std::uint64_t speed = 0;
    std::error_code error;
    std::string message;
    std::vector<batch_ptr> batches;  // those that it is in; the first one runs it
    std::shared_ptr<download> running;
    semaphore::permit slots[2];  // of its batch and of all, while it downloads
    clock::time_point stored{};
    std::uint32_t index = 0;  // place in the first batch
    file_state state = file_state::pending;
    bool has_total = false;
    bool touched = false;  // an earlier run may have left a part file
    bool vacant = false;   // nothing was there when the file was queued
  };
  using item_ptr = std::shared_ptr<item>;

  struct batch {
    std::string id;
    batch_options options;
    std::vector<item_ptr> files;
    std::size_t next = 0;              // the first file that has never been looked at
    std::deque<item_ptr> again;        // files that were paused and may go on
    std::vector<std::uint32_t> order;  // of the files, when their priorities differ
    std::optional<semaphore> slots;
    rate_limiter limiter;
    typename batch_queue::place place;
    std::size_t counts[6] = {};  // files in each state
    std::vector<std::shared_ptr<notifier>> waiting;
    std::chrono::sys_seconds created{};
    std::optional<std::chrono::sys_seconds> finished;
    clock::time_point begun{};
    bool paused = false;
    bool announced = false;

    bool done() const noexcept { return counts[3] + counts[4] + counts[5] == files.size(); }
  };

  /// Passes the events of a file on, and keeps its row up to date.
  struct forwarder {
    std::weak_ptr<core> owner;
    std::weak_ptr<item> file;

    void operator()(event e) const {
      const auto c = owner.lock();
      const auto i = file.lock();
      if (c && i) c->heard(i, std::move(e));
    }
  };

  struct same_id {
    using is_transparent = void;
    std::size_t operator()(const std::string& s) const { return std::hash<std::string>{}(s); }
    std::size_t operator()(const item_ptr& i) const { return (*this)(i->request.id()); }
    bool operator()(const item_ptr& a, const item_ptr& b) const {
      return a->request.id() == b->request.id();
    }
    bool operator()(const std::string& a, const item_ptr& b) const { return a == b->request.id(); }
    bool operator()(const item_ptr& a, const std::string& b) const { return a->request.id() == b; }
  };
  struct same_path {
    using is_transparent = void;
    std::size_t operator()(const native_text& p) const { return std::hash<native_text>{}(p); }
    std::size_t operator()(const item_ptr& i) const { return (*this)(i->request.native_path()); }
    bool operator()(const item_ptr& a, const item_ptr& b) const {
      return a->request.native_path() == b->request.native_path();
    }
    bool operator()(const native_text& a, const item_ptr& b) const {
      return a == b->request.native_path();
    }
    bool operator()(const item_ptr& a, const native_text& b) const { return (*this)(b, a); }
  };

  struct start {
    item_ptr file;
    std::shared_ptr<download> fresh;  // to be run; null for a paused one that goes on
  };

  /// A file that was downloaded before.
  struct recorded_file {
    native_text path;
    std::uint64_t size = 0;
  };

  // impl/core_submit.ipp
  std::error_code check_options(std::size_t files, batch_options& options, std::string& why) const;
  std::vector<probe> probes_of(const std::vector<download_request>& requests) const;
  static bool replaces(const batch_options& o) noexcept {
    return o.force || o.download.overwrite || o.download.repair;
  }
  static void complete_published(Environment& environment, batch_record& b,
                                 std::vector<std::string>& completed);
  submitted_file admit(batch& b, const batch_ptr& self, download_request& request,
                       const probe& found);
  item_ptr known(const download_request& request) const;
  void make_known(const item_ptr& i);
  void enlist(batch& b, const batch_ptr& self, const item_ptr& i);
  batch_ptr make_batch(const std::string& id, const batch_options& options);
  void register_batch(const batch_ptr& b);
  void restore(const batch_record& record, recovery how,
               std::unordered_map<std::string, item_ptr>& made);
  std::shared_ptr<const batch_record> record_of(const batch& b) const;
  std::string fresh_id(const char* prefix, int digits);

  // impl/core_run.ipp
  void schedule();
  std::optional<start> pick();
  item_ptr next_file(batch& b);
  void begin(const start& s);
  void heard(const item_ptr& i, event&& e);
  void ended(const item_ptr& i, const download_result& r);
  void set_state(const item_ptr& i, file_state s);
  void finish_batches(const item_ptr& i);
  batch_finished end_of(const batch& b) const;
  void forget_old();
  void forget(const batch_ptr& b);
  void remember(const item& i);
  void store_file(const item& i);
  bool pause_item(const item_ptr& i);
  void requeue(const item_ptr& i);
  void cancel_item(const item_ptr& i);
  void apply(const item_ptr& i);
  std::shared_ptr<download> make_download(const item_ptr& i);
  static native_text record_key(const download_request& r);
  file_status describe(const item& i) const;
  batch_status summary(const batch& b) const;
  batch_ptr find(const std::string& id) const;
  item_ptr find_file(const std::string& id) const;
  bool idle() const;
  void wake_all();
  std::vector<std::shared_ptr<download>> shut();

  const session_ptr session_;
  const std::unique_ptr<store_link> store_;
  const manager_options options_;
  const std::shared_ptr<engine::event_queue> events_;
  semaphore slots_;
  notifier idle_;

  std::mutex control_;  // taken before mutex_: see apply()
  mutable std::mutex mutex_;
  std::unordered_map<std::string, batch_ptr> batches_;
  std::deque<batch_ptr> finished_;  // oldest first
  batch_queue waiting_;
  std::unordered_set<item_ptr, same_id, same_id> files_;        // that can be asked for
  std::unordered_set<item_ptr, same_path, same_path> by_path_;  // not final, and with a target
  std::unordered_map<native_text, recorded_file> recorded_;  // what was downloaded, by record_key
  std::size_t running_ = 0;
  bool closing_ = false;
  bool closed_ = false;  // and nobody who waits for a batch is woken any more
};

}  // namespace haul::batch

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/batch/impl/core_run.ipp>
#include <haul/batch/impl/core_submit.ipp>
#else
namespace haul::batch {
extern template class core<system::system_environment>;
}
#endif

#endif
