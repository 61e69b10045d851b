#ifndef HAUL_DETAIL_ASIO_COMPAT_HPP
#define HAUL_DETAIL_ASIO_COMPAT_HPP

// Everything that differs between the versions of Asio that haul supports stands here.

#include <haul/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace haul {

/// What every coroutine of haul returns.
template <class T = void>
using awaitable = asio::awaitable<T>;

namespace detail {

/// The token that haul's own coroutines await with.
inline constexpr const asio::use_awaitable_t<>& use_awaitable = asio::use_awaitable;

/// As `use_awaitable`, with the error put into `ec` instead of thrown.
inline auto into(std::error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

}  // namespace detail
}  // namespace haul

#endif
