// One file, with its progress on standard output.
//
//   one_file URL PATH

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <utility>
#include <variant>

namespace {

// What to do with each kind of event; `auto` takes those that do not matter here.
struct show {
  void operator()(const haul::progress& p) const {
    std::printf("%llu of %llu bytes\n", static_cast<unsigned long long>(p.downloaded),
                static_cast<unsigned long long>(p.total.value_or(0)));
  }
  void operator()(const auto&) const {}
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: one_file URL PATH\n");
    return 2;
  }
  asio::io_context io;
  haul::session session{io.get_executor()};
  haul::download_task task{session, haul::download_request{argv[1], argv[2]},
                           [](const haul::event& e) { std::visit(show{}, e); }};
  haul::download_result result;
  asio::co_spawn(io, task.run(), [&](std::exception_ptr error, haul::download_result r) {
    if (error) std::rethrow_exception(error);
    result = std::move(r);
  });
  io.run();
  std::printf("%s\n", result.message().c_str());
  return result ? 0 : 1;
}
