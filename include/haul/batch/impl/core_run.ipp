#ifndef HAUL_BATCH_IMPL_CORE_RUN_IPP
#define HAUL_BATCH_IMPL_CORE_RUN_IPP

#include <haul/async/offload.hpp>
#include <haul/batch/core.hpp>
#include <haul/engine/paths.hpp>
#include <haul/engine/task_info.hpp>

#include <algorithm>

namespace haul::batch {

/// Starts what may be started.
template <system::environment Environment>
void core<Environment>::schedule() {
  for (;;) {
    std::optional<start> s;
    {
      const std::lock_guard lock{mutex_};
      s = pick();
    }
    if (!s) return;
    begin(*s);
  }
}

/// The next file to start, with its permits.
template <system::environment Environment>
auto core<Environment>::pick() -> std::optional<start> {
  std::optional<start> picked;
  if (closing_) return picked;
  waiting_.walk([&](const batch_ptr& b, bool& done) {
    semaphore::permit all = slots_.try_acquire();
    if (!all) return false;
    semaphore::permit own = b->slots->try_acquire();
    if (!own) return true;
    const item_ptr i = next_file(*b);
    if (!i) {
      done = true;
      return true;
    }
    i->slots[0] = std::move(own);
    i->slots[1] = std::move(all);
    set_state(i, file_state::downloading);
    picked.emplace();
    picked->file = i;
    if (!i->running) picked->fresh = i->running = make_download(i);
    return false;
  });
  return picked;
}

/// The next file of the batch that waits; null when there is none.
template <system::environment Environment>
auto core<Environment>::next_file(batch& b) -> item_ptr {
  const auto startable = [&](const item_ptr& i) {
    return i->state == file_state::pending && !i->slots[0];
  };
  while (!b.again.empty()) {
    item_ptr i = std::move(b.again.front());
    b.again.pop_front();
    if (startable(i)) return i;
  }
  while (b.next < b.files.size()) {
    const std::size_t at = b.order.empty() ? b.next : b.order[b.next];
    ++b.next;
    if (startable(b.files[at])) return b.files[at];
  }
  return nullptr;
}

template <system::environment Environment>
void core<Environment>::begin(const start& s) {
  if (!s.fresh) {
    apply(s.file);
    return;
  }
  s.fresh->async_run([self = this->shared_from_this(), i = s.file](
                         std::error_code, const download_result& r) { self->ended(i, r); });
}

template <system::environment Environment>
auto core<Environment>::make_download(const item_ptr& i) -> std::shared_ptr<download> {
  const batch& b = *i->batches.front();
  download_options options = b.options.download;
  options.overwrite = options.overwrite || b.options.force;
  i->touched = true;
  i->error.clear();
  i->message.clear();
  ++running_;
  engine::task_place place;
  place.index = i->index + 1;
  place.total = b.files.size();
  auto made = std::make_shared<download>(session_, i->request, options,
                                         engine::erase_sink(forwarder{this->weak_from_this(), i}),
                                         engine::delivery::direct, place, b.limiter);
  if (std::exchange(i->vacant, false) && !replaces(b.options) && !i->request.pieces()) {
    made->assume_vacant();
  }
  return made;
}

/// Makes a download do what its file's state says. Calls for one file may come from several threads
/// at once and in any order: each looks at the state anew, so that the last one leaves it right.
template <system::environment Environment>
void core<Environment>::apply(const item_ptr& i) {
  const std::lock_guard one_at_a_time{control_};
  std::shared_ptr<download> d;
  file_state state{};
  {
    const std::lock_guard lock{mutex_};
    d = i->running;
    state = i->state;
  }
  if (!d) return;
  switch (state) {
    case file_state::downloading:
      d->resume();
      break;
    case file_state::pending:  // waits for its turn to go on
    case file_state::paused:
      d->pause();
      break;
    default:
      d->discard();
  }
}

/// An event of a file: its row is brought up to date, and the event goes to the sink.
template <system::environment Environment>
void core<Environment>::heard(const item_ptr& i, event&& e) {
  const std::lock_guard lock{mutex_};
  if (i->state == file_state::cancelled) {
    // Final: only the end of what had begun is told.
    if (!std::holds_alternative<task_finished>(e)) return;
  }
  if (const auto* p = std::get_if<progress>(&e)) {
    i->downloaded = p->downloaded;
    i->has_total = p->total.has_value();
    i->total = p->total.value_or(0);
    i->speed = p->speed;
    const auto now = session_->environment.now();
    if (now - i->stored >= std::chrono::seconds{1}) {
      i->stored = now;
      store_file(*i);
    }
  } else if (const auto* t = std::get_if<transfer_started>(&e)) {
    i->path = t->path.native();
    i->has_total = t->total.has_value();
    i->total = t->total.value_or(0);
    i->downloaded = t->resumed;
  }
  if (events_->wanted()) events_->push(std::move(e));
}

template <system::environment Environment>
void core<Environment>::ended(const item_ptr& i, const download_result& r) {
  std::shared_ptr<download> gone;  // destroyed without the lock
  {
    const std::lock_guard lock{mutex_};
    gone = std::move(i->running);
    for (auto& slot : i->slots) slot.release();
    --running_;
    if (!is_final(i->state)) {
      i->path = r.path.native();
      if (!r.error) {
        i->downloaded = i->total = r.size;
        i->has_total = true;
        remember(*i);
        set_state(i, file_state::completed);
      } else if (r.error == errc::stopped && closing_) {
        set_state(i, file_state::pending);  // goes on after recover()
      } else {
        i->error = r.error;
        i->message = r.message();
        i->downloaded = r.size;
        set_state(i, file_state::failed);
      }
      store_file(*i);
      if (is_final(i->state)) finish_batches(i);
    }
    if (running_ == 0) idle_.notify();
  }
  schedule();
}

/// Changes a file's state, and the counts of its batches with it.
template <system::environment Environment>
void core<Environment>::set_state(const item_ptr& i, file_state s) {
  if (s == i->state) return;
  for (const batch_ptr& b : i->batches) {
    --b->counts[static_cast<std::size_t>(i->state)];
    ++b->counts[static_cast<std::size_t>(s)];
  }
  i->state = s;
  if (s != file_state::downloading) i->speed = 0;
}

/// A file has become final: so may its batches.
template <system::environment Environment>
void core<Environment>::finish_batches(const item_ptr& i) {
  by_path_.erase(i);
  for (const batch_ptr& b : i->batches) {
    if (!b->done() || b->finished) continue;
    b->finished = session_->environment.wall_clock();
    waiting_.remove(b->place);
    finished_.push_back(b);
    if (store_->persistent()) store_->finish(b->id, *b->finished);
    events_->push(end_of(*b));
    for (const auto& n : b->waiting) n->notify();
    b->waiting.clear();
  }
  forget_old();
}

template <system::environment Environment>
batch_finished core<Environment>::end_of(const batch& b) const {
  batch_finished over;
  over.batch = b.id;
  over.total = b.files.size();
  over.completed = b.counts[static_cast<std::size_t>(file_state::completed)];
  over.failed = b.counts[static_cast<std::size_t>(file_state::failed)];
  over.cancelled = b.counts[static_cast<std::size_t>(file_state::cancelled)];
  over.elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(session_->environment.now() - b.begun);
  over.parallel = b.options.order == batch_order::parallel;
  return over;
}

template <system::environment Environment>
void core<Environment>::forget_old() {
  const auto now = session_->environment.wall_clock();
  while (!finished_.empty() && (finished_.size() > options_.keep_count ||
                                now - *finished_.front()->finished > options_.keep_for)) {
    forget(finished_.front());
    finished_.pop_front();
  }
}

template <system::environment Environment>
void core<Environment>::forget(const batch_ptr& b) {
  batches_.erase(b->id);
  if (store_->persistent()) store_->erase(b->id);
  for (const item_ptr& i : b->files) {
    std::erase(i->batches, b);
    const auto at = files_.find(i);
    if (i->batches.empty() && at != files_.end() && *at == i) {
      recorded_.erase(record_key(i->request));
      files_.erase(at);
    }
  }
}

template <system::environment Environment>
void core<Environment>::remember(const item& i) {
  if (!i.has_total) return;
  recorded_file& r = recorded_[record_key(i.request)];
  r.path = i.native_target();
  r.size = i.total;
}

/// The target; where only a folder is known, that and the URL.
template <system::environment Environment>
auto core<Environment>::record_key(const download_request& r) -> native_text {
  native_text key = r.native_path();
  if (engine::names_folder(key)) {
    key += native_text::value_type{'\n'};
    key.append(r.url().begin(), r.url().end());
  }
  return key;
}

template <system::environment Environment>
void core<Environment>::store_file(const item& i) {
  if (!store_->persistent()) return;
  file_update u;
  u.id = i.request.id();
  u.state = i.state;
  u.path = i.target();
  u.downloaded = i.downloaded;
  if (i.has_total) u.total = i.total;
  u.error_value = i.error.value();
  u.error_category = i.error.category().name();
  u.message = i.message;
  store_->update(u);
}

template <system::environment Environment>
auto core<Environment>::find(const std::string& id) const -> batch_ptr {
  const auto at = batches_.find(id);
  return at == batches_.end() ? nullptr : at->second;
}

template <system::environment Environment>
auto core<Environment>::find_file(const std::string& id) const -> item_ptr {
  const auto at = files_.find(id);
  return at == files_.end() ? nullptr : *at;
}

/// True when the file's pause is new.
template <system::environment Environment>
bool core<Environment>::pause_item(const item_ptr& i) {
  if (i->state != file_state::pending && i->state != file_state::downloading) return false;
  for (auto& slot : i->slots) slot.release();
  set_state(i, file_state::paused);
  store_file(*i);
  return true;
}

/// A paused file waits for its turn again.
template <system::environment Environment>
void core<Environment>::requeue(const item_ptr& i) {
  if (i->state != file_state::paused) return;
  set_state(i, file_state::pending);
  store_file(*i);
  const batch_ptr& b = i->batches.front();
  b->again.push_back(i);
  if (!b->paused) waiting_.add(b->place, b);
}

template <system::environment Environment>
void core<Environment>::cancel_item(const item_ptr& i) {
  if (is_final(i->state)) return;
  i->error = errc::cancelled;
  i->message = i->error.message();
  i->downloaded = 0;
  set_state(i, file_state::cancelled);
  if (!i->running && i->touched) {
    session_->environment.submit([session = session_, path = i->target()] {
      engine::remove_journal(session->environment, path);
      std::error_code ignored;
      session->environment.remove(engine::part_path(path), ignored);
    });
  }
  store_file(*i);
  finish_batches(i);
}

template <system::environment Environment>
std::error_code core<Environment>::pause(const std::string& id) {
  std::vector<item_ptr> changed;
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    if (b->finished || b->paused) return {};
    b->paused = true;
    waiting_.remove(b->place);
    for (const item_ptr& i : b->files) {
      if (i->state == file_state::downloading && pause_item(i)) changed.push_back(i);
    }
    if (store_->persistent()) store_->set_paused(id, true);
  }
  for (const item_ptr& i : changed) apply(i);
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::resume(const std::string& id) {
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    b->paused = false;
    for (const item_ptr& i : b->files) requeue(i);
    if (!b->finished) waiting_.add(b->place, b);
    if (store_->persistent()) store_->set_paused(id, false);
  }
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::cancel(const std::string& id) {
  std::vector<item_ptr> changed;
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    const std::vector<item_ptr> files = b->files;  // which may be forgotten on the way
    for (const item_ptr& i : files) {
      if (i->running) changed.push_back(i);
      cancel_item(i);
    }
  }
  for (const item_ptr& i : changed) apply(i);
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::pause_file(const std::string& id) {
  item_ptr i;
  {
    const std::lock_guard lock{mutex_};
    i = find_file(id);
    if (!i) return errc::no_such_batch;
    pause_item(i);
  }
  apply(i);
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::resume_file(const std::string& id) {
  {
    const std::lock_guard lock{mutex_};
    const item_ptr i = find_file(id);
    if (!i) return errc::no_such_batch;
    requeue(i);
  }
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::cancel_file(const std::string& id) {
  item_ptr i;
  {
    const std::lock_guard lock{mutex_};
    i = find_file(id);
    if (!i) return errc::no_such_batch;
    cancel_item(i);
  }
  apply(i);
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::set_max_concurrent(const std::string& id, unsigned n) {
  if (n < 1) return errc::invalid_argument;
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    b->options.max_concurrent = (std::min)(n, options_.max_concurrent);
    if (b->options.order == batch_order::parallel) b->slots->set_limit(b->options.max_concurrent);
  }
  schedule();
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::set_rate_limit(const std::string& id,
                                                  std::uint64_t bytes_per_second) {
  const std::lock_guard lock{mutex_};
  const batch_ptr b = find(id);
  if (!b) return errc::no_such_batch;
  b->options.rate_limit = bytes_per_second;
  b->limiter.set_rate(bytes_per_second, session_->environment.now());
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::set_retries(const std::string& id, unsigned most,
                                               std::chrono::milliseconds delay,
                                               std::chrono::milliseconds longest) {
  std::vector<std::shared_ptr<download>> running;
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    b->options.download.retries = most;
    b->options.download.retry_delay = delay;
    b->options.download.max_retry_delay = longest;
    for (const item_ptr& i : b->files) {
      if (i->running && i->batches.front() == b) running.push_back(i->running);
    }
  }
  for (const auto& d : running) d->set_retries(most, delay, longest);
  return {};
}

template <system::environment Environment>
std::error_code core<Environment>::set_priority(const std::string& id, int priority) {
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) return errc::no_such_batch;
    const bool waits = !b->finished && !b->paused;
    waiting_.remove(b->place);
    b->options.priority = b->place.priority = priority;
    if (waits) waiting_.add(b->place, b);
  }
  schedule();
  return {};
}

template <system::environment Environment>
file_status core<Environment>::describe(const item& i) const {
  file_status s;
  const auto info = engine::describe(i.request, 0);
  s.id = info->id;
  s.name = info->name;
  s.url = info->url;
  s.path = i.target();
  s.state = i.state;
  s.downloaded = i.downloaded;
  if (i.has_total) s.total = i.total;
  if (i.state == file_state::completed) {
    s.percent = 100;
  } else if (i.has_total && i.total > 0) {
    s.percent = static_cast<unsigned>(static_cast<double>(i.downloaded) /
                                      static_cast<double>(i.total) * 100);
    s.percent = (std::min)(s.percent, 100u);
  }
  s.speed = i.speed;
  if (i.speed > 0 && i.has_total && i.total >= i.downloaded) {
    s.time_left = std::chrono::seconds{
        static_cast<std::int64_t>((i.total - i.downloaded + i.speed - 1) / i.speed)};
  }
  s.error = i.error;
  s.message = i.message;
  return s;
}

template <system::environment Environment>
batch_status core<Environment>::summary(const batch& b) const {
  batch_status s;
  s.id = b.id;
  s.total = b.files.size();
  s.pending = b.counts[static_cast<std::size_t>(file_state::pending)];
  s.downloading = b.counts[static_cast<std::size_t>(file_state::downloading)];
  s.paused = b.counts[static_cast<std::size_t>(file_state::paused)];
  s.completed = b.counts[static_cast<std::size_t>(file_state::completed)];
  s.failed = b.counts[static_cast<std::size_t>(file_state::failed)];
  s.cancelled = b.counts[static_cast<std::size_t>(file_state::cancelled)];
  if (s.completed == s.total) {
    s.overall = batch_state::completed;
  } else if (s.failed == s.total) {
    s.overall = batch_state::failed;
  } else if (s.downloading + s.pending + s.paused > 0) {
    const bool still = b.paused || s.downloading + s.pending == 0;
    s.overall = still ? batch_state::paused : batch_state::in_progress;
  } else {
    s.overall = s.cancelled > 0 ? batch_state::cancelled : batch_state::mixed;
  }
  return s;
}

template <system::environment Environment>
std::optional<batch_status> core<Environment>::status(const std::string& id,
                                                      bool with_files) const {
  const std::lock_guard lock{mutex_};
  const batch_ptr b = find(id);
  if (!b) return std::nullopt;
  batch_status s = summary(*b);
  if (with_files) {
    s.files.reserve(b->files.size());
    for (const item_ptr& i : b->files) s.files.push_back(describe(*i));
  }
  return s;
}

template <system::environment Environment>
std::optional<file_status> core<Environment>::file(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  const item_ptr i = find_file(id);
  if (!i) return std::nullopt;
  return describe(*i);
}

template <system::environment Environment>
std::vector<std::string> core<Environment>::batches() const {
  const std::lock_guard lock{mutex_};
  std::vector<batch_ptr> all;
  for (const auto& [id, b] : batches_) all.push_back(b);
  std::sort(all.begin(), all.end(), [](const batch_ptr& a, const batch_ptr& b) {
    return a->place.arrival < b->place.arrival;
  });
  std::vector<std::string> ids;
  for (const batch_ptr& b : all) ids.push_back(b->id);
  return ids;
}

template <system::environment Environment>
awaitable<std::optional<batch_status>> core<Environment>::wait(std::string id, bool with_files) {
  const auto self = this->shared_from_this();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto done = std::make_shared<notifier>(executor);
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = find(id);
    if (!b) co_return std::nullopt;
    if (b->finished || closed_) {
      done->notify();
    } else {
      b->waiting.push_back(done);
    }
  }
  co_await done->wait();
  co_await events_->drained();
  co_return status(id, with_files);
}

template <system::environment Environment>
bool core<Environment>::idle() const {
  const std::lock_guard lock{mutex_};
  return running_ == 0;
}

/// Starts nothing more; returns what is running.
template <system::environment Environment>
auto core<Environment>::shut() -> std::vector<std::shared_ptr<download>> {
  std::vector<std::shared_ptr<download>> running;
  const std::lock_guard lock{mutex_};
  closing_ = true;
  for (const item_ptr& i : files_) {
    if (i->running) running.push_back(i->running);
  }
  return running;
}

/// Lets everyone go who waits for a batch.
template <system::environment Environment>
void core<Environment>::wake_all() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  for (const auto& [id, b] : batches_) {
    for (const auto& n : b->waiting) n->notify();
    b->waiting.clear();
  }
}

/// The manager is gone.
template <system::environment Environment>
void core<Environment>::abandon() {
  for (const auto& d : shut()) d->stop();
  wake_all();
}

/// Stops everything, and keeps its state.
template <system::environment Environment>
awaitable<void> core<Environment>::close() {
  const auto self = this->shared_from_this();
  for (const auto& d : shut()) d->stop();
  while (!idle()) co_await idle_.wait();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto job = [self] {
    self->store_->flush();
    return true;
  };
  co_await offload(session_->environment, executor, std::move(job));
  co_await events_->drained();
  wake_all();
}

}  // namespace haul::batch

#endif
