// What a store costs: many small files through batch_manager, with memory_store and with
// sqlite_store, in turn, from an HTTP server that has them.
//
//   batch_store URL-PREFIX COUNT FOLDER [ROUNDS]
//
// The files are URL-PREFIX0, URL-PREFIX1, ... `benchmarks/batch_store.sh` makes them and starts
// nginx.

#include <haul/batch_manager.hpp>
#include <haul/store/sqlite_store.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace {

double cpu_seconds() {
  struct ::rusage u {};
  ::getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const ::timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

template <class Manager>
haul::awaitable<void> run(Manager& manager, std::vector<haul::download_request> files,
                          bool& complete) {
  haul::batch_options options;
  options.max_concurrent = 16;
  const haul::submit_result told = co_await manager.submit(std::move(files), options);
  const auto end = co_await manager.wait(told.batch);
  complete = end && end->completed == end->total;
  co_await manager.close();
}

template <class Store>
bool measure(const char* name, Store store, const std::string& prefix, int count,
             const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder / "out");
  std::vector<haul::download_request> files;
  for (int i = 0; i < count; ++i) {
    files.emplace_back(prefix + std::to_string(i), folder / "out" / std::to_string(i));
  }
  asio::io_context io{1};
  haul::session session{io.get_executor()};
  haul::manager_options options;
  options.max_files = files.size();
  options.max_concurrent = options.max_active = 16;
  haul::batch_manager<haul::null_sink, Store> manager{session, haul::null_sink{}, std::move(store),
                                                      options};
  bool complete = false;
  const auto begun = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  asio::co_spawn(io, run(manager, std::move(files), complete), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  std::printf("%-7s %.3f s wall, %.3f s cpu%s\n", name, wall.count(), cpu_seconds() - cpu,
              complete ? "" : ", NOT COMPLETE");
  return complete;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: batch_store URL-PREFIX COUNT FOLDER [ROUNDS]\n");
    return 2;
  }
  const int count = std::atoi(argv[2]);
  const std::filesystem::path folder = argv[3];
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 5;
  bool all = true;
  for (int i = 0; i < rounds; ++i) {
    all = measure("memory", haul::memory_store{}, argv[1], count, folder) && all;
    std::filesystem::remove(folder / "state.db");
    all = measure("sqlite", haul::sqlite_store{folder / "state.db"}, argv[1], count, folder) && all;
  }
  return all ? 0 : 1;
}
