//[program
#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>

haul::awaitable<void> run(haul::session& session) {
  haul::download_request wanted{"https://example.com/game.pak", "game.pak"};
  haul::download_task task{session, wanted};
  const haul::download_result result = co_await task.run();
  std::printf("%s\n", result.message().c_str());  // complete, or what went wrong
}

int main() {
  asio::io_context io;
  haul::session session{io.get_executor()};
  asio::co_spawn(io, run(session), asio::detached);
  io.run();
}
//]
