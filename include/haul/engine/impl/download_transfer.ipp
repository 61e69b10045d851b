#ifndef HAUL_ENGINE_IMPL_DOWNLOAD_TRANSFER_IPP
#define HAUL_ENGINE_IMPL_DOWNLOAD_TRANSFER_IPP

#include <haul/async/offload.hpp>
#include <haul/engine/download.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <cstring>

namespace haul::engine {

/// Moves the body of a reply to the part file. The stream's coroutine waits for the connection; a
/// job on a worker reads what has come and writes it, as long as there is something: one thread
/// has the bytes in its cache from the kernel and back to it, and neither decrypting nor the disk
/// holds up the event loop.
template <system::environment Environment>
awaitable<void> download<Environment>::receive(stream_ptr st, inflow_ptr in) {
  auto& environment = core_->environment;
  timer pace = environment.make_timer(st->executor);
  auto next = inflow::step::read;
  while (next != inflow::step::end) {
    in->body->pace(pace_of_one());
    if (limiter_.limited()) {
      const auto begun = environment.now();
      co_await throttle(pace);
      in->floor.pause(environment.now() - begun);
    }
    if (next == inflow::step::wait && !in->body->buffered()) {
      co_await in->body->wait();
    }
    // Here, and not in the job: the event loop may be about to end while a job runs.
    if (in->at > in->range.begin && (next == inflow::step::read || in->body->streams())) {
      in->body->hush();
    }
    auto job = [self = this->shared_from_this(), st, in] { return self->move_job(*st, *in); };
    next = co_await offload(environment, st->executor, std::move(job));
    if (in->error) std::rethrow_exception(in->error);
    if (next == inflow::step::leave) co_return;
  }
  body_ended(*st, in->at, in->range.end);
}

/// Moves what has come, and what comes meanwhile; not for ever where others wait for the worker.
/// Runs on a worker.
template <system::environment Environment>
auto download<Environment>::move_job(const stream& st, inflow& in) -> typename inflow::step {
  auto& environment = core_->environment;
  try {
    buffer_pool::buffer memory = core_->buffers.take();
    const std::uint64_t until = in.at + job_bytes;
    const auto begun = environment.now();
    const auto alone = [&] { return in.body->quiet() && environment.spare_worker(); };
    for (;;) {
      auto next = move_block(st, in, memory);
      if (limiter_.limited()) return next;
      if (next == inflow::step::wait && alone() && in.body->linger()) next = inflow::step::read;
      if (next != inflow::step::read) return next;
      const auto passed = environment.now() - begun;
      const bool on = (in.at < until && passed < job_time) || (passed < longest_job && alone());
      if (!on) return next;
    }
  } catch (...) {
    in.error = std::current_exception();
    return inflow::step::leave;
  }
}

/// Moves what one read gives: it is written while it is in the processor's cache.
template <system::environment Environment>
auto download<Environment>::move_block(const stream& st, inflow& in, buffer_pool::buffer& memory) ->
    typename inflow::step {
  exchange& x = *in.body;
  if (!goes_on(st)) return inflow::step::leave;
  const auto most =
      static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), limiter_.slice()));
  std::error_code ec;
  const std::size_t filled = x.read_some(memory.data(), most, ec);
  const auto now = core_->environment.now();
  limiter_.charge(filled, now);
  if (in.range.end != 0 && in.at + filled > in.range.end) {
    // More than the head said: whose bytes these are cannot be told.
    throw failure{errc::bad_content_range, operation::receiving};
  }
  std::size_t known = 0;
  if (in.at < in.from) {
    known = static_cast<std::size_t>(std::min<std::uint64_t>(filled, in.from - in.at));
  }
  if (!same_tail(*in.tail, in.from, in.at, memory.data(), known)) {
    tail_differs(st);
    return inflow::step::leave;
  }
  const std::uint64_t fresh = filled - known;
  const planner::share mine = take_over(st, filled, fresh, now);
  if (mine.size > 0) {
    const std::uint64_t before = known + mine.skip;
    const bool written = write_block(in.at + before, memory.data() + before,
                                     static_cast<std::size_t>(mine.size), st.source);
    if (!written) return inflow::step::leave;
  }
  in.at += filled;
  if (mine.skip + mine.size < fresh)
    return inflow::step::leave;  // the rest belongs to another stream
  if (ec && ec != asio::error::would_block) throw failure{ec, operation::receiving};
  in.floor.check(filled, now);
  if (x.complete()) return inflow::step::end;
  return ec ? inflow::step::wait : inflow::step::read;
}

/// Writes what a stream has received, and marks it. Runs on a worker.
template <system::environment Environment>
bool download<Environment>::write_block(std::uint64_t offset, const char* data, std::size_t n,
                                        std::size_t source) {
  std::error_code ec;
  storage_->part.write_at(offset, data, n, ec);
  if (!ec && !request_.pieces()) hashes_.offer(offset, data, n);
  const std::lock_guard lock{mutex_};
  if (ec) {
    if (!fatal_) fatal_.emplace(ec, operation::writing, part_path(storage_->target).string());
    wake();
    return false;
  }
  const byte_range r{offset, offset + n};
  plan_.written(r);
  pieces_.note(r, source, plan_.written());
  sources_[source].gave = true;
  const bool due = (journaled() && proved() >= logged_ + flush_bytes) || pieces_.has_work();
  if (due || plan_.complete()) wake();
  return true;
}

