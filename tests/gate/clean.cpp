// Everything that the house rules allow, or that looks like a violation and is none.

#include "plants.hpp"

namespace gate::clean {

struct totals {
  std::string name;
  int n = 0;
  asio::awaitable<void> add() {
    n = co_await number();
    name = co_await text();
  }
};

asio::awaitable<std::string> allowed(asio::any_io_executor executor, options given) {
  const bool first = co_await flag();
  std::string name = co_await text();
  std::optional<std::string> maybe = co_await text();
  if (first) co_await nothing();
  while (name.empty()) name = co_await text();
  for (int i = 0; i < 3; ++i) {
    co_await nothing();
  }
  if (const bool again = co_await flag(); again) co_await nothing();
  switch (name.size()) {
    case 0:
      co_await nothing();
      break;
    default:
      co_await wait();
  }
  for (char c : co_await text()) take(c);
  static_cast<void>(co_await number());

  // Names, moves, scalars, and temporaries of classes with constructors.
  co_await run(std::move(given));
  co_await run_default(1, given);
  co_await fetch(request{"http://localhost/"});
  co_await fetch(request{"http://localhost/"}.connections(3));
  co_await put("name", std::size_t{3});
  co_await put(std::string{"name"}, name.size(), std::string(3, 'x'));
  co_await wait(std::chrono::milliseconds{3});

  // In two steps, anything goes.
  auto operation = run({.url = name, .connections = 3});
  co_await std::move(operation);
  auto result = co_await both();
  auto& [n, text_of_it] = result;

  // Lambdas: without captures, or named.
  co_await call([] {
    const options own{"url", 1};
    take(own.connections);
  });
  auto named = [&]() -> asio::awaitable<void> {
    name = co_await text();
    co_await put(name, 1);
  };
  co_await named();
  asio::co_spawn(
      executor, [] { return nothing(); }, asio::detached);
  asio::co_spawn(
      executor, [&name] { return put(name, 1); }, asio::detached);

  take(n);
  co_return co_await text();
}

template <class Source>
asio::awaitable<std::size_t> allowed_in_a_template(Source source) {
  const auto block = co_await source.read(std::size_t{4096});
  std::size_t size = co_await source.size();
  size = co_await source.size();
  if (block) co_await source.skip(size, "name");
  auto rest = co_await source.template take<int>(std::string("x"));
  co_await source.close();
  co_return co_await source.size();
}

}  // namespace gate::clean
