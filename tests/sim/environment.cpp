#include "environment.hpp"

#include <algorithm>
#include <cstring>

namespace haul::sim {

std::size_t sim_stream::read_some(void* to, std::size_t n, std::error_code& ec) {
  ec.clear();
  wire& w = *wire_;
  if (w.gone) {
    ec = asio::error::bad_descriptor;
    return 0;
  }
  ec = universe_->w.fault(call::receive);
  if (ec) return 0;
  std::size_t got = std::min(n, w.readable());
  if (got == 0) {
    if (!w.over) {
      ec = asio::error::would_block;
    } else if (w.reset) {
      ec = std::make_error_code(std::errc::connection_reset);
    } else {
      ec = asio::error::eof;
    }
    return 0;
  }
  // Not always all that is there.
  if (got > 1 && universe_->w.random.chance(100)) got = universe_->w.random.between(1, got);
  std::memcpy(to, w.inbox.data() + w.taken, got);
  w.taken += got;
  universe_->n.drained(wire_);
  return got;
}

std::size_t sim_stream::write_some(const void* from, std::size_t n, std::error_code& ec) {
  ec.clear();
  wire& w = *wire_;
  if (w.gone) {
    ec = asio::error::bad_descriptor;
    return 0;
  }
  ec = universe_->w.fault(call::send);
  if (ec) return 0;
  if (w.over) {
    ec = std::make_error_code(w.reset ? std::errc::connection_reset : std::errc::broken_pipe);
    return 0;
  }
  dice& d = universe_->w.random;
  if (d.chance(20)) {
    ec = asio::error::would_block;
    return 0;
  }
  const std::size_t sent = n > 1 && d.chance(50) ? d.between(1, n) : n;
  universe_->n.arrived(wire_, std::string{static_cast<const char*>(from), sent});
  return sent;
}

void sim_stream::close() {
  if (wire_->gone) return;
  wire_->gone = true;
  wire_->wake(asio::error::operation_aborted);
}

awaitable<sim_stream> sim_environment::connect(asio::any_io_executor executor,
                                               const system::route& to, const timeouts& limits) {
  using haul::detail::failure;
  world& w = universe_.w;
  const std::string host = to.origin.host;
  site* const there = universe_.n.find(host);
  duration delay = there ? 2 * there->latency : std::chrono::milliseconds{5};
  std::error_code failed = w.fault(call::connect);
  operation doing = operation::connecting;
  if (!there) {
    failed = errc::host_not_found;
    doing = operation::resolving;
  } else if (!failed && w.faults) {
    if (w.random.chance(there->unresolved)) {
      failed = w.random.chance(500) ? errc::resolve_failed : errc::resolve_timeout;
      doing = operation::resolving;
    } else if (w.random.chance(there->refused)) {
      failed = std::make_error_code(w.random.chance(500) ? std::errc::connection_refused
                                                         : std::errc::host_unreachable);
    } else if (w.random.chance(there->slow_connect)) {
      delay = std::chrono::milliseconds{w.random.pick<std::uint64_t>({50, 500, 3000, 1'000'000})};
    }
  }
  if (limits.connect.count() > 0 && delay >= limits.connect) {
    delay = limits.connect;
    if (!failed) failed = errc::connect_timeout;
  }
  timer t = make_timer(executor);
  t.expires_at(w.now() + delay);
  co_await t.async_wait(haul::detail::use_awaitable);
  if (failed) {
    if (w.verbose) w.say("no connection to " + host + ": " + failed.message());
    throw failure{failed, doing, host};
  }
  auto made = std::make_shared<wire>();
  made->to = there;
  co_return sim_stream{universe_, std::move(made), executor};
}

}  // namespace haul::sim
