#ifndef HAUL_ENGINE_EVENT_QUEUE_HPP
#define HAUL_ENGINE_EVENT_QUEUE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/task_info.hpp>
#include <haul/event.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace haul::engine {

/// How events reach their sink.
enum class delivery : std::uint8_t {
  queued,  ///< by a coroutine of the queue's own, so that a slow sink holds nobody up
  direct,  ///< by whoever reports them, at once: for a sink that only passes them on
};

/// Events on their way to a sink: in order, one at a time, and without holding up who reports them.
/// While a `progress` waits that no other event of its task has followed, a later one takes its
/// place.
///
/// @par Thread Safety
/// `push()` may be called from any thread.
class event_queue : public std::enable_shared_from_this<event_queue> {
 public:
  /// @param failed  Called once, on the executor, when the sink has thrown; later events are
  /// dropped.
  HAUL_DECL event_queue(asio::any_io_executor executor, std::unique_ptr<any_sink> sink,
                        delivery how, std::function<void()> failed);

  bool wanted() const noexcept { return sink_ != nullptr; }

  HAUL_DECL void push(event&& e);

  /// Whether there are events that have not been delivered yet.
  HAUL_DECL bool pending() const;

  /// Waits until all events that have been pushed so far have been delivered. Any number of
  /// operations at a time.
  HAUL_DECL awaitable<void> drained();

 private:
  using notifier_ptr = std::shared_ptr<notifier>;

  /// Whether there is something to wait for.
  HAUL_DECL bool enlist(const notifier_ptr& n);

  HAUL_DECL bool replaced(event& e);

  /// Takes the next event, as the one that is being delivered. What was before it, if anything, has
  /// been.
  HAUL_DECL bool next();

  /// Takes those who wait for nothing but what has been delivered.
  HAUL_DECL std::vector<notifier_ptr> take_served();

  /// Delivers what there is. True when the sink wants to be awaited, with `pending`, before more is
  /// delivered.
  HAUL_DECL bool deliver(awaitable<void>& pending);

  /// Awaits the sink, and delivers the rest.
  HAUL_DECL static awaitable<void> pump(std::shared_ptr<event_queue> self, awaitable<void> pending);

  /// The sink has thrown: nothing more is delivered.
  HAUL_DECL void drop();

  asio::any_io_executor executor_;
  std::unique_ptr<any_sink> sink_;
  delivery how_;
  std::function<void()> failed_;
  mutable std::mutex mutex_;
  std::list<event> events_;
  std::unordered_map<const task_info*, std::list<event>::iterator> latest_;  // waiting progress
  std::list<event> current_;  // the event that is being delivered
  std::uint64_t pushed_ = 0;
  std::uint64_t delivered_ = 0;
  std::list<std::pair<std::uint64_t, notifier_ptr>> waiting_;  // for that many to be delivered
  bool running_ = false;
  bool dropped_ = false;
};

}  // namespace haul::engine

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/engine/impl/event_queue.ipp>
#endif

#endif
