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
  /// Whether the sink is awaited; if not, `deliver` calls it and its result is not valid.
  virtual bool deliver(const event& e, awaitable<void>& pending) = 0;
};

template <event_sink Sink>
class any_sink_impl final : public any_sink {
 public:
  explicit any_sink_impl(Sink sink) : sink_(std::move(sink)) {}

  bool deliver(const event& e, awaitable<void>& pending) override {
    if constexpr (std::is_void_v<std::invoke_result_t<Sink&, const event&>>) {
      sink_(e);
      return false;
    } else {
      pending = sink_(e);
      return true;
    }
  }

 private:
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
