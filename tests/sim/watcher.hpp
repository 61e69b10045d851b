#ifndef HAUL_TEST_SIM_WATCHER_HPP
#define HAUL_TEST_SIM_WATCHER_HPP

#include "environment.hpp"
#include <haul/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::sim {

/// Takes the events of a process and looks at their order while they come.
class watcher {
 public:
  struct task {
    bool ended = false;
    bool paused = false;
    bool broke = false;  // `failed` or `stopped` has come
    bool ranges = false;
    std::optional<std::uint64_t> resumed_first;  // of the first transfer_started
    std::uint64_t downloaded = 0;
    std::optional<std::uint64_t> total;
    unsigned transfers = 0;
    std::vector<std::pair<time_point, std::uint64_t>> history;
    std::optional<download_result> result;
  };

  explicit watcher(world& w) : world_(w) {}

  void take(const event& e);
  /// Nothing more may come.
  void close() { closed_ = true; }
  /// The first thing that was wrong; empty when nothing was.
  const std::string& problem() const noexcept { return problem_; }
  const std::map<std::string, task>& tasks() const noexcept { return tasks_; }
  bool batch_begun() const noexcept { return !open_batches_.empty() || batches_over_ > 0; }
  std::size_t open_batches() const noexcept { return open_batches_.size(); }

  std::uint64_t count = 0;
  /// Files whose end may come without a word of how.
  bool cancelled = false;

 private:
  void wrong(const std::string& what);
  void describe(const event& e) const;

  world& world_;
  std::map<std::string, task> tasks_;
  std::map<std::string, std::size_t> open_batches_;
  std::size_t batches_over_ = 0;
  bool closed_ = false;
  std::string problem_;
};

}  // namespace haul::sim

#endif
