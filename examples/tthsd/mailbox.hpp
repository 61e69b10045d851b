#ifndef TTHSD_MAILBOX_HPP
#define TTHSD_MAILBOX_HPP

#include "tthsd/host.hpp"
#include "tthsd/narrator.hpp"
#include "tthsd/tthsd.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace tthsd {

/// Whether the calling thread is inside a callback of any downloader.
bool inside_callback() noexcept;

/// Delivers events to a callback, one at a time and in order, on a thread of its own: a callback
/// may take as long as it likes, and nothing of the engine is on its stack.
///
/// While an update waits, a later one of the same task takes its place; nothing else is dropped.
///
/// @par Thread Safety
/// Safe.
class mailbox : public std::enable_shared_from_this<mailbox> {
 public:
  explicit mailbox(progress_callback_t callback) : callback_(callback) {}

  /// Starts the thread. Throws when there can be none.
  void open();
  void push(wire_event e);
  /// Nothing comes any more: the thread ends after what waits.
  void finish();
  /// The thread ends now, or after the callback that it is in; what waits is dropped.
  void shut();
  /// Waits until the thread will not call any more; true if so.
  bool wait_until(std::chrono::steady_clock::time_point deadline);
  void wait();

 private:
  static void run(const std::shared_ptr<mailbox>& self);
  bool next(wire_event& e);
  void ended();

  const progress_callback_t callback_;
  const host host_ = host::find();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<wire_event> waiting_;
  std::unordered_map<std::size_t, std::list<wire_event>::iterator> replaceable_;
  bool finished_ = false;
  bool shut_ = false;
  bool over_ = true;  // no thread
};

}  // namespace tthsd

#endif
