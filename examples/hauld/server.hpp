#ifndef HAULD_SERVER_HPP
#define HAULD_SERVER_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/service/access.hpp>
#include <haul/service/event_feed.hpp>
#include <haul/service/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hauld {

/// Makes the reply to a request; runs on the executor that the server was given for it.
using handler = std::function<haul::awaitable<haul::service::response>(haul::service::request)>;

/// What stands where. The longest prefix of a path, in lower case, decides.
struct route {
  std::string prefix;
  handler handle;
};

/// A file that is part of the program.
struct page_file {
  std::string_view path;  ///< with the slash in front
  std::string_view type;
  std::string_view bytes;
};

struct server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  haul::service::access_rules access;
  std::filesystem::path media;  ///< the folder behind /media/, as `confine` gives it
  std::vector<std::filesystem::path> private_files;  ///< never served, nor what begins like them
  std::vector<page_file> page;
  std::vector<route> routes;
  std::size_t max_connections = 2048;
  std::uint64_t max_body = 30'000'000;      ///< bytes; what is longer is refused
  std::chrono::seconds request_time{60};    ///< for a request to arrive, and for a kept connection
  std::chrono::seconds handling_time{120};  ///< for a reply to be made
  std::chrono::seconds writing_time{60};    ///< for a reply to be taken
  std::uint64_t slowest_file = 16 * 1024;   ///< bytes per second, on top of that, for files
  std::chrono::milliseconds event_interval{200};
  std::chrono::seconds heartbeat{15};
};

/// The HTTP side: connections, their limits, who may come in, files, events. One thread of its own,
/// so that neither a slow disk nor many clients hold up the downloads.
class server {
 public:
  /// @param run_on  Where handlers run.
  server(server_options options, haul::service::event_feed feed, asio::any_io_executor run_on);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Listens, and returns the port.
  ///
  /// @throws std::system_error  when the address cannot be used.
  std::uint16_t start();
  /// Ends everything at once; replies that are under way are cut short.
  void stop();

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace hauld

#endif
