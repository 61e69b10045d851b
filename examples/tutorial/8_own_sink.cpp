// A sink of one's own: a class that counts, and awaits something for each finished file, as a
// program does that writes to its database.
//
//   8_own_sink FOLDER URL...

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

//[ledger
class ledger {
 public:
  // The next event comes when the coroutine has ended; the download goes on meanwhile.
  haul::awaitable<void> operator()(const haul::event& e) {
    const auto* end = std::get_if<haul::task_finished>(&e);
    if (!end) co_return;
    const std::string line = end->task->name + ": " + end->result.message();
    co_await asio::post(asio::use_awaitable);  // in place of the database
    ++*finished_;
    std::printf("%zu. %s\n", *finished_, line.c_str());
  }

 private:
  // Sinks are moved into the manager: what is to be seen from outside is shared.
  std::shared_ptr<std::size_t> finished_ = std::make_shared<std::size_t>(0);
};
static_assert(haul::event_sink<ledger>);
//]

haul::awaitable<void> run(haul::batch_manager<ledger>& manager,
                          std::vector<haul::download_request> files) {
  const haul::submit_result told = co_await manager.submit(std::move(files));
  co_await manager.wait(told.batch);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: 8_own_sink FOLDER URL...\n");
    return 2;
  }
  std::vector<haul::download_request> files;
  const std::string folder = std::string{argv[1]} + '/';
  for (int i = 2; i < argc; ++i) files.emplace_back(argv[i], folder);

  asio::io_context io;
  haul::session session{io.get_executor()};
  //[manager
  haul::batch_manager<ledger> manager{session, ledger{}};
  //]
  asio::co_spawn(io, run(manager, std::move(files)), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
  io.run();
}
