#ifndef HAUL_IMPL_EVENT_SINK_IPP
#define HAUL_IMPL_EVENT_SINK_IPP

#include <haul/event_sink.hpp>

#include <deque>
#include <mutex>
#include <utility>
#include <variant>

namespace haul {

struct queue_sink::state {
  std::mutex mutex;
  std::deque<event> events;
};

HAUL_DECL queue_sink::queue_sink() : state_(std::make_shared<state>()) {}

HAUL_DECL void queue_sink::operator()(event e) const {
  const std::lock_guard lock{state_->mutex};
  if (auto* now = std::get_if<progress>(&e); now && !state_->events.empty()) {
    // Only the newest event may be replaced: what has come since must stay behind it.
    auto* last = std::get_if<progress>(&state_->events.back());
    if (last && last->task == now->task) {
      *last = std::move(*now);
      return;
    }
  }
  state_->events.push_back(std::move(e));
}

HAUL_DECL std::optional<event> queue_sink::poll() const {
  const std::lock_guard lock{state_->mutex};
  if (state_->events.empty()) return std::nullopt;
  std::optional<event> e{std::move(state_->events.front())};
  state_->events.pop_front();
  return e;
}

HAUL_DECL std::size_t queue_sink::size() const {
  const std::lock_guard lock{state_->mutex};
  return state_->events.size();
}

}  // namespace haul

#endif
