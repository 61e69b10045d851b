#ifndef TTHSD_LIBRARY_HPP
#define TTHSD_LIBRARY_HPP

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace tthsd {

class downloader;

/// What all downloaders share: the event loop with its threads, the ids, the texts handed out.
///
/// Made on first use and never destroyed: nothing is joined when the process ends. A fork's child
/// begins with a new one, since the threads of this one, and who knows which of its locks, have
/// stayed with the parent.
///
/// @par Thread Safety
/// Safe.
class library {
 public:
  static library& get();
  /// Whether the process is ending: no callback is made any more.
  static bool exiting() noexcept;

  /// Starts the threads when there are none yet. Throws when there can be none.
  asio::any_io_executor executor();

  int add(std::shared_ptr<downloader> d);
  /// Null for an unknown id.
  std::shared_ptr<downloader> find(int id);
  std::shared_ptr<downloader> take(int id);

  /// A copy that `take_back` frees; null for want of memory.
  char* hand_out(std::string_view text);
  /// Frees what was handed out, and nothing else.
  void take_back(char* text);

 private:
  library();
  ~library() = default;
  static void in_child();
  static void at_exit();
  void start_threads();

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::atomic<unsigned> running_{0};

  std::mutex mutex_;
  unsigned threads_ = 0;
  std::map<int, std::shared_ptr<downloader>> downloaders_;
  std::unordered_set<char*> texts_;
};

}  // namespace tthsd

#endif
