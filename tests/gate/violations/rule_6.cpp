// A coroutine lambda with captures that has no name: its captures may be gone before it ends.

#include "../plants.hpp"

namespace gate::rule_6 {

void spawned(asio::any_io_executor executor, int n) {
  asio::co_spawn(
      executor,
      [n]() -> asio::awaitable<void> {  // rule_6_unnamed_lambda
        co_await nothing();
        take(n);
      },
      asio::detached);
}

asio::awaitable<int> called_at_once(int n) {
  auto operation = [n]() -> asio::awaitable<int> { co_return n; }();  // rule_6_unnamed_lambda
  co_return co_await std::move(operation);
}

}  // namespace gate::rule_6
