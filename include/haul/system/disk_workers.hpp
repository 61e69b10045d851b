#ifndef HAUL_SYSTEM_DISK_WORKERS_HPP
#define HAUL_SYSTEM_DISK_WORKERS_HPP

#include <haul/async/detail/job_service.hpp>

#include <chrono>
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
/// `submit()`, `defer()` and `spare()` may be called from any thread.
class disk_workers {
 public:
  explicit disk_workers(unsigned most) : queue_(std::make_shared<queue>()), most_(most) {}
  disk_workers(const disk_workers&) = delete;
  disk_workers& operator=(const disk_workers&) = delete;

  /// Waits for the jobs that are running; those that still wait are dropped.
  ~disk_workers() {
    std::deque<entry> dropped;
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
  void submit(std::function<void()> job) { add(std::move(job), false); }

  /// For a job that is over in no time: to wake a thread for it may cost more than the job does. It
  /// is done by a worker that is at such a job already; where there is none, what is returned wakes
  /// one, and is to be called after other jobs that come about now. Empty where nothing has to be
  /// done. Where such jobs turn out to take their time, they are treated as others are.
  std::function<void()> defer(std::function<void()> job) { return add(std::move(job), true); }

  /// Whether a job given now would find a worker that has nothing to do: one that is at work need
  /// not make room.
  bool spare() const {
    const std::lock_guard lock{queue_->mutex};
    return !queue_->closed && queue_->jobs.empty() &&
           (!queue_->idle.empty() || threads_.size() < most_);
  }

 private:
  static constexpr std::size_t backlog = 4;  // brief jobs that are worth another worker
  static constexpr std::chrono::milliseconds not_brief{1};

  struct queue;

  struct entry {
    std::function<void()> work;
    bool brief = false;
  };

  std::function<void()> add(std::function<void()> job, bool brief) {
    // The job may bring about the end of this object before the call is over.
    const std::shared_ptr<queue> to = queue_;
    wake woken;
    {
      const std::lock_guard lock{to->mutex};
      if (to->closed) return {};
      to->jobs.push_back({std::move(job), brief});
      if (brief && !to->slow && to->jobs.size() < backlog) {
        if (to->attentive > 0 || std::exchange(to->deferred, true)) return {};
        if (to->idle.empty() && threads_.size() < most_) start_thread(to);
        return [to] { to->begin_deferred(); };
      }
      if (to->idle.size() < to->jobs.size() && threads_.size() < most_) start_thread(to);
      woken = to->pick_one();
    }
    woken.ring();
    return {};
  }

  void start_thread(const std::shared_ptr<queue>& to) {
    threads_.emplace_back([q = to] { run(*q); });
  }

  struct sleeper {
    std::condition_variable alarm;
    bool woken = false;
  };

  /// A worker that is to be woken, after the lock is gone: it would wait for that first. Sleepers
  /// live as long as their queue.
  struct wake {
    sleeper* who = nullptr;
    void ring() const {
      if (who) who->alarm.notify_one();
    }
  };

  struct queue final : haul::detail::job_source {
    std::mutex mutex;
    std::condition_variable rest;
    std::deque<entry> jobs;
    std::list<sleeper> sleepers;  // one for each worker
    std::vector<sleeper*> idle;   // the one that fell asleep last at the end
    std::size_t running = 0;
    std::size_t attentive = 0;  // workers that look at the queue again in no time
    bool deferred = false;      // a wake is still to come
    bool slow = false;          // brief jobs take their time here: each is worth a worker
    bool closed = false;

    /// The worker that fell asleep last: it has most of what it needs in its cache.
    wake pick_one() {
      if (idle.empty()) return {};
      sleeper* const last = idle.back();
      idle.pop_back();
      last->woken = true;
      return {last};
    }

    void wake_all() {
      for (sleeper& s : sleepers) s.alarm.notify_all();
    }

    void begin_deferred() {
      wake woken;
      {
        const std::lock_guard lock{mutex};
        deferred = false;
        if (!jobs.empty()) woken = pick_one();
      }
      woken.ring();
    }

    void finish() override {
      std::deque<entry> dropped;
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
      entry job = std::move(q.jobs.front());
      q.jobs.pop_front();
      ++q.running;
      if (job.brief) ++q.attentive;
      // Brief jobs must not wait for this one to end.
      wake other;
      if (!job.brief && !q.jobs.empty()) other = q.pick_one();
      lock.unlock();
      other.ring();
      const auto begun = std::chrono::steady_clock::now();
      job.work();
      job.work = nullptr;  // what it owned goes before the lock is taken again
      const auto took = std::chrono::steady_clock::now() - begun;
      lock.lock();
      if (job.brief) {
        --q.attentive;
        q.slow = took > not_brief;
      }
      if (--q.running == 0) q.rest.notify_all();
    }
  }

  std::shared_ptr<queue> queue_;
  std::vector<std::thread> threads_;
  unsigned most_;
};

}  // namespace haul::system

#endif
