#include "tthsd/mailbox.hpp"

#include "tthsd/library.hpp"

#include <cxxabi.h>
#include <iterator>
#include <thread>
#include <utility>

namespace tthsd {
namespace {

thread_local unsigned depth = 0;

struct inside {
  inside() noexcept { ++depth; }
  ~inside() { --depth; }
};

}  // namespace

bool inside_callback() noexcept { return depth > 0; }

void mailbox::open() {
  {
    const std::lock_guard lock{mutex_};
    over_ = false;
  }
  try {
    std::thread{[self = shared_from_this()] { run(self); }}.detach();
  } catch (...) {
    ended();
    throw;
  }
}

void mailbox::push(wire_event e) {
  const std::lock_guard lock{mutex_};
  if (shut_ || finished_) return;
  if (e.replaceable) {
    const auto at = replaceable_.find(e.task);
    if (at != replaceable_.end()) {
      *at->second = std::move(e);
      return;
    }
  } else if (e.task == wire_event::no_task) {
    replaceable_.clear();
  } else {
    replaceable_.erase(e.task);
  }
  waiting_.push_back(std::move(e));
  if (waiting_.back().replaceable) {
    replaceable_[waiting_.back().task] = std::prev(waiting_.end());
  }
  changed_.notify_all();
}

void mailbox::finish() {
  const std::lock_guard lock{mutex_};
  finished_ = true;
  changed_.notify_all();
}

void mailbox::shut() {
  const std::lock_guard lock{mutex_};
  shut_ = true;
  replaceable_.clear();
  waiting_.clear();
  changed_.notify_all();
}

bool mailbox::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  return changed_.wait_until(lock, deadline, [this] { return over_; });
}

void mailbox::wait() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return over_; });
}

bool mailbox::next(wire_event& e) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return shut_ || finished_ || !waiting_.empty(); });
  if (shut_ || waiting_.empty() || library::exiting()) return false;
  if (waiting_.front().replaceable) replaceable_.erase(waiting_.front().task);
  e = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

void mailbox::ended() {
  const std::lock_guard lock{mutex_};
  over_ = shut_ = true;
  changed_.notify_all();
}

/// A host may end the thread from inside the callback: CPython does, with pthread_exit(), when the
/// interpreter is finalising. That unwinds these frames and must not be held up.
void mailbox::run(const std::shared_ptr<mailbox>& self) {
  struct last_word {
    mailbox& box;
    ~last_word() { box.ended(); }
  } const at_the_end{*self};
  wire_event e;
  while (self->next(e)) {
    if (self->host_.ends()) return;
    const inside here;
    try {
      self->callback_(e.event.c_str(), e.msg.c_str());
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      // A callback in C++ that throws: there is nobody to tell.
    }
  }
}

}  // namespace tthsd
