#include "runner.hpp"

#include "engine.hpp"
#include "store.hpp"
#include "watcher.hpp"
#include <haul/engine/paths.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace haul::sim {
namespace {

using namespace std::chrono_literals;

/// No run comes near these, unless it never ends.
constexpr duration too_long = 4h;
constexpr std::uint64_t too_many_steps = 3'000'000;

struct plain_sink {
  watcher* w;
  void operator()(const event& e) const { w->take(e); }
};

struct throwing_sink {
  static constexpr std::uint64_t last = 5;  // event that it takes
  watcher* w;
  void operator()(const event& e) const {
    w->take(e);
    if (w->count >= last) throw std::runtime_error{"the sink's own"};
  }
};

struct slow_sink {
  watcher* w;
  sim_environment* environment;
  asio::any_io_executor executor;

  awaitable<void> operator()(const event& e) const { return take(w, environment, executor, e); }
  static awaitable<void> take(watcher* w, sim_environment* environment,
                              asio::any_io_executor executor, event e) {
    sim_timer t = environment->make_timer(executor);
    t.expires_at(environment->now() + 30ms);
    co_await t.async_wait(haul::detail::use_awaitable);
    w->take(e);
  }
};

/// A task, whatever its sink.
class any_task {
 public:
  virtual ~any_task() = default;
  virtual awaitable<download_result> run() = 0;
  virtual void act(const control& c) = 0;
  virtual task_status status() const = 0;

  bool done = false;
  std::exception_ptr bug;
  download_result result;
};

template <class Sink>
class task_of final : public any_task {
 public:
  task_of(sim_session& s, const download_request& r, Sink sink, const download_options& o)
      : task_(s, r, std::move(sink), o) {}
  awaitable<download_result> run() override { return task_.run(); }
  void act(const control& c) override {
    switch (c.what) {
      case control::kind::pause:
        return task_.pause();
      case control::kind::resume:
        return task_.resume();
      case control::kind::stop:
      case control::kind::cancel:
        return task_.stop();
      case control::kind::rate:
        return task_.set_rate_limit(c.value);
      case control::kind::change:
        break;
    }
  }
  task_status status() const override { return task_.status(); }

 private:
  download_task<Sink, sim_session> task_;
};

/// What a request of a download holds, and must not outlive its process.
class held_thing {
 public:
  explicit held_thing(world& w) : world_(w) { ++world_.requests; }
  held_thing(const held_thing&) = delete;
  held_thing& operator=(const held_thing&) = delete;
  ~held_thing() { --world_.requests; }

 private:
  world& world_;
};

using manager_type = batch_manager<plain_sink, sim_store, sim_session>;

/// One life of the program.
class process {
 public:
  process(universe& u, unsigned number, const scenario& s)
      : u_(u),
        number_(number),
        watch(u.w),
        session(std::in_place, std::in_place, io.get_executor(), s.session, u, number,
                s.slowest_job) {}
  ~process() {
    // What waits for a worker may own a task; tasks need their context.
    manager.reset();
    tasks.clear();
    session.reset();
    other_session.reset();
    u_.w.drop(number_);
  }

  universe& u_;
  unsigned number_;
  watcher watch;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::optional<sim_session> session;
  std::optional<sim_session> other_session;  // as of another program
  std::vector<std::unique_ptr<any_task>> tasks;
  std::optional<manager_type> manager;
  bool main_done = false;
  std::exception_ptr bug;
  std::vector<std::string> batches;
  std::vector<batch_status> statuses;
  std::uint64_t refreshed = 0;
  std::string problem;  // with a hook
};

/// The program's answer when it is asked for a fresh URL.
awaitable<std::string> fresh_url(process* p, std::string url, unsigned lost,
                                 std::shared_ptr<int> asked) {
  struct turn {
    explicit turn(std::shared_ptr<int> n) : asked(std::move(n)) { ++*asked; }
    turn(const turn&) = delete;
    ~turn() { --*asked; }
    std::shared_ptr<int> asked;
  };
  const turn mine{asked};
  if (*asked > 1) p->problem = "a fresh URL is asked for twice at once";
  world& w = p->u_.w;
  sim_timer t = p->session->environment().make_timer(p->io.get_executor());
  t.expires_at(w.now() + std::chrono::milliseconds{w.random.below(300)});
  co_await t.async_wait(haul::detail::use_awaitable);
  const bool none = w.faults && w.random.chance(lost);
  if (none && w.random.chance(500)) throw std::runtime_error{"no URL"};
  if (none) co_return "nowhere";
  ++p->refreshed;
  co_return url + p->u_.n.issue_ticket();
}

/// The program of a batch: submits it or takes it up again, waits, and closes.
awaitable<void> batch_program(process* p, std::vector<download_request> requests,
                              batch_options options, bool first) {
  if (!first) {
    const std::error_code ec = co_await p->manager->recover(recovery::go_on);
    if (ec) throw broken{"recover: " + ec.message()};
    p->batches = p->manager->batches();
    // The word that it goes on may have been lost in the crash.
    for (const std::string& id : p->batches) p->manager->resume(id);
  }
  if (p->batches.empty()) {
    const submit_result told = co_await p->manager->submit(std::move(requests), options);
    if (told.error) throw broken{"submit: " + told.message};
    if (!told.batch.empty()) p->batches.push_back(told.batch);
  }
  for (const std::string& id : p->batches) {
    std::string name = id;
    std::optional<batch_status> s = co_await p->manager->wait(std::move(name));
    if (s) p->statuses.push_back(std::move(*s));
  }
  co_await p->manager->close();
}

class run {
 public:
  run(universe& u, scenario s) : u_(u), s_(std::move(s)) {}

