#ifndef HAUL_SYSTEM_DISK_WORKERS_HPP
#define HAUL_SYSTEM_DISK_WORKERS_HPP

#include <haul/async/detail/job_service.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace haul::system {

/// Threads that do what would block an event loop. They start with the first job.
///
/// Unlike a thread pool, it may be destroyed by one of its own jobs: the last owner of a session
/// may be a job that has just finished.
///
/// @par Thread Safety
/// `submit()` and `spare()` may be called from any thread.
class disk_workers {
 public:
  explicit disk_workers(unsigned most) : queue_(std::make_shared<queue>()), most_(most) {}
  disk_workers(const disk_workers&) = delete;
  disk_workers& operator=(const disk_workers&) = delete;

  /// Waits for the jobs that are running; those that still wait are dropped.
  ~disk_workers() {
    std::deque<std::function<void()>> dropped;
    {
      const std::lock_guard lock{queue_->mutex};
      queue_->closed = true;
      dropped.swap(queue_->jobs);
      queue_->wake_all();
    }
    for (std::thread& t : threads_) {
      if (t.get_id() == std::this_thread::get_id()) {
        t.detach();
      } else {
        t.join();
      }
    }
  }

  /// To be told when the context ends that its jobs use.
  std::weak_ptr<haul::detail::job_source> source() const { return queue_; }

  /// A worker begins with the job as soon as there is one that has nothing to do.
  void submit(std::function<void()> job) {
    // The job may bring about the end of this object before the call is over.
    const std::shared_ptr<queue> to = queue_;
    sleeper* woken = nullptr;
    {
      const std::lock_guard lock{to->mutex};
      if (to->closed) return;
      to->jobs.push_back(std::move(job));
      if (to->idle.size() < to->jobs.size() && threads_.size() < most_) start_thread(to);
      woken = to->pick_one();
    }
    // Not under the lock: it would wait for that first. Sleepers live as long as their queue.
    if (woken) woken->alarm.notify_one();
  }

  /// Whether a job given now would find a worker that has nothing to do: one that is at work need
  /// not make room.
  bool spare() const {
    const std::lock_guard lock{queue_->mutex};
    return !queue_->closed && queue_->jobs.empty() &&
           (!queue_->idle.empty() || threads_.size() < most_);
  }

 private:
  struct queue;

  void start_thread(const std::shared_ptr<queue>& to) {
    threads_.emplace_back([q = to] { run(*q); });
  }

  struct sleeper {
    std::condition_variable alarm;
    bool woken = false;
  };

  struct queue final : haul::detail::job_source {
    std::mutex mutex;
    std::condition_variable rest;
    std::deque<std::function<void()>> jobs;
    std::list<sleeper> sleepers;  // one for each worker
    std::vector<sleeper*> idle;   // the one that fell asleep last at the end
    std::size_t running = 0;
    bool closed = false;

    /// The worker that fell asleep last: it has most of what it needs in its cache.
    sleeper* pick_one() {
      if (idle.empty()) return nullptr;
      sleeper* const last = idle.back();
      idle.pop_back();
      last->woken = true;
      return last;
    }

    void wake_all() {
      for (sleeper& s : sleepers) s.alarm.notify_all();
    }

    void finish() override {
      std::deque<std::function<void()>> dropped;
      std::unique_lock lock{mutex};
      closed = true;
      dropped.swap(jobs);
      wake_all();
      rest.wait(lock, [&] { return running == 0; });
    }
  };

  static void run(queue& q) {
    std::unique_lock lock{q.mutex};
    sleeper& self = q.sleepers.emplace_back();
    for (;;) {
      while (!q.closed && q.jobs.empty()) {
        q.idle.push_back(&self);
        self.alarm.wait(lock, [&] { return q.closed || self.woken; });
        self.woken = false;
      }
      if (q.closed) return;
      std::function<void()> job = std::move(q.jobs.front());
      q.jobs.pop_front();
      ++q.running;
      lock.unlock();
      job();
      job = nullptr;  // what it owned goes before the lock is taken again
      lock.lock();
      if (--q.running == 0) q.rest.notify_all();
    }
  }

  std::shared_ptr<queue> queue_;
  std::vector<std::thread> threads_;
  unsigned most_;
};

}  // namespace haul::system

#endif
