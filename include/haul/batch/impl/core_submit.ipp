#ifndef HAUL_BATCH_IMPL_CORE_SUBMIT_IPP
#define HAUL_BATCH_IMPL_CORE_SUBMIT_IPP

#include <haul/async/offload.hpp>
#include <haul/batch/core.hpp>
#include <haul/detail/hex.hpp>
#include <haul/engine/paths.hpp>
#include <haul/engine/task_info.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/url.hpp>

#include <algorithm>
#include <numeric>

namespace haul::batch {

template <system::environment Environment>
core<Environment>::core(session_ptr session, std::unique_ptr<engine::any_sink> sink,
                        std::unique_ptr<store_link> store, const manager_options& options)
    : session_(std::move(session)),
      store_(std::move(store)),
      options_(options),
      events_(std::make_shared<engine::event_queue>(session_->make_strand(), std::move(sink),
                                                    engine::delivery::queued, [] {})),
      slots_(session_->executor, (std::max)(1u, options.max_active)),
      idle_(session_->executor) {}

/// Files and batches hold each other.
template <system::environment Environment>
core<Environment>::~core() {
  for (const auto& [id, b] : batches_) {
    b->files.clear();
    b->again.clear();
  }
}

template <system::environment Environment>
std::error_code core<Environment>::check_options(std::size_t files, batch_options& options,
                                                 std::string& why) const {
  if (files == 0) {
    why = "the batch has no files";
    return errc::invalid_argument;
  }
  if (files > options_.max_files) {
    why = std::to_string(files) + " files; at most " + std::to_string(options_.max_files);
    return errc::batch_too_large;
  }
  if (options.max_concurrent < 1) {
    why = "max_concurrent: 1 or more";
    return errc::invalid_argument;
  }
  options.max_concurrent = (std::min)(options.max_concurrent, options_.max_concurrent);
  return {};
}

template <system::environment Environment>
awaitable<submit_result> core<Environment>::submit(std::vector<download_request> requests,
                                                   batch_options options) {
  const auto self = this->shared_from_this();
  submit_result result;
  result.error = check_options(requests.size(), options, result.message);
  if (!result.error) {
    result.error = store_->error();
    if (result.error) result.message = "the store has failed";
  }
  if (result.error) co_return result;
  std::vector<probe> probes = probes_of(requests);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto job = [session = session_, probes = std::move(probes)]() mutable {
    prober{session->environment}.look(probes);
    return std::move(probes);
  };
  const std::vector<probe> found =
      co_await offload(session_->environment, executor, std::move(job));
  {
    const std::lock_guard lock{mutex_};
    const batch_ptr b = make_batch(fresh_id("batch_", 8), options);
    b->files.reserve(requests.size());
    result.files.reserve(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      result.files.push_back(admit(*b, b, requests[i], found[i]));
    }
    if (!b->files.empty()) {
      result.batch = b->id;
      if (store_->persistent()) store_->add(record_of(*b));
      register_batch(b);
    }
  }
  schedule();
  co_return result;
}

template <system::environment Environment>
auto core<Environment>::probes_of(const std::vector<download_request>& requests) const
    -> std::vector<probe> {
  std::vector<probe> probes(requests.size());
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const download_request& r = requests[i];
    probe& p = probes[i];
    const http::url_result url = http::parse_url(r.url());
    p.bad_url = url.error;
    p.checksums = r.checksums();
    p.named = !engine::names_folder(r.native_path());
    const auto at = recorded_.empty() ? recorded_.end() : recorded_.find(record_key(r));
    if (at != recorded_.end()) {
      p.path = at->second.path;
      p.named = true;
      p.recorded = at->second.size;
    } else if (p.named) {
      p.path = r.native_path();
    } else if (!url.error) {
      const std::string name = http::file_name_of_url(url.value);
      if (!name.empty()) p.path = engine::path_in(r.native_path(), name);
    }
  }
  return probes;
}

