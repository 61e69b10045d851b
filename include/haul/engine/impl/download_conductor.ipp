#ifndef HAUL_ENGINE_IMPL_DOWNLOAD_CONDUCTOR_IPP
#define HAUL_ENGINE_IMPL_DOWNLOAD_CONDUCTOR_IPP

#include <haul/async/backoff.hpp>
#include <haul/engine/download.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>

namespace haul::engine {

template <system::environment Environment>
download<Environment>::download(core_ptr core, download_request request,
                                const download_options& options, std::unique_ptr<any_sink> sink,
                                delivery how, const task_place& place, const rate_limiter& above)
    : core_(std::move(core)),
      request_(std::move(request)),
      options_(options),
      strand_(core_->make_strand()),
      limiter_(above.child()),
      wake_(strand_),
      hashes_(request_.checksums()),
      retries_(options.retries),
      retry_delay_(options.retry_delay),
      max_retry_delay_(options.max_retry_delay),
      plan_(options.piece_size),
      pieces_(request_.shared_pieces()),
      governor_(options.connections) {
  http::url_result url = http::parse_url(request_.url());
  bad_url_ = url.error;
  if (!bad_url_) url_name_ = http::file_name_of_url(url.value);
  task_ = describe(request_, url, url_name_, place);
  sources_.add(std::move(url.value));
  limiter_.set_rate(options.rate_limit, core_->environment.now());
  events_ = std::make_shared<event_queue>(core_->make_strand(), std::move(sink), how, [this] {
    const std::lock_guard lock{mutex_};
    if (!fatal_) {
      fatal_.emplace(errc::sink_failed, operation::checking);
    }
    wake();
  });
}

template <system::environment Environment>
download<Environment>::~download() {
  give_back_target();
}

template <system::environment Environment>
void download<Environment>::give_back_target() {
  if (claimed_) core_->give_back(*claimed_);
  claimed_.reset();
}

template <system::environment Environment>
awaitable<download_result> download<Environment>::run() {
  return run_kept(this->shared_from_this());
}

/// Throws what was thrown by the program, or for want of memory, if so.
template <system::environment Environment>
awaitable<download_result> download<Environment>::run_kept(self_ptr self) {
  download_result result = co_await self->async_run(haul::detail::use_awaitable);
  if (self->bug_) std::rethrow_exception(self->bug_);
  co_return result;
}

template <system::environment Environment>
void download<Environment>::pause() {
  const std::lock_guard lock{mutex_};
  pause_ = true;
  wake();
}

template <system::environment Environment>
void download<Environment>::resume() {
  const std::lock_guard lock{mutex_};
  pause_ = false;
  wake();
}

template <system::environment Environment>
void download<Environment>::stop() {
  const std::lock_guard lock{mutex_};
  stop_ = true;
  wake();
}

template <system::environment Environment>
void download<Environment>::discard() {
  const std::lock_guard lock{mutex_};
  stop_ = discard_ = true;
  wake();
}

template <system::environment Environment>
void download<Environment>::set_rate_limit(std::uint64_t bytes_per_second) {
  limiter_.set_rate(bytes_per_second, core_->environment.now());
}

template <system::environment Environment>
void download<Environment>::set_retries(unsigned most, std::chrono::milliseconds delay,
                                        std::chrono::milliseconds longest) {
  const std::lock_guard lock{mutex_};
  retries_ = most;
  retry_delay_ = delay;
  max_retry_delay_ = longest;
}

template <system::environment Environment>
download_status download<Environment>::status() const {
  const std::lock_guard lock{mutex_};
  download_status s;
  using phase = download_status::phase;
  s.now = finished_                       ? phase::finished
          : paused_                       ? phase::paused
          : begun_ == clock::time_point{} ? phase::waiting
                                          : phase::running;
  s.downloaded = plan_.written().size();
  if (s.now == phase::running) meter_.update(s.downloaded, core_->environment.now());
  s.total = plan_.total();
  s.speed = meter_.speed();
  s.connections = static_cast<unsigned>(streams_.size());
  return s;
}

template <system::environment Environment>
awaitable<void> download<Environment>::conduct() {
  start_clock();
  tell(task_started{task_});
  std::optional<failure> failed;
  try {
    co_await work();
  } catch (const failure& f) {
    failed = f;
  } catch (const std::system_error& e) {
    failed.emplace(e.code(), operation::checking, e.what());
  } catch (...) {
    keep_bug(std::current_exception());
  }
  if (busy()) co_await quiesce();
  std::error_code why;
  if (failed) why = failed->error;
  if (!published_) co_await leave(why);  // g++ 12 looks into both arms of a `?:` as its argument
  alarm_.reset();
  give_back_target();
  conclude(failed);
  if (events_->pending()) co_await events_->drained();
}

template <system::environment Environment>
void download<Environment>::start_clock() {
  const std::lock_guard lock{mutex_};
  begun_ = core_->environment.now();
  report_due_ = begun_;
  flush_due_ = begun_ + flush_interval;
}

template <system::environment Environment>
void download<Environment>::keep_bug(std::exception_ptr bug) {
  const std::lock_guard lock{mutex_};
  if (!bug_) bug_ = std::move(bug);
}

/// Fills the result, and reports the end.
template <system::environment Environment>
void download<Environment>::conclude(const std::optional<failure>& failed) {
  if (published_) report_progress(true);
  {
    const std::lock_guard lock{mutex_};
    finished_ = true;
    result_.url = last_url_.empty() ? task_->url : last_url_;
    if (storage_) result_.path = storage_->target;
    if (result_.path.empty()) result_.path = task_->path;
    result_.size = published_ && version_.total ? *version_.total : plan_.written().size();
    result_.received = received_;
    result_.resumed = resumed_;
    result_.attempts = attempts_;
    result_.http_status = last_status_;
    result_.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(core_->environment.now() - begun_);
    if (failed) {
      result_.error = failed->error;
      result_.doing = failed->what_for;
      result_.detail = failed->detail;
      if (failed->http_status != 0) result_.http_status = failed->http_status;
    } else if (bug_) {
      result_.error = errc::stopped;
    }
  }
  if (result_.error == errc::stopped) {
    tell(stopped{task_});
  } else if (result_.error) {
    tell(haul::failed{task_, result_});
  }
  tell(task_finished{task_, result_});
}

template <system::environment Environment>
awaitable<void> download<Environment>::work() {
  check_request();
  if (vacant_) {
    prepare_vacant();
  } else {
    co_await prepare();
  }
  if (request_.pieces() || options_.repair) co_await survey();
  if (published_) co_return;
  for (;;) {
    co_await transfer();
    check_size();
    if (!hashes_.wanted()) break;
    const bool right = co_await verify();
    if (right) break;
  }
  co_await publish();
}

template <system::environment Environment>
awaitable<void> download<Environment>::transfer() {
  begin_plan();
  for (;;) {
    step s = next_step();
    if (s.open) {
      spawn(s.open->first, s.open->second, s.stream_id);
      continue;
    }
    if (s.refresh) {
      spawn_refresh(*s.refresh);
      continue;
    }
    if (s.drop) end_stream(s.drop);
    if (s.report) report_progress(false);
    if (s.catch_up) submit_catch_up();
    if (s.check) submit_piece_check();
    if (s.flush) {
      co_await flush();
      continue;
    }
    if (s.over) {
      if (busy()) co_await quiesce();
      const bool done = finish_round();
      if (done) co_return;
      continue;
    }
    if (s.pause) {
      co_await stand_still();
      continue;
    }
    set_alarm(s.look_again);
    co_await wake_.wait();
  }
}

/// Has the conductor woken at that time; never, where it is the end of time.
template <system::environment Environment>
void download<Environment>::set_alarm(clock::time_point at) {
  if (at != (clock::time_point::max)()) {
    if (!alarm_) alarm_.emplace(core_->environment.make_timer(strand_), [this] { wake(); });
    alarm_->arm(at);
  } else if (alarm_) {
    alarm_->rest();
  }
}

/// All streams are gone: true when the file is there, false when it begins again.
template <system::environment Environment>
bool download<Environment>::finish_round() {
  {
    const std::lock_guard lock{mutex_};
    if (bug_) std::rethrow_exception(bug_);
    if (fatal_) throw failure{*fatal_};
    if (stop_) throw failure{errc::stopped, operation::receiving};
    if (!restart_) return true;
  }
  begin_plan();
  return false;
}

template <system::environment Environment>
void download<Environment>::begin_plan() {
  const std::lock_guard lock{mutex_};
  storage& st = *storage_;
  if (restart_) st.resumable = false;
  restart_.clear();
  version_ = known_version{};
  version_source_ = 0;
  plan_.begin();
  governor_ = governor{options_.connections};
  meter_.reset();
  small_body_.reset();
  hashes_.reset();
  confirmed_ = joinable_ = blind_ = opened_ = small_ = false;
  logged_ = resumed_ = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i].gave = false;
  if (!st.resumable) {
    pieces_.forget();
    return;
  }
  version_.total = st.earlier.header.total;
  version_.validator = st.earlier.header.validator;
  plan_.begin(st.earlier.header.total, st.earlier.written);
  joinable_ = version_.validator.joinable() || pieces_.wanted();
  blind_ = !joinable_;
  resumed_ = logged_ = st.earlier.written.size();
  pieces_.begin(st.earlier.header.total, st.earlier.written);
  if (plan_.complete()) {
    // Only the name is missing.
    opened_ = confirmed_ = true;
    tell(transfer_started{task_, st.target, version_.total, resumed_, true});
  }
}

