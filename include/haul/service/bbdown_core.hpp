#ifndef HAUL_SERVICE_BBDOWN_CORE_HPP
#define HAUL_SERVICE_BBDOWN_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/service/bbdown_options.hpp>
#include <haul/service/bbdown_plan.hpp>
#include <haul/service/bbdown_record.hpp>
#include <haul/service/bbdown_routes.hpp>
#include <haul/service/bbdown_task.hpp>
#include <haul/service/download_archive.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/message.hpp>
#include <haul/service/records.hpp>

#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::service::bbdown_detail {

inline std::string utf8_of(const std::filesystem::path& path) {
  const std::u8string text = path.generic_u8string();
  return {text.begin(), text.end()};
}
inline std::filesystem::path path_of(const std::string& text) {
  return std::filesystem::path{std::u8string{text.begin(), text.end()}};
}

/// Unix time.
inline std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What `bbdown` does. Kept alive by it and by the coroutine of every task.
///
/// All state is under one mutex, which is not held while a hook is called.
class bbdown_core : public std::enable_shared_from_this<bbdown_core> {
 public:
  bbdown_core(asio::any_io_executor executor, downloads& in, records& kept, bbdown_options options);

  void recover();
  response answer(const request& r);
  void stop();
  bool extended() const noexcept { return options_.extended; }

 private:
  using strand = asio::strand<asio::any_io_executor>;
  using attempt = bbdown_record::attempt;

  /// A task that has not ended. Its coroutine decides and acts by turns; see `drive`.
  struct job {
    job(bbdown_record r, const asio::any_io_executor& executor)
        : record(std::move(r)), at(asio::make_strand(executor)), timer(at) {}

    bbdown_record record;
    bbdown_plan plan;
    std::string key;  // of the record
    std::vector<std::filesystem::path> reserved;
    std::optional<std::chrono::steady_clock::time_point> not_before;  // of the next item
    std::size_t rounds = 0;  // submissions without progress
    bool started = false;
    strand at;
    asio::steady_timer timer;  // used on the strand only
  };
  using job_ptr = std::shared_ptr<job>;

  struct finished_task {
    bbdown_task task;
    std::string json;
    std::string key;
  };

  /// What the coroutine of a task is to do next.
  struct step {
    enum class kind { submit, wait, hold, finish, leave };
    kind what = kind::leave;
    std::vector<download_request> files;
    batch_options options{};
    std::string batch;
    std::chrono::steady_clock::time_point until{};
  };

  static awaitable<void> drive(std::shared_ptr<bbdown_core> self, job_ptr j);
  void start(const job_ptr& j);
  step next_step(job& j);
  void choose_items(job& j);
  step submission(job& j);
  void submitted(job& j, const submit_result& told);
  bool waited(job& j, const std::optional<batch_status>& s);
  void file_ended(job& j, const attempt& a, const file_status& f);
  static void again(job& j, attempt a, const std::filesystem::path& path, bool taken);
  static bbdown_record outline(const bbdown_record& r);
  static void fail(job& j, const std::string& why);
  void place(job& j, attempt& a) const;
  bool is_free(const job& j, const std::filesystem::path& path) const;
  bool is_own(const std::string& aid, const std::filesystem::path& path) const;
  void finish(const job_ptr& j);

  response add(const request& r);
  response list(bbdown_action which) const;
  response show(const std::string& id) const;
  response remove(bbdown_action which, const std::string& id);
  response control(bbdown_action what, const std::string& id);
  bool is_called(const bbdown_task& task, const std::string& id) const;
  bbdown_task live(const bbdown_record& r, std::size_t items) const;
  std::string json_of(const bbdown_task& task) const;
  void call(const std::vector<std::string>& hooks, const std::string& body) const;
  void save(const job& j);
  void keep(bbdown_task task);
  std::string next_key();
  static void wake(const job_ptr& j);
  job_ptr make_job(bbdown_record record);

  const asio::any_io_executor executor_;
  downloads& in_;
  records& kept_;
  const bbdown_options options_;
  const std::filesystem::path root_;  // without links
  download_archive archive_;

  mutable std::mutex mutex_;
  std::vector<job_ptr> running_;        // in the order of their arrival
  std::deque<finished_task> finished_;  // in the order of their end
  std::uint64_t last_key_ = 0;
  bool stopping_ = false;
};

}  // namespace haul::service::bbdown_detail

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown_core.ipp>
#include <haul/service/impl/bbdown_core_run.ipp>
#endif

#endif
