#ifndef HAUL_SERVICE_MEDIA_HPP
#define HAUL_SERVICE_MEDIA_HPP

#include <haul/config.hpp>
#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/service/catalog.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/message.hpp>
#include <haul/service/records.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace haul::service {

struct media_options {
  std::filesystem::path root;                ///< where the files go; made when it is not there
  std::string base = "/api/media";           ///< in front of all routes; without a slash at its end
  std::string url_base = "/media";           ///< where the server shows the root
  bool extended = false;                     ///< with the routes and states that the original lacks
  std::size_t max_files = 50;                ///< ids in one batch
  unsigned max_concurrent = 5;               ///< more than this is taken for this
  std::chrono::seconds keep_for{24 * 3600};  ///< how long a finished batch can be asked for
  std::size_t keep_count = 1000;             ///< how many finished batches, at the most
  download_options download{};               ///< for each file
  std::function<std::chrono::sys_seconds()> now;  ///< the clock; the system's when it is empty
};

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
/// need not outlive those.
class media {
 public:
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
#include <haul/service/impl/media.ipp>
#include <haul/service/impl/media_batches.ipp>
#include <haul/service/impl/media_files.ipp>
#endif

#endif
