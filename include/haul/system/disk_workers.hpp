#ifndef HAUL_SYSTEM_DISK_WORKERS_HPP
#define HAUL_SYSTEM_DISK_WORKERS_HPP

#include <haul/async/detail/job_service.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
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
/// `submit()` may be called from any thread.
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
    }
    queue_->work.notify_all();
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

  void submit(std::function<void()> job) {
    // The job may bring about the end of this object before the call is over.
    const std::shared_ptr<queue> to = queue_;
    {
      const std::lock_guard lock{to->mutex};
      if (to->closed) return;
      to->jobs.push_back(std::move(job));
      if (to->idle < to->jobs.size() && threads_.size() < most_) {
        threads_.emplace_back([q = to] { run(*q); });
      }
    }
    to->work.notify_one();
  }

 private:
  struct queue final : haul::detail::job_source {
    std::mutex mutex;
    std::condition_variable work;
    std::condition_variable rest;
    std::deque<std::function<void()>> jobs;
    std::size_t idle = 0;
    std::size_t running = 0;
    bool closed = false;

    void finish() override {
      std::deque<std::function<void()>> dropped;
      std::unique_lock lock{mutex};
      closed = true;
      dropped.swap(jobs);
      work.notify_all();
      rest.wait(lock, [&] { return running == 0; });
    }
  };

  static void run(queue& q) {
    std::unique_lock lock{q.mutex};
    for (;;) {
      ++q.idle;
      q.work.wait(lock, [&] { return q.closed || !q.jobs.empty(); });
      --q.idle;
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
