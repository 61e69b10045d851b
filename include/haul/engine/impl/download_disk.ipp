#ifndef HAUL_ENGINE_IMPL_DOWNLOAD_DISK_IPP
#define HAUL_ENGINE_IMPL_DOWNLOAD_DISK_IPP

#include <haul/async/offload.hpp>
#include <haul/engine/download.hpp>
#include <haul/http/fields.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/grammar.hpp>

#include <algorithm>

namespace haul::engine {

/// Looks at the request and the options, before anything is done.
template <system::environment Environment>
void download<Environment>::check_request() {
  const auto refuse = [](std::error_code ec, std::string what) {
    throw failure{ec, operation::checking, std::move(what)};
  };
  if (bad_url_) refuse(bad_url_, request_.url().substr(0, 200));
  const http::url& primary = sources_[0].given;
  home_ = primary.where();
  for (const std::string& m : request_.mirrors()) {
    const http::url_result mirror = http::parse_url(m);
    if (mirror.error) refuse(mirror.error, "mirror " + m.substr(0, 200));
    sources_.add(mirror.value);
  }
  for (const auto& h : request_.headers()) {
    if (!http::is_token(h.name) || !http::is_field_value(h.value)) {
      refuse(errc::invalid_argument, "header field " + h.name.substr(0, 100));
    }
    for (const char* own : {"Host", "Range", "Content-Length", "Transfer-Encoding", "Connection"}) {
      if (http::equals_ignore_case(h.name, own)) {
        refuse(errc::invalid_argument, "header field " + h.name + " is haul's own");
      }
    }
  }
  if (request_.has_bad_checksum()) refuse(errc::invalid_argument, "checksum");
  const piece_hashes* pieces = request_.pieces();
  if (pieces && !pieces->usable()) refuse(errc::invalid_argument, "piece hashes");
  if (pieces && request_.size() && !pieces->fits(*request_.size())) {
    refuse(errc::invalid_argument, std::to_string(pieces->size()) + " piece hashes for " +
                                       std::to_string(*request_.size()) + " bytes");
  }
  if (options_.repair && !pieces && request_.checksums().empty()) {
    refuse(errc::invalid_argument, "to repair a file needs a checksum or piece hashes");
  }
  if (options_.connections < 1 || options_.connections > 64) {
    refuse(errc::invalid_argument, "connections: 1 to 64");
  }
  if (options_.piece_size < 4096) refuse(errc::invalid_argument, "piece_size: 4096 or more");
  if (request_.native_path().find(std::filesystem::path::value_type{}) !=
      std::filesystem::path::string_type::npos) {
    refuse(errc::invalid_target, "the path has a null character");
  }
}

/// Looks at the target, and at what an earlier run has left.
template <system::environment Environment>
awaitable<void> download<Environment>::prepare() {
  auto job = [self = this->shared_from_this()] { return self->prepare_job(); };
  const std::shared_ptr<failure> failed =
      co_await offload(core_->environment, strand_, std::move(job));
  if (failed) throw failure{*failed};
}

template <system::environment Environment>
void download<Environment>::prepare_vacant() {
  auto made = std::make_shared<storage>();
  made->vacant = true;
  std::shared_ptr<failure> failed;
  if (names_folder(request_.native_path())) {
    made->folder = request_.native_path();
    made->free_name = url_name_;
  } else {
    made->target = request_.path();
    failed = claim(made->target);
  }
  const std::lock_guard lock{mutex_};
  storage_ = std::move(made);
  if (failed) throw failure{*failed};
}

template <system::environment Environment>
auto download<Environment>::prepare_job() -> std::shared_ptr<failure> {
  auto made = std::make_shared<storage>();
  std::error_code ec;
  const std::filesystem::path path = request_.path();
  const system::path_status there = core_->environment.status(path, ec);
  std::shared_ptr<failure> failed;
  if (ec && ec != std::errc::not_a_directory) failed = disk_failure(ec, operation::checking, path);
  if (!failed && (there.directory || names_folder(path.native()))) {
    made->folder = path.native();
    // The name that the URL gives is the likeliest: what an earlier run left may be found by it.
    if (!url_name_.empty()) {
      const std::filesystem::path likely{path_in(path.native(), url_name_)};
      ec = load_journal(likely, *made);
      if (!made->has_journal) {
        const system::path_status same = core_->environment.status(likely, ec);
        if (!ec && !same.exists) made->free_name = url_name_;
      }
      if (made->resumable) {
        made->target = likely;
        failed = check_target(made->target);
      }
    }
  } else if (!failed) {
    made->target = path;
    failed = check_target(path);
    if (!failed) load_journal(path, *made);
  }
  const std::lock_guard lock{mutex_};
  storage_ = std::move(made);
  return failed;
}

/// Whether a file may be made at `target`; if so, the target is this download's.
template <system::environment Environment>
auto download<Environment>::check_target(const std::filesystem::path& target)
    -> std::shared_ptr<failure> {
  std::error_code ec;
  const system::path_status there = core_->environment.status(target, ec);
  if (ec && ec != std::errc::not_a_directory) return disk_failure(ec, operation::checking, target);
  if (there.directory) {
    return disk_failure(errc::invalid_target, operation::checking, target);
  }
  if (there.exists && !replaces()) {
    return disk_failure(errc::target_exists, operation::checking, target);
  }
  return claim(target);
}

/// Makes the target this download's alone.
template <system::environment Environment>
auto download<Environment>::claim(const std::filesystem::path& target) -> std::shared_ptr<failure> {
  native_text key = target_key(target.native());
  if (claimed_ == key) return nullptr;
  if (!core_->claim(key)) {
    return disk_failure(errc::duplicate_target, operation::checking, target);
  }
  claimed_ = std::move(key);
  return nullptr;
}

template <system::environment Environment>
auto download<Environment>::disk_failure(std::error_code ec, operation doing,
                                         const std::filesystem::path& path)
    -> std::shared_ptr<failure> {
  return std::make_shared<failure>(ec, doing, path.string());
}

/// The text of the journal beside `target`; nothing of one that is too large to be a journal.
template <system::environment Environment>
std::string download<Environment>::read_journal(const std::filesystem::path& target,
                                                std::error_code& ec) {
  std::string text;
  file log = core_->environment.open(journal_path(target), system::open_mode::read, ec);
  if (ec) return text;
  const std::uint64_t size = log.size(ec);
  if (ec || size > journal::most_bytes) return text;
  text.resize(static_cast<std::size_t>(size));
  text.resize(log.read_at(0, text.data(), text.size(), ec));
  return text;
}

/// Reads the journal beside `target`, if it is there and fits the part file and the request.
template <system::environment Environment>
std::error_code download<Environment>::load_journal(const std::filesystem::path& target,
                                                    storage& into) {
  into.resumable = false;
  if (!options_.resume || options_.durability == durability::none) return {};
  std::error_code ec;
  const std::string text = read_journal(target, ec);
  if (ec != std::errc::no_such_file_or_directory) into.has_journal = true;
  if (ec) return ec;
  into.journal_seen = crc32c(text);
  std::optional<journal_state> state = journal::read(text, ec);
  if (!state) return ec;
  const auto place = [](const std::string& url) { return url.substr(0, url.find('?')); };
  if (place(state->header.url) != place(task_->url)) return errc::journal_foreign;
  if (request_.size() && *request_.size() != state->header.total) return errc::journal_foreign;
  const system::path_status part = core_->environment.status(part_path(target), ec);
  if (ec || part.size != state->header.total) return errc::journal_foreign;
  const http::validator& version = state->header.validator;
  if (!version.joinable() && !request_.pieces()) {
    if (!version.absent()) return errc::journal_foreign;
    // Only what has no gap before it can be compared, by its end.
    state->written.erase(byte_range{state->written.run_end(0), state->header.total});
  }
  if (state->written.empty()) return errc::journal_foreign;
  // A file that is whole but for its name: asking for its last byte tells whether it is still the
  // server's.
  const std::uint64_t total = state->header.total;
  if (state->written.size() == total) state->written.erase(byte_range{total - 1, total});
  if (state->written.empty()) return errc::journal_foreign;
  into.earlier = std::move(*state);
  into.log_size = into.earlier.length;
  into.resumable = true;
  return {};
}

/// The server has said how the file is called. True when nothing is there under this name: that was
/// looked at before, and publishing will not replace what has come since.
template <system::environment Environment>
bool download<Environment>::take_free_name(const std::string& name) {
  storage& st = *storage_;
  if (name != st.free_name || replaces()) return false;
  native_text target = path_in(st.folder, name);
  native_text key = target_key(target);
  if (!core_->claim(key)) return false;
  claimed_ = std::move(key);
  st.target = std::move(target);
  return true;
}

/// The same, where it has to be looked at.
template <system::environment Environment>
auto download<Environment>::name_job(const std::string& name) -> std::shared_ptr<failure> {
  storage& st = *storage_;
  st.vacant = false;
  if (st.target.empty()) st.target = path_in(st.folder, name);
  if (auto failed = check_target(st.target)) return failed;
  load_journal(st.target, st);
  return nullptr;
}

/// Takes the open part file for this process alone, or closes it.
template <system::environment Environment>
auto download<Environment>::lock_part(const std::filesystem::path& path) -> failure_ptr {
  storage& st = *storage_;
  std::error_code ec;
  const bool mine = st.part.try_lock(ec);
  // Whoever had the lock may have given the file its final name meanwhile: then this handle is of a
  // file that is complete.
  const bool there = mine && !ec && core_->environment.status(path, ec).exists;
  if (!ec && there) return nullptr;
  st.part.close();
  return disk_failure(ec ? ec : make_error_code(errc::part_locked), operation::writing, path);
}

/// Opens the part file, for this process alone, with the space that it needs.
template <system::environment Environment>
auto download<Environment>::open_part_job() -> std::shared_ptr<failure> {
  storage& st = *storage_;
  auto& environment = core_->environment;
  const std::filesystem::path path = part_path(st.target);
  std::error_code ec;
  if (!st.part.is_open()) {
    environment.make_directories(st.target.parent_path(), ec);
    if (!ec) st.part = environment.open(path, system::open_mode::update, ec);
    if (ec) return disk_failure(ec, operation::writing, path);
    if (auto held = lock_part(path)) return held;
    // Between the look at the journal and the lock, somebody else may have been here: the journal
    // may claim more by now, and what it claims must not be written again.
    bool same = !st.resumable || crc32c(read_journal(st.target, ec)) == st.journal_seen;
    if (ec == std::errc::no_such_file_or_directory) {
      ec.clear();
      same = false;
    }
    if (ec || !same) {
      std::error_code ignored;
      // The other one is done, and this part file was made by opening it.
      if (st.part.size(ignored) == 0 && !ignored) environment.remove(path, ignored);
      return disk_failure(ec ? ec : make_error_code(errc::part_locked), operation::writing, path);
    }
  }
  if (st.resumable) {
    const std::uint64_t size = st.part.size(ec);
    if (ec) return disk_failure(ec, operation::writing, path);
    if (size == st.earlier.header.total) return nullptr;
    return disk_failure(errc::part_locked, operation::writing, path);
  }
  st.log.close();
  st.log_size = 0;
  std::error_code ignored;
  // A crash, or a write that failed, may have left it.
  environment.remove(fresh_journal_path(st.target), ignored);
  // What the journal claims is about to go: it must not come back, not even with the power.
  environment.remove(journal_path(st.target), ec);
  if (!ec && options_.durability == durability::power) {
    environment.sync_directory(st.target.parent_path(), ec);
  }
  if (ec) return disk_failure(ec, operation::writing, journal_path(st.target));
  st.part.resize(0, ec);
  if (!ec && version_.total && *version_.total > 0) {
    const std::uint64_t space = environment.free_space(st.target.parent_path(), ignored);
    if (!ignored && space < *version_.total) {
      ec = std::make_error_code(std::errc::no_space_on_device);
    } else {
      st.part.reserve(*version_.total, ec);
    }
  }
  if (!ec) return nullptr;
  st.part.close();
  environment.remove(path, ignored);
  return disk_failure(ec, operation::writing, path);
}

/// Writes down what is on disk.
template <system::environment Environment>
awaitable<void> download<Environment>::flush() {
  range_set written;
  journal_header header;
  if (!snapshot(written, header)) co_return;
  auto job = [self = this->shared_from_this(), written, header] {
    return self->flush_job(written, header);
  };
  const std::error_code ec = co_await offload(core_->environment, strand_, std::move(job));
  const std::lock_guard lock{mutex_};
  flush_due_ = core_->environment.now() + flush_interval;
  if (!ec) {
    logged_ = written.size();
  } else if (!fatal_) {
    fatal_.emplace(ec, operation::writing, journal_path(storage_->target).string());
  }
}

/// What the journal should say now; false when there is nothing new to say.
template <system::environment Environment>
bool download<Environment>::snapshot(range_set& written, journal_header& header) const {
  const std::lock_guard lock{mutex_};
  if (!journaled() || proved() == logged_) return false;
  written = pieces_.wanted() ? pieces_.right_bytes() : plan_.written();
  header.url = task_->url;
  header.total = *version_.total;
  header.validator = version_.validator;
  return true;
}

/// Appends to the journal; begins it, or writes it anew when it has grown. Runs on a disk worker.
template <system::environment Environment>
std::error_code download<Environment>::flush_job(const range_set& written,
                                                 const journal_header& header) {
  storage& st = *storage_;
  auto& environment = core_->environment;
  const bool power = options_.durability == durability::power;
  const std::filesystem::path path = journal_path(st.target);
  std::error_code ec;
  // The data comes first: a journal never claims what could be lost.
  if (power) st.part.sync(ec);
  if (ec) return ec;
  std::string text = journal::ranges(written);
  if (st.resumable && !st.log.is_open() && st.log_size > 0) {
    st.log = environment.open(path, system::open_mode::update, ec);
    if (!ec) st.log.resize(st.log_size, ec);  // what is torn goes
    if (ec) return ec;
  }
  if (!st.log.is_open() || st.log_size + text.size() > compact_bytes) {
    const std::filesystem::path fresh = fresh_journal_path(st.target);
    text = journal::begin(header) + text;
    file log = environment.open(fresh, system::open_mode::create, ec);
    if (!ec) log.write_at(0, text.data(), text.size(), ec);
    if (!ec && power) log.sync(ec);
    if (!ec) environment.rename(fresh, path, ec);
    if (!ec && power) environment.sync_directory(st.target.parent_path(), ec);
    if (ec) return ec;
    st.log = std::move(log);
    st.log_size = text.size();
    return {};
  }
  st.log.write_at(st.log_size, text.data(), text.size(), ec);
  if (!ec && power) st.log.sync(ec);
  if (!ec) st.log_size += text.size();
  return ec;
}

/// Up to where the file can be hashed: bytes that may be fetched again are not among them.
template <system::environment Environment>
std::uint64_t download<Environment>::hashable_end() const {
  return pieces_.wanted() ? pieces_.right_end() : plan_.written().run_end(0);
}

/// Lets a disk worker hash what has come out of order.
template <system::environment Environment>
void download<Environment>::submit_catch_up() {
  std::uint64_t end = 0;
  {
    const std::lock_guard lock{mutex_};
    catching_up_ = true;
    ++jobs_;
    end = hashable_end();
  }
  core_->environment.submit([self = this->shared_from_this(), end] {
    std::error_code ec;
    self->hashes_.catch_up(self->storage_->part, end, hash_bytes, ec);
    const std::lock_guard lock{self->mutex_};
    self->catching_up_ = false;
    --self->jobs_;
    if (ec && !self->fatal_) self->fatal_.emplace(ec, operation::verifying);
    self->wake();
  });
}

template <system::environment Environment>
void download<Environment>::check_size() const {
  const std::uint64_t total = *version_.total;
  if (!request_.size() || *request_.size() == total) return;
  throw failure{errc::size_mismatch, operation::verifying,
                std::to_string(total) + " bytes instead of " + std::to_string(*request_.size())};
}

/// Hashes of the whole file. False when it must be fetched again, from others.
template <system::environment Environment>
awaitable<bool> download<Environment>::verify() {
  if (small_body_) hashes_.offer(0, small_body_->bytes.data(), small_body_->bytes.size());
  const std::uint64_t total = *version_.total;
  while (hashes_.position() < total) {
    if (is_stopped()) throw failure{errc::stopped, operation::verifying};
    auto job = [self = this->shared_from_this(), total] {
      std::error_code ec;
      self->hashes_.catch_up(self->storage_->part, total, hash_bytes, ec);
      return ec;
    };
    const std::error_code ec = co_await offload(core_->environment, strand_, std::move(job));
    if (ec) throw failure{ec, operation::verifying, part_path(storage_->target).string()};
  }
  if (const auto is = hashes_.mismatch()) {
    const failure why{errc::checksum_mismatch, operation::verifying, "the file has " + is->str()};
    if (!fall_back(why)) throw failure{why};
    co_return false;
  }
  co_return true;
}

/// Gives the file its name.
template <system::environment Environment>
awaitable<void> download<Environment>::publish() {
  if (is_stopped()) throw failure{errc::stopped, operation::publishing};
  auto job = [self = this->shared_from_this()] { return self->publish_job(); };
  const failure_ptr failed = co_await offload(core_->environment, strand_, std::move(job));
  if (failed) throw failure{*failed};
  const std::lock_guard lock{mutex_};
  published_ = true;
}

template <system::environment Environment>
auto download<Environment>::publish_job() -> std::shared_ptr<failure> {
  storage& st = *storage_;
  auto& environment = core_->environment;
  const bool power = options_.durability == durability::power;
  std::error_code ec;
  if (small_body_) {
    const bool named = write_unnamed(ec);
    if (ec == std::errc::file_exists) ec = errc::target_exists;
    if (ec) return disk_failure(ec, operation::publishing, st.target);
    if (named) return nullptr;
  }
  const std::filesystem::path part = part_path(st.target);
  if (small_body_) {
    environment.make_directories(st.target.parent_path(), ec);
    if (!ec) st.part = environment.open(part, system::open_mode::update, ec);
    if (ec) return disk_failure(ec, operation::writing, part);
    if (auto held = lock_part(part)) return held;
    const bool left = st.part.size(ec) > 0;
    if (left) {
      // Of an earlier run that had more to do.
      remove_journal();
    }
    if (!ec) write_small(st.part, ec);
  }
  if (!ec) {
    const std::uint64_t size = st.part.size(ec);
    if (!ec && size != *version_.total) st.part.resize(*version_.total, ec);
  }
  if (!ec && power) st.part.sync(ec);
  if (ec) return disk_failure(ec, operation::writing, part);
  if (replaces()) {
    environment.rename(part, st.target, ec);
  } else {
    environment.rename_if_absent(part, st.target, ec);
    if (ec == std::errc::file_exists) ec = errc::target_exists;
  }
  if (ec) return disk_failure(ec, operation::publishing, st.target);
  st.part.close();
  retire_journal();
  // After the journal is gone: one sync is for both.
  if (power) environment.sync_directory(st.target.parent_path(), ec);
  if (ec) return disk_failure(ec, operation::publishing, st.target);
  return nullptr;
}

template <system::environment Environment>
void download<Environment>::write_small(file& to, std::error_code& ec) const {
  to.write_at(0, small_body_->bytes.data(), small_body_->bytes.size(), ec);
}

/// The shortest way for a file in memory: it has no name until all of it is there. False where that
/// is not possible, or something of an earlier run has to be seen to.
template <system::environment Environment>
bool download<Environment>::write_unnamed(std::error_code& ec) {
  storage& st = *storage_;
  auto& environment = core_->environment;
  if (replaces() || st.has_journal || st.part.is_open()) return false;
  const std::filesystem::path folder = st.target.parent_path();
  if (!st.vacant && environment.status(part_path(st.target), ec).exists) return false;
  if (!ec) {
    file fresh = environment.open_unnamed(folder, ec);
    if (!ec) write_small(fresh, ec);
    if (!ec && options_.durability == durability::power) fresh.sync(ec);
    if (!ec) fresh.name(st.target, ec);
  }
  if (!ec && options_.durability == durability::power) environment.sync_directory(folder, ec);
  if (!ec) return true;
  // No folder yet, or no such files here.
  const bool other_way = ec == std::errc::no_such_file_or_directory ||
                         ec == std::errc::not_a_directory ||
                         ec == std::errc::operation_not_supported;
  if (other_way) ec.clear();
  return false;
}

/// The target is complete: whatever journal there was has done its work.
template <system::environment Environment>
void download<Environment>::retire_journal() {
  storage& st = *storage_;
  if (st.log_size == 0 && !st.has_journal && !st.resumable) return;
  st.log.close();
  remove_journal();
}

/// The run has not come to its end: keeps what a later run can use, and removes the rest.
template <system::environment Environment>
awaitable<void> download<Environment>::leave(std::error_code why) {
  if (!storage_ || !storage_->part.is_open()) co_return;
  const bool wrong = why == errc::checksum_mismatch && (!request_.pieces() || doubtful_total_);
  const bool useless = wrong || why == errc::size_mismatch;
  const bool keep = keepable() && !useless;
  if (keep) co_await flush();
  auto job = [self = this->shared_from_this(), keep] {
    self->leave_job(keep);
    return true;
  };
  co_await offload(core_->environment, strand_, std::move(job));
}

template <system::environment Environment>
void download<Environment>::leave_job(bool keep) {
  storage& st = *storage_;
  std::error_code ignored;
  if (!keep) {
    remove_journal();
    core_->environment.remove(part_path(st.target), ignored);
  }
  st.log.close();
  st.part.close();
}

/// Removes the journal, and one that was being written anew, if they can be.
template <system::environment Environment>
void download<Environment>::remove_journal() {
  engine::remove_journal(core_->environment, storage_->target);
}

template <system::environment Environment>
bool download<Environment>::keepable() const {
  const std::lock_guard lock{mutex_};
  if (discard_) return false;
  // What an earlier run has left stays until a reply has said otherwise.
  if (!opened_ && storage_->resumable) return true;
  return journaled() && proved() > 0;
}

template <system::environment Environment>
bool download<Environment>::is_stopped() const {
  const std::lock_guard lock{mutex_};
  return stop_;
}

template <system::environment Environment>
bool download<Environment>::is_opened() const {
  const std::lock_guard lock{mutex_};
  return opened_;
}

template <system::environment Environment>
bool download<Environment>::is_small() const {
  const std::lock_guard lock{mutex_};
  return small_;
}

}  // namespace haul::engine

#endif
