#ifndef LAUNCHER_SHARED_HPP
#define LAUNCHER_SHARED_HPP

#include "crew.hpp"
#include "engine.hpp"
#include "events.hpp"
#include <haul/batch_manager.hpp>
#include <haul/session.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <functional>

namespace launcher {

/// Takes the events of the batches, and finds the game that they are about.
struct batch_sink {
  std::function<void(const haul::event&)> to;
  void operator()(const haul::event& e) const { to(e); }
};

/// What the games of an engine share. Everything but the crew is touched by
/// the thread that runs the context alone.
struct shared_parts {
  shared_parts(engine_options o, sink s, std::function<void(const haul::event&)> batches)
      : options(std::move(o)),
        tell(std::move(s)),
        session(io.get_executor(), options.session.with_implicit_strand()),
        manager(session, batch_sink{std::move(batches)}, haul::memory_store{}, limits(options)),
        hands(options.threads) {}

  static haul::manager_options limits(const engine_options& o) {
    haul::manager_options m;
    m.max_files = static_cast<std::size_t>(-1);
    m.max_concurrent = m.max_active = o.files_at_once;
    m.keep_count = 8;  // what is over is asked for at once, by who has waited
    return m;
  }

  engine_options options;
  sink tell;
  asio::io_context io{1};
  haul::session session;
  haul::batch_manager<batch_sink> manager;
  crew hands;

  // The games that run, and the limit that they make.
  std::size_t playing = 0;
  std::uint64_t limit_now = 0;
  void apply_limit() {
    const std::uint64_t due =
        playing > 0 && options.playing_limit > 0 ? options.playing_limit : options.limit;
    if (due == limit_now) return;
    limit_now = due;
    session.set_rate_limit(due);
    tell(limit_changed{due});
  }
};

}  // namespace launcher

#endif
