#ifndef HAUL_SYSTEM_ENVIRONMENT_HPP
#define HAUL_SYSTEM_ENVIRONMENT_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/system/file.hpp>
#include <haul/system/route.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>

namespace haul::system {

/// What a stream waits for.
enum class readiness : std::uint8_t { read, write };

/// A connection to an origin, through whatever stands between. Reads and writes do not block: they
/// answer `operation_would_block`, and `wait` tells when to try again.
///
/// `buffered()` is true while bytes that have been received already can be read without waiting.
/// `close()` makes a pending `wait` end with `operation_aborted`. `stale()` tells whether an idle
/// connection was closed, or spoken on, by the other side. `expect(n)` is a hint: waking the reader
/// for fewer than `n` bytes is not worth it; a wait that has begun takes notice of a lower `n`.
/// `pace(rate)` is another: so many bytes a second will be read at the most, and the sender should
/// not send much faster; 0 is no limit. `hush()` is a third: until the next `wait`, nobody has to
/// be woken for what comes; `quiet()` tells whether that is so. `linger(n, most)` waits in the
/// thread that calls it, a worker's: true when `n` bytes or an end have come in time; false at once
/// where it cannot be done.
template <class S>
concept stream = std::movable<S> &&
    requires(S& s, void* to, const void* from, std::size_t n, std::error_code& ec) {
  { s.read_some(to, n, ec) } -> std::same_as<std::size_t>;
  { s.write_some(from, n, ec) } -> std::same_as<std::size_t>;
  { s.wait(readiness::read) } -> std::same_as<awaitable<std::error_code>>;
  { s.buffered() } -> std::same_as<bool>;
  { s.stale() } -> std::same_as<bool>;
  s.expect(n);
  s.pace(std::uint64_t{});
  s.hush();
  { s.quiet() } -> std::same_as<bool>;
  { s.linger(n, std::chrono::milliseconds{}) } -> std::same_as<bool>;
  s.close();
};

/// The only door to the outside world: time, chance, connections and files. Everything in haul that
/// touches the world takes an environment as a template parameter; `system_environment` is the real
/// one, and tests put a simulated one in its place.
///
/// Files are used through blocking calls, made only from jobs given to `submit()`. While
/// `spare_worker()` is true, a job given now would not have to wait for one that goes on.
template <class E>
concept environment = requires(E& e, asio::any_io_executor executor, const route& r,
                               const timeouts& t, std::function<void()> job,
                               const std::filesystem::path& path, std::size_t most,
                               std::error_code& ec) {
  typename E::timer;
  typename E::file;
  requires stream<typename E::stream>;

  { e.now() } -> std::same_as<std::chrono::steady_clock::time_point>;
  { e.wall_clock() } -> std::same_as<std::chrono::sys_seconds>;
  { e.random() } -> std::same_as<std::uint64_t>;
  { e.make_timer(executor) } -> std::same_as<typename E::timer>;
  { e.choose_proxy(r.origin) } -> std::same_as<std::optional<proxy>>;
  { e.connect(executor, r, t) } -> std::same_as<awaitable<typename E::stream>>;
  e.submit(std::move(job));
  { e.spare_worker() } -> std::same_as<bool>;

  { e.open(path, open_mode::read, ec) } -> std::same_as<typename E::file>;
  { e.open_unnamed(path, ec) } -> std::same_as<typename E::file>;
  { e.status(path, ec) } -> std::same_as<path_status>;
  { e.names_in(path, most, ec) } -> std::same_as<file_names>;
  e.rename(path, path, ec);
  e.rename_if_absent(path, path, ec);
  e.remove(path, ec);
  e.make_directories(path, ec);
  e.sync_directory(path, ec);
  { e.free_space(path, ec) } -> std::same_as<std::uint64_t>;
};

}  // namespace haul::system

#endif
