#ifndef HAUL_SERVICE_BBDOWN_OPTIONS_HPP
#define HAUL_SERVICE_BBDOWN_OPTIONS_HPP

#include <haul/batch_options.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace haul::service {

/// Asked to POST a body of type `bbdown_json_type` to a URL, once, and to forget about it. Called
/// from any thread, without a lock; must return at once. The URL is an absolute http or https one.
using webhook_hook = std::function<void(std::string url, std::string body)>;

/// What the `bbdown` dialect is to know.
struct bbdown_options {
  /// All files go below this folder; it must exist, and stay.
  std::filesystem::path root;
  /// Adds to the dialect: see `bbdown`.
  bool extended = false;
  /// Finished tasks that can be asked for; the oldest go first.
  std::size_t keep_finished = 1000;
  /// Tasks that have not ended; another one is answered with 429.
  std::size_t max_running = 10'000;
  /// Longest body of a request, in bytes.
  std::size_t max_body = 30'000'000;
  /// How each task is downloaded, but for what it asks for itself. `force` and
  /// `download.overwrite` are the dialect's own affair.
  batch_options batch{};
  /// The proxy that the session uses, as users write it. A task that asks for another one fails:
  /// what goes through which proxy is the session's affair, and a task must not go around the proxy
  /// that it was to use.
  std::string proxy;
  /// Where it is kept what tasks with `SaveArchivesToFile` have downloaded; `.haul-archive` in the
  /// root if empty. No task can write a file of a name that begins with a dot.
  std::filesystem::path archive;
  /// Carries the webhooks; without it there are none.
  webhook_hook webhook;
};

}  // namespace haul::service

#endif
