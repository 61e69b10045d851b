#include "tthsd/run.hpp"

#include "tthsd/library.hpp"
#include <haul/engine/paths.hpp>
#include <haul/engine/task_info.hpp>
#include <haul/http/url.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/co_spawn.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <random>
#include <utility>
#include <variant>

namespace tthsd {
namespace {

/// Files at once in a parallel run: what a server with a listen backlog of five takes without
/// losing a connection.
constexpr unsigned parallel_files = 6;
constexpr unsigned most_connections = 64;
/// How long a stop waits for the engine, which takes milliseconds unless a disk hangs, and then for
/// the last events to be delivered. The callback that is running is waited for in any case.
constexpr std::chrono::seconds patience{10};
constexpr std::chrono::seconds grace{3};

haul::session_options session_options_of(const controls& c) {
  haul::session_options o;
  o.connections_per_host = most_connections;
  if (c.proxy_given) {
    o.proxy = c.proxy;
    o.proxy_from_environment = false;
  }
  return o;
}

std::uint64_t any_number() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

}  // namespace

run::engine::engine(const asio::any_io_executor& executor, const haul::session_options& o, sink s)
    : session(executor, o), manager(session, std::move(s), haul::memory_store{}, [] {
        haul::manager_options all;
        all.max_files = SIZE_MAX;
        all.max_concurrent = parallel_files;
        return all;
      }()) {}

run::run(const asio::any_io_executor& executor, const order& o, const controls& c, bool parallel)
    : executor_(executor),
      parallel_(parallel),
      connections_(o.connections),
      piece_size_(o.piece_size),
      mailbox_(o.callback ? std::make_shared<mailbox>(o.callback) : nullptr),
      remote_(o.remote ? std::make_shared<remote_link>(executor, *o.remote) : nullptr),
      controls_(c),
      done_(executor) {
  prepare(o);
}

/// The engine gets what it can do, under ids of its own: those of clients need not be unique, and
/// files with one id or one target would become one.
void run::prepare(const order& o) {
  std::vector<told_task> tasks;
  std::map<std::filesystem::path, std::size_t> targets;
  tasks.reserve(o.requests.size());
  for (std::size_t i = 0; i < o.requests.size(); ++i) {
    const haul::download_request& r = o.requests[i];
    auto info = std::make_shared<haul::task_info>(
        *haul::engine::describe(r, any_number(), i + 1, o.requests.size()));
    const auto parsed = haul::http::parse_url(r.url());
    // As the client wrote it, unless there is a password in it.
    if (parsed.error || !parsed.value.has_credentials()) info->url = r.url();
    told_task t;
    t.info = std::move(info);
    if (parsed.error) {
      t.refused = parsed.error;
    } else if (!haul::engine::names_folder(r.native_path())) {
      const auto [at, fresh] = targets.try_emplace(r.path().lexically_normal(), i);
      if (!fresh && o.requests[at->second].url() == r.url()) t.twin = at->second;
      if (!fresh && !t.twin) t.refused = haul::errc::duplicate_target;
    }
    if (!t.refused && !t.twin) {
      haul::download_request mine = r;
      mine.id(std::to_string(i));
      places_.push_back(i);
      requests_.push_back(std::move(mine));
    }
    tasks.push_back(std::move(t));
  }
  narrator_.emplace(std::move(tasks), parallel_, [this](wire_event e) { deliver(std::move(e)); });
}

void run::start() {
  const std::lock_guard control{control_};
  engine_ =
      std::make_shared<engine>(executor_, session_options_of(controls_), sink{weak_from_this()});
  if (mailbox_) mailbox_->open();
  if (remote_) remote_->start();
  {
    const std::lock_guard lock{mutex_};
    begun_ = clock::now();
    narrator_->begin();
  }
  asio::co_spawn(executor_, drive(shared_from_this(), engine_),
                 [self = shared_from_this()](std::exception_ptr) { self->finish(); });
}

haul::awaitable<void> run::drive(std::shared_ptr<run> self, engine_ptr e) {
  std::vector<haul::download_request> files = std::move(self->requests_);
  if (files.empty()) co_return;
  const haul::batch_options how = self->options();
  const haul::submit_result told = co_await e->manager.submit(std::move(files), how);
  const bool runs = self->submitted(e, told);
  if (runs) {
    // Not by the manager's wait(): a stop would have it wait beside close() for the same events.
    co_await self->done_.wait();
  } else {
    co_await e->manager.close();
  }
}

/// A stop: the engine's events come to an end, and `drive` with them.
haul::awaitable<void> run::close(std::shared_ptr<run> self, engine_ptr e) {
  co_await e->manager.close();
  self->done_.notify();
}

haul::batch_options run::options() const {
  const std::lock_guard control{control_};
  haul::batch_options o;
  o.order = parallel_ ? haul::batch_order::parallel : haul::batch_order::sequential;
  o.max_concurrent = parallel_files;
  o.rate_limit = controls_.rate_limit;
  o.download.connections = connections_;
  o.download.piece_size = piece_size_;
  o.download.overwrite = true;
  o.download.retries = controls_.retries;
  o.download.retry_delay = controls_.retry_delay;
  o.download.max_retry_delay = controls_.max_retry_delay;
  return o;
}

/// The batch is there: what was asked for meanwhile is made up for. False when it is to be closed.
bool run::submitted(const engine_ptr& e, const haul::submit_result& told) {
  const std::lock_guard control{control_};
  tell_refused(told);
  if (stopping_ || told.batch.empty()) return false;
  batch_ = told.batch;
  e->manager.set_rate_limit(batch_, controls_.rate_limit);
  e->manager.set_retries(batch_, controls_.retries, controls_.retry_delay,
                         controls_.max_retry_delay);
  if (paused_) e->manager.pause(batch_);
  return true;
}

void run::tell_refused(const haul::submit_result& told) {
  using outcome = haul::submitted_file::outcome;
  const std::lock_guard lock{mutex_};
  if (stopping_) return;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const bool known = i < told.files.size();
    if (!told.error && known && told.files[i].what == outcome::started) continue;
    narrator_->refuse(places_[i], known ? told.files[i].error : told.error, clock::now());
  }
}

