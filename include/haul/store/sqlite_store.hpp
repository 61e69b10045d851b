#ifndef HAUL_STORE_SQLITE_STORE_HPP
#define HAUL_STORE_SQLITE_STORE_HPP

#include <haul/error.hpp>
#include <haul/store/record_codec.hpp>
#include <haul/store/sqlite_database.hpp>
#include <haul/store/task_store.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace haul {

/// Keeps the state of batches in an SQLite database, in WAL mode. One thread of its own writes:
/// what has come while it was busy goes into its next transaction.
///
/// The file is readable by its owner only: requests may carry credentials.
///
/// @par Thread Safety
/// As `task_store` says.
class sqlite_store {
 public:
  static constexpr bool persistent = true;  ///< batches come back with `recover()`

  /// Opens or makes the database, and brings an older one up to date.
  ///
  /// @throws std::system_error  store_damaged when the file is not a sound database: it is moved to
  ///     `NAME.damaged-1` (or -2, ...), which the message says, and nothing is opened; the next try
  ///     begins with an empty one. store_too_new for a database of a newer haul, which is left
  ///     alone. store_failed, with SQLite's message, for anything else.
  explicit sqlite_store(const std::filesystem::path& file)
      : writer_(std::make_unique<writer>(file)) {}

  /// A batch that was submitted. Returns at once.
  void add(std::shared_ptr<const batch_record> batch) {
    writer_->push([b = std::move(batch)](writer& w) { w.insert(*b); });
  }
  /// Of several changes of a file that wait, only the last is written.
  void update(const file_update& update) { writer_->update(update); }
  /// A batch was paused or resumed. Returns at once.
  void set_paused(const std::string& id, bool on) {
    writer_->push([id, on](writer& w) {
      w.database.run("UPDATE batches SET paused = ?2 WHERE id = ?1", id, on ? 1 : 0);
    });
  }
  /// Every file of a batch is final. Returns at once.
  void finish(const std::string& id, std::chrono::sys_seconds when) {
    writer_->push([id, when](writer& w) {
      w.database.run("UPDATE batches SET finished = ?2 WHERE id = ?1", id,
                     when.time_since_epoch().count());
    });
  }
  /// A batch was forgotten, and files that are in no other with it. Returns at once.
  void erase(const std::string& id) {
    writer_->push([id](writer& w) { w.erase(id); });
  }

  /// All batches, in the order of their arrival. Blocks; after an error there are none.
  std::vector<batch_record> load() { return writer_->load(); }
  /// Waits until all that was told before is on disk.
  void flush() { writer_->flush(); }
  /// The first error of a write or read; none while all is well.
  std::error_code error() const { return writer_->error(); }

 private:
  using database_type = store_detail::sqlite_database;

  struct writer {
    using job = std::function<void(writer&)>;

    explicit writer(const std::filesystem::path& file)
        : database(file), thread([this] { run(); }) {}
    ~writer() {
      {
        const std::lock_guard lock{mutex};
        closed = true;
      }
      work.notify_all();
      thread.join();
    }

    void push(job j) {
      {
        const std::lock_guard lock{mutex};
        jobs.push_back(std::move(j));
      }
      work.notify_one();
    }

    void update(const file_update& u) {
      {
        const std::lock_guard lock{mutex};
        updates.insert_or_assign(u.id, u);
      }
      work.notify_one();
    }

    void flush() {
      std::unique_lock lock{mutex};
      idle.wait(lock, [this] { return failed || (jobs.empty() && updates.empty() && !busy); });
    }

    std::error_code error() {
      const std::lock_guard lock{mutex};
      return failed;
    }

    std::vector<batch_record> load() {
      flush();
      const std::lock_guard reading{database_mutex};
      try {
        return read_all();
      } catch (const std::system_error& e) {
        const std::lock_guard lock{mutex};
        if (!failed) failed = e.code();
        return {};
      }
    }

    void run() {
      std::unique_lock lock{mutex};
      for (;;) {
        work.wait(lock, [this] { return closed || !jobs.empty() || !updates.empty(); });
        if (jobs.empty() && updates.empty()) return;  // closed, and all is written
        std::vector<job> todo;
        std::map<std::string, file_update> changed;
        todo.swap(jobs);
        changed.swap(updates);
        busy = true;
        lock.unlock();
        const std::error_code ec = write(todo, changed);
        lock.lock();
        busy = false;
        if (ec && !failed) failed = ec;
        idle.notify_all();
      }
    }

    std::error_code write(const std::vector<job>& todo,
                          const std::map<std::string, file_update>& changed) {
      const std::lock_guard writing{database_mutex};
      try {
        database.run("BEGIN IMMEDIATE");
        try {
          for (const job& j : todo) j(*this);
          for (const auto& [id, u] : changed) apply(u);
          database.run("COMMIT");
        } catch (...) {
          database.roll_back();
          throw;
        }
      } catch (const std::system_error& e) {
        return e.code();
      }
      return {};
    }

