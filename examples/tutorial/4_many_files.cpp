// Many files into one folder, three at once.
//
//   4_many_files FOLDER URL...

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

//[run
haul::awaitable<void> run(haul::batch_manager<>& manager, std::vector<haul::download_request> files,
                          bool& ok) {
  const haul::batch_options options{.max_concurrent = 3};
  const haul::submit_result told = co_await manager.submit(std::move(files), options);
  for (const haul::submitted_file& f : told.files) {
    if (f.error) std::printf("refused: %s\n", f.message.c_str());
  }
  if (!told) std::printf("refused: %s\n", told.message.c_str());
  if (told.batch.empty()) co_return;

  const auto end = co_await manager.wait(told.batch);
  for (const haul::file_status& f : end->files) {
    std::printf("%s: %s\n", f.name.c_str(), std::string{haul::name_of(f.state)}.c_str());
  }
  std::printf("%zu of %zu complete\n", end->completed, end->total);
  ok = end->completed == end->total;
}
//]

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: 4_many_files FOLDER URL...\n");
    return 2;
  }
  std::vector<haul::download_request> files;
  const std::string folder = std::string{argv[1]} + '/';  // a folder: each file names itself
  for (int i = 2; i < argc; ++i) files.emplace_back(argv[i], folder);

  //[main
  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::batch_manager<> manager{session};
  bool ok = false;
  asio::co_spawn(io, run(manager, std::move(files), ok), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
  //]
  return ok ? 0 : 1;
}