void run::hear(const haul::event& e) {
  const std::lock_guard lock{mutex_};
  if (!over_) narrator_->hear(e, clock::now());
  if (std::holds_alternative<haul::batch_finished>(e)) done_.notify();
}

void run::deliver(wire_event e) {
  if (remote_) remote_->push(e);
  if (mailbox_) mailbox_->push(std::move(e));
}

void run::finish() {
  engine_ptr gone;  // with its connections, and without a lock
  const std::lock_guard control{control_};
  gone = std::move(engine_);
  batch_.clear();
  const std::lock_guard lock{mutex_};
  if (over_) return;
  narrator_->finish();
  over_ = true;
  ended_ = clock::now();
  if (mailbox_) mailbox_->finish();
  if (remote_) remote_->finish();
  changed_.notify_all();
}

void run::pause() {
  const std::lock_guard control{control_};
  {
    const std::lock_guard lock{mutex_};
    if (over_ || stopping_ || paused_) return;
    paused_ = true;
    narrator_->pause();
  }
  if (batch_.empty()) return;
  engine_->manager.pause(batch_);
  engine_->session.close_idle_connections();
}

void run::resume() {
  const std::lock_guard control{control_};
  {
    const std::lock_guard lock{mutex_};
    if (over_ || stopping_ || !paused_) return;
    paused_ = false;
    narrator_->resume();
  }
  if (!batch_.empty()) engine_->manager.resume(batch_);
}

void run::stop() {
  const auto deadline = clock::now() + patience;
  const bool inside = inside_callback();
  if (inside && mailbox_) mailbox_->shut();  // nothing comes, not even what this brings about
  {
    const std::lock_guard control{control_};
    const std::lock_guard lock{mutex_};
    if (!over_ && !stopping_) {
      stopping_ = true;
      narrator_->stop();
      // Without a batch, the coroutine that makes it will see to it.
      if (!batch_.empty()) {
        asio::co_spawn(executor_, close(shared_from_this(), engine_), [](std::exception_ptr) {});
      }
    }
  }
  if (inside) return;
  {
    std::unique_lock lock{mutex_};
    while (!over_ && !library::exiting() && clock::now() < deadline) {
      changed_.wait_for(lock, std::chrono::milliseconds{50});
    }
  }
  if (!mailbox_) return;
  if (!library::exiting()) mailbox_->wait_until(clock::now() + grace);
  mailbox_->shut();
  mailbox_->wait();
}

void run::set_speed_limit(std::uint64_t bytes_per_second) {
  const std::lock_guard control{control_};
  controls_.rate_limit = bytes_per_second;
  if (!batch_.empty()) engine_->manager.set_rate_limit(batch_, bytes_per_second);
}

void run::set_proxy(const std::string& url) {
  const std::lock_guard control{control_};
  if (!engine_) return;
  engine_->session.environment().set_proxy(url);
  engine_->session.close_idle_connections();
}

void run::set_retries(unsigned most, std::chrono::milliseconds delay,
                      std::chrono::milliseconds longest) {
  const std::lock_guard control{control_};
  controls_.retries = most;
  controls_.retry_delay = delay;
  controls_.max_retry_delay = longest;
  if (!batch_.empty()) engine_->manager.set_retries(batch_, most, delay, longest);
}

bool run::over() const {
  const std::lock_guard lock{mutex_};
  return over_;
}

/// The keys of the Rust library, and the numbers of tasks.
std::string run::stats() const {
  const std::lock_guard lock{mutex_};
  const narrator::totals t = narrator_->sum();
  const double seconds =
      std::chrono::duration<double>((over_ ? ended_ : clock::now()) - begun_).count();
  const double average = seconds > 0 ? static_cast<double>(t.downloaded) / seconds : 0;
  const auto mega = [](double bytes) { return bytes / 1e6; };
  boost::json::object o;
  o["total_bytes"] = t.downloaded;
  o["Total"] = t.expected;
  o["current_speed_bps"] = t.speed;
  o["current_speed_mbps"] = mega(static_cast<double>(t.speed));
  o["average_speed_bps"] = static_cast<std::uint64_t>(average);
  o["average_speed_mbps"] = mega(average);
  o["peak_speed_bps"] = t.peak;
  o["peak_speed_mbps"] = mega(static_cast<double>(t.peak));
  o["elapsed_time"] = seconds;
  o["tasks"] = t.tasks;
  o["completed"] = t.completed;
  o["failed"] = t.failed;
  o["retries"] = t.retries;
  return boost::json::serialize(o);
}

}  // namespace tthsd
