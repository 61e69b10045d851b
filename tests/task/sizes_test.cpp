#include "catch.hpp"
#include "support/nginx.hpp"
#include "support/test_ca.hpp"
#include "task/rig.hpp"

#include <tuple>

using namespace haul;
using namespace haul::test;

TEST_CASE("files of every size that matters", "[task][sizes]") {
  fault_server server;
  temp_dir dir;
  loop l;
  const unsigned connections = GENERATE(1u, 4u, 16u);
  const bool known = GENERATE(true, false);
  for (const std::uint64_t size :
       {0u, 1u, 4095u, 4096u, 4097u, 8191u, 8192u, 8193u, 65'535u, 65'536u, 300'000u}) {
    INFO("size " << size << ", connections " << connections << ", length known " << known);
    const std::string path = "/f" + std::to_string(size);
    server.add(path, {.size = size,
                      .seed = size + 1,
                      .etag = "\"v1\"",
                      .supports_ranges = known,
                      .how = known ? framing::content_length : framing::chunked});
    recorder told;
    const auto target = dir / ("f" + std::to_string(size));
    download_options options = quick(connections);
    options.overwrite = true;
    const auto r = l.run(download_request{server.url(path), target}, options, told);
    check_exact(r, target, size + 1, size);
    CHECK(r.received >= size);
    check_events(told, r);
  }
  CHECK(server.errors().empty());
}

TEST_CASE("many streams on a server that gives each of them little", "[task][sizes]") {
  fault_server server;
  temp_dir dir;
  constexpr std::uint64_t size = 400'000;
  server.add("/f", {.size = size, .seed = 3, .etag = "\"v1\"", .rate = 400'000});
  const unsigned connections = GENERATE(1u, 4u, 16u);
  const auto r = fetch_one(download_request{server.url("/f"), dir / "f"}, quick(connections));
  check_exact(r, dir / "f", 3, size);
  CHECK(server.counters().requests_peak <= connections);
  if (connections > 1) CHECK(server.counters().requests_peak >= 3);
  // Nothing is fetched twice but what was on its way to a stream that was cut short.
  CHECK(r.received <= size + 64 * 4096);
}

TEST_CASE("a body that ends with its connection", "[task][sizes]") {
  fault_server server;
  temp_dir dir;
  for (const std::uint64_t size : {0u, 1u, 5000u, 100'000u}) {
    server.add("/f", {.size = size,
                      .seed = 9,
                      .supports_ranges = false,
                      .how = framing::until_close,
                      .http10 = true});
    download_options options = quick();
    options.overwrite = true;
    const auto r = fetch_one(download_request{server.url("/f"), dir / "f"}, options);
    check_exact(r, dir / "f", 9, size);
  }
}

TEST_CASE("a real server, plain and TLS", "[task][nginx]") {
  if (!nginx::available()) return;
  test_ca ca;
  nginx server{{.tls = ca.valid()}};
  temp_dir dir;
  session_options shared;
  shared.proxy_from_environment = false;
  shared.ca_file = ca.file().string();
  const std::uint64_t piece = 64 * 1024;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, piece - 1, piece, piece + 1, std::uint64_t{262'143},
        std::uint64_t{262'145}, std::uint64_t{3'000'001}}) {
    write_pattern_file(server.root() / ("f" + std::to_string(size)), size + 5, size);
  }
  const unsigned connections = GENERATE(1u, 4u, 16u);
  const bool tls = GENERATE(false, true);
  loop l{shared};
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, piece - 1, piece, piece + 1, std::uint64_t{262'143},
        std::uint64_t{262'145}, std::uint64_t{3'000'001}}) {
    INFO("size " << size << ", connections " << connections << ", TLS " << tls);
    const std::string name = "f" + std::to_string(size);
    const std::string url = tls ? server.tls_url("/" + name) : server.url("/" + name);
    download_options options = quick(connections);
    options.piece_size = piece;
    const auto r = l.run(download_request{url, dir / name}, options);
    check_exact(r, dir / name, size + 5, size);
  }
}

TEST_CASE("64 MiB from a real server", "[task][nginx]") {
  if (!nginx::available()) return;
  test_ca ca;
  nginx server{{.tls = ca.valid()}};
  temp_dir dir;
  constexpr std::uint64_t size = 64u << 20;
  write_pattern_file(server.root() / "big", 11, size);
  session_options shared;
  shared.proxy_from_environment = false;
  shared.ca_file = ca.file().string();
  for (const bool tls : {false, true}) {
    const std::string url = tls ? server.tls_url("/big") : server.url("/big");
    download_options options;
    options.overwrite = true;
    const auto r = fetch_one(download_request{url, dir / "big"}.sha256(pattern_sha256(11, size)),
                             options, shared);
    check_exact(r, dir / "big", 11, size);
  }
}
