// Events in libuv's loop: the downloads run on a thread of their own and wake the loop, which asks
// a queue what is new.
//
//   9_libuv_loop FOLDER URL...

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <uv.h>
#include <variant>
#include <vector>

//[sink
// What libuv lets another thread do is to wake its loop, and nothing else.
struct uv_sink {
  haul::queue_sink events;
  uv_async_t* wake;

  void operator()(const haul::event& e) const {
    events(e);
    uv_async_send(wake);  // several may become one: the loop empties the queue each time
  }
};
//]
using manager_type = haul::batch_manager<uv_sink>;

haul::awaitable<void> run(manager_type& manager, std::vector<haul::download_request> files) {
  const haul::submit_result told = co_await manager.submit(std::move(files));
  co_await manager.wait(told.batch);
}

//[loop
struct loop_state {
  haul::queue_sink events;
  uv_async_t wake{};
  uv_async_t over{};
};

void on_events(uv_async_t* handle) {
  const auto& state = *static_cast<loop_state*>(handle->data);
  while (const std::optional<haul::event> e = state.events.poll()) {
    const auto* end = std::get_if<haul::task_finished>(&*e);
    if (end) std::printf("%s: %s\n", end->task->name.c_str(), end->result.message().c_str());
  }
}

// Events come before it; without handles the loop ends.
void on_over(uv_async_t* handle) {
  auto& state = *static_cast<loop_state*>(handle->data);
  on_events(&state.wake);
  uv_close(reinterpret_cast<uv_handle_t*>(&state.wake), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&state.over), nullptr);
}
//]

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: 9_libuv_loop FOLDER URL...\n");
    return 2;
  }
  std::vector<haul::download_request> files;
  const std::string folder = std::string{argv[1]} + '/';
  for (int i = 2; i < argc; ++i) files.emplace_back(argv[i], folder);

  //[main
  uv_loop_t* loop = uv_default_loop();
  loop_state state;
  state.wake.data = state.over.data = &state;
  uv_async_init(loop, &state.wake, on_events);
  uv_async_init(loop, &state.over, on_over);

  asio::io_context io;
  haul::session session{io.get_executor()};
  manager_type manager{session, uv_sink{state.events, &state.wake}};
  asio::co_spawn(io, run(manager, std::move(files)),
                 [&](std::exception_ptr) { uv_async_send(&state.over); });
  std::thread downloads{[&] { io.run(); }};

  uv_run(loop, UV_RUN_DEFAULT);
  downloads.join();
  uv_loop_close(loop);
  //]
}