/// Takes one request into a batch, if it can be.
template <system::environment Environment>
submitted_file core<Environment>::admit(batch& b, const batch_ptr& self, download_request& request,
                                        const probe& found) {
  using outcome = submitted_file::outcome;
  submitted_file told;
  told.id = request.id();
  const auto refuse = [&](std::error_code ec, std::string why) {
    told.what = outcome::refused;
    told.error = ec;
    told.message = std::move(why);
  };
  if (found.bad_url) {
    refuse(found.bad_url, found.bad_url.message());
    return told;
  }
  if (request.has_bad_checksum()) {
    refuse(errc::invalid_argument, "the checksum is not one");
    return told;
  }
  if (const item_ptr twin = known(request)) {
    told.id = twin->request.id();
    if (std::find(b.files.begin(), b.files.end(), twin) == b.files.end()) enlist(b, self, twin);
    return told;
  }
  const bool replace = replaces(b.options);
  if (found.exists && !b.options.force) {
    if (found.right) {
      told.what = outcome::already_downloaded;
      return told;
    }
    if (!replace) {
      refuse(errc::target_exists, std::error_code{errc::target_exists}.message());
      return told;
    }
  }
  if (request.id().empty()) request.id(fresh_id("", 16));
  told.id = request.id();
  const auto fresh = std::make_shared<item>(std::move(request));
  fresh->vacant = found.vacant;
  enlist(b, self, fresh);
  return told;
}

/// The file that is queued or running already under the same id or for the same target.
template <system::environment Environment>
auto core<Environment>::known(const download_request& request) const -> item_ptr {
  if (!request.id().empty()) {
    const item_ptr i = find_file(request.id());
    if (i && !is_final(i->state)) return i;
  }
  if (!engine::names_folder(request.native_path())) {
    if (const auto at = by_path_.find(request.native_path()); at != by_path_.end()) return *at;
  }
  return nullptr;
}

/// The file can be asked for by its id, in place of an earlier one of the same.
template <system::environment Environment>
void core<Environment>::make_known(const item_ptr& i) {
  const auto [at, fresh] = files_.insert(i);
  if (fresh) return;
  files_.erase(at);
  files_.insert(i);
}

template <system::environment Environment>
void core<Environment>::enlist(batch& b, const batch_ptr& self, const item_ptr& i) {
  if (i->batches.empty()) {
    i->index = static_cast<std::uint32_t>(b.files.size());
    make_known(i);
    if (!engine::names_folder(i->request.native_path())) by_path_.insert(i);
  }
  i->batches.push_back(self);
  b.files.push_back(i);
  ++b.counts[static_cast<std::size_t>(i->state)];
}

template <system::environment Environment>
auto core<Environment>::make_batch(const std::string& id, const batch_options& options)
    -> batch_ptr {
  auto b = std::make_shared<batch>();
  b->id = id;
  b->options = options;
  b->slots.emplace(session_->executor,
                   options.order == batch_order::sequential ? 1 : options.max_concurrent);
  b->limiter = session_->limiter.child();
  b->limiter.set_rate(options.rate_limit, session_->environment.now());
  b->created = session_->environment.wall_clock();
  b->begun = session_->environment.now();
  b->place = waiting_.next_place(options.priority);
  return b;
}

/// The batch has its files: it waits for its turn from now on.
template <system::environment Environment>
void core<Environment>::register_batch(const batch_ptr& b) {
  batches_.emplace(b->id, b);
  const auto& files = b->files;
  const bool equal = std::all_of(files.begin(), files.end(), [&](const item_ptr& i) {
    return i->request.priority() == files.front()->request.priority();
  });
  if (!equal) {
    b->order.resize(files.size());
    std::iota(b->order.begin(), b->order.end(), 0u);
    std::sort(b->order.begin(), b->order.end(), [&](std::uint32_t x, std::uint32_t y) {
      const int of_x = files[x]->request.priority();
      const int of_y = files[y]->request.priority();
      return of_x != of_y ? of_x > of_y : x < y;
    });
  }
  if (!b->paused && !b->done()) waiting_.add(b->place, b);
  if (!b->finished) {
    b->announced = true;
    events_->push(batch_started{b->id, files.size(), b->options.order == batch_order::parallel});
  }
}

template <system::environment Environment>
std::string core<Environment>::fresh_id(const char* prefix, int digits) {
  for (;;) {
    std::string id = prefix;
    haul::detail::append_hex(id, session_->environment.random(), digits);
    if (!batches_.contains(id) && !find_file(id)) return id;
  }
}

