#ifndef HAUL_TESTS_GATE_PLANTS_HPP
#define HAUL_TESTS_GATE_PLANTS_HPP

// What the planted violations await. Nothing here is ever run or linked.

#include <haul/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace gate {

/// An aggregate with a member that owns something.
struct options {
  std::string url;
  int connections = 0;
};

/// A class with a constructor and setters: the safe form.
class request {
 public:
  explicit request(std::string url) : url_(std::move(url)) {}
  request& connections(int n) & {
    connections_ = n;
    return *this;
  }
  request&& connections(int n) && {
    connections_ = n;
    return std::move(*this);
  }

 private:
  std::string url_;
  int connections_ = 0;
};

asio::awaitable<bool> flag();
asio::awaitable<int> number();
asio::awaitable<std::string> text();
asio::awaitable<std::tuple<int, std::string>> both();
asio::awaitable<void> nothing();
asio::awaitable<void> run(options o);
asio::awaitable<void> run_default(int n, const options& o = {});
asio::awaitable<void> names(std::vector<std::string> list);
asio::awaitable<void> fetch(request r);
asio::awaitable<void> put(std::string name, std::size_t length, std::string suffix = {});
asio::awaitable<void> wait(std::chrono::milliseconds how_long = std::chrono::milliseconds{5});
template <class F>
asio::awaitable<void> call(F f) {
  f();
  co_return;
}
void take(int n);

}  // namespace gate

#endif