template <system::environment Environment>
auto download<Environment>::next_step() -> step {
  const std::lock_guard lock{mutex_};
  step s;
  const auto now = core_->environment.now();
  const bool complete =
      small_body_ || (opened_ && plan_.complete() && pieces_.complete() && jobs_ == 0);
  if (stop_ || fatal_ || bug_ || restart_ || complete) {
    s.over = true;
    return s;
  }
  if (pause_) {
    s.pause = true;
    return s;
  }
  plan_streams(s, now);
  if (s.over || s.open || s.refresh) return s;
  if (events_->wanted() && opened_) {
    if (now >= report_due_) {
      s.report = true;
      report_due_ = now + (std::max)(options_.progress_interval, shortest_interval);
      meter_.update(plan_.written().size(), now);
    }
    s.look_again = (std::min)(s.look_again, report_due_);
  }
  if (journaled()) {
    const std::uint64_t fresh = proved() - (std::min)(logged_, proved());
    s.flush = fresh >= flush_bytes || (fresh > 0 && now >= flush_due_);
    if (fresh > 0) s.look_again = (std::min)(s.look_again, flush_due_);
  }
  if (hashes_.wanted() && opened_ && !small_ && !catching_up_) {
    s.catch_up = hashable_end() >= hashes_.position() + catch_up_bytes;
  }
  s.check = pieces_.has_work() && !checking_pieces_;
  return s;
}

