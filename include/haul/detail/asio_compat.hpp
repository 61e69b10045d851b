#ifndef HAUL_DETAIL_ASIO_COMPAT_HPP
#define HAUL_DETAIL_ASIO_COMPAT_HPP

// Everything that differs between the versions of Asio that haul supports stands here.

#include <haul/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <system_error>

namespace haul {

/// What every coroutine of haul returns.
template <class T = void>
using awaitable = asio::awaitable<T>;

namespace detail {

/// The token that haul's own coroutines await with.
inline constexpr const asio::use_awaitable_t<>& use_awaitable = asio::use_awaitable;

/// As `use_awaitable`, with the error put into `ec` instead of thrown.
inline auto into(std::error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

/// Asio gives the system's errors a category of its own, which until 1.24 does not know the
/// standard conditions: `ec == std::errc::connection_reset` was never true. On Windows libstdc++'s
/// category does not know those of sockets either.
inline std::error_code to_system(std::error_code ec) noexcept {
#ifdef _WIN32
  struct pair {
    asio::error::basic_errors from;
    std::errc to;
  };
  static constexpr pair known[] = {
      {asio::error::connection_aborted, std::errc::connection_aborted},
      {asio::error::connection_refused, std::errc::connection_refused},
      {asio::error::connection_reset, std::errc::connection_reset},
      {asio::error::host_unreachable, std::errc::host_unreachable},
      {asio::error::network_down, std::errc::network_down},
      {asio::error::network_reset, std::errc::network_reset},
      {asio::error::network_unreachable, std::errc::network_unreachable},
      {asio::error::not_connected, std::errc::not_connected},
      {asio::error::shut_down, std::errc::broken_pipe},
      {asio::error::timed_out, std::errc::timed_out},
  };
  const bool of_system = ec.category() == asio::error::get_system_category() ||
                         ec.category() == std::system_category();
  for (const pair& p : known) {
    if (of_system && ec.value() == p.from) return std::make_error_code(p.to);
  }
#endif
  if (ec.category() == asio::error::get_system_category()) {
    return {ec.value(), std::system_category()};
  }
  return ec;
}

}  // namespace detail
}  // namespace haul

#endif
