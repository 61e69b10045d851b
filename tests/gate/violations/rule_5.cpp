// A structured binding straight from a co_await.

#include "../plants.hpp"

namespace gate::rule_5 {

asio::awaitable<void> binding() {
  const auto [n, s] = co_await both();  // rule_5_structured_binding
  take(n + static_cast<int>(s.size()));
}

template <class T>
asio::awaitable<void> in_a_template(T t) {
  auto [a, b] = co_await t.read();  // rule_5_structured_binding
}

}  // namespace gate::rule_5
