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
/// standard conditions: `ec == std::errc::connection_reset` was never true.
inline std::error_code to_system(std::error_code ec) noexcept {
  if (ec.category() == asio::error::get_system_category()) {
    return {ec.value(), std::system_category()};
  }
  return ec;
}

}  // namespace detail
}  // namespace haul

#endif
