#include "engine.hpp"

#include "game_run.hpp"
#include "shared.hpp"
#include <haul/engine/speed_meter.hpp>
#include <haul/engine/task_info.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace launcher {
namespace {

using namespace std::chrono_literals;

constexpr auto status_interval = 100ms;

engine_options completed(engine_options o) {
  if (o.threads == 0) o.threads = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  o.files_at_once = std::max(o.files_at_once, 1u);
  return o;
}

/// The task that an event is about.
const haul::task_info* task_of(const haul::event& e) {
  return std::visit(
      [](const auto& x) -> const haul::task_info* {
        if constexpr (requires { x.task; }) {
          return x.task.get();
        } else {
          return nullptr;
        }
      },
      e);
}

std::size_t number_in(std::string_view text) {
  std::size_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

}  // namespace

struct engine::impl {
  impl(engine_options o, sink tell)
      : shared(completed(std::move(o)), std::move(tell),
               [this](const haul::event& e) { heard(e); }),
        clock(shared.io) {}

  using run_ptr = std::shared_ptr<game_run>;

  void add(game_task task) {
    const run_ptr run = std::make_shared<game_run>(shared, std::move(task), ++numbers);
    for (const auto& [number, other] : running) {
      if (other->task().id != run->task().id) continue;
      outcome o;
      o.what = outcome::kind::failed;
      o.message = "something is being done with this game already";
      shared.tell(finished{run->task().id, std::move(o)});
      return;
    }
    if (running.empty() && !ticking) tick();
    running.emplace(run->number(), run);
    if (stopping) run->stop();
    asio::co_spawn(shared.io, run->run(), [this, run](std::exception_ptr e, outcome o) {
      if (e && !bug) bug = e;
      past += run->fetched();
      past_received += run->received();
      running.erase(run->number());
      if (running.empty()) rest();
      if (!e) shared.tell(finished{run->task().id, std::move(o)});
    });
  }

  /// Nothing is left to do, for now.
  void rest() {
    refresh();
    clock.cancel();
    ticking = false;
    shared.session.close_idle_connections();
  }

  void tick() {
    ticking = true;
    clock.expires_after(status_interval);
    clock.async_wait([this](const std::error_code& ec) {
      if (ec || !ticking) return;
      refresh();
      tick();
    });
  }

  void refresh() {
    overall_status s;
    game_run::share sum = past;
    std::uint64_t received = past_received;
    for (const auto& [number, run] : running) {
      s.games.push_back(run->status());
      sum += run->fetched();
      received += run->received();
    }
    s.files_done = sum.files_done;
    s.files = sum.files;
    s.bytes_done = sum.bytes_done;
    s.bytes = sum.bytes;
    speed.update(received, std::chrono::steady_clock::now());
    s.speed = speed.speed();
    s.time_left = speed.time_left(s.bytes - std::min(s.bytes, s.bytes_done));
    s.limit = shared.limit_now;
    const std::lock_guard lock{mutex};
    latest = std::move(s);
  }

  void heard(const haul::event& e) {
    const haul::task_info* task = task_of(e);
    if (!task) return;
    const std::size_t colon = task->id.find(':');
    if (colon == std::string::npos) return;
    const auto at = running.find(number_in(task->id));
    if (at != running.end()) {
      at->second->heard(number_in(std::string_view{task->id}.substr(colon + 1)), e);
    }
  }

  game_run* find(const std::string& id) {
    for (const auto& [number, run] : running) {
      if (run->task().id == id) return run.get();
    }
    return nullptr;
  }

  void stop() {
    if (std::exchange(stopping, true)) return;
    for (const auto& [number, run] : running) run->stop();
    asio::co_spawn(shared.io, shared.manager.close(), [this](std::exception_ptr e) {
      if (e && !bug) bug = e;
    });
  }

  shared_parts shared;
  asio::steady_timer clock;
  std::unordered_map<std::size_t, run_ptr> running;
  std::size_t numbers = 0;
  game_run::share past;
  std::uint64_t past_received = 0;
  haul::engine::speed_meter speed;
  bool ticking = false;
  bool stopping = false;
  std::exception_ptr bug;

  mutable std::mutex mutex;
  overall_status latest;
};

engine::engine(engine_options options, sink tell)
    : impl_(std::make_unique<impl>(std::move(options), std::move(tell))) {
  asio::post(impl_->shared.io, [i = impl_.get()] { i->shared.apply_limit(); });
}

engine::~engine() = default;

void engine::add(game_task task) {
  asio::post(impl_->shared.io,
             [i = impl_.get(), task = std::move(task)]() mutable { i->add(std::move(task)); });
}

void engine::run() {
  impl_->shared.io.restart();
  impl_->shared.io.run();
  if (impl_->bug) std::rethrow_exception(std::exchange(impl_->bug, nullptr));
}

void engine::set_priority(const std::string& id, int priority) {
  asio::post(impl_->shared.io, [i = impl_.get(), id, priority] {
    if (game_run* run = i->find(id)) run->set_priority(priority);
  });
}

void engine::play_first(const std::string& id) {
  asio::post(impl_->shared.io, [i = impl_.get(), id] {
    game_run* const run = i->find(id);
    if (!run) return;
    int most = run->priority();
    for (const auto& [number, other] : i->running) {
      if (other.get() != run) most = std::max(most, other->priority() + 1);
    }
    run->set_priority(most);
  });
}

void engine::set_limit(std::uint64_t bytes_per_second) {
  asio::post(impl_->shared.io, [i = impl_.get(), bytes_per_second] {
    i->shared.options.limit = bytes_per_second;
    i->shared.apply_limit();
  });
}

void engine::set_playing_limit(std::uint64_t bytes_per_second) {
  asio::post(impl_->shared.io, [i = impl_.get(), bytes_per_second] {
    i->shared.options.playing_limit = bytes_per_second;
    i->shared.apply_limit();
  });
}

void engine::pause(const std::string& id) {
  asio::post(impl_->shared.io, [i = impl_.get(), id] {
    if (game_run* run = i->find(id)) run->pause(true);
  });
}

void engine::resume(const std::string& id) {
  asio::post(impl_->shared.io, [i = impl_.get(), id] {
    if (game_run* run = i->find(id)) run->pause(false);
  });
}

void engine::stop() {
  asio::post(impl_->shared.io, [i = impl_.get()] { i->stop(); });
}

overall_status engine::status() const {
  const std::lock_guard lock{impl_->mutex};
  return impl_->latest;
}

asio::io_context& engine::context() { return impl_->shared.io; }

}  // namespace launcher
