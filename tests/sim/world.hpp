#ifndef HAUL_TEST_SIM_WORLD_HPP
#define HAUL_TEST_SIM_WORLD_HPP

#include <haul/config.hpp>

#include "dice.hpp"

#include <asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

namespace haul::sim {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using duration = clock::duration;

/// The calls of an environment, each of which can be made to fail.
enum class call : unsigned {
  open,
  read,
  write,
  reserve,
  resize,
  size,
  sync,
  lock,
  status,
  rename,
  remove,
  make_directories,
  sync_directory,
  free_space,
  connect,
  receive,
  send,
  wait,
  count
};
const char* name_of(call c) noexcept;

/// Virtual time and what happens in it, and the faults of the environment's calls.
///
/// What is due at the same time happens in an order that the seed chooses, mixed with what is ready
/// on the event loop.
class world {
 public:
  world(std::uint64_t seed, bool talk) : random(seed), verbose(talk) {}
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  time_point now() const noexcept { return now_; }
  std::chrono::sys_seconds wall_clock() const noexcept {
    using namespace std::chrono;
    return sys_seconds{seconds{1'700'000'000} + floor<seconds>(now_.time_since_epoch())};
  }
  std::chrono::milliseconds elapsed() const noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  }

  /// @param owner  The process that it dies with; 0 for what is outside of all.
  void at(time_point when, unsigned owner, std::function<void()> what);
  void after(duration delay, unsigned owner, std::function<void()> what) {
    at(now_ + delay, owner, std::move(what));
  }
  /// How much is to come for a process.
  std::size_t pending(unsigned owner) const;
  /// Forgets what belongs to a process.
  void drop(unsigned owner);

  /// Does one thing. False when there is nothing left to do.
  bool step(asio::io_context& io);

  /// Whether this call fails: `void(std::error_code)` to be taken from it.
  std::error_code fault(call c);

  void say(const std::string& what) const;

  dice random;
  const bool verbose;
  bool faults = true;        ///< whether the weather is bad
  unsigned disk_fault = 0;   ///< permille of disk calls that fail, in bad weather
  unsigned local_fault = 0;  ///< permille of socket calls that fail, in bad weather

  /// The one call that fails, whatever the weather.
  call fail_what = call::count;
  std::uint64_t fail_nth = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(call::count)> calls{};
  std::uint64_t steps = 0;
  bool failed_one = false;          // `fail_nth` was reached
  bool kept_from_removing = false;  // something that was to be removed may stand for ever

  // What must be zero in the end.
  std::int64_t timers = 0;
  std::int64_t streams = 0;
  std::int64_t handles = 0;
  std::int64_t requests = 0;  // of downloads, and what holds them

 private:
  struct happening {
    time_point when;
    std::uint64_t tie;
    unsigned owner;
    std::function<void()> what;
  };
  struct later {
    bool operator()(const happening& a, const happening& b) const noexcept {
      return a.when != b.when ? a.when > b.when : a.tie > b.tie;
    }
  };

  void happen();

  time_point now_{};
  std::vector<happening> heap_;
};

}  // namespace haul::sim

#endif
