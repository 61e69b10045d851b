#ifndef HAUL_STORE_SQLITE_DATABASE_HPP
#define HAUL_STORE_SQLITE_DATABASE_HPP

#include <haul/error.hpp>

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace haul::store_detail {

/// The database of `sqlite_store`: its file, its schema and its prepared statements.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class sqlite_database {
 public:
  /// The version of the schema, kept in the database's user_version.
  static constexpr int schema_version = 1;

  explicit sqlite_database(const std::filesystem::path& file) : file_(file) {
    bool damaged = false;
    try {
      open();
      damaged = !sound();
      if (!damaged) migrate();
    } catch (const std::system_error& e) {
      if (e.code() != errc::store_damaged) throw;
      damaged = true;
    }
    if (damaged) put_aside();
  }

  /// A row of a query.
  class row {
   public:
    explicit row(sqlite3_stmt* s) : statement_(s) {}
    bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) const {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
      const int size = sqlite3_column_bytes(statement_, column);
      return data ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
    }

   private:
    sqlite3_stmt* statement_;
  };

  /// Runs a statement that gives no rows; statements are prepared once.
  template <class... Values>
  void run(const char* sql, const Values&... values) {
    const use statement{prepare(sql)};
    bind_all(statement.get(), values...);
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE && code != SQLITE_ROW) fail(code, sql);
  }

  template <class Visit>
  void query(const char* sql, Visit&& visit) {
    const use statement{prepare(sql)};
    for (;;) {
      const int code = sqlite3_step(statement.get());
      if (code == SQLITE_DONE) return;
      if (code != SQLITE_ROW) fail(code, sql);
      visit(row{statement.get()});
    }
  }

  void roll_back() noexcept {
    if (!sqlite3_get_autocommit(database_.get())) {
      sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }

 private:
  struct close {
    void operator()(sqlite3* d) const noexcept { sqlite3_close_v2(d); }
  };
  struct finalize {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };

  /// A statement while it is used.
  class use {
   public:
    explicit use(sqlite3_stmt* s) : statement_(s) {}
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    ~use() {
      sqlite3_reset(statement_);
      sqlite3_clear_bindings(statement_);
    }
    sqlite3_stmt* get() const noexcept { return statement_; }

   private:
    sqlite3_stmt* statement_;
  };

  void open() {
    // Made before SQLite makes it, so that nobody else can read it for a moment.
    std::error_code ec;
    const bool fresh = !std::filesystem::exists(file_, ec);
    sqlite3* raw = nullptr;
    const std::u8string name = file_.u8string();  // which SQLite expects on every system
    const int code = sqlite3_open_v2(reinterpret_cast<const char*>(name.c_str()), &raw,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database_.reset(raw);
    if (code != SQLITE_OK) fail(code, "open");
    if (fresh) {
      std::filesystem::permissions(
          file_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ec);
    }
    sqlite3_busy_timeout(raw, 2'000);
    // Locked for as long as it is open: two programs cannot run the same batches.
    execute("PRAGMA locking_mode = EXCLUSIVE");
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = NORMAL");
    execute("PRAGMA foreign_keys = OFF");
    execute("BEGIN IMMEDIATE; COMMIT");
  }

  bool sound() {
    bool good = false;
    query("PRAGMA quick_check(1)", [&](const row& r) { good = r.text(0) == "ok"; });
    statements_.clear();
    return good;
  }

  void migrate() {
    int version = 0;
    query("PRAGMA user_version", [&](const row& r) { version = static_cast<int>(r.number(0)); });
    statements_.clear();
    if (version > schema_version) {
      throw std::system_error{errc::store_too_new, file_.string()};
    }
    if (version < 1) {
      execute(
          "BEGIN;"
          "CREATE TABLE batches(id TEXT PRIMARY KEY, created INTEGER, finished INTEGER,"
          " paused INTEGER, sequential INTEGER, max_concurrent INTEGER, force INTEGER,"
          " priority INTEGER, rate_limit INTEGER, options TEXT);"
          "CREATE TABLE files(id TEXT PRIMARY KEY, url TEXT, target TEXT, name TEXT, request BLOB,"
          " state INTEGER, path TEXT, downloaded INTEGER, total INTEGER, error INTEGER DEFAULT 0,"
          " category TEXT DEFAULT '', message TEXT DEFAULT '');"
          "CREATE TABLE batch_files(batch TEXT, place INTEGER, file TEXT,"
          " PRIMARY KEY(batch, place)) WITHOUT ROWID;"
          "CREATE INDEX batch_files_file ON batch_files(file);"
          "PRAGMA user_version = 1;"
          "COMMIT");
    }
  }

  /// Moves the damaged files away, and says so.
  [[noreturn]] void put_aside() {
    statements_.clear();
    database_.reset();
    std::filesystem::path aside;
    std::error_code ec;
    for (int n = 1;; ++n) {
      aside = file_;
      aside += ".damaged-" + std::to_string(n);
      if (!std::filesystem::exists(aside, ec)) break;
    }
    std::filesystem::rename(file_, aside, ec);
    const bool moved = !ec;
    for (const char* tail : {"-wal", "-shm"}) {
      std::filesystem::path from = file_;
      std::filesystem::path to = aside;
      std::filesystem::rename(from += tail, to += tail, ec);
    }
    throw std::system_error{errc::store_damaged,
                            moved ? file_.string() + " was moved to " + aside.string()
                                  : file_.string() + " cannot be moved away"};
  }

  void execute(const char* sql) {
    const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
  }

  sqlite3_stmt* prepare(const char* sql) {
    auto& statement = statements_[sql];
    if (!statement) {
      sqlite3_stmt* raw = nullptr;
      const int code = sqlite3_prepare_v2(database_.get(), sql, -1, &raw, nullptr);
      statement.reset(raw);
      if (code != SQLITE_OK) fail(code, sql);
    }
    return statement.get();
  }

  [[noreturn]] void fail(int code, const char* doing) {
    const int primary = code & 0xff;
    const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
    std::string text = file_.string() + ": ";
    text += database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) {
      text = file_.string() + ": another program is using it";
    }
    static_cast<void>(doing);
    throw std::system_error{damaged ? errc::store_damaged : errc::store_failed, text};
  }

  template <class... Values>
  void bind_all([[maybe_unused]] sqlite3_stmt* s, const Values&... values) {
    int at = 0;
    (bind(s, ++at, values), ...);
  }
  template <std::integral Number>
  static void bind(sqlite3_stmt* s, int at, Number n) {
    sqlite3_bind_int64(s, at, static_cast<sqlite3_int64>(n));
  }
  template <class Number>
  static void bind(sqlite3_stmt* s, int at, const std::optional<Number>& n) {
    if (n) {
      bind(s, at, *n);
    } else {
      sqlite3_bind_null(s, at);
    }
  }
  static void bind(sqlite3_stmt* s, int at, const std::string& text) {
    // Static: what is bound lives until the statement has run.
    sqlite3_bind_text(s, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, close> database_;
  std::map<const char*, std::unique_ptr<sqlite3_stmt, finalize>> statements_;
};

}  // namespace haul::store_detail

#endif