/// Decides about streams: one more, a fresh URL, or the end because no source is left.
template <system::environment Environment>
void download<Environment>::plan_streams(step& s, clock::time_point now) {
  if (const auto i = sources_.next_refresh()) {
    s.refresh = i;
    return;
  }
  const auto ready = sources_.next_ready();
  if (streams_.empty() && !ready) {
    const failure* why = sources_.verdict();
    fatal_ = why ? *why : failure{errc::connection_closed, operation::requesting};
    s.over = true;
    return;
  }
  unsigned wanted = 1;
  if (confirmed_ && opened_) {
    const bool answered = std::all_of(streams_.begin(), streams_.end(),
                                      [](const auto& st) { return st.second->answered; }) &&
                          streams_.size() == governor_.level();
    const bool limited = limiter_.limited();
    const bool throttled = limited && limiter_.ready_at(now) > now;
    plan_.set_latency(answer_time_);
    plan_.set_held_back(limited);
    for (const auto& [id, st] : streams_) {
      if (st->answered && plan_.lags(id, now)) s.drop = st;
    }
    const auto again = governor_.update(now, received_, answered, answer_time_, throttled);
    s.look_again = (std::min)(s.look_again, (std::max)(again, now + std::chrono::milliseconds{1}));
    wanted = governor_.level();
    shed_surplus(wanted, now);
    // What lags, and where there is work for one more, shows with time.
    const bool one = governor_.closed() && streams_.size() < 2;
    if (!one) s.look_again = (std::min)(s.look_again, now + planning_interval);
  }
  if (streams_.size() >= wanted || !plan_.has_work(now)) return;
  const auto from = sources_.choose(now);
  if (!from) {
    if (ready) s.look_again = (std::min)(s.look_again, *ready);
    return;
  }
  const unsigned id = next_stream_++;
  if (const auto range = plan_.take(id, now)) {
    s.open = std::pair{*from, *range};
    s.stream_id = id;
  }
}

