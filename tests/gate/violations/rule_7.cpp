// Awaiters and promise types of one's own.

#include "../plants.hpp"

#include <coroutine>

namespace gate::rule_7 {

struct awaiter {  // rule_7_awaiter
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle);
  void await_resume();
};

struct task {
  struct promise_type {};  // rule_7_awaiter
};

struct promise {};
struct other_task {  // rule_7_awaiter
  using promise_type = promise;
};

struct awaitable_thing {
  awaiter operator co_await();  // rule_7_awaiter
};
awaiter operator co_await(promise);  // rule_7_awaiter

}  // namespace gate::rule_7

template <>  // rule_7_awaiter
struct std::coroutine_traits<gate::rule_7::task, int> {
  using promise_type = gate::rule_7::task::promise_type;
};
