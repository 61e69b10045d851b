#ifndef HAUL_VERIFY_AND_REPAIR_HPP
#define HAUL_VERIFY_AND_REPAIR_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/download_task.hpp>
#include <haul/event_sink.hpp>

#include <utility>

namespace haul {

/// Makes the file at `request.path()` what the request says, and fetches as little as can be: a
/// file that is right is read and left alone, without a request; of one with wrong pieces only
/// these are fetched; one that is missing is downloaded.
///
/// While it is repaired, the file is called `NAME.haul`; it gets its name back when all of it is
/// right. What is cut short goes on with the next call.
///
/// With g++ 12, a sink that is a lambda with captures must be a variable, moved into the call.
///
/// The request needs piece hashes, or a checksum: then a wrong file is fetched whole. With piece
/// hashes it should also name the size.
///
/// @returns  As `download_task::run()`; `received` says how many bytes were fetched, `resumed` how
///           many were right.
///
/// @par Per-Operation Cancellation
/// As `download_task::run()`: the file that is half repaired stays `NAME.haul`.
///
/// @par Errors
/// As `download_task::run()`; errc::invalid_argument for a request with neither piece hashes nor a
/// checksum.
///
/// @par Lifetimes
/// The session must live until the operation completes.
template <event_sink Sink, class Session = session>
awaitable<download_result> verify_and_repair(Session& in, download_request request, Sink sink,
                                             download_options options) {
  options.repair = true;
  download_task<Sink, Session> task{in, std::move(request), std::move(sink), options};
  download_result result = co_await task.run();
  co_return result;
}

/// The same with the options that `download_options` has of itself.
template <event_sink Sink, class Session = session>
awaitable<download_result> verify_and_repair(Session& in, download_request request, Sink sink) {
  return verify_and_repair(in, std::move(request), std::move(sink), download_options{});
}

/// The same, and nobody is told how it goes.
template <class Session = session>
awaitable<download_result> verify_and_repair(Session& in, download_request request) {
  return verify_and_repair(in, std::move(request), null_sink{}, download_options{});
}

}  // namespace haul

#endif
