// One file that can be paused, and that goes on where an earlier run was ended.
//
//   5_pause_and_resume URL PATH
//
// Ctrl-C pauses, and Ctrl-C again goes on. SIGTERM ends the program; run it again to go on.

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

struct show {
  void operator()(const haul::transfer_started& t) const {
    std::printf("from byte %llu on\n", static_cast<unsigned long long>(t.resumed));
  }
  void operator()(const haul::paused&) const { std::printf("paused\n"); }
  void operator()(const haul::resumed&) const { std::printf("resumed\n"); }
  void operator()(const haul::stopped&) const { std::printf("stopped\n"); }
  void operator()(const auto&) const {}
};

struct sink {
  void operator()(const haul::event& e) const {
    std::visit(show{}, e);
    std::fflush(stdout);
  }
};
using task_type = haul::download_task<sink>;

//[obey
haul::awaitable<void> obey(asio::signal_set& signals, task_type& task) {
  for (bool paused = false;;) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    if (signal == SIGTERM) {
      task.stop();  // run() completes with errc::stopped; what is on disk stays there
      co_return;
    }
    paused = !paused;
    if (paused) {
      task.pause();  // its connections are closed
    } else {
      task.resume();
    }
  }
}
//]

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: 5_pause_and_resume URL PATH\n");
    return 2;
  }
  asio::io_context io;
  haul::session session{io.get_executor()};
  task_type task{session, haul::download_request{argv[1], argv[2]}};
  //[main
  asio::signal_set signals{io, SIGINT, SIGTERM};
  asio::co_spawn(io, obey(signals, task), asio::detached);

  haul::download_result result;
  asio::co_spawn(io, task.run(), [&](std::exception_ptr bug, haul::download_result r) {
    if (bug) std::rethrow_exception(bug);
    result = std::move(r);
    signals.cancel();  // nobody is left to obey
  });
  io.run();
  //]
  std::printf("%s\n", result.message().c_str());
  return result ? 0 : 1;
}
