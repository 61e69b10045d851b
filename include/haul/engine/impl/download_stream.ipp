#ifndef HAUL_ENGINE_IMPL_DOWNLOAD_STREAM_IPP
#define HAUL_ENGINE_IMPL_DOWNLOAD_STREAM_IPP

#include <haul/async/offload.hpp>
#include <haul/engine/download.hpp>
#include <haul/http/content_disposition.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/redirect.hpp>
#include <haul/http/retry_after.hpp>

#include <asio/error.hpp>

#include <algorithm>

namespace haul::engine {

template <system::environment Environment>
awaitable<void> download<Environment>::run_stream(self_ptr self, stream_ptr st, byte_range range) {
  std::optional<byte_range> next = range;
  while (next) {
    const bool more = co_await self->fetch(st, *next);
    next.reset();
    if (more) next = self->next_range(*st);
  }
}

/// What the stream should fetch after its last reply; nothing when it should end.
template <system::environment Environment>
std::optional<byte_range> download<Environment>::next_range(stream& st) {
  const std::lock_guard lock{mutex_};
  if (stop_ || pause_ || fatal_ || restart_ || small_body_) return std::nullopt;
  if (streams_.size() > governor_.level()) return std::nullopt;
  if (sources_.distrusted(st.source)) return std::nullopt;
  const source& src = sources_[st.source];
  if (streams_.size() > 1) {
    const http::origin& to = src.current.where();
    // One of many gives way to those who have none.
    if (core_->pool.contended(system::route{to, core_->environment.choose_proxy(to)})) {
      return std::nullopt;
    }
  }
  const auto next = plan_.take(st.id, core_->environment.now());
  if (next && !joinable_ && !blind_) {
    // A reply that ended early, and nothing to prove that another one is of the same version: start
    // over, and ask for the whole file.
    no_ranges_ = true;
    return std::nullopt;
  }
  return next;
}

/// One request and its reply. False when the stream should end.
template <system::environment Environment>
awaitable<bool> download<Environment>::fetch(stream_ptr st, byte_range range) {
  const join how = how_to_join(*st, range);
  if (how == join::never) co_return false;
  std::shared_ptr<const std::string> tail = no_tail();
  if (how == join::by_tail) {
    std::shared_ptr<const std::string> read = co_await read_tail(st, range);
    tail = std::move(read);
  }
  asked_for asked;
  asked.range = range;
  asked.range.begin -= tail->size();
  asked.open_ended = range.end == planner::unlimited;
  const http::request request = make_request(*st, asked.range, asked.ranged);
  http::redirect_policy policy;
  policy.max = options_.max_redirects;
  policy.allow_insecure = options_.allow_insecure_redirect;
  http::reply<Environment> reply =
      co_await core_->client.open(st->executor, request, options_.timeouts, policy);
  reply_verdict verdict;
  const bool useful = judge(*st, asked, reply, verdict);
  if (!useful) co_return false;
  if (!tail->empty() && verdict.range.end != 0 && verdict.range.end <= range.begin) {
    // All that was to be compared, and nothing behind it: the file is shorter than was thought.
    tail_differs(*st);
    co_return false;
  }
  const bool unsettled = !is_opened() || (is_small() && !whole(verdict));
  if (unsettled) {
    std::string name = name_from(reply);
    const bool in_memory = whole(verdict);
    const bool look = !choose_name(name) || looks_first(in_memory);
    if (look || !choose_memory(in_memory)) {
      const bool go_on = co_await settle(st, std::move(name), look, in_memory);
      if (!go_on) co_return false;
    } else {
      settled();
    }
  }
  if (is_small()) {
    if (!take_at_once(*st, *reply.body)) co_await receive_small(st, *reply.body);
  } else {
    const auto in = std::make_shared<inflow>(std::move(reply.body), verdict.range, range.begin,
                                             tail, speed_floor{options_, core_->environment.now()});
    co_await receive(st, in);
  }
  co_return true;
}

template <system::environment Environment>
http::request download<Environment>::make_request(stream& st, byte_range range, bool& ranged) {
  const std::lock_guard lock{mutex_};
  const source& src = sources_[st.source];
  st.started = core_->environment.now();
  st.edition = src.edition;
  st.answered = false;
  ++attempts_;
  ranged = !no_ranges_;
  http::request r{src.current};
  r.home = home_;
  for (const auto& h : request_.headers()) r.fields.append(h.name, h.value);
  r.has_credentials = request_.has_credentials();
  r.user = request_.user();
  r.password = request_.password();
  if (ranged) {
    std::string value = "bytes=" + std::to_string(range.begin) + '-';
    if (range.end != planner::unlimited) value += std::to_string(range.end - 1);
    r.fields.append("Range", value);
  }
  return r;
}

/// Decides what a reply is good for. False: the stream has nothing more to do.
template <system::environment Environment>
bool download<Environment>::judge(stream& st, const asked_for& asked,
                                  const http::reply<Environment>& reply, reply_verdict& verdict) {
  using kind = reply_verdict::kind;
  const std::lock_guard lock{mutex_};
  const auto now = core_->environment.now();
  const http::response_head& head = reply.head();
  source& src = sources_[st.source];
  answer_time_ = now - st.started;
  last_url_ = reply.from.str();
  last_status_ = head.status;
  if (const check_reply_hook* check = request_.check_reply()) {
    reply_summary seen;
    seen.status = head.status;
    seen.content_type = head.fields.find("Content-Type").value_or(std::string_view{});
    const http::body_framing& framing = reply.body->framing();
    if (framing.how == http::body_framing::kind::length) seen.length = framing.length;
    seen.expected_size = version_.total ? version_.total : request_.size();
    if (const std::error_code refused = (*check)(seen)) {
      failure f{refused, operation::requesting};
      f.http_status = head.status;
      throw f;
    }
  }
  verdict = check_reply(asked, version_, head, reply.body->framing(), reply.from.path());
  switch (verdict.what) {
    case kind::part:
    case kind::whole:
      break;
    case kind::changed:
      return start_over(st, errc::content_changed);
    case kind::range_ignored:
      if (!whole_in_part(st)) {
        const bool mirror = st.source != version_source_ && confirmed_;
        if (!mirror) no_ranges_ = true;
        start_over(st, errc::range_ignored);
      }
      return false;
    case kind::range_refused:
      if (verdict.total != std::uint64_t{0}) {
        no_ranges_ = true;
        return false;  // the next stream asks without a range
      }
      verdict.what = kind::whole;
      break;
    case kind::error: {
      // What an earlier run left does not fit what is there now.
      if (head.status == 416 && !confirmed_ && asked.range.begin > 0) {
        return start_over(st, errc::content_changed);
      }
      failure f{verdict.error, operation::requesting};
      f.http_status = head.status;
      if (f.error == errc::server_error || f.error == errc::request_refused ||
          f.error == errc::unexpected_status) {
        f.detail = "HTTP " + std::to_string(head.status);
      }
      if (const auto after = head.fields.find("Retry-After")) {
        f.retry_after = http::parse_retry_after(*after, core_->environment.wall_clock());
      }
      throw f;
    }
  }
  const auto size = request_.size();
  if (size && verdict.total && *size != *verdict.total) {
    throw failure{errc::size_mismatch, operation::requesting,
                  std::to_string(*verdict.total) + " bytes instead of " + std::to_string(*size)};
  }
  if (verdict.total) check_pieces(*verdict.total);
  st.answered = true;
  if (governor_.waiting()) wake();
  src.current = reply.from;
  adopt(st, head, verdict);
  return true;
}

/// The reply is of another version than what is there. False, always.
template <system::environment Environment>
bool download<Environment>::start_over(const stream& st, errc why) {
  source& src = sources_[st.source];
  if (st.source != version_source_ && confirmed_) {
    // A mirror that has another file is no mirror.
    src.dead = true;
    src.last.emplace(why, operation::requesting, src.given.str());
    return false;
  }
  if (restart_) return false;
  if (++restarts_ > most_restarts) {
    if (!fatal_) fatal_.emplace(why, operation::receiving);
  } else {
    restart_ = why;
  }
  return false;
}

/// A server that gives the whole file to whoever asks for a part: if another stream is reading such
/// a reply already, all is left to it.
template <system::environment Environment>
bool download<Environment>::whole_in_part(stream& st) {
  for (const auto& [id, other] : streams_) {
    if (id == st.id || !other->answered || !plan_.total()) continue;
    if (other->reply_end != *plan_.total()) continue;
    governor_.close();
    plan_.release(st.id);
    plan_.reunite(id, other->reply_end);
    return true;
  }
  return false;
}

/// Takes over what a good reply tells about the file.
template <system::environment Environment>
void download<Environment>::adopt(stream& st, const http::response_head& head,
                                  const reply_verdict& verdict) {
  const bool known = version_.total.has_value();
  if (!known) version_.total = verdict.total;
  if (!confirmed_) {
    confirmed_ = true;
    version_source_ = st.source;
    version_.validator = verdict.validator;
    joinable_ = verdict.joinable;
    bool ranges = verdict.what == reply_verdict::kind::part;
    if (verdict.what == reply_verdict::kind::whole) {
      // The whole file for an open range is a legal answer of a server that can do ranges.
      const auto accepts = head.fields.find("Accept-Ranges");
      ranges = accepts && http::equals_ignore_case(*accepts, "bytes");
      joinable_ = verdict.validator.joinable() && verdict.total && ranges;
    }
    blind_ = verdict.validator.absent() && ranges && !no_ranges_ && (known || verdict.total);
    if (pieces_.wanted()) {
      // The hashes tell what can be joined, whatever version a reply names.
      version_.validator = http::validator{};
      joinable_ = ranges && (known || verdict.total);
      blind_ = false;
    }
  }
  if (!known && version_.total) {
    plan_.set_total(*version_.total);
    begin_pieces(*version_.total);
  }
  st.reply_end = verdict.range.end;
}

/// Whether the hashes of the pieces are those of a file of `total` bytes: before anything is taken
/// over from a reply that says so.
template <system::environment Environment>
void download<Environment>::check_pieces(std::uint64_t total) const {
  if (!pieces_.wanted() || request_.pieces()->fits(total)) return;
  throw failure{errc::size_mismatch, operation::requesting,
                std::to_string(request_.pieces()->size()) + " piece hashes for " +
                    std::to_string(total) + " bytes"};
}

/// How long the file is has become known.
template <system::environment Environment>
void download<Environment>::begin_pieces(std::uint64_t total) {
  if (!pieces_.wanted()) return;
  pieces_.begin(total, range_set{});
  for (const byte_range& r : plan_.written().ranges()) {
    pieces_.note(r, version_source_, plan_.written());
  }
}

template <system::environment Environment>
std::string download<Environment>::name_from(const http::reply<Environment>& reply) const {
  std::string name;
  if (const auto field = reply.head().fields.find("Content-Disposition")) {
    if (const auto given = http::parse_content_disposition_filename(*field)) {
      name = http::safe_file_name(*given);
    }
  }
  if (name.empty() && !is_given(reply.from)) name = http::file_name_of_url(reply.from);
  if (name.empty()) name = url_name_;
  return name.empty() ? "download" : name;
}

/// Whether this is the URL of the request, whose file name is known.
template <system::environment Environment>
bool download<Environment>::is_given(const http::url& u) const {
  const std::lock_guard lock{mutex_};
  return sources_[0].edition == 0 && u == sources_[0].given;
}

/// The first good reply is there: decides where its bytes go. False when the request was for the
/// wrong bytes, because an earlier run has left some.
///
/// @param look   Whether the target is to be looked at first.
/// @param whole  Whether the reply is the whole file.
template <system::environment Environment>
awaitable<bool> download<Environment>::settle(stream_ptr st, std::string name, bool look,
                                              bool whole) {
  if (look) {
    auto job = [self = this->shared_from_this(), name = std::move(name)] {
      return self->name_job(name);
    };
    const std::shared_ptr<failure> failed =
        co_await offload(core_->environment, st->executor, std::move(job));
    if (failed) throw failure{*failed};
    const bool replan = take_up_earlier();
    if (replan) co_return false;
  }
  const bool in_memory = choose_memory(whole);
  if (!in_memory) {
    auto job = [self = this->shared_from_this()] { return self->open_part_job(); };
    const std::shared_ptr<failure> failed =
        co_await offload(core_->environment, st->executor, std::move(job));
    if (failed) throw failure{*failed};
  }
  settled();
  co_return true;
}

/// An earlier run under this name has left what can be joined to the reply.
template <system::environment Environment>
bool download<Environment>::take_up_earlier() {
  const std::lock_guard lock{mutex_};
  storage& st = *storage_;
  if (!st.resumable) return false;
  const http::validator& before = st.earlier.header.validator;
  const bool proved = joinable_ && http::same_version(before, version_.validator);
  const bool likely = blind_ && before.absent();
  const bool same = (proved || likely) && !no_ranges_ && version_.total == st.earlier.header.total;
  if (!same) {
    st.resumable = false;
    return false;
  }
  plan_.begin(st.earlier.header.total, st.earlier.written);
  resumed_ = logged_ = st.earlier.written.size();
  confirmed_ = false;
  return true;
}

/// Makes the target this download's, where the name is one under which nothing stands. False where
/// the disk has to be asked.
template <system::environment Environment>
bool download<Environment>::choose_name(const std::string& name) {
  const std::lock_guard lock{mutex_};
  return !storage_->target.empty() || take_free_name(name);
}

/// Whether a target that was vacant when its batch began is looked at once more.
template <system::environment Environment>
bool download<Environment>::looks_first(bool whole) const {
  const std::lock_guard lock{mutex_};
  return storage_->vacant && !fits_memory(whole);
}

/// A file that fits into one buffer goes through memory and is written at once.
template <system::environment Environment>
bool download<Environment>::choose_memory(bool whole) {
  const std::lock_guard lock{mutex_};
  small_ = fits_memory(whole);
  return small_;
}

template <system::environment Environment>
bool download<Environment>::fits_memory(bool whole) const {
  const std::uint64_t most =
      (std::min<std::uint64_t>)(core_->buffers.buffer_size(), most_in_memory);
  return whole && version_.total && *version_.total <= most && !storage_->resumable &&
         !storage_->part.is_open() && !pieces_.wanted();
}

template <system::environment Environment>
void download<Environment>::settled() {
  const std::lock_guard lock{mutex_};
  opened_ = true;
  // Of an empty file, all is there already, whatever becomes of the stream.
  if (small_ && *version_.total == 0) small_body_.emplace(0);
  const bool many = joinable_ && !no_ranges_ && !small_ && options_.connections > 1 &&
                    version_.total.value_or(0) > 2 * options_.piece_size;
  if (many) governor_.open(core_->environment.now());
  tell(transfer_started{task_, storage_->target, version_.total, resumed_, joinable_});
  wake();
}

template <system::environment Environment>
auto download<Environment>::how_to_join(const stream& st, byte_range range) -> join {
  const std::lock_guard lock{mutex_};
  if (!blind_ || range.begin == 0) return join::plain;
  if (st.source == version_source_ && !no_ranges_) return join::by_tail;
  // Two servers that both name no version: an equal end is too little to join them. And without
  // ranges there is no end to compare.
  if (!restart_ && ++restarts_ > most_restarts) {
    throw failure{errc::content_changed, operation::requesting};
  }
  restart_ = errc::content_changed;
  return join::never;
}

template <system::environment Environment>
const std::shared_ptr<const std::string>& download<Environment>::no_tail() {
  static const auto none = std::make_shared<const std::string>();
  return none;
}

/// Where nothing names a version: the end of what is on disk before `range`, which the server must
/// send once more.
template <system::environment Environment>
awaitable<std::shared_ptr<const std::string>> download<Environment>::read_tail(stream_ptr st,
                                                                               byte_range range) {
  auto tail = std::make_shared<std::string>();
  tail->resize(static_cast<std::size_t>((std::min)(range.begin, tail_bytes)));
  auto job = [self = this->shared_from_this(), tail, at = range.begin - tail->size()] {
    std::error_code ec;
    file part = self->core_->environment.open(part_path(self->storage_->target),
                                              system::open_mode::read, ec);
    std::size_t got = 0;
    if (!ec) got = part.read_at(at, tail->data(), tail->size(), ec);
    if (!ec && got < tail->size()) ec = std::make_error_code(std::errc::io_error);
    return ec;
  };
  const std::error_code ec = co_await offload(core_->environment, st->executor, std::move(job));
  if (ec) throw failure{ec, operation::writing, part_path(storage_->target).string()};
  co_return tail;
}

template <system::environment Environment>
void download<Environment>::tail_differs(const stream& st) {
  const std::lock_guard lock{mutex_};
  start_over(st, errc::content_changed);
}

/// Asks the program for a fresh URL.
template <system::environment Environment>
awaitable<void> download<Environment>::refresh(self_ptr self, stream_ptr st) {
  std::error_code why = self->refusal_of(st->source);
  std::string fresh;
  bool threw = false;
  try {
    std::string answer = co_await self->request_.refresh_url()(why);
    fresh = std::move(answer);
  } catch (const std::exception&) {
    threw = true;
  }
  self->refreshed(st->source, threw, fresh);
}

template <system::environment Environment>
std::error_code download<Environment>::refusal_of(std::size_t source) const {
  const std::lock_guard lock{mutex_};
  return sources_[source].refusal;
}

template <system::environment Environment>
void download<Environment>::refreshed(std::size_t source, bool threw, const std::string& fresh) {
  const std::lock_guard lock{mutex_};
  engine::source& src = sources_[source];
  src.refreshing = false;
  if (threw) {
    if (pause_ || stop_ || fatal_ || restart_) {
      src.wants_refresh = true;  // it was ended for another reason: ask again
    } else {
      src.dead = true;  // with the failure that led here
    }
    return;
  }
  const http::url_result parsed = http::parse_url(fresh);
  if (parsed.error) {
    src.dead = true;
    src.last.emplace(parsed.error, operation::requesting, "the fresh URL");
    return;
  }
  src.given = src.current = parsed.value;
  ++src.edition;
}

}  // namespace haul::engine

#endif
