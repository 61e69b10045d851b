#ifndef LAUNCHER_CREW_HPP
#define LAUNCHER_CREW_HPP

#include <haul/system/disk_workers.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace launcher {

/// Threads for what blocks or computes: hashing, copying, syncing. All games share them, so that
/// two games hash on no more threads than one.
///
/// @par Thread Safety
/// Safe.
class crew {
 public:
  explicit crew(unsigned threads)
      : threads_(std::max(threads, 1u)), workers_(std::max(threads, 1u)) {}

  void submit(std::function<void()> job) { workers_.submit(std::move(job)); }

  /// Calls `work(i)` for each i below `count`, on the calling thread and on those of the crew that
  /// have nothing else to do. For the jobs of the crew themselves. `work` must not throw.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& work) {
    const auto shared = std::make_shared<round>();
    shared->work = &work;
    shared->count = count;
    const std::size_t others = std::min<std::size_t>(threads_, count);
    for (std::size_t i = 1; i < others; ++i) {
      submit([shared] { shared->take_part(); });
    }
    shared->take_part();
    std::unique_lock lock{shared->mutex};
    shared->rest.wait(lock, [&] { return shared->active == 0; });
  }

 private:
  struct round {
    const std::function<void(std::size_t)>* work = nullptr;  // lives while there is work left
    std::size_t count = 0;
    std::size_t next = 0;
    std::size_t active = 0;
    std::mutex mutex;
    std::condition_variable rest;

    void take_part() {
      std::unique_lock lock{mutex};
      ++active;
      while (next < count) {
        const std::size_t i = next++;
        lock.unlock();
        (*work)(i);
        lock.lock();
      }
      if (--active == 0) rest.notify_all();
    }
  };

  unsigned threads_;
  haul::system::disk_workers workers_;
};

}  // namespace launcher

#endif
