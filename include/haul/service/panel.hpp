#ifndef HAUL_SERVICE_PANEL_HPP
#define HAUL_SERVICE_PANEL_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch_options.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/event_feed.hpp>
#include <haul/service/message.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace haul::service {

/// The JSON interface of a page that shows downloads and controls them, below `/ui/api/`.
///
/// | request | reply |
/// |---|---|
/// | `GET downloads` | what `event_feed` sends as a snapshot |
/// | `POST downloads` `{"items":[{"url","name"?,"sha256"?}...],"folder"?}` |
/// `{"batch","files":[{"id","what","error"}...]}` | | `POST pause`, `resume`, `cancel`
/// `{"ids":[...]}` | `{"done":n}`: how many were known |
///
/// Errors are `{"error":text}`: 400 for what cannot be understood, 404, 405, 413 for too many items
/// and 415 for another content type than JSON.
///
/// @par Lifetimes
/// The downloads must outlive what is under way.
class panel {
 public:
  /// What the page may do, and where it gets it.
  struct options {
    std::filesystem::path root;    ///< files are made below it
    std::size_t max_items = 1000;  ///< in one request
    batch_options batch{};         ///< for what is added
  };

  /// @param to    Whose downloads it shows.
  /// @param feed  The events that it sends.
  /// @param o     Its options.
  panel(downloads& to, event_feed feed, options o)
      : to_(to), feed_(std::move(feed)), options_(std::move(o)) {}

  /// @param r  Of a path below `/ui/api/`.
  awaitable<response> operator()(request r) const { return answer(*this, std::move(r)); }

 private:
  static awaitable<response> answer(panel self, request r);
  static awaitable<response> add(panel self, request r);
  response control(const request& r, std::error_code (downloads::*act)(const std::string&));

  downloads& to_;
  event_feed feed_;
  options options_;
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/panel.ipp>
#endif

#endif
