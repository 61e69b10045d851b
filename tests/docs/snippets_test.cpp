// What the how-to pages show, run against a server.

#include "catch.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"
#include "support/temp_dir.hpp"
#include <haul/haul.hpp>
#include <haul/metalink/read_metalink.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace haul::test {
namespace {

constexpr std::uint64_t size = 3'000'000;
constexpr std::uint64_t piece = 1 << 20;

resource file_of(std::uint64_t seed) {
  resource r;
  r.size = size;
  r.seed = seed;
  r.etag = "\"v1\"";
  return r;
}

/// Runs a coroutine to its end.
template <class T>
T run(asio::io_context& io, awaitable<T> work) {
  std::optional<T> value;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr bug, T result) {
    if (bug) std::rethrow_exception(bug);
    value = std::move(result);
  });
  io.restart();
  io.run();
  return std::move(*value);
}

std::vector<std::string> manifest_of(std::uint64_t seed) {
  std::vector<std::string> all;
  for (std::uint64_t at = 0; at < size; at += piece) {
    all.push_back(digest_hex("SHA256", pattern_bytes(seed, at, std::min(piece, size - at))));
  }
  return all;
}

//[pieces
haul::piece_hashes pieces_of(const std::vector<std::string>& manifest) {
  haul::piece_hashes pieces{haul::hash_algorithm::sha256, 1 << 20};  // bytes in a piece
  for (const std::string& hex : manifest) pieces.add_hex(hex);
  return pieces;
}
//]

//[repair
haul::awaitable<haul::download_result> repair(haul::session& session,
                                              haul::download_request wanted) {
  haul::download_result result = co_await haul::verify_and_repair(session, std::move(wanted));
  if (!result.error) {
    std::printf("%llu bytes were right, %llu were fetched\n",
                static_cast<unsigned long long>(result.resumed),
                static_cast<unsigned long long>(result.received));
  }
  co_return result;
}
//]

//[metalink
std::vector<haul::download_request> read(const std::string& text,
                                         const std::filesystem::path& folder) {
  const haul::metalink link = haul::read_metalink(text);
  if (link.error) throw std::system_error{link.error, link.detail};
  std::vector<haul::download_request> files;
  for (const haul::metalink_file& f : link.files) files.push_back(f.request(folder));
  return files;
}
//]

//[advice
const char* advice(const haul::download_result& r) {
  if (!r.error) return "play";
  if (r.error == haul::condition::stopped) return "the same call goes on";
  if (r.error == haul::condition::retryable) return "try again later";
  if (r.error == haul::condition::local) return "look at the disk";
  if (r.error == haul::condition::untrusted) return "do not use this server";
  if (r.error == haul::errc::not_found) return "ask for another version";
  return "report this";  // refused or bad_request: nothing heals by itself
}
//]

//[unpack
haul::awaitable<int> unpack(haul::semaphore& slots, std::filesystem::path file) {
  const haul::semaphore::permit permit = co_await slots.acquire();
  // As many at once as there are permits. The permit is given back where the scope ends.
  std::printf("unpacking %s\n", file.string().c_str());
  co_return 0;
}
//]

//[first
haul::awaitable<haul::batch_status> urgent(haul::batch_manager<>& manager,
                                           std::vector<haul::download_request> files) {
  haul::batch_options options{.max_concurrent = 2, .priority = 10, .rate_limit = 0};
  options.download.connections = 4;  // for each file
  const haul::submit_result told = co_await manager.submit(std::move(files), options);
  manager.set_rate_limit(told.batch, 50'000'000);  // bytes per second, from any thread
  manager.set_priority(told.batch, 20);
  auto end = co_await manager.wait(told.batch);
  co_return std::move(*end);
}
//]

struct shop {
  std::string signed_url;
};

//[fresh_url
haul::awaitable<std::string> fresh_url(shop& own, std::error_code why) {
  std::printf("%s: asking the shop for another URL\n", why.message().c_str());
  co_return own.signed_url;  // may await whatever it takes
}
//]

struct parcel {
  std::string url;
  std::string path;
};

awaitable<int> deliver(parcel p) { co_return static_cast<int>((p.url + p.path).size()); }

awaitable<int> send(std::string url, std::string path) {
  //[named
  // Right: a named object, moved.
  parcel wanted{.url = url, .path = path};
  const int n = co_await deliver(std::move(wanted));
  //]
  co_return n;
}

}  // namespace