  outcome go() {
    for (const auto& [host, x] : u_.n.sites()) {
      lied_ = lied_ || x->wrong_bytes || x->torn || x->truncated;
    }
    pristine_ =
        s_.weather.empty() && sound() && u_.w.local_fault == 0 && u_.d.capacity == UINT64_MAX &&
        s_.controls.empty() && s_.crashes.empty() && !s_.refresh && s_.sink == sink_kind::plain &&
        u_.n.sites().size() == 1 && u_.n.find("a.test")->ranges &&
        std::all_of(s_.files.begin(), s_.files.end(),
                    [](const file_plan& f) { return !f.hashed || f.what->current == *f.hashed; });
    for (std::size_t life = 0;; ++life) {
      const bool crashed =
          live(life, life < s_.crashes.size() ? &s_.crashes[life] : nullptr, false);
      if (u_.w.requests != 0) fail("LEAK: something holds requests that are over");
      if (!crashed) break;
      ++told_.crashes;
      if (u_.w.streams != 0 || u_.w.handles != 0 || u_.w.timers != 0) {
        fail("LEAK: the context is gone, and there are still connections, files, timers: " +
             std::to_string(u_.w.streams) + ", " + std::to_string(u_.w.handles) + ", " +
             std::to_string(u_.w.timers));
      }
    }
    told_.completed = all_right();
    heal();
    told_.steps = u_.w.steps;
    told_.requests = u_.n.requests;
    return told_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw broken{what}; }
  void check(bool holds, const char* what) const {
    if (!holds) fail(what);
  }

  download_request request_of(const file_plan& f) const {
    download_request r{f.url, f.path};
    for (const std::string& m : f.mirrors) r.mirror(m);
    for (const checksum& c : f.checksums) r.checksum(c);
    if (f.pieces) r.pieces(*f.pieces);
    if (f.size_given) r.size(f.what->versions[*f.hashed].bytes.size());
    r.id(f.path + "#" + std::to_string(&f - s_.files.data()));
    return r;
  }
  /// The same, with what the program lends to it.
  download_request lent(process& p, const file_plan& f) const {
    download_request r = request_of(f);
    r.check_reply([mine = std::make_shared<held_thing>(u_.w)](const reply_summary&) {
      return std::error_code{};
    });
    if (!s_.refresh) return r;
    const std::string host = f.url.substr(0, f.url.find(':')) + "://a.test";
    const std::size_t path = f.url.find('/', f.url.find("//") + 2);
    const std::string url = host + f.url.substr(path, f.url.find('?') - path);
    r.refresh_url(
        [&p, url, lost = s_.lost_for_urls, asked = std::make_shared<int>(0)](std::error_code why) {
          if (why != errc::forbidden && why != errc::unauthorized && why != errc::gone) {
            p.problem = "a fresh URL is asked for, though " + why.message();
          }
          return fresh_url(&p, url, lost, asked);
        });
    return r;
  }
  download_options options_now() const { return s_.options; }