template <system::environment Environment>
std::shared_ptr<const batch_record> core<Environment>::record_of(const batch& b) const {
  auto record = std::make_shared<batch_record>();
  record->id = b.id;
  record->options = b.options;
  record->paused = b.paused;
  record->created = b.created;
  record->finished = b.finished;
  record->files.reserve(b.files.size());
  for (const item_ptr& i : b.files) {
    file_record f;
    f.request = i->request;
    f.state = i->state;
    f.path = i->target();
    f.downloaded = i->downloaded;
    if (i->has_total) f.total = i->total;
    record->files.push_back(std::move(f));
  }
  return record;
}

/// Brings back what the store holds: finished batches can be asked for, the others go on.
template <system::environment Environment>
awaitable<std::error_code> core<Environment>::recover(recovery how) {
  const auto self = this->shared_from_this();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto completed = std::make_shared<std::vector<std::string>>();
  auto job = [self, completed] {
    std::vector<batch_record> loaded = self->store_->load();
    for (batch_record& b : loaded) {
      complete_published(self->session_->environment, b, *completed);
    }
    return loaded;
  };
  const std::vector<batch_record> records =
      co_await offload(session_->environment, executor, std::move(job));
  const std::error_code ec = store_->error();
  if (ec) co_return ec;
  {
    const std::lock_guard lock{mutex_};
    std::unordered_map<std::string, item_ptr> made;
    for (const batch_record& r : records) {
      if (!batches_.contains(r.id)) restore(r, how, made);
    }
    // The store does not know yet; the next recovery may not find the file any more.
    for (const std::string& id : *completed) {
      if (const item_ptr i = find_file(id)) store_file(*i);
    }
    forget_old();
  }
  schedule();
  co_return ec;
}

/// A process may die between the rename of a file and the store's word of it. When a target was not
/// there when its file was queued, and now is, newer than the batch and without a part file, the
/// file was complete. Runs on a disk worker.
template <system::environment Environment>
void core<Environment>::complete_published(Environment& environment, batch_record& b,
                                           std::vector<std::string>& completed) {
  if (replaces(b.options)) return;
  for (file_record& f : b.files) {
    const std::filesystem::path& target = f.path.empty() ? f.request.path() : f.path;
    if (is_final(f.state) || engine::names_folder(target.native())) continue;
    std::error_code ec;
    const system::path_status there = environment.status(target, ec);
    if (ec || !there.exists || there.directory) continue;
    if (environment.status(engine::part_path(target), ec).exists) continue;
    if (f.request.checksums().empty()) {
      if (there.modified < b.created || (f.total && *f.total != there.size)) continue;
    } else if (!matches(environment, target, there.size, f.request.checksums())) {
      continue;
    }
    f.state = file_state::completed;
    f.downloaded = there.size;
    f.total = there.size;
    completed.push_back(f.request.id());
  }
}

template <system::environment Environment>
void core<Environment>::restore(const batch_record& record, recovery how,
                                std::unordered_map<std::string, item_ptr>& made) {
  const batch_ptr b = make_batch(record.id, record.options);
  b->created = record.created;
  b->finished = record.finished;
  b->paused = record.paused || how == recovery::hold;
  for (const file_record& f : record.files) {
    item_ptr& i = made[f.request.id()];
    if (!i) {
      i = std::make_shared<item>(f.request);
      i->path = f.path.native();
      i->downloaded = f.downloaded;
      i->total = f.total.value_or(0);
      i->has_total = f.total.has_value();
      i->touched = f.downloaded > 0;
      i->message = f.message;
      if (f.error_value != 0) {
        i->error = f.error_category == category().name()
                       ? std::error_code{f.error_value, category()}
                       : std::error_code{f.error_value, std::system_category()};
      }
      // What was under way goes on from its journal.
      i->state = f.state == file_state::downloading ? file_state::pending : f.state;
      if (is_final(i->state)) make_known(i);
      if (i->state == file_state::completed) remember(*i);
    }
    if (is_final(i->state)) {
      i->batches.push_back(b);
      b->files.push_back(i);
      ++b->counts[static_cast<std::size_t>(i->state)];
    } else {
      enlist(*b, b, i);
    }
  }
  register_batch(b);
  if (b->done() && !b->finished) {
    b->finished = session_->environment.wall_clock();
    for (const item_ptr& i : b->files) store_file(*i);
    if (store_->persistent()) store_->finish(b->id, *b->finished);
    events_->push(end_of(*b));
  }
  if (b->finished) finished_.push_back(b);
}

}  // namespace haul::batch

#endif
