#include "watcher.hpp"

#include <type_traits>
#include <variant>

namespace haul::sim {

void watcher::wrong(const std::string& what) {
  if (problem_.empty()) problem_ = "events: " + what;
}

void watcher::take(const event& e) {
  ++count;
  if (world_.verbose) describe(e);
  if (closed_) wrong("one comes after the end");
  std::visit(
      [&](const auto& x) {
        using kind = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<kind, batch_started>) {
          if (!open_batches_.emplace(x.batch, x.total).second) wrong("a batch begins twice");
        } else if constexpr (std::is_same_v<kind, batch_finished>) {
          const auto at = open_batches_.find(x.batch);
          if (at == open_batches_.end()) return wrong("a batch ends that has not begun");
          if (x.completed + x.failed + x.cancelled != x.total || x.total != at->second) {
            wrong("the numbers of a batch do not add up");
          }
          open_batches_.erase(at);
          ++batches_over_;
        } else {
          const std::string& id = x.task->id;
          if constexpr (std::is_same_v<kind, task_started>) {
            task& t = tasks_[id];
            if (t.result && cancelled) t = task{};
            if (t.ended) wrong("a task begins again");
            return;
          }
          const auto at = tasks_.find(id);
          if (at == tasks_.end()) return wrong("a task has not begun");
          task& t = at->second;
          if (t.ended) return wrong("a task goes on after its end");
          if constexpr (std::is_same_v<kind, transfer_started>) {
            ++t.transfers;
            if (!t.resumed_first) t.resumed_first = x.resumed;
            t.ranges = x.ranges;
            t.downloaded = x.resumed;
            t.total = x.total;
            t.history.clear();
            t.history.emplace_back(world_.now(), x.resumed);
            if (x.total && x.resumed > *x.total) wrong("more was taken over than there is");
          } else if constexpr (std::is_same_v<kind, progress>) {
            if (t.transfers == 0) wrong("progress before the transfer");
            if (x.downloaded < t.downloaded) wrong("progress goes back");
            if (x.total && x.downloaded > *x.total) wrong("progress beyond the total");
            t.downloaded = x.downloaded;
            if (x.total) t.total = x.total;
            t.history.emplace_back(world_.now(), x.downloaded);
          } else if constexpr (std::is_same_v<kind, haul::paused>) {
            if (t.paused) wrong("paused twice");
            t.paused = true;
          } else if constexpr (std::is_same_v<kind, haul::resumed>) {
            if (!t.paused) wrong("resumed without a pause");
            t.paused = false;
          } else if constexpr (std::is_same_v<kind, stopped> || std::is_same_v<kind, failed>) {
            if (t.broke) wrong("stopped or failed twice");
            t.broke = true;
          } else if constexpr (std::is_same_v<kind, task_finished>) {
            t.ended = true;
            t.result = x.result;
            const bool bad = static_cast<bool>(x.result.error);
            if (bad != t.broke && !cancelled) wrong("the end is not what was told before");
            if (!bad && (!t.total || t.downloaded != *t.total || t.downloaded != x.result.size)) {
              if (!cancelled) wrong("complete without the last progress");
            }
          } else if constexpr (std::is_same_v<kind, retrying>) {
            if (!x.error) wrong("retrying without an error");
            if (x.error == errc::checksum_mismatch) t.downloaded = 0;  // a piece is given up
          }
        }
      },
      e);
}

void watcher::describe(const event& e) const {
  std::string text = std::visit(
      [](const auto& x) -> std::string {
        using kind = std::decay_t<decltype(x)>;
        const auto n = [](auto v) { return std::to_string(v); };
        if constexpr (std::is_same_v<kind, batch_started>) {
          return "batch_started " + n(x.total);
        } else if constexpr (std::is_same_v<kind, batch_finished>) {
          return "batch_finished " + n(x.completed) + "/" + n(x.failed) + "/" + n(x.cancelled);
        } else {
          const std::string& id = x.task->name;
          if constexpr (std::is_same_v<kind, task_started>) {
            return id + " task_started";
          } else if constexpr (std::is_same_v<kind, transfer_started>) {
            return id + " transfer_started, total " + (x.total ? n(*x.total) : "unknown") +
                   ", resumed " + n(x.resumed) + (x.ranges ? ", ranges" : "");
          } else if constexpr (std::is_same_v<kind, progress>) {
            return id + " progress " + n(x.downloaded) + ", connections " + n(x.connections);
          } else if constexpr (std::is_same_v<kind, haul::paused>) {
            return id + " paused";
          } else if constexpr (std::is_same_v<kind, haul::resumed>) {
            return id + " resumed";
          } else if constexpr (std::is_same_v<kind, stopped>) {
            return id + " stopped";
          } else if constexpr (std::is_same_v<kind, retrying>) {
            return id + " retrying, " + x.error.message() + ", attempt " + n(x.attempt) + ", in " +
                   n(x.delay.count()) + " ms";
          } else if constexpr (std::is_same_v<kind, failed>) {
            return id + " failed, " + x.result.message();
          } else {
            return id + " task_finished, " + x.result.message();
          }
        }
      },
      e);
  world_.say("event: " + text);
}

}  // namespace haul::sim
