// One file that leaves room for others: slowly at first, and without a limit from the middle on.
//
//   6_limit URL PATH BYTES_PER_SECOND

#include <haul/haul.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <variant>

//[sink
// Lifts the limit when half of the file is there. A program would do it when its game has ended.
class second_half_faster {
 public:
  explicit second_half_faster(haul::session& s) : session_(&s) {}

  void operator()(const haul::event& e) {
    const auto* p = std::get_if<haul::progress>(&e);
    if (lifted_ || !p || !p->total || p->downloaded < *p->total / 2) return;
    lifted_ = true;
    session_->set_rate_limit(0);  // at once, for all tasks of the session
    std::printf("no limit from now on\n");
  }

 private:
  haul::session* session_;
  bool lifted_ = false;
};
//]

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: 6_limit URL PATH BYTES_PER_SECOND\n");
    return 2;
  }
  //[main
  asio::io_context io;
  haul::session_options shared;
  shared.rate_limit = std::strtoull(argv[3], nullptr, 10);
  haul::session session{io.get_executor(), shared};

  haul::download_options options;
  options.connections = 4;
  haul::download_task task{session, haul::download_request{argv[1], argv[2]},
                           second_half_faster{session}, options};
  //]
  haul::download_result result;
  asio::co_spawn(io, task.run(), [&](std::exception_ptr bug, haul::download_result r) {
    if (bug) std::rethrow_exception(bug);
    result = std::move(r);
  });
  io.run();
  std::printf("%s\n", result.message().c_str());
  return result ? 0 : 1;
}