  /// Whether the file stands at its target as it should.
  bool right(const file_plan& f) const {
    const auto at = u_.d.files().find(f.target);
    if (at == u_.d.files().end()) return false;
    const std::string& data = at->second->data;
    if (f.hashed) return data == f.what->versions[*f.hashed].bytes;
    return std::any_of(f.what->versions.begin(), f.what->versions.end(),
                       [&](const version& v) { return v.served && v.bytes == data; });
  }
  bool untouched(const file_plan& f) const {
    const auto at = u_.d.files().find(f.target);
    return f.before && at != u_.d.files().end() && at->second->data == *f.before;
  }
  bool all_right() const {
    return std::all_of(s_.files.begin(), s_.files.end(),
                       [&](const file_plan& f) { return right(f); });
  }

  /// What must hold for the disk at any time.
  void check_disk(bool clean) const {
    for (const auto& [name, n] : u_.d.files()) {
      const bool ours = name.ends_with(".haul") || name.ends_with(".haul-journal") ||
                        name.ends_with(".haul-journal.new");
      if (ours) {
        // What a crash, or a fault, has left beside a complete file harms nobody.
        const bool tolerated = std::any_of(s_.files.begin(), s_.files.end(), [&](auto& f) {
          return f.was_right && name.starts_with(f.target + ".haul");
        });
        if (clean && !tolerated && !u_.w.kept_from_removing) fail("left behind: " + name);
        continue;
      }
      const auto f = std::find_if(s_.files.begin(), s_.files.end(),
                                  [&](const file_plan& x) { return x.target == name; });
      if (f == s_.files.end()) {
        // A folder for a target: the name is the server's or the URL's.
        if (s_.files.size() == 1 && s_.files[0].path == "d/" && name.starts_with("d/")) continue;
        fail("a file that nobody asked for: " + name);
      }
      if (!right(*f) && !untouched(*f)) fail("WRONG FILE at " + name);
    }
    for (const file_plan& f : s_.files) {
      const bool moved = s_.options.repair;  // aside, to be repaired
      if (f.before && !moved && !u_.d.files().contains(f.target)) {
        fail("the old file is gone: " + f.target);
      }
    }
  }

  /// Runs the program until it ends or crashes; true when it has crashed.
  bool live(std::size_t life, const crash_plan* crash, bool good) {
    world& w = u_.w;
    process p{u_, static_cast<unsigned>(life + 1), s_};
    const time_point begun = w.now();
    const bool batch = s_.form == shape::batch;
    start(p, life, good);
    if (!good) arm(p, crash);
    const auto done = [&] {
      return batch ? p.main_done : std::all_of(p.tasks.begin(), p.tasks.end(), [](const auto& t) {
        return t->done;
      });
    };
    const std::uint64_t first_step = w.steps;
    while (!done() && !u_.d.crashed()) {
      if (!w.step(p.io)) fail("HANGS: nothing will ever happen again");
      if (w.now() - begun > too_long) fail("ENDLESS: no end in virtual time");
      if (w.steps - first_step > too_many_steps) fail("ENDLESS: too many steps");
    }
    if (!p.watch.problem().empty()) fail(p.watch.problem());
    if (!p.problem.empty()) fail(p.problem);
    told_.refreshed += p.refreshed;
    check_taken_up(p);
    if (!u_.d.crashed()) settle(p);
    if (u_.d.crashed()) {
      remember(p);
      end(p);
      u_.d.boot();
      renamed_ = !u_.d.files().contains(s_.files[0].target + ".haul");
      db_.queue.clear();
      check_disk(false);
      return true;
    }
    u_.d.crash_after = 0;
    if (p.bug) std::rethrow_exception(p.bug);
    for (const auto& t : p.tasks) {
      if (t->bug) std::rethrow_exception(t->bug);
    }
    check_ends(p);
    if (!good) {
      check_rival(p);
      check_repairs(p);
    }
    check_disk(false);
    check_leaks(p);
    forget();
    return false;
  }