template <system::environment Environment>
awaitable<void> download<Environment>::throttle(timer& t) {
  for (;;) {
    const auto now = core_->environment.now();
    const auto ready = limiter_.ready_at(now);
    if (ready <= now) co_return;
    // Not too long at once: the limit may be raised meanwhile.
    t.expires_at((std::min)(ready, now + std::chrono::milliseconds{100}));
    co_await t.async_wait(haul::detail::use_awaitable);
  }
}

/// Whether `n` bytes at offset `at` are those of the tail that ends at `end`, where they meet it.
template <system::environment Environment>
bool download<Environment>::same_tail(const std::string& tail, std::uint64_t end, std::uint64_t at,
                                      const char* seen, std::size_t n) {
  const std::uint64_t begin = (std::max)(at, end - tail.size());
  const std::uint64_t last = (std::min)(at + n, end);
  if (begin >= last) return true;
  return std::memcmp(tail.data() + (begin - (end - tail.size())), seen + (begin - at),
                     static_cast<std::size_t>(last - begin)) == 0;
}

/// How fast one of the streams may be under the limits, with room for the others to be slower.
template <system::environment Environment>
std::uint64_t download<Environment>::pace_of_one() {
  const std::uint64_t all = limiter_.lowest_rate();
  if (all == 0) return 0;
  const std::lock_guard lock{mutex_};
  return (std::max<std::uint64_t>)(2 * all / (std::max<std::size_t>)(streams_.size(), 1), 1);
}

/// Whether a stream that moves bytes should move more.
template <system::environment Environment>
bool download<Environment>::goes_on(const stream& st) const {
  const std::lock_guard lock{mutex_};
  return !st.unwanted && !stop_ && !pause_ && !fatal_ && !restart_ && plan_.wanted(st.id) > 0;
}

/// Counts what was read; returns which of the fresh bytes the stream has to write.
template <system::environment Environment>
planner::share download<Environment>::take_over(const stream& st, std::uint64_t read,
                                                std::uint64_t fresh, clock::time_point now) {
  const std::lock_guard lock{mutex_};
  received_ += read;
  return plan_.received(st.id, fresh, now);
}

/// The body has ended by its own framing, at offset `at`; `end` is where the head said it would.
template <system::environment Environment>
void download<Environment>::body_ended(stream&, std::uint64_t at, std::uint64_t end) {
  const std::lock_guard lock{mutex_};
  if (!version_.total) {
    check_pieces(at);
    version_.total = at;
    plan_.ended(at);
    begin_pieces(at);
    return;
  }
  // A chunked body says how long it is only by its end.
  if (end != 0 && at < end) throw failure{errc::connection_closed, operation::receiving};
  if (end == 0 && at != *version_.total) {
    if (!restart_ && ++restarts_ <= most_restarts) restart_ = errc::content_changed;
    if (!restart_) throw failure{errc::content_changed, operation::receiving};
  }
}

/// Takes a small body that has come with its head. False where it has not.
template <system::environment Environment>
bool download<Environment>::take_at_once(const stream& st, exchange& x) {
  if (limiter_.limited()) return false;
  const auto size = static_cast<std::size_t>(*version_.total);
  std::string_view bytes;
  auto memory = x.take_whole(size, bytes);
  if (!memory) return false;
  limiter_.charge(size, core_->environment.now());
  count_received(size);
  take_small(st, memory_body{std::move(memory), bytes});
  return true;
}

template <system::environment Environment>
awaitable<void> download<Environment>::receive_small(stream_ptr st, exchange& x) {
  const auto size = static_cast<std::size_t>(*version_.total);
  memory_body body{size};
  timer pace = core_->environment.make_timer(st->executor);
  speed_floor floor{options_, core_->environment.now()};
  std::size_t have = 0;
  while (!x.complete() && have < size) {
    if (limiter_.limited()) co_await throttle(pace);
    if (!x.buffered()) co_await x.wait();
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - have, limiter_.slice()));
    std::error_code ec;
    const std::size_t got = x.read_some(body.memory.get() + have, most, ec);
    have += got;
    const auto now = core_->environment.now();
    limiter_.charge(got, now);
    count_received(got);
    if (ec && ec != asio::error::would_block) throw failure{ec, operation::receiving};
    floor.check(got, now);
  }
  if (have < size) throw failure{errc::connection_closed, operation::receiving};
  take_small(*st, std::move(body));
}

/// All of a small file is there.
template <system::environment Environment>
void download<Environment>::take_small(const stream& st, memory_body body) {
  const std::lock_guard lock{mutex_};
  plan_.received(st.id, body.bytes.size(), core_->environment.now());
  sources_[st.source].gave = true;
  small_body_ = std::move(body);
}

template <system::environment Environment>
void download<Environment>::count_received(std::uint64_t n) {
  const std::lock_guard lock{mutex_};
  received_ += n;
}

}  // namespace haul::engine

#endif
