#ifndef HAUL_SERVICE_BBDOWN_HPP
#define HAUL_SERVICE_BBDOWN_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/service/bbdown_options.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/message.hpp>
#include <haul/service/records.hpp>

#include <memory>
#include <string_view>

namespace haul::service {

namespace bbdown_detail {
class bbdown_core;
}

/// The JSON API of BBDown's server mode, over a batch_manager, without a transport.
///
/// `GET /get-tasks/`, `/get-tasks/running`, `/get-tasks/finished`, `/get-tasks/{id}`,
/// `POST /add-task`, `GET /remove-finished/`, `/remove-finished/failed`, `/remove-finished/{id}`.
/// What is answered is the original's to the byte. CORS and authorization are the server's.
///
/// In extended mode `POST /add-task` answers `{"TaskId":"..."}`, and 400 to a URL that is none;
/// tasks have keys more, behind the original's; there are `POST /cancel/{id}`, `/pause/{id}` and
/// `/resume/{id}`; and an `{id}` may also be a TaskId.
///
/// A task is a batch of the manager, or one batch after another where it asks for delays. It is
/// kept in the records until it is removed from the finished ones.
///
/// @par Thread Safety
/// All members may be called from any thread.
///
/// @par Lifetimes
/// The manager and the records must outlive all that runs on the executor. To end: `stop()`, then
/// the manager's `close()`, then let the executor run dry or stop it. Tasks that have not ended
/// then are in the records still, and `recover()` of the next process brings them back.
class bbdown {
 public:
  /// Reads the records: what they hold can be asked for at once.
  ///
  /// @param executor  Where tasks are looked after.
  /// @param in        What downloads the files.
  /// @param kept      Where tasks are kept.
  /// @param options   The root, and what clients may do.
  ///
  /// @throws std::filesystem::filesystem_error  The root is not there.
  bbdown(asio::any_io_executor executor, downloads& in, records& kept, bbdown_options options);
  ~bbdown();
  bbdown(const bbdown&) = delete;
  bbdown& operator=(const bbdown&) = delete;

  /// Goes on with the tasks that the records hold. To be called once, after the manager's
  /// `recover()` and before the first request.
  void recover();

  /// Whether the path of a request is one of the dialect's, whatever its method; `answer` gives 404
  /// to all others.
  bool knows(std::string_view path) const;

  /// Answers at once: what takes time goes on behind it.
  response answer(const request& r);
  /// The same for those who await.
  awaitable<response> operator()(request r);

  /// Starts nothing more. Downloads go on until the manager is closed.
  void stop();

 private:
  std::shared_ptr<bbdown_detail::bbdown_core> core_;
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown.ipp>
#endif

#endif
