// One file, with its progress.
//
//   2_progress URL PATH

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

//[show
// What to do with each kind of event; `auto` takes those that do not matter here.
struct show {
  void operator()(const haul::progress& p) const {
    std::printf("%llu of %llu bytes\n", static_cast<unsigned long long>(p.downloaded),
                static_cast<unsigned long long>(p.total.value_or(0)));
  }
  void operator()(const haul::retrying& r) const {
    std::printf("again in %lld ms: %s\n", static_cast<long long>(r.delay.count()),
                r.error.message().c_str());
  }
  void operator()(const auto&) const {}
};
//]

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: 2_progress URL PATH\n");
    return 2;
  }
  asio::io_context io;
  haul::session session{io.get_executor()};
  //[task
  haul::download_task task{session, haul::download_request{argv[1], argv[2]},
                           [](const haul::event& e) { std::visit(show{}, e); }};
  //]
  //[spawn
  haul::download_result result;
  asio::co_spawn(io, task.run(), [&](std::exception_ptr bug, haul::download_result r) {
    if (bug) std::rethrow_exception(bug);
    result = std::move(r);
  });
  io.run();
  //]
  std::printf("%s\n", result.message().c_str());
  return result ? 0 : 1;
}
