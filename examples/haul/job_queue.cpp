#include "job_queue.hpp"

#include <haul/engine/task_info.hpp>
#include <haul/http/grammar.hpp>
#include <haul/store/sqlite_store.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/co_spawn.hpp>

#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace haul_command {
namespace {

haul::manager_options everything(const command_options& o) {
  haul::manager_options m;
  m.max_files = std::numeric_limits<std::size_t>::max();
  m.max_concurrent = m.max_active = o.jobs;
  return m;
}

}  // namespace

class job_queue::manager {
 public:
  virtual ~manager() = default;
  virtual haul::awaitable<haul::submit_result> submit(std::vector<haul::download_request> files,
                                                      const haul::batch_options& o) = 0;
  virtual haul::awaitable<std::optional<haul::batch_status>> wait(std::string id) = 0;  // no rows
  virtual haul::awaitable<std::error_code> recover(haul::recovery how) = 0;
  virtual haul::awaitable<void> close() = 0;
  virtual std::vector<std::string> batches() const = 0;
  virtual std::optional<haul::batch_status> status(const std::string& id) const = 0;
};

template <class Store>
class job_queue::manager_of final : public manager {
 public:
  manager_of(haul::session& s, sink to, Store store, const haul::manager_options& o)
      : manager_(s, to, std::move(store), o) {}

  haul::awaitable<haul::submit_result> submit(std::vector<haul::download_request> files,
                                              const haul::batch_options& o) override {
    return manager_.submit(std::move(files), o);
  }
  haul::awaitable<std::optional<haul::batch_status>> wait(std::string id) override {
    return manager_.wait_counts(std::move(id));
  }
  haul::awaitable<std::error_code> recover(haul::recovery how) override {
    return manager_.recover(how);
  }
  haul::awaitable<void> close() override { return manager_.close(); }
  std::vector<std::string> batches() const override { return manager_.batches(); }
  std::optional<haul::batch_status> status(const std::string& id) const override {
    return manager_.status(id);
  }

 private:
  haul::batch_manager<sink, Store> manager_;
};

job_queue::job_queue(haul::session& session, const job_list& jobs, const command_options& options,
                     observer tell)
    : session_(session),
      jobs_(jobs),
      options_(options),
      tell_(std::move(tell)),
      manager_([&]() -> std::unique_ptr<manager> {
        if (options.database.empty()) {
          return std::make_unique<manager_of<haul::memory_store>>(
              session, sink{this}, haul::memory_store{}, everything(options));
        }
        return std::make_unique<manager_of<haul::sqlite_store>>(
            session, sink{this}, haul::sqlite_store{options.database}, everything(options));
      }()) {
  summary_.total = jobs.size();
  // In a database, the files of one run must not be taken for those of another.
  if (!options.database.empty()) {
    prefix_ = std::to_string(session.environment().random()) + '-';
  }
}

job_queue::~job_queue() = default;

void job_queue::start(std::function<void()> over) {
  over_ = std::move(over);
  asio::co_spawn(session_.get_executor(), run(), [this](std::exception_ptr bug) { end(bug); });
}

void job_queue::stop() {
  if (std::exchange(stopped_, true)) return;
  asio::co_spawn(session_.get_executor(), close(), [this](std::exception_ptr bug) { end(bug); });
}

haul::awaitable<void> job_queue::run() {
  if (options_.resume_all) {
    co_await run_stored();
  } else {
    co_await run_list();
  }
  // The database should have it all before the program ends.
  if (!stopped_) co_await manager_->close();
}

/// The downloads of the command line and of the list, as one batch. What the database has
/// unfinished stays as it is; what it has finished is known.
haul::awaitable<void> job_queue::run_list() {
  const std::error_code ec = co_await manager_->recover(haul::recovery::hold);
  if (ec) throw std::system_error{ec, options_.database.string()};
  std::vector<haul::download_request> files;
  files.reserve(jobs_.size());
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    files.push_back(jobs_.request(i));
    files.back().id(id_of(i));
  }
  haul::batch_options o;
  o.max_concurrent = options_.jobs;
  o.download = options_.download;
  haul::submit_result told = co_await manager_->submit(std::move(files), o);
  if (told.error) throw std::system_error{told.error, told.message};
  for (std::size_t i = 0; i < told.files.size(); ++i) {
    // What an earlier run has left unfinished goes on under its own id.
    if (told.files[i].id != id_of(i)) places_.emplace(told.files[i].id, i + 1);
    settle(i, told.files[i]);
  }
  std::vector<haul::submitted_file>{}.swap(told.files);
  if (!told.batch.empty()) co_await manager_->wait(told.batch);
}

/// What an earlier run has left in the database.
haul::awaitable<void> job_queue::run_stored() {
  const std::error_code ec = co_await manager_->recover(haul::recovery::go_on);
  if (ec) throw std::system_error{ec, options_.database.string()};
  std::vector<std::string> unfinished;
  for (const std::string& id : manager_->batches()) {
    const auto s = manager_->status(id);
    if (!s) continue;
    std::size_t left = 0;
    for (const haul::file_status& f : s->files) {
      if (is_final(f.state)) continue;
      ++left;
      places_.emplace(f.id, ++summary_.total);
    }
    if (left > 0) unfinished.push_back(id);
  }
  for (const std::string& id : unfinished) co_await manager_->wait(id);
}

/// A file that does not go into the batch is over at once.
void job_queue::settle(std::size_t index, const haul::submitted_file& f) {
  if (f.what == haul::submitted_file::outcome::started) return;
  haul::download_request request = jobs_.request(index);
  request.id(f.id);
  const haul::task_ref task = haul::engine::describe(request, 0, index + 1, summary_.total);
  haul::download_result r;
  r.error = f.error;
  r.url = task->url;
  r.path = request.path();
  if (f.error == haul::errc::target_exists) r.detail = request.path().string();
  const bool failed = static_cast<bool>(r.error);
  take(haul::task_started{task});
  if (failed) take(haul::failed{task, r});
  take(haul::task_finished{task, r});
}

void job_queue::take(const haul::event& e) {
  std::size_t index = 0;
  if (const haul::task_info* task = haul::engine::task_of(e)) {
    index = place_of(task->id);
  }
  if (const auto* over = std::get_if<haul::task_finished>(&e)) {
    if (!over->result.error) {
      ++summary_.completed;
    } else if (over->result.error == haul::errc::stopped) {
      ++summary_.stopped;
    } else {
      ++summary_.failed;
    }
  }
  tell_(e, index, summary_.total);
}

std::string job_queue::id_of(std::size_t index) const {
  return prefix_ + std::to_string(index + 1);
}

std::size_t job_queue::place_of(const std::string& id) const {
  if (const auto at = places_.find(id); at != places_.end()) return at->second;
  if (!id.starts_with(prefix_)) return 0;
  return static_cast<std::size_t>(
      haul::http::parse_decimal(std::string_view{id}.substr(prefix_.size())).value_or(0));
}

haul::awaitable<void> job_queue::close() { co_await manager_->close(); }

void job_queue::end(std::exception_ptr bug) {
  if (bug && !bug_) bug_ = bug;
  // Both the run and a stop may come here: the first is the end.
  if (auto over = std::exchange(over_, nullptr)) over();
}

}  // namespace haul_command
