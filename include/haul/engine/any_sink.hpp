#ifndef HAUL_ENGINE_ANY_SINK_HPP
#define HAUL_ENGINE_ANY_SINK_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/event.hpp>
#include <haul/event_sink.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace haul::engine {

/// A sink whose type is not known.
class any_sink {
 public:
  virtual ~any_sink() = default;
  /// Calls the sink, which may keep what is in the event. True when the sink is a coroutine, which
  /// is to be awaited; the event has to live until it is over.
  virtual bool deliver(event& e, awaitable<void>& pending) = 0;
};

template <event_sink Sink>
class any_sink_impl final : public any_sink {
 public:
  explicit any_sink_impl(Sink sink) : sink_(std::move(sink)) {}

  bool deliver(event& e, awaitable<void>& pending) override {
    if constexpr (std::is_void_v<std::invoke_result_t<Sink&, const event&>>) {
      call(e);
      return false;
    } else {
      pending = call(e);
      return true;
    }
  }

 private:
  decltype(auto) call(event& e) {
    if constexpr (std::is_invocable_v<Sink&, event&&>) {
      return sink_(std::move(e));
    } else {
      return sink_(std::as_const(e));
    }
  }

  Sink sink_;
};

/// A sink for nobody is none at all.
template <event_sink Sink>
std::unique_ptr<any_sink> erase_sink(Sink sink) {
  if constexpr (std::is_same_v<Sink, null_sink>) {
    return nullptr;
  } else {
    return std::make_unique<any_sink_impl<Sink>>(std::move(sink));
  }
}

}  // namespace haul::engine

#endif
