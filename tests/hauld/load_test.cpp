// Many clients that ask for the list while many tasks run: no reply is missing or malformed. Times
// and memory are printed, not judged.
//
// HAUL_TEST_CLIENTS (1000), HAUL_TEST_TASKS (200), HAUL_TEST_ROUNDS (5)

#include <haul/detail/asio_compat.hpp>

#include "catch.hpp"
#include "hauld/rig.hpp"
#include "support/fault_server.hpp"

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <sys/resource.h>
#include <vector>

using namespace haul::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int scale = 10;
#else
constexpr int scale = 1;
#endif

int number(const char* name, int usual) {
  const char* text = std::getenv(name);
  return text ? std::max(1, std::atoi(text)) : usual;
}

struct outcome {
  std::vector<double> milliseconds;
  std::set<std::string> problems;
  std::size_t bytes = 0;
};

haul::awaitable<void> poll(std::uint16_t port, int rounds, std::size_t tasks, outcome& out) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket{executor};
  const asio::ip::tcp::endpoint to{asio::ip::address_v4::loopback(), port};
  std::error_code ec;
  co_await socket.async_connect(to, haul::detail::into(ec));
  if (ec) {
    out.problems.insert("connect: " + ec.message());
    co_return;
  }
  const std::string ask =
      "GET /get-tasks/ HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
  std::string in;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = steady::now();
    const auto question = asio::buffer(ask);
    co_await asio::async_write(socket, question, haul::detail::into(ec));
    if (ec) break;
    auto buffer = asio::dynamic_buffer(in);
    const std::string end_of_head = "\r\n\r\n";
    const std::size_t head =
        co_await asio::async_read_until(socket, buffer, end_of_head, haul::detail::into(ec));
    if (ec) break;
    raw_reply r;
    r.head = in.substr(0, head);
    const std::size_t length = std::stoull(r.field("Content-Length").value_or("0"));
    if (in.size() < head + length) {
      const auto rest = asio::transfer_exactly(head + length - in.size());
      co_await asio::async_read(socket, buffer, rest, haul::detail::into(ec));
      if (ec) break;
    }
    out.milliseconds.push_back(
        std::chrono::duration<double, std::milli>(steady::now() - begin).count());
    out.bytes += head + length;
    if (!r.head.starts_with("HTTP/1.1 200 ")) out.problems.insert(r.head.substr(0, 40));
    boost::json::error_code bad;
    const boost::json::value v = boost::json::parse(in.substr(head, length), bad);
    if (bad || !v.is_object() || v.as_object().size() != 2 ||
        v.at("Running").as_array().size() != tasks) {
      const std::size_t ended = in.find("\"Finished\":");
      out.problems.insert("body: " + in.substr(head, 80) + "..." +
                          (ended < head + length ? in.substr(ended, 500) : std::string{}));
    }
    in.erase(0, head + length);
  }
  if (ec) out.problems.insert(ec.message());
}

std::string memory_of(pid_t pid, const std::string& name) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
  }
  return "?";
}

}  // namespace

TEST_CASE("Many clients poll while many tasks run") {
  const int clients = number("HAUL_TEST_CLIENTS", 1000 / scale);
  const int tasks = number("HAUL_TEST_TASKS", 200 / scale);
  const int rounds = number("HAUL_TEST_ROUNDS", 5);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);

  // Slow enough to run on while the clients ask.
  fault_server origin;
  origin.provide([](const std::string&) {
    return resource{.size = 32ull << 20, .seed = 1, .etag = "\"1\"", .rate = 16 << 10};
  });
  hauld_run h{{"--max-concurrent", std::to_string(tasks)}};
  for (int i = 0; i < tasks; ++i) {
    const std::string url = origin.url("/file-" + std::to_string(i));
    REQUIRE(h.post_json("/add-task", "{\"Url\":\"" + url + "\"}").status == 200);
  }
  REQUIRE(wait_until(
      [&] {
        const boost::json::value running = boost::json::parse(h.get("/get-tasks/running").body);
        return running.as_array().size() == static_cast<std::size_t>(tasks) &&
               origin.counters().connections_open >= static_cast<std::size_t>(tasks);
      },
      std::chrono::seconds(120)));

  outcome out;
  asio::io_context io{1};
  const auto begin = steady::now();
  for (int i = 0; i < clients; ++i) {
    asio::co_spawn(io, poll(h.port(), rounds, static_cast<std::size_t>(tasks), out),
                   asio::detached);
  }
  io.run_for(std::chrono::minutes(8));
  const double seconds = std::chrono::duration<double>(steady::now() - begin).count();

  for (const std::string& p : out.problems) UNSCOPED_INFO(p);
  CHECK(out.problems.empty());
  REQUIRE(out.milliseconds.size() ==
          static_cast<std::size_t>(clients) * static_cast<std::size_t>(rounds));
  std::sort(out.milliseconds.begin(), out.milliseconds.end());
  const auto part = [&](double share) {
    return out.milliseconds[static_cast<std::size_t>(
        share * static_cast<double>(out.milliseconds.size() - 1))];
  };
  std::cout << clients << " clients, " << tasks << " tasks, " << out.milliseconds.size()
            << " replies of " << out.bytes / out.milliseconds.size() << " bytes in " << seconds
            << " s: p50 " << part(0.5) << " ms, p99 " << part(0.99) << " ms, worst " << part(1)
            << " ms; memory of hauld" << memory_of(h.process().pid(), "VmHWM") << " at its peak\n";
  CHECK(h.process().running());
}
