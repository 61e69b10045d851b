#ifndef HAUL_SERVICE_BBDOWN_PLAN_HPP
#define HAUL_SERVICE_BBDOWN_PLAN_HPP

#include <haul/config.hpp>

#include <haul/batch_options.hpp>
#include <haul/download_request.hpp>
#include <haul/service/bbdown_options.hpp>
#include <haul/service/serve_options.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// What a task is to download, and how.
struct bbdown_plan {
  struct item {
    std::string url;
    std::filesystem::path target;  ///< a folder where the server is to name the file
    std::string key;               ///< stands for the URL in an archive
  };

  std::string title;
  std::vector<item> items;
  std::vector<download_request::field> headers;
  batch_options batch{};
  std::chrono::seconds delay{0};  ///< between two items
  bool look_only = false;         ///< nothing is to be downloaded
  bool archive = false;           ///< what the archive has is passed over, and it is told the rest
  std::string error;              ///< why it cannot be done, in one line; else empty
};

/// The URLs in a Url: one, or several with white space between them. Empty when there is none, or
/// one of them is none.
HAUL_DECL std::vector<std::string> split_urls(std::string_view text);

/// The Aid of a list of URLs: always the same for the same, and twelve hexadecimal digits. Their
/// credentials do not count.
HAUL_DECL std::string aid_of(const std::vector<std::string>& urls);

/// Looks at the disk, for links that would lead out of the root.
HAUL_DECL bbdown_plan plan_bbdown_task(const serve_options& asked,
                                       const std::vector<std::string>& urls,
                                       const bbdown_options& options);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown_plan.ipp>
#endif

#endif
