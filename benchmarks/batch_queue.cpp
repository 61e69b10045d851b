// What it costs to queue many files: the time of submit(), and the memory of each file that waits.
//
//   batch_queue [COUNT]
//
// Nothing is downloaded: the only permit is held by a server that does not answer.

#include <haul/batch_manager.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <utility>
#include <vector>

namespace {

std::size_t allocated() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

haul::awaitable<void> run(haul::batch_manager<>& manager, std::size_t count, std::string url) {
  std::size_t text = 0;
  const std::size_t before = allocated();
  std::vector<haul::download_request> files;
  files.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    files.emplace_back(url + std::to_string(i), "/nowhere/folder/file-" + std::to_string(i));
    text += files.back().url().size() + files.back().path().native().size() + 2;
  }
  const auto begun = std::chrono::steady_clock::now();
  haul::submit_result told = co_await manager.submit(std::move(files));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  files = std::vector<haul::download_request>{};
  told.files = std::vector<haul::submitted_file>{};
  const double each = static_cast<double>(allocated() - before) / static_cast<double>(count);
  const double strings = static_cast<double>(text) / static_cast<double>(count);
  std::printf("%zu files: submit %.3f s; %.0f bytes for each that waits, of them %.0f of text\n",
              count, took.count(), each, strings);
  manager.cancel(told.batch);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  asio::io_context io{1};
  asio::ip::tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  haul::session session{io.get_executor()};
  haul::manager_options options;
  options.max_files = count;
  options.max_active = 1;
  haul::batch_manager<> manager{session, haul::null_sink{}, haul::memory_store{}, options};
  const std::string url =
      "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/files/";
  asio::co_spawn(io, run(manager, count, url), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
}