  void start(process& p, std::size_t life, bool good) {
    if (s_.form == shape::batch) {
      p.watch.cancelled = !good && std::any_of(s_.controls.begin(), s_.controls.end(), [](auto& c) {
        return c.what == control::kind::cancel || c.what == control::kind::stop;
      });
      std::vector<download_request> requests;
      for (const file_plan& f : s_.files) requests.push_back(lent(p, f));
      manager_options o;
      o.max_active = 4;
      // What was cancelled, or has failed, is final: in good weather it is asked for anew.
      if (good) db_ = database{};
      p.manager.emplace(*p.session, plain_sink{&p.watch}, sim_store{u_, db_}, o);
      asio::co_spawn(p.io, batch_program(&p, std::move(requests), s_.batch, life == 0),
                     [&p](std::exception_ptr bug) {
                       p.main_done = true;
                       p.bug = bug;
                     });
      return;
    }
    for (std::size_t i = 0; i < s_.files.size(); ++i) {
      const file_plan& f = s_.files[i];
      const download_request r = lent(p, f);
      switch (good ? sink_kind::plain : s_.sink) {
        case sink_kind::plain:
          p.tasks.push_back(std::make_unique<task_of<plain_sink>>(
              *p.session, r, plain_sink{&p.watch}, options_now()));
          break;
        case sink_kind::throwing:
          p.tasks.push_back(std::make_unique<task_of<throwing_sink>>(
              *p.session, r, throwing_sink{&p.watch}, options_now()));
          break;
        case sink_kind::slow:
          p.tasks.push_back(std::make_unique<task_of<slow_sink>>(
              *p.session, r, slow_sink{&p.watch, &p.session->environment(), p.io.get_executor()},
              options_now()));
          break;
      }
    }
    for (const auto& made : p.tasks) spawn(p, made.get());
    if (s_.rival && !good) start_rival(p);
  }

  static void spawn(process& p, any_task* t) {
    asio::co_spawn(p.io, t->run(), [t](std::exception_ptr bug, download_result r) {
      t->done = true;
      t->bug = bug;
      t->result = std::move(r);
    });
  }

  void start_rival(process& p) {
    if (!s_.rival->same_session) {
      p.other_session.emplace(std::in_place, p.io.get_executor(), s_.session, u_, p.number_,
                              s_.slowest_job);
    }
    download_request r = lent(p, s_.files[0]);
    r.id("rival");
    p.tasks.push_back(std::make_unique<task_of<plain_sink>>(
        p.other_session ? *p.other_session : *p.session, r, plain_sink{&p.watch}, options_now()));
    u_.w.after(s_.rival->when, p.number_, [&p, t = p.tasks.back().get()] { spawn(p, t); });
  }

  /// Sets what the program does to itself, and its end.
  void arm(process& p, const crash_plan* crash) {
    unsigned order = 0;
    for (const control& c : s_.controls) {
      // No two at the same time: a task that is paused last stays so.
      u_.w.after(c.when + std::chrono::microseconds{++order},
                 c.what == control::kind::change ? 0 : p.number_, [this, &p, c] { act(p, c); });
    }
    if (!crash) return;
    if (crash->after_changes) {
      u_.d.crash_after = crash->after_changes;
      u_.d.crash_how = crash->how;
    } else {
      u_.w.after(crash->when, p.number_, [this, how = crash->how] { u_.d.crash(how); });
    }
  }

  void act(process& p, const control& c) {
    if (c.what == control::kind::change) {
      resource& r = *s_.files[c.file].what;
      if (!u_.w.faults || r.current + 1 >= r.versions.size()) return;
      ++r.current;
      r.versions[r.current].modified = u_.w.wall_clock();
      if (u_.w.verbose) u_.w.say("the file changes on the server");
      return;
    }
    if (u_.w.verbose) u_.w.say("the program acts: " + std::to_string(static_cast<int>(c.what)));
    if (s_.form != shape::batch) return p.tasks[c.file]->act(c);
    if (p.batches.empty() && !p.manager->batches().empty()) p.batches = p.manager->batches();
    if (p.batches.empty()) return;
    const std::string& id = p.batches.front();
    const std::string file = request_of(s_.files[c.file]).id();
    const bool whole = c.value % 2 == 0 && c.file == 0;
    switch (c.what) {
      case control::kind::pause:
        whole ? p.manager->pause(id) : p.manager->pause_file(file);
        break;
      case control::kind::resume:
        p.manager->resume_file(file);
        p.manager->resume(id);
        break;
      case control::kind::stop:
        p.manager->cancel(id);
        break;
      case control::kind::cancel:
        p.manager->cancel_file(file);
        break;
      case control::kind::rate:
        p.manager->set_rate_limit(id, c.value);
        break;
      case control::kind::change:
        break;
    }
  }

  /// Lets everything come to rest that the program has left on its way.
  void settle(process& p) {
    std::uint64_t most = 500'000;
    while (u_.w.pending(p.number_) > 0 || p.io.poll_one() > 0) {
      if (!u_.w.step(p.io) || u_.d.crashed()) break;
      if (--most == 0) fail("LEAK: something goes on after the end");
    }
    if (!p.watch.problem().empty()) fail(p.watch.problem());
    p.watch.close();
  }

