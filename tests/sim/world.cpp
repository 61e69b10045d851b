#include "world.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace haul::sim {

const char* name_of(call c) noexcept {
  static constexpr const char* names[] = {
      "open",           "read",       "write",   "reserve", "resize", "size",
      "sync",           "lock",       "status",  "rename",  "remove", "make_directories",
      "sync_directory", "free_space", "connect", "receive", "send",   "wait"};
  return c < call::count ? names[static_cast<unsigned>(c)] : "none";
}

void world::at(time_point when, unsigned owner, std::function<void()> what) {
  heap_.push_back(happening{std::max(when, now_), random.next(), owner, std::move(what)});
  std::push_heap(heap_.begin(), heap_.end(), later{});
}

std::size_t world::pending(unsigned owner) const {
  return static_cast<std::size_t>(std::count_if(
      heap_.begin(), heap_.end(), [&](const happening& h) { return h.owner == owner; }));
}

void world::drop(unsigned owner) {
  std::vector<happening> gone;
  const auto kept = std::partition(heap_.begin(), heap_.end(),
                                   [&](const happening& h) { return h.owner != owner; });
  gone.assign(std::make_move_iterator(kept), std::make_move_iterator(heap_.end()));
  heap_.erase(kept, heap_.end());
  std::make_heap(heap_.begin(), heap_.end(), later{});
}

void world::happen() {
  std::pop_heap(heap_.begin(), heap_.end(), later{});
  const happening h = std::move(heap_.back());
  heap_.pop_back();
  now_ = h.when;
  h.what();
}

bool world::step(asio::io_context& io) {
  ++steps;
  const bool due = !heap_.empty() && heap_.front().when <= now_;
  if (due && random.chance(500)) {
    happen();
    return true;
  }
  if (io.poll_one() > 0) return true;
  if (heap_.empty()) return false;
  happen();
  return true;
}

std::error_code world::fault(call c) {
  const std::uint64_t n = ++calls[static_cast<std::size_t>(c)];
  if (c == fail_what && n == fail_nth) {
    failed_one = true;
    if (verbose) say(std::string{"FAULT: "} + name_of(c) + " number " + std::to_string(n));
    if (c == call::remove) kept_from_removing = true;
    return std::make_error_code(std::errc::io_error);
  }
  if (!faults) return {};
  const bool disk = c < call::connect;
  if (!random.chance(disk ? disk_fault : local_fault)) return {};
  if (verbose) say(std::string{"FAULT: "} + name_of(c));
  if (c == call::remove) kept_from_removing = true;
  if (!disk) return std::make_error_code(std::errc::connection_reset);
  const bool room = c == call::write || c == call::reserve || c == call::open;
  return std::make_error_code(room && random.chance(500) ? std::errc::no_space_on_device
                                                         : std::errc::io_error);
}

void world::say(const std::string& what) const {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count();
  std::printf("%10.6f  %s\n", static_cast<double>(us) / 1e6, what.c_str());
}

}  // namespace haul::sim