TEST_CASE("docs/resume.md: a wrong piece is fetched again, and only that") {
  fault_server server;
  server.add("/a", file_of(1));
  const temp_dir dir;
  const auto path = dir / "a";
  {
    std::string bytes = pattern_bytes(1, 0, size);
    bytes[piece + 5] ^= 1;
    std::ofstream{path, std::ios::binary} << bytes;
  }
  asio::io_context io;
  session session{io.get_executor()};
  download_request wanted{server.url("/a"), path};
  wanted.pieces(pieces_of(manifest_of(1))).size(size);
  const auto r = run(io, repair(session, std::move(wanted)));
  CHECK(r.error == std::error_code{});
  CHECK(r.received < 2 * piece);  // the end of it may have been fetched twice
  CHECK_FALSE(mismatch(path, 1, size));
}

TEST_CASE("docs/resume.md: what a run survives") {
  fault_server server;
  server.add("/a", file_of(1));
  const temp_dir dir;
  const std::string url = server.url("/a");
  const auto path = dir / "a";
  //[durable
  haul::download_options options;
  options.durability = haul::durability::power;  // synced before it is claimed, and before the name
  options.overwrite = true;                      // in place of an older version
  const haul::download_result r =
      haul::fetch(haul::download_request{url, path}, haul::null_sink{}, options);
  //]
  CHECK(r.error == std::error_code{});
  CHECK_FALSE(mismatch(path, 1, size));
}

TEST_CASE("docs/mirrors.md: a Metalink") {
  fault_server server;
  server.add("/a", file_of(1));
  const temp_dir dir;
  const std::string text = R"(<?xml version="1.0"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="sub/a"><size>3000000</size>
<hash type="sha-256">)" + pattern_sha256(1, size) +
                           "</hash><url priority=\"1\">" + server.url("/gone") +
                           "</url><url priority=\"2\">" + server.url("/a") +
                           "</url></file></metalink>";
  auto files = read(text, dir.path());
  REQUIRE(files.size() == 1);
  CHECK(files.front().mirrors().size() == 1);
  const auto r = fetch(std::move(files.front()));
  CHECK(r.error == std::error_code{});
  CHECK_FALSE(mismatch(dir / "sub/a", 1, size));
  CHECK_THROWS_AS(read("<metalink/>", dir.path()), std::system_error);
}

TEST_CASE("docs/mirrors.md: a fresh URL for one that has expired") {
  fault_server server;
  server.add("/fresh", file_of(1));
  server.behave("/old", [](const request_info&) { return reply_plan{}.with_status(403); });
  const temp_dir dir;
  const std::string url = server.url("/old");
  const auto path = dir / "a";
  shop own{server.url("/fresh")};
  //[fresh
  haul::download_request wanted{url, path};
  wanted.refresh_url([&own](std::error_code why) { return fresh_url(own, why); });
  //]
  const auto r = fetch(std::move(wanted));
  CHECK(r.error == std::error_code{});
  CHECK_FALSE(mismatch(path, 1, size));
}

TEST_CASE("docs/event-loop.md: a loop that one thread runs") {
  fault_server server;
  server.add("/a", file_of(1));
  const temp_dir dir;
  asio::io_context io{1};
  //[one_thread
  haul::session_options shared;
  shared.implicit_strand = true;
  haul::session session{io.get_executor(), shared};
  //]
  haul::download_task task{session, haul::download_request{server.url("/a"), dir / "a"}};
  const auto r = run(io, task.run());
  CHECK_FALSE(r.error);
  CHECK_FALSE(mismatch(dir / "a", 1, size));
}

TEST_CASE("docs/limits.md: a batch with its own limits") {
  fault_server server;
  server.add("/a", file_of(1));
  server.add("/b", file_of(2));
  const temp_dir dir;
  asio::io_context io;
  //[session
  haul::session_options shared;
  shared.rate_limit = 100'000'000;  // bytes per second, all together
  shared.connections_per_host = 8;  // all together
  shared.worker_threads = 4;        // that move, decrypt and hash bytes
  haul::session session{io.get_executor(), shared};
  //]
  batch_manager<> manager{session};
  std::vector<download_request> files;
  for (const char* name : {"/a", "/b"}) files.emplace_back(server.url(name), dir.path() / "");
  const auto end = run(io, urgent(manager, std::move(files)));
  CHECK(end.completed == 2);
  CHECK_FALSE(mismatch(dir / "b", 2, size));
}

