// A co_await in a condition.

#include "../plants.hpp"

namespace gate::rule_2 {

asio::awaitable<int> in_if() {
  if (co_await flag()) co_return 1;  // rule_2_condition
  co_return 2;
}

asio::awaitable<void> in_not() {
  if (!co_await flag()) take(1);  // rule_1_not_a_statement rule_2_condition
}

asio::awaitable<void> variable() {
  if (const int n = co_await number()) take(n);     // rule_2_condition
  while (const int n = co_await number()) take(n);  // rule_2_condition
}

asio::awaitable<void> loops() {
  while (co_await flag()) take(1);   // rule_2_condition
  for (; co_await flag();) take(2);  // rule_2_condition
  do take(3);                        // rule_2_condition
  while (co_await flag());
}

asio::awaitable<void> in_switch() {
  switch (co_await number()) {  // rule_2_condition
    default:
      take(1);
  }
}

template <class T>
asio::awaitable<void> in_a_template(T t) {
  if (co_await t.ready()) take(1);  // rule_2_condition
}

}  // namespace gate::rule_2
