// A co_await under ?:, in braces or new, or among arguments.

#include "../plants.hpp"

namespace gate::rule_3 {

asio::awaitable<void> ternary(bool yes) {
  const std::string s = yes ? std::string("x") : co_await text();  // rule_3_ternary
  take(static_cast<int>(s.size()));
}

asio::awaitable<options> braces() {
  const options o{co_await text(), 1};  // rule_3_braces
  take(o.connections);
  co_return options{co_await text(), 2};  // rule_3_braces
}

asio::awaitable<void> list() {
  const std::vector<int> v{co_await number(), 2};  // rule_3_braces
  take(v.front());
}

asio::awaitable<void> in_new() {
  const options* o = new options{co_await text(), 1};  // rule_3_braces
  delete o;
}

asio::awaitable<void> argument() {
  take(co_await number());                     // rule_3_argument
  co_await put(co_await text(), 1);            // rule_3_argument
  const request r = request(co_await text());  // rule_3_argument
  std::vector<std::string> v;
  v.push_back(co_await text());  // rule_3_argument
}

template <class T>
asio::awaitable<void> in_a_template(T t) {
  t.take(co_await t.read());  // rule_3_argument
}

}  // namespace gate::rule_3
