// A co_await in the middle of an expression.

#include "../plants.hpp"

namespace gate::rule_1 {

asio::awaitable<void> operators() {
  const bool both_of = co_await flag() && co_await flag();  // rule_1_not_a_statement
  const int sum = 1 + co_await number();                    // rule_1_not_a_statement
  if (both_of) take(sum);
}

asio::awaitable<void> member() {
  const std::size_t size = (co_await text()).size();  // rule_1_not_a_statement
  if (size != 0) co_await nothing();
}

asio::awaitable<void> comma() {
  int n = 0;
  co_await nothing(), ++n;  // rule_1_not_a_statement
}

asio::awaitable<void> init_capture() {
  auto show = [n = co_await number()] { take(n); };  // rule_1_not_a_statement
  show();
}

template <class T>
asio::awaitable<void> in_a_template(T t) {
  const auto size = (co_await t.read()).size();  // rule_1_not_a_statement
  take(size);
}

}  // namespace gate::rule_1
