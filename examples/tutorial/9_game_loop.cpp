// Events in a loop that is not Asio's: the downloads run on a thread of their own, and the game
// asks a queue once a frame what is new.
//
//   9_game_loop FOLDER URL...

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using manager_type = haul::batch_manager<haul::queue_sink>;

haul::awaitable<void> run(manager_type& manager, std::vector<haul::download_request> files) {
  const haul::submit_result told = co_await manager.submit(std::move(files));
  co_await manager.wait(told.batch);
}

void draw(const haul::event& e) {
  if (const auto* p = std::get_if<haul::progress>(&e)) {
    std::printf("%s: %llu bytes\n", p->task->name.c_str(),
                static_cast<unsigned long long>(p->downloaded));
  } else if (const auto* end = std::get_if<haul::task_finished>(&e)) {
    std::printf("%s: %s\n", end->task->name.c_str(), end->result.message().c_str());
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: 9_game_loop FOLDER URL...\n");
    return 2;
  }
  std::vector<haul::download_request> files;
  const std::string folder = std::string{argv[1]} + '/';
  for (int i = 2; i < argc; ++i) files.emplace_back(argv[i], folder);

  //[loop
  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::queue_sink events;  // this copy stays here, another one goes to the manager
  manager_type manager{session, events};
  std::atomic<bool> over{false};
  asio::co_spawn(io, run(manager, std::move(files)), [&](std::exception_ptr) { over = true; });
  std::thread downloads{[&] { io.run(); }};

  for (bool last = false; !last;) {
    last = over;  // read before the queue: what came before the end is still drawn
    while (const std::optional<haul::event> e = events.poll()) draw(*e);
    std::this_thread::sleep_for(std::chrono::milliseconds{16});  // the frame
  }
  downloads.join();
  //]
}