  /// How each task says that it ended, and whether that is so.
  void check_ends(process& p) {
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
      const file_plan& f = file_of(i);
      const download_result& r = p.tasks[i]->result;
      if (!r.error) {
        if (r.path.generic_string() != f.target && f.path != "d/")
          fail("the result names another path");
        const auto at = u_.d.files().find(r.path.generic_string());
        if (at == u_.d.files().end()) fail("success without a file: " + f.target);
        // Another task may have replaced it since, by a newer version.
        const bool replaced = s_.rival && (s_.options.overwrite || s_.options.repair);
        if (!replaced && r.size != at->second->data.size()) {
          fail("the result's size is not the file's");
        }
        if (!right_at(f, at->second->data)) fail("WRONG FILE at " + r.path.string());
        if (sound() && !s_.rival) {
          check(!u_.d.files().contains(r.path.generic_string() + ".haul"),
                "a part file after success");
          check(!u_.d.files().contains(r.path.generic_string() + ".haul-journal"),
                "a journal after success");
        }
        check_safe(r.path.generic_string());
        if (f.before && !s_.options.overwrite && !s_.options.repair)
          fail("a file was replaced that was not to be");
      }
      check(p.tasks[i]->status().now == task_status::phase::finished, "done, but not finished");
    }
    const bool heard = p.watch.count < throwing_sink::last || s_.sink != sink_kind::throwing;
    for (const auto& [id, t] : p.watch.tasks()) {
      if (heard) check(t.ended, "events: a task has no end");
    }
    check(p.watch.open_batches() == 0, "events: a batch has no end");
    for (const batch_status& s : p.statuses) {
      check(s.total == s.completed + s.failed + s.cancelled, "a batch is over that is not");
      for (const file_status& x : s.files) {
        if (x.state != file_state::completed) continue;
        const auto f = std::find_if(s_.files.begin(), s_.files.end(),
                                    [&](const file_plan& y) { return y.target == x.path; });
        if (f == s_.files.end() || !right(*f)) fail("completed, but not right: " + x.path.string());
        // One that an earlier life had finished may have kept its journal: the word of that was
        // lost.
        const bool now =
            std::any_of(p.watch.tasks().begin(), p.watch.tasks().end(), [&](const auto& t) {
              return t.second.result && !t.second.result->error && t.second.result->path == x.path;
            });
        if (now) check_safe(x.path.generic_string());
      }
    }
  }

  const file_plan& file_of(std::size_t task) const {
    return s_.files[std::min(task, s_.files.size() - 1)];
  }
  /// Whether nothing goes wrong with the disk.
  bool sound() const { return u_.w.disk_fault == 0 && u_.w.fail_what == call::count; }

  /// A file that is complete, with `durability::power`: no loss of power takes it, or makes it look
  /// unfinished.
  void check_safe(const std::string& path) const {
    if (!u_.d.track || !sound()) return;
    if (!u_.d.safe(path)) fail("complete, but not yet safe from a loss of power: " + path);
    if (s_.rival) return;  // which may have left its own
    for (const char* beside : {".haul", ".haul-journal", ".haul-journal.new"}) {
      if (u_.d.durable(path + beside)) fail("after a loss of power it is back: " + path + beside);
    }
  }

  /// Two tasks for one target: never do both write it.
  void check_rival(const process& p) {
    if (p.tasks.size() <= s_.files.size()) return;
    const std::error_code a = p.tasks[0]->result.error;
    const std::error_code b = p.tasks[1]->result.error;
    const auto refused = [](std::error_code ec) {
      return ec == errc::part_locked || ec == errc::duplicate_target || ec == errc::target_exists;
    };
    told_.refused += std::uint64_t{refused(a)} + std::uint64_t{refused(b)};
    const bool replaces = s_.options.overwrite || s_.options.repair;
    check(a || b || replaces, "two tasks have both made one file");
    if (!pristine_ || s_.files[0].before) return;
    check(!a || !b, "two tasks for one file, and none has made it");
    check(!a || refused(a), "a task fails, though another one only had its target");
    check(!b || refused(b), "a task fails, though another one only had its target");
  }

