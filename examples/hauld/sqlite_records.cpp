#include "sqlite_records.hpp"

#include <haul/store/sqlite_database.hpp>

#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace hauld {

class sqlite_records::writer {
 public:
  explicit writer(const std::filesystem::path& file) : database_(file) {
    database_.run(
        "CREATE TABLE IF NOT EXISTS records(kind BLOB, key BLOB, value BLOB,"
        " PRIMARY KEY(kind, key)) WITHOUT ROWID");
  }
  ~writer() {
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
    }
    work_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  /// Once, before `start`.
  void load(haul::service::records& into) {
    database_.query("SELECT kind, key, value FROM records",
                    [&into](const haul::store_detail::sqlite_database::row& r) {
                      into.put(r.text(0), r.text(1), r.text(2));
                    });
  }
  void start() {
    thread_ = std::thread{[this] { run(); }};
  }

  /// @param value  None: the record goes.
  void change(std::string_view kind, std::string_view key, std::optional<std::string> value) {
    {
      const std::lock_guard lock{mutex_};
      changes_.insert_or_assign(std::pair{std::string{kind}, std::string{key}}, std::move(value));
    }
    work_.notify_one();
  }

  void flush() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [this] { return failed_ || (changes_.empty() && !busy_); });
  }

 private:
  using change_map = std::map<std::pair<std::string, std::string>, std::optional<std::string>>;

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      work_.wait(lock, [this] { return closed_ || !changes_.empty(); });
      if (changes_.empty()) return;
      change_map todo;
      todo.swap(changes_);
      busy_ = true;
      lock.unlock();
      const bool good = write(todo);
      lock.lock();
      busy_ = false;
      failed_ = failed_ || !good;
      idle_.notify_all();
    }
  }

  bool write(const change_map& todo) {
    try {
      database_.run("BEGIN IMMEDIATE");
      try {
        for (const auto& [at, value] : todo) {
          if (value) {
            database_.run("INSERT OR REPLACE INTO records(kind, key, value) VALUES(?1,?2,?3)",
                          at.first, at.second, *value);
          } else {
            database_.run("DELETE FROM records WHERE kind = ?1 AND key = ?2", at.first, at.second);
          }
        }
        database_.run("COMMIT");
      } catch (...) {
        database_.roll_back();
        throw;
      }
    } catch (const std::system_error& e) {
      std::fprintf(stderr, "hauld: records are not kept: %s\n", e.what());
      return false;
    }
    return true;
  }

  haul::store_detail::sqlite_database database_;  // of the writing thread, once that runs
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  change_map changes_;
  bool busy_ = false;
  bool closed_ = false;
  bool failed_ = false;
  std::thread thread_;  // last: it uses the rest
};

sqlite_records::sqlite_records(const std::filesystem::path& file)
    : writer_(std::make_unique<writer>(file)) {
  writer_->load(all_);
  writer_->start();
}

sqlite_records::~sqlite_records() = default;

void sqlite_records::put(std::string_view kind, std::string_view key, std::string value) {
  writer_->change(kind, key, value);
  all_.put(kind, key, std::move(value));
}

void sqlite_records::erase(std::string_view kind, std::string_view key) {
  writer_->change(kind, key, std::nullopt);
  all_.erase(kind, key);
}

void sqlite_records::for_each(std::string_view kind, const visitor& visit) const {
  all_.for_each(kind, visit);
}

void sqlite_records::flush() { writer_->flush(); }

}  // namespace hauld
