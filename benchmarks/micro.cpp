// What everything goes through, each part alone. Catch2's benchmarks:
//
//   build/release/benchmarks/micro [--benchmark-samples N] [NAME]

#include <haul/async/semaphore.hpp>
#include <haul/async/token_bucket.hpp>
#include <haul/engine/journal.hpp>
#include <haul/engine/planner.hpp>
#include <haul/http/chunked_decoder.hpp>
#include <haul/http/head_parser.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#define CATCH_CONFIG_ENABLE_BENCHMARKING
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

namespace {

using std::chrono::milliseconds;
using time_point = std::chrono::steady_clock::time_point;

time_point at(int ms) { return time_point{milliseconds{ms}}; }

const std::string head =
    "HTTP/1.1 206 Partial Content\r\nServer: nginx/1.22.1\r\n"
    "Date: Sat, 28 Nov 2026 08:00:00 GMT\r\nContent-Type: application/octet-stream\r\n"
    "Content-Length: 4194304\r\nLast-Modified: Fri, 27 Nov 2026 08:00:00 GMT\r\n"
    "Connection: keep-alive\r\nETag: \"6927f0c0-80000000\"\r\n"
    "Cache-Control: public, max-age=31536000\r\nVia: 1.1 edge (cache)\r\nX-Cache: HIT\r\n"
    "Access-Control-Allow-Origin: *\r\nContent-Range: bytes 4194304-8388607/2147483648\r\n\r\n";

haul::awaitable<void> acquire(haul::semaphore& s, int times) {
  for (int i = 0; i < times; ++i) {
    haul::semaphore::permit p = co_await s.acquire();
    p.release();
  }
}

}  // namespace

TEST_CASE("head parser") {
  BENCHMARK("a head of 13 fields") {
    haul::http::head_parser p;
    const auto r = p.parse(head);
    return r.consumed;
  };
  BENCHMARK("the same, 100 bytes at a time") {
    haul::http::head_parser p;
    std::size_t consumed = 0;
    for (std::size_t n = 100; consumed == 0; n += 100) {
      consumed = p.parse(std::string_view{head}.substr(0, n)).consumed;
    }
    return consumed;
  };
}

TEST_CASE("chunked decoder") {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  body += "0\r\n\r\n";
  std::string copy = body;
  BENCHMARK("256 KiB in chunks of 16 KiB") {
    std::memcpy(copy.data(), body.data(), body.size());
    haul::http::chunked_decoder d;
    return d.decode(copy.data(), copy.size()).produced;
  };
}

TEST_CASE("planner") {
  BENCHMARK("1 GiB over 16 streams, in buffers of 256 KiB") {
    haul::engine::planner p{1u << 20};
    p.begin(1u << 30, {});
    std::uint64_t given = 0;
    int now = 0;
    haul::byte_range mine[16];
    while (!p.complete()) {
      for (unsigned id = 0; id < 16; ++id) {
        if (mine[id].empty()) {
          if (const auto r = p.take(id, at(now))) mine[id] = *r;
        }
        if (mine[id].empty()) continue;
        const auto got =
            p.received(id, std::min<std::uint64_t>(256u << 10, mine[id].size()), at(now));
        const haul::byte_range written{mine[id].begin + got.skip,
                                       mine[id].begin + got.skip + got.size};
        if (got.size > 0) given += p.written(written);
        mine[id].begin = got.size == 0 ? mine[id].end : written.end;
        if (p.wanted(id) == 0) mine[id] = {};
      }
      ++now;
    }
    return given;
  };
}

TEST_CASE("journal") {
  haul::engine::journal_header h;
  h.url = "https://example.com/game.pak";
  h.total = std::uint64_t{1} << 32;
  haul::range_set written;
  for (std::uint64_t i = 0; i < 16; ++i) written.add({i << 28, (i << 28) + (1u << 27)});
  BENCHMARK("a record of 16 ranges") { return haul::engine::journal::ranges(written).size(); };
  std::string text = haul::engine::journal::begin(h);
  for (int i = 0; i < 600; ++i) text += haul::engine::journal::ranges(written);
  BENCHMARK("reading 600 records") {
    std::error_code ec;
    return haul::engine::journal::read(text, ec)->written.size();
  };
}

TEST_CASE("semaphore") {
  asio::io_context io{1};
  haul::semaphore free{io.get_executor(), 8};
  BENCHMARK("1,000 permits, nobody waits") {
    asio::co_spawn(io, acquire(free, 1000), asio::detached);
    io.restart();
    return io.run();
  };
  haul::semaphore narrow{io.get_executor(), 1};
  BENCHMARK("1,000 permits for 10 coroutines, one at a time") {
    for (int i = 0; i < 10; ++i) asio::co_spawn(io, acquire(narrow, 100), asio::detached);
    io.restart();
    return io.run();
  };
}

TEST_CASE("rate limiter") {
  haul::token_bucket b;
  b.set_rate(20'000'000, at(0));
  int now = 0;
  BENCHMARK("a charge, and when to go on") {
    b.charge(200'000, at(now));
    const auto then = b.ready_at(at(now));
    now += 10;
    return then;
  };
}
