#ifndef HAUL_PAN123_DETAIL_RUN_ON_HPP
#define HAUL_PAN123_DETAIL_RUN_ON_HPP

#include <haul/detail/asio_compat.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace haul::pan123::detail {

/// Runs a coroutine on another executor and waits for it: a connection and its deadline belong on
/// one strand, wherever the caller runs. Cancellation reaches the coroutine on its own executor.
template <class T, class Token = asio::use_awaitable_t<>>
auto run_on(asio::any_io_executor executor, awaitable<T> op, Token&& token = {}) {
  return asio::async_initiate<Token, void(std::exception_ptr, T)>(
      [executor](auto handler, awaitable<T> work) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto stop = std::make_shared<asio::cancellation_signal>();
        if (slot.is_connected()) {
          slot.assign([executor, stop](asio::cancellation_type type) {
            asio::dispatch(executor, [stop, type] { stop->emit(type); });
          });
        }
        auto home = asio::get_associated_executor(handler, executor);
        auto done = [h = std::move(handler), slot, stop](std::exception_ptr e, T value) mutable {
          if (slot.is_connected()) slot.clear();
          std::move(h)(e, std::move(value));
        };
        asio::co_spawn(
            executor, std::move(work),
            asio::bind_cancellation_slot(stop->slot(), asio::bind_executor(home, std::move(done))));
      },
      token, std::move(op));
}

}  // namespace haul::pan123::detail

#endif
