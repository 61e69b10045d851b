#ifndef HAUL_TEST_SIM_NETWORK_HPP
#define HAUL_TEST_SIM_NETWORK_HPP

#include "world.hpp"
#include <haul/async/detail/waiter.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::sim {

/// One version of a file on a server. Its bytes are a function of its seed.
struct version {
  std::uint64_t seed = 0;
  std::string bytes;
  std::chrono::sys_seconds modified{};
  bool served = false;  ///< whether any request was answered while it was the current one

  std::string etag() const;
};
std::string bytes_of(std::uint64_t seed, std::size_t size);

/// A file that servers have; it may change.
struct resource {
  std::vector<version> versions;
  std::size_t current = 0;
};
using resource_ptr = std::shared_ptr<resource>;

/// What a server says about the version of a file.
enum class validators : std::uint8_t { strong, weak, dated, both, none };

/// How a server behaves. What is counted in permille happens in so many of a thousand replies, in
/// bad weather only.
struct site {
  // Always.
  std::string host;
  std::map<std::string, resource_ptr> files;     // by path
  std::map<std::string, std::string> redirects;  // path to URL
  validators says = validators::strong;
  bool ranges = true;
  bool accepts_ranges = true;  // says so
  bool chunked = false;        // a whole file
  bool until_close = false;    // a whole file, as HTTP/1.0 does
  bool keep_alive = true;
  bool total_unknown = false;  // Content-Range: bytes 0-9/*
  bool disposition = false;    // gives the name
  bool late_surplus = false;   // what nobody asked for comes when it likes, not with the reply
  duration ticket_life{};      // how long a URL with a ticket is good for; zero: for ever
  duration latency{};
  std::uint64_t bandwidth = 1'000'000;
  std::size_t segment = 1460;
  int redirect_status = 302;

  // In bad weather.
  unsigned refused = 0;
  unsigned unresolved = 0;
  unsigned slow_connect = 0;
  unsigned busy = 0;    // 429, 503 and their kin
  unsigned denied = 0;  // 404, 403 and their kin
  unsigned circle = 0;  // redirects that lead nowhere
  unsigned cut = 0;     // the connection ends at some byte
  unsigned stall = 0;
  unsigned drip = 0;    // a byte now and then
  unsigned ignore = 0;  // the range
  unsigned shift = 0;
  unsigned shorten = 0;
  unsigned overlap = 0;
  unsigned bad_range_head = 0;
  unsigned gzip = 0;
  unsigned bad_head = 0;
  unsigned interim = 0;
  unsigned drop_validators = 0;
  unsigned bad_chunk = 0;
  unsigned bad_length = 0;  // Content-Length that is not the body's
  unsigned surplus = 0;     // bytes behind the body
  unsigned change = 0;      // the file turns into its next version
  unsigned flip = 0;        // and back into another
  // What only a hash can tell.
  unsigned wrong_bytes = 0;
  unsigned torn = 0;
  unsigned truncated = 0;
};

/// The two ends of a connection.
class wire {
 public:
  std::string inbox;  // for the client
  std::size_t taken = 0;
  bool over = false;   // no more comes
  bool reset = false;  // and that was no orderly end
  bool gone = false;   // the client has closed
  std::string flying;  // on its way to the server
  std::string request;
  site* to = nullptr;

  std::string out;  // what the server is sending
  std::size_t sent = 0;
  std::size_t reply_end = 0;  // of `out`; behind it is what nobody asked for
  std::optional<std::size_t> cut_at;
  bool cut_by_reset = false;
  std::optional<std::size_t> stall_at;
  duration stall_for{};
  bool dripping = false;
  bool close_after = false;
  bool busy = false;     // a reply is on its way
  bool blocked = false;  // the client does not read

  std::shared_ptr<haul::detail::waiter<>> waiting;
  bool waits_for_read = false;

  std::size_t expected = 1;  // bytes that the client wants to be woken for

  std::size_t readable() const noexcept { return inbox.size() - taken; }
  bool ready() const noexcept {
    return over || readable() >= expected || (blocked && readable() > 0);
  }
  void wake(std::error_code ec = {});
};
using wire_ptr = std::shared_ptr<wire>;

class network {
 public:
  explicit network(world& w) : world_(w) {}

  site& add(const std::string& host);
  site* find(const std::string& host);
  std::map<std::string, std::unique_ptr<site>>& sites() noexcept { return sites_; }

  /// The client has sent something.
  void arrived(const wire_ptr& w, std::string bytes);
  /// The client has read.
  void drained(const wire_ptr& w);

  /// A ticket for a URL, as `?ticket=N`; good from now on.
  std::string issue_ticket();
  /// No ticket is good any more, and new ones are for a long time.
  void renew_tickets();

  std::uint64_t requests = 0;
  std::uint64_t expired = 0;  ///< requests whose ticket was too old
  std::uint64_t body_bytes = 0;

 private:
  bool good_ticket(const site& s, std::string_view query) const;
  void serve(const wire_ptr& w);
  void answer(const wire_ptr& w, std::string_view head);
  void go_on(const wire_ptr& w, duration delay);
  void send(const wire_ptr& w);
  void finish(const wire_ptr& w);

  static constexpr std::size_t window = 64 * 1024;

  world& world_;
  std::map<std::string, std::unique_ptr<site>> sites_;
  std::vector<time_point> tickets_;  // when each was issued
};

}  // namespace haul::sim

#endif