  /// Only what was wrong is fetched, and nothing of a file that is right.
  void check_repairs(const process& p) {
    if (!s_.options.repair || p.tasks.size() != s_.files.size()) return;
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
      const file_plan& f = s_.files[i];
      const download_result& r = p.tasks[i]->result;
      if (!r.error && f.before) ++told_.repaired;
      if (!pristine_ || !f.to_fetch) continue;
      if (r.error) fail("not repaired: " + r.message());
      const std::uint64_t slack = s_.options.connections * s_.session.buffer_size;
      const std::uint64_t most = *f.to_fetch == 0 ? 0 : *f.to_fetch + slack;
      if (r.received > most) {
        fail("to repair " + std::to_string(*f.to_fetch) + " bytes, " + std::to_string(r.received) +
             " were fetched");
      }
    }
  }

  /// What the journal must have had was not fetched again.
  void check_taken_up(const process& p) {
    if (!floor_ || p.watch.tasks().empty()) return;
    if (renamed_) return;  // it was complete: there was nothing to be taken up
    const watcher::task& t = p.watch.tasks().begin()->second;
    if (t.resumed_first && *t.resumed_first < *floor_) {
      fail("of " + std::to_string(*floor_) + " bytes on disk, only " +
           std::to_string(*t.resumed_first) + " were taken up");
    }
  }

  bool right_at(const file_plan& f, const std::string& data) const {
    if (f.hashed) return data == f.what->versions[*f.hashed].bytes;
    return std::any_of(f.what->versions.begin(), f.what->versions.end(),
                       [&](const version& v) { return v.served && v.bytes == data; });
  }

  void check_leaks(process& p) {
    p.session->close_idle_connections();
    if (p.other_session) p.other_session->close_idle_connections();
    if (u_.w.streams != 0) fail("LEAK: connections: " + std::to_string(u_.w.streams));
    if (u_.w.handles != 0) fail("LEAK: open files: " + std::to_string(u_.w.handles));
    if (const std::size_t held = p.session->core()->buffers.in_use(); held != 0) {
      fail("LEAK: buffers: " + std::to_string(held));
    }
    check(p.session->core()->targets.empty(), "LEAK: a claimed target");
    end(p);
    if (u_.w.timers != 0) fail("LEAK: timers: " + std::to_string(u_.w.timers));
  }

  void end(process& p) {
    p.manager.reset();
    p.tasks.clear();
    u_.w.drop(p.number_);
    p.session.reset();
    p.other_session.reset();
  }

  /// What the journal must have of a task that is about to die.
  void remember(const process& p) {
    forget();
    if (!s_.calm || s_.form != shape::single || p.tasks.empty()) return;
    if (!s_.options.resume || s_.options.durability == durability::none) return;
    if (s_.files[0].pieces) return;       // what is not whole is not proved
    if (u_.n.sites().size() > 1) return;  // another server may have to begin again
    if (u_.w.disk_fault || u_.d.capacity != UINT64_MAX || s_.sink != sink_kind::plain) return;
    if (p.watch.tasks().empty()) return;
    const watcher::task& t = p.watch.tasks().begin()->second;
    if (!t.ranges || !t.total || *t.total <= s_.session.buffer_size || t.ended) return;
    for (const auto& [when, bytes] : t.history) {
      if (u_.w.now() - when >= 1s) floor_ = std::max(floor_.value_or(0), bytes);
    }
  }
  void forget() {
    floor_.reset();
    renamed_ = false;
  }

  /// The weather is good again: what may succeed, does.
  void heal() {
    u_.w.faults = false;
    u_.w.fail_what = call::count;
    u_.d.capacity = UINT64_MAX;
    u_.n.renew_tickets();
    for (file_plan& f : s_.files) {
      f.was_right = right(f);
      if (!f.hashed) continue;
      f.what->current = *f.hashed;
      version& v = f.what->versions[*f.hashed];
      if (v.modified == std::chrono::sys_seconds{}) v.modified = u_.w.wall_clock() - 10s;
    }
    if (u_.w.verbose) u_.w.say("---- good weather ----");
    live(1000, nullptr, true);
    // What a lying server left in a part file is found out by the hash, and thrown away.
    if (lied_ && !all_right()) live(1001, nullptr, true);
    for (std::size_t i = 0; i < s_.files.size(); ++i) {
      const file_plan& f = s_.files[i];
      const bool kept = untouched(f) && !s_.options.overwrite && !s_.options.repair;
      if (!right(f) && !kept) fail("good weather, and no file: " + f.target);
    }
    check_disk(true);
  }

  universe& u_;
  scenario s_;
  database db_;
  outcome told_;
  bool lied_ = false;
  bool pristine_ = false;  // nothing at all goes wrong
  std::optional<std::uint64_t> floor_;
  bool renamed_ = false;  // the part file has its final name since
};

}  // namespace

outcome run_scenario(universe& u, scenario s) {
  run r{u, std::move(s)};
  return r.go();
}

}  // namespace haul::sim
