// One file.
//
//   1_one_file URL PATH

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>

//[run
haul::awaitable<void> run(haul::download_task<>& task, bool& ok) {
  const haul::download_result result = co_await task.run();
  std::printf("%s\n", result.message().c_str());
  ok = !result.error;
}
//]

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: 1_one_file URL PATH\n");
    return 2;
  }
  //[main
  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::download_task<> task{session, haul::download_request{argv[1], argv[2]}};

  bool ok = false;
  asio::co_spawn(io, run(task, ok), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  return ok ? 0 : 1;
  //]
}