TEST_CASE("docs/limits.md: a semaphore") {
  asio::io_context io;
  semaphore slots{io.get_executor(), 2};
  CHECK(run(io, unpack(slots, "a")) == 0);
  CHECK(slots.in_use() == 0);
}

TEST_CASE("docs/proxies.md: a proxy and an authority of one's own") {
  const std::string company = "no such file";
  //[proxy
  haul::session_options options;
  options.proxy = "socks5h://user:password@127.0.0.1:1";
  options.ca_file = company;  // PEM, in place of the system's authorities
  options.proxy_from_environment = false;
  //]
  const temp_dir dir;
  download_options once;
  once.retries = 0;
  const auto r =
      fetch(download_request{"http://192.0.2.1/a", dir / "a"}, null_sink{}, once, options);
  CHECK(r.error);
  CHECK(r.doing != operation::receiving);
}

TEST_CASE("docs/errors.md: what a program branches on") {
  fault_server server;
  server.add("/a", file_of(1));
  server.behave("/busy", [](const request_info&) { return reply_plan{}.with_status(503); });
  server.behave("/cut", [](const request_info&) {
    return reply_plan{}.with_body("short").with_content_length("+7");
  });
  const temp_dir dir;
  download_options once;
  once.retries = 0;
  const auto get = [&](const char* path, const char* name = "x") {
    return fetch(download_request{server.url(path), dir / name}, null_sink{}, once);
  };
  CHECK(advice(get("/a", "a")) == std::string_view{"play"});
  CHECK(advice(get("/a", "a")) == std::string_view{"report this"});  // the target exists
  CHECK(advice(get("/busy")) == std::string_view{"try again later"});
  CHECK(advice(get("/no")) == std::string_view{"ask for another version"});
  CHECK(advice(get("/a", "a/b")) == std::string_view{"look at the disk"});
}

TEST_CASE("docs/errors.md: a download is ended by Asio's cancellation") {
  fault_server server;
  server.add("/a", file_of(1));
  const gate never;
  server.behave("/a", [&](const request_info&) { return reply_plan{}.hold_head(never); });
  const temp_dir dir;
  const std::string url = server.url("/a");
  asio::io_context io;
  session session{io.get_executor()};
  download_result result;
  //[cancel
  haul::download_task task{session, haul::download_request{url, dir / "a"}};
  asio::cancellation_signal signal;
  auto done = [&](std::exception_ptr, haul::download_result r) { result = std::move(r); };
  asio::co_spawn(io, task.run(), asio::bind_cancellation_slot(signal.slot(), done));
  asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
  io.run();
  //]
  CHECK(result.error == errc::stopped);
  never.open();
}

TEST_CASE("docs/processes.md: the later one of two is told") {
  fault_server server;
  server.add("/a", file_of(1));
  const gate open;
  server.behave("/a", [&](const request_info&) { return reply_plan{}.hold_body(1000, open); });
  const temp_dir dir;
  const std::string url = server.url("/a");
  const auto path = dir / "a";
  // Another session stands for another process: a lock belongs to the open file.
  asio::io_context io;
  session first{io.get_executor()};
  download_task task{first, download_request{url, path}};
  download_result one;
  asio::co_spawn(io, task.run(),
                 [&](std::exception_ptr, download_result r) { one = std::move(r); });
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  // The part file has its size only once it is locked.
  std::error_code none;
  while (std::filesystem::file_size(dir / "a.haul", none) != size &&
         std::chrono::steady_clock::now() < limit) {
    io.run_one_for(std::chrono::milliseconds{10});
  }
  REQUIRE(open.wait_for_arrivals(1));
  bool locked = false;
  //[locked
  const haul::download_result result = haul::fetch(url, path);
  if (result.error == haul::errc::part_locked) {
    std::printf("another process is at it\n");  // wait for the target, or try again later
    locked = true;
  }
  //]
  CHECK(locked);
  open.open();
  io.run();
  CHECK(one.error == std::error_code{});
  CHECK_FALSE(mismatch(path, 1, size));
}

TEST_CASE("docs/compilers.md: a named object, moved") {
  asio::io_context io;
  CHECK(run(io, send("https://a.example/", "b")) == 19);
}

}  // namespace haul::test