/// Streams beyond what the governor wants end with what is on its way to them: the youngest first.
template <system::environment Environment>
void download<Environment>::shed_surplus(unsigned wanted, clock::time_point now) {
  std::size_t surplus = streams_.size() - (std::min<std::size_t>)(wanted, streams_.size());
  for (auto at = streams_.rbegin(); surplus > 0; ++at, --surplus) plan_.shed(at->first, now);
}

template <system::environment Environment>
void download<Environment>::spawn(std::size_t source, byte_range range, unsigned id) {
  const stream_ptr st = add_stream(source, id);
  launch(st, run_stream(this->shared_from_this(), st, range));
}

template <system::environment Environment>
void download<Environment>::spawn_refresh(std::size_t source) {
  const stream_ptr st = add_stream(source, next_stream_id());
  {
    const std::lock_guard lock{mutex_};
    sources_[source].wants_refresh = false;
    sources_[source].refreshing = true;
  }
  launch(st, refresh(this->shared_from_this(), st));
}

template <system::environment Environment>
unsigned download<Environment>::next_stream_id() {
  const std::lock_guard lock{mutex_};
  return next_stream_++;
}

template <system::environment Environment>
auto download<Environment>::add_stream(std::size_t source, unsigned id) -> stream_ptr {
  auto st = std::make_shared<stream>(core_->make_strand(), id, source, core_->environment.now());
  const std::lock_guard lock{mutex_};
  ++sources_[source].active;
  streams_.emplace(id, st);
  return st;
}

template <system::environment Environment>
void download<Environment>::launch(const stream_ptr& st, awaitable<void> body) {
  asio::co_spawn(st->executor, std::move(body),
                 asio::bind_cancellation_slot(st->signal.slot(), [self = this->shared_from_this(),
                                                                  st](std::exception_ptr error) {
                   self->stream_ended(st, error);
                 }));
}

template <system::environment Environment>
void download<Environment>::end_stream(const stream_ptr& st) {
  st->unwanted = true;
  asio::post(st->executor, [st] {
    if (!st->ended) st->signal.emit(asio::cancellation_type::terminal);
  });
}

/// Ends all streams, and waits until nothing of theirs is on its way to the disk.
template <system::environment Environment>
awaitable<void> download<Environment>::quiesce() {
  for (const stream_ptr& st : all_streams()) end_stream(st);
  while (busy()) co_await wake_.wait();
}

template <system::environment Environment>
auto download<Environment>::all_streams() const -> std::vector<stream_ptr> {
  const std::lock_guard lock{mutex_};
  std::vector<stream_ptr> all;
  for (const auto& [id, st] : streams_) all.push_back(st);
  return all;
}

template <system::environment Environment>
bool download<Environment>::busy() const {
  const std::lock_guard lock{mutex_};
  return !streams_.empty() || jobs_ > 0;
}

template <system::environment Environment>
awaitable<void> download<Environment>::stand_still() {
  co_await quiesce();
  co_await flush();
  set_paused(true);
  while (held()) co_await wake_.wait();
  set_paused(false);
}

template <system::environment Environment>
bool download<Environment>::held() const {
  const std::lock_guard lock{mutex_};
  return pause_ && !stop_ && !fatal_;
}

template <system::environment Environment>
void download<Environment>::set_paused(bool on) {
  const std::lock_guard lock{mutex_};
  paused_ = on;
  meter_.reset();
  if (on) {
    tell(paused{task_});
  } else if (!stop_) {
    tell(resumed{task_});
  }
}

template <system::environment Environment>
void download<Environment>::stream_ended(const stream_ptr& st, std::exception_ptr error) {
  const std::lock_guard lock{mutex_};
  st->ended = true;
  plan_.release(st->id);
  streams_.erase(st->id);
  reunite();
  --sources_[st->source].active;
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const failure& f) {
      note_failure(st, f);
    } catch (const std::system_error& e) {
      if (e.code() != asio::error::operation_aborted) {
        note_failure(st, failure{e.code(), operation::receiving});
      }
    } catch (...) {
      if (!bug_) bug_ = error;
    }
  }
  // What cannot be joined to another reply is of no use once its reply is gone.
  const bool lost =
      confirmed_ && opened_ && !joinable_ && !blind_ && !small_ && !plan_.total_received();
  if (lost && streams_.empty() && !restart_) restart_ = errc::connection_closed;
  wake();
}

