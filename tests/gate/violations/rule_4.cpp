// An awaited call that is given braces, an aggregate, or a closure with captures.

#include "../plants.hpp"

namespace gate::rule_4 {

asio::awaitable<void> designated() {
  co_await run({.url = "u", .connections = 1});  // rule_4_braces
}

asio::awaitable<void> aggregate() {
  co_await run(options{"u", 1});  // rule_4_braces
  co_await run(options());        // rule_4_aggregate
}

asio::awaitable<void> initializer_list() {
  co_await names({"a", "b"});  // rule_4_braces
}

asio::awaitable<void> bare_braces() {
  co_await put({}, 1);  // rule_4_braces
}

asio::awaitable<void> default_argument() {
  co_await run_default(1);  // rule_4_default_argument
}

asio::awaitable<void> capturing(std::string s) {
  co_await call([s] { take(static_cast<int>(s.size())); });   // rule_4_capturing_lambda
  co_await call([&s] { take(static_cast<int>(s.size())); });  // rule_4_capturing_lambda
}

struct object {
  int n = 0;
  asio::awaitable<void> capturing_this() {
    co_await call([this] { take(n); });  // rule_4_capturing_lambda
  }
};

template <class T>
asio::awaitable<void> in_a_template(T t) {
  co_await t.run({1, 2});     // rule_4_braces
  co_await t.call([t] {});    // rule_4_capturing_lambda
  co_await run_default(1);    // rule_4_default_argument
  co_await t.run(options{});  // rule_4_braces
}

}  // namespace gate::rule_4
