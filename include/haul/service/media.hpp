#ifndef HAUL_SERVICE_MEDIA_HPP
#define HAUL_SERVICE_MEDIA_HPP

#include <haul/config.hpp>
#include <haul/detail/asio_compat.hpp>

#include <haul/service/catalog.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/media_options.hpp>
#include <haul/service/message.hpp>
#include <haul/service/records.hpp>

#include <memory>

namespace haul::service {

class media_core;

/// The batch dialect: takes requests below `base`, whatever the server that has received them, and
/// says what to answer.
///
/// @code
/// haul::service::media media{downloads, records, catalog, options};
/// response answer = co_await media(std::move(request));
/// @endcode
///
/// What it knows of batches and files is kept in `records`, of the kinds `media-batch` and
/// `media-file`; the downloads themselves are the manager's, whose `recover()` must be over before
/// the first request. Whatever has to look at the disk does so on threads of its own, not on the
/// one that awaits.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Safe.
///
/// @par Lifetimes
/// Manager, records and catalog must outlive it and the calls that are under way; the object itself
/// need not outlive those. All calls are awaited on one execution context; with its end the object
/// is of no more use.
class media {
 public:
  /// @param to       What downloads the files.
  /// @param kept     Where the rest of its state is kept.
  /// @param ids      What the ids of requests stand for.
  /// @param options  The root, and what clients may do.
  HAUL_DECL media(downloads& to, records& kept, catalog& ids, media_options options);

  /// Never throws for a request, however wrong.
  ///
  /// @par Per-Operation Cancellation
  /// None: what has begun is done.
  HAUL_DECL awaitable<response> operator()(request r);

 private:
  std::shared_ptr<media_core> core_;
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/media_core.hpp>
#endif

#endif
