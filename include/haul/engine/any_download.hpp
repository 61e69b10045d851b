#ifndef HAUL_ENGINE_ANY_DOWNLOAD_HPP
#define HAUL_ENGINE_ANY_DOWNLOAD_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/engine/any_sink.hpp>
#include <haul/engine/forward.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace haul::engine {

/// What a download looks like from outside at one moment.
struct download_status {
  enum class phase : std::uint8_t { waiting, running, paused, finished };
  phase now = phase::waiting;
  std::uint64_t downloaded = 0;
  std::optional<std::uint64_t> total;
  std::uint64_t speed = 0;
  unsigned connections = 0;
};

/// A download whose environment is not known: all that a task needs of it, so that a program's own
/// files do not have to read the engine.
class any_download {
 public:
  any_download() = default;
  any_download(const any_download&) = delete;
  any_download& operator=(const any_download&) = delete;
  virtual ~any_download() = default;

  /// Runs to the end, and keeps the object alive until then. To be called once.
  virtual awaitable<download_result> run() = 0;

  // From any thread.
  virtual void pause() = 0;
  virtual void resume() = 0;
  virtual void stop() = 0;
  virtual void set_rate_limit(std::uint64_t bytes_per_second) = 0;
  virtual download_status status() const = 0;
};

}  // namespace haul::engine

#endif
