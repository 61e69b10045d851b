#ifndef HAUL_BATCH_QUEUE_HPP
#define HAUL_BATCH_QUEUE_HPP

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace haul::batch {

/// Which batch may start a file next: of those with files that wait, the one with the highest
/// priority, and among equals the one that came first. Pure.
///
/// @tparam Batch  Any type; held by shared pointer.
template <class Batch>
class queue {
 public:
  using batch_ptr = std::shared_ptr<Batch>;

  /// A batch's place; kept by the batch.
  struct place {
    int priority = 0;
    std::uint64_t arrival = 0;

    friend bool operator<(const place& a, const place& b) noexcept {
      if (a.priority != b.priority) return a.priority > b.priority;
      return a.arrival < b.arrival;
    }
    friend bool operator==(const place&, const place&) = default;
  };

  place next_place(int priority) noexcept { return place{priority, arrivals_++}; }

  void add(const place& at, batch_ptr b) { waiting_.insert_or_assign(at, std::move(b)); }
  void remove(const place& at) { waiting_.erase(at); }

  /// Goes through the batches in their order: `visit` returns false to end the walk, or the batch
  /// is taken out when `done` is set.
  template <class Visit>
  void walk(Visit&& visit) {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      bool done = false;
      const bool more = visit(at->second, done);
      at = done ? waiting_.erase(at) : std::next(at);
      if (!more) return;
    }
  }

  bool empty() const noexcept { return waiting_.empty(); }

 private:
  std::map<place, batch_ptr> waiting_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace haul::batch

#endif
