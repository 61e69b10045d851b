#ifndef HAUL_SYSTEM_SYSTEM_ENVIRONMENT_HPP
#define HAUL_SYSTEM_SYSTEM_ENVIRONMENT_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/session_options.hpp>
#include <haul/system/connector.hpp>
#include <haul/system/disk_workers.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/file.hpp>
#include <haul/system/proxy.hpp>
#include <haul/system/route.hpp>
#include <haul/system/system_stream.hpp>

#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>

namespace haul::system {

/// The real world.
///
/// @par Thread Safety
/// Safe.
class system_environment {
 public:
  using timer = asio::steady_timer;
  using stream = system_stream;
  using file = system::file;

  explicit system_environment(const session_options& options)
      : connector_(options.ca_file), workers_(options.worker_threads ? options.worker_threads : 1) {
    if (!options.proxy.empty()) {
      proxy_result given = parse_proxy(options.proxy);
      proxy_error_ = given.error;
      if (!given.error) proxies_ = proxy_settings{std::move(given.value)};
    } else if (options.proxy_from_environment) {
      proxy_settings_result given = proxy_settings::from_environment([](const char* name) {
        const char* value = std::getenv(name);
        return value ? std::optional<std::string>{value} : std::nullopt;
      });
      proxy_error_ = given.error;
      proxies_ = std::move(given.value);
    }
  }

  std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }
  std::chrono::sys_seconds wall_clock() const {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  std::uint64_t random() {
    const std::lock_guard lock{mutex_};
    return random_();
  }
  timer make_timer(const asio::any_io_executor& executor) const { return timer{executor}; }

  std::optional<proxy> choose_proxy(const http::origin& to) const {
    const std::lock_guard lock{mutex_};
    return proxies_.choose(to);
  }
  /// From now on connections are made through this proxy; straight when the text is empty. Those
  /// that are open stay as they are.
  ///
  /// @par Errors
  /// Those of `parse_proxy`; nothing changes then.
  std::error_code set_proxy(const std::string& text) {
    proxy_settings fresh;
    if (!text.empty()) {
      proxy_result given = parse_proxy(text);
      if (given.error) return given.error;
      fresh = proxy_settings{std::move(given.value)};
    }
    const std::lock_guard lock{mutex_};
    proxies_ = std::move(fresh);
    proxy_error_.clear();
    return {};
  }

  awaitable<stream> connect(asio::any_io_executor executor, const route& to,
                            const timeouts& limits) {
    // A proxy that was asked for and cannot be used must not be passed by.
    if (const std::error_code unusable = proxy_error())
      throw haul::detail::failure{unusable, operation::connecting, "the proxy setting"};
    return connector_.connect(std::move(executor), to, limits);
  }

  void submit(std::function<void()> job) { workers_.submit(std::move(job)); }
  bool spare_worker() const { return workers_.spare(); }
  /// The jobs that an execution context must not end before.
  std::weak_ptr<haul::detail::job_source> jobs() const { return workers_.source(); }

  file open(const std::filesystem::path& path, open_mode mode, std::error_code& ec) {
    return file::open(path, mode, ec);
  }
  file open_unnamed(const std::filesystem::path& folder, std::error_code& ec) {
    return file::open_unnamed(folder, ec);
  }
  path_status status(const std::filesystem::path& path, std::error_code& ec) {
    return status_of(path, ec);
  }
  file_names names_in(const std::filesystem::path& folder, std::size_t most, std::error_code& ec) {
    return system::names_in(folder, most, ec);
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to,
              std::error_code& ec) {
    rename_file(from, to, ec);
  }
  void rename_if_absent(const std::filesystem::path& from, const std::filesystem::path& to,
                        std::error_code& ec) {
    system::rename_if_absent(from, to, ec);
  }
  void remove(const std::filesystem::path& path, std::error_code& ec) { remove_file(path, ec); }
  void make_directories(const std::filesystem::path& path, std::error_code& ec) {
    system::make_directories(path, ec);
  }
  void sync_directory(const std::filesystem::path& path, std::error_code& ec) {
    system::sync_directory(path, ec);
  }
  std::uint64_t free_space(const std::filesystem::path& path, std::error_code& ec) {
    return system::free_space(path, ec);
  }

 private:
  std::error_code proxy_error() const {
    const std::lock_guard lock{mutex_};
    return proxy_error_;
  }

  connector connector_;
  mutable std::mutex mutex_;  // for the next three
  proxy_settings proxies_;
  std::error_code proxy_error_;
  std::mt19937_64 random_{std::random_device{}()};
  disk_workers workers_;  // last: its jobs may use the rest
};

static_assert(environment<system_environment>);

}  // namespace haul::system

#endif