    void insert(const batch_record& b) {
      const batch_options& o = b.options;
      database.run(
          "INSERT OR REPLACE INTO batches(id, created, finished, paused, sequential, "
          "max_concurrent,"
          " force, priority, rate_limit, options) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
          b.id, b.created.time_since_epoch().count(),
          b.finished ? std::optional{b.finished->time_since_epoch().count()} : std::nullopt,
          b.paused ? 1 : 0, o.order == batch_order::sequential ? 1 : 0, o.max_concurrent,
          o.force ? 1 : 0, o.priority, static_cast<std::int64_t>(o.rate_limit),
          store_detail::encode(o.download));
      std::int64_t place = 0;
      for (const file_record& f : b.files) {
        const download_request& r = f.request;
        database.run(
            "INSERT OR IGNORE INTO files(id, url, target, name, request, state, path, downloaded,"
            " total) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            r.id(), r.url(), text_of(r.path()), r.name(), store_detail::encode(r),
            static_cast<int>(f.state), text_of(f.path), static_cast<std::int64_t>(f.downloaded),
            f.total ? std::optional{static_cast<std::int64_t>(*f.total)} : std::nullopt);
        database.run("INSERT OR REPLACE INTO batch_files(batch, place, file) VALUES(?1,?2,?3)",
                     b.id, place++, r.id());
      }
    }

    void apply(const file_update& u) {
      database.run(
          "UPDATE files SET state=?2, path=?3, downloaded=?4, total=?5, error=?6, category=?7,"
          " message=?8 WHERE id=?1",
          u.id, static_cast<int>(u.state), text_of(u.path), static_cast<std::int64_t>(u.downloaded),
          u.total ? std::optional{static_cast<std::int64_t>(*u.total)} : std::nullopt,
          u.error_value, u.error_category, u.message);
    }

    void erase(const std::string& id) {
      database.run("DELETE FROM batch_files WHERE batch = ?1", id);
      database.run("DELETE FROM batches WHERE id = ?1", id);
      database.run(
          "DELETE FROM files WHERE NOT EXISTS"
          " (SELECT 1 FROM batch_files WHERE batch_files.file = files.id)");
    }

    std::vector<batch_record> read_all() {
      std::vector<batch_record> all;
      std::map<std::string, std::size_t> index;
      database.query(
          "SELECT id, created, finished, paused, sequential, max_concurrent, force, priority,"
          " rate_limit, options FROM batches ORDER BY rowid",
          [&](const database_type::row& r) {
            batch_record b;
            b.id = r.text(0);
            b.created = std::chrono::sys_seconds{std::chrono::seconds{r.number(1)}};
            if (!r.null(2))
              b.finished = std::chrono::sys_seconds{std::chrono::seconds{r.number(2)}};
            b.paused = r.number(3) != 0;
            b.options.order = r.number(4) ? batch_order::sequential : batch_order::parallel;
            b.options.max_concurrent = static_cast<unsigned>(r.number(5));
            b.options.force = r.number(6) != 0;
            b.options.priority = static_cast<int>(r.number(7));
            b.options.rate_limit = static_cast<std::uint64_t>(r.number(8));
            if (!store_detail::decode(r.text(9), b.options.download)) damaged();
            index.emplace(b.id, all.size());
            all.push_back(std::move(b));
          });
      database.query(
          "SELECT b.batch, f.id, f.url, f.target, f.name, f.request, f.state, f.path, f.downloaded,"
          " f.total, f.error, f.category, f.message FROM batch_files b JOIN files f ON f.id = "
          "b.file"
          " ORDER BY b.batch, b.place",
          [&](const database_type::row& r) {
            const auto at = index.find(r.text(0));
            if (at == index.end()) damaged();
            file_record f;
            f.request = download_request{r.text(2), path_of(r.text(3))};
            f.request.id(r.text(1)).name(r.text(4));
            if (!store_detail::decode(r.text(5), f.request)) damaged();
            f.state = static_cast<file_state>(r.number(6));
            f.path = path_of(r.text(7));
            f.downloaded = static_cast<std::uint64_t>(r.number(8));
            if (!r.null(9)) f.total = static_cast<std::uint64_t>(r.number(9));
            f.error_value = static_cast<int>(r.number(10));
            f.error_category = r.text(11);
            f.message = r.text(12);
            all[at->second].files.push_back(std::move(f));
          });
      return all;
    }

    // UTF-8 on every system. A path takes a std::string for something else on Windows.
    static std::string text_of(const std::filesystem::path& path) {
      const std::u8string text = path.u8string();
      return {text.begin(), text.end()};
    }
    static std::filesystem::path path_of(const std::string& text) {
      return std::u8string{text.begin(), text.end()};
    }

    [[noreturn]] static void damaged() {
      throw std::system_error{errc::store_damaged, "a record cannot be read"};
    }

    database_type database;
    std::mutex database_mutex;
    std::mutex mutex;
    std::condition_variable work;
    std::condition_variable idle;
    std::vector<job> jobs;
    std::map<std::string, file_update> updates;
    std::error_code failed;
    bool busy = false;
    bool closed = false;
    std::thread thread;  // last: it uses the rest
  };

  std::unique_ptr<writer> writer_;
};

static_assert(task_store<sqlite_store>);

}  // namespace haul

#endif