/// What a stream has left behind may lie in replies that others are reading: if so, it is theirs
/// again, and needs no other request.
template <system::environment Environment>
void download<Environment>::reunite() {
  for (const auto& [id, st] : streams_) {
    if (st->answered) plan_.reunite(id, st->reply_end);
  }
}

template <system::environment Environment>
void download<Environment>::note_failure(const stream_ptr& st, const failure& f) {
  source& src = sources_[st->source];
  src.last = f;
  if (src.last->http_status == 0 && f.what_for == operation::receiving) {
    src.last->http_status = last_status_;
  }
  const bool local = f.what_for == operation::checking || f.what_for == operation::writing ||
                     f.what_for == operation::publishing;
  if (local) {
    if (!fatal_) fatal_ = f;
    return;
  }
  const auto now = core_->environment.now();
  // What fails for one stream while others of the same source are served is about their number.
  const bool others = std::any_of(streams_.begin(), streams_.end(), [&](const auto& other) {
    return other.second->source == st->source && other.second->answered;
  });
  if (others && !st->answered) {
    governor_.back_off(static_cast<unsigned>(streams_.size()) + 1, now);
    src.not_before = now + delay_after(1, f);
    return;
  }
  if (f.error == condition::retryable) {
    if (st->started < src.failed_at) return;  // the same trouble that was counted already
    count_failure(src, f, now);
  } else {
    // What an old URL says is of no interest when a fresh one is there, or on its way.
    const bool late = st->edition != src.edition || src.wants_refresh || src.refreshing;
    if (!late) note_refusal(src, f);
  }
}

template <system::environment Environment>
void download<Environment>::note_refusal(source& src, const failure& f) {
  forgive(src);
  const bool stale =
      f.error == errc::unauthorized || f.error == errc::forbidden || f.error == errc::gone;
  if (stale && request_.refresh_url() && src.refreshes < most_refreshes) {
    ++src.refreshes;
    src.wants_refresh = true;
    src.refusal = f.error;
    return;
  }
  if (src.current != src.given) {
    // Where a redirect led once is not where it leads for ever.
    src.current = src.given;
    count_failure(src, f, core_->environment.now());
    return;
  }
  src.dead = true;
}

/// Progress since the last failure makes earlier ones void.
template <system::environment Environment>
void download<Environment>::forgive(source& src) {
  if ((joinable_ || blind_) && !small_ && received_ >= counted_ + credit_bytes) {
    src.failures = 0;
    src.refreshes = 0;
  }
  counted_ = received_;
}

template <system::environment Environment>
void download<Environment>::count_failure(source& src, const failure& f, clock::time_point now) {
  forgive(src);
  ++src.failures;
  src.failed_at = now;
  const unsigned most = f.what_for == operation::resolving ? (std::min)(retries_, 2u) : retries_;
  if (src.failures > most) {
    src.dead = true;
    return;
  }
  const auto delay = delay_after(src.failures, f);
  src.not_before = now + delay;
  if (src.failures > 1) src.current = src.given;
  tell(retrying{task_, f.error, f.detail, src.failures, delay});
}

template <system::environment Environment>
std::chrono::milliseconds download<Environment>::delay_after(unsigned failures, const failure& f) {
  const auto own = backoff(failures, retry_delay_, max_retry_delay_, core_->environment.random());
  if (!f.retry_after) return own;
  const std::chrono::milliseconds asked =
      (std::min<std::chrono::milliseconds>)(*f.retry_after, max_retry_delay_);
  return (std::max)(own, asked);
}

template <system::environment Environment>
void download<Environment>::report_progress(bool last) {
  if (!events_->wanted()) return;
  progress p;
  {
    const std::lock_guard lock{mutex_};
    const auto now = core_->environment.now();
    p.task = task_;
    p.total = plan_.total();
    p.downloaded = last && p.total ? *p.total : plan_.written().size();
    p.speed = meter_.speed();
    if (p.total && *p.total >= p.downloaded) {
      p.time_left = meter_.time_left(*p.total - p.downloaded);
    }
    p.connections = static_cast<unsigned>(streams_.size());
    p.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_);
  }
  tell(std::move(p));
}

}  // namespace haul::engine

#endif
