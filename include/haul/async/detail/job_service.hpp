#ifndef HAUL_ASYNC_DETAIL_JOB_SERVICE_HPP
#define HAUL_ASYNC_DETAIL_JOB_SERVICE_HPP

#include <haul/detail/asio_compat.hpp>

#include <asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace haul::detail {

/// Jobs on threads that do not belong to the execution context, but own things that do.
class job_source {
 public:
  virtual ~job_source() = default;
  /// Drops what waits, and returns when nothing runs any more. No job begins afterwards.
  virtual void finish() = 0;
};

/// Lets a context end only after the jobs that own something of it: a job may be the last owner of
/// a download, whose timers and strands must not be destroyed after their context.
class job_service : public asio::execution_context::service {
 public:
  using key_type = job_service;

  inline static asio::execution_context::id id;

  explicit job_service(asio::execution_context& context)
      : asio::execution_context::service(context) {}

  void add(std::weak_ptr<job_source> jobs) {
    const std::lock_guard lock{mutex_};
    std::erase_if(sources_, [](const auto& s) { return s.expired(); });
    sources_.push_back(std::move(jobs));
  }

 private:
  void shutdown() override {
    std::vector<std::weak_ptr<job_source>> all;
    {
      const std::lock_guard lock{mutex_};
      all.swap(sources_);
    }
    for (const auto& weak : all) {
      if (const auto jobs = weak.lock()) jobs->finish();
    }
  }

  std::mutex mutex_;
  std::vector<std::weak_ptr<job_source>> sources_;
};

}  // namespace haul::detail

#endif
