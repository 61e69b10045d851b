// The smallest batch program: many URLs into one folder.
//
//   batch FOLDER URL...

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

haul::awaitable<void> run(haul::batch_manager<>& manager,
                          std::vector<haul::download_request> files) {
  const haul::submit_result told = co_await manager.submit(std::move(files));
  for (const haul::submitted_file& f : told.files) {
    if (f.error) std::fprintf(stderr, "refused: %s\n", f.message.c_str());
  }
  if (told.batch.empty()) co_return;
  const auto end = co_await manager.wait(told.batch);
  std::printf("%zu of %zu complete\n", end->completed, end->total);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: batch FOLDER URL...\n");
    return 2;
  }
  std::vector<haul::download_request> files;
  const std::string folder = std::string{argv[1]} + '/';
  for (int i = 2; i < argc; ++i) files.emplace_back(argv[i], folder);

  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::batch_manager<> manager{session};
  asio::co_spawn(io, run(manager, std::move(files)), asio::detached);
  io.run();
}
