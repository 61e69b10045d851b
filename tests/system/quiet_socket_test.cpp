#include "catch.hpp"
#include <haul/system/quiet_socket.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

namespace haul::system {
namespace {

using asio::ip::tcp;

struct pair_of_sockets {
  pair_of_sockets() : ours(connected()) { theirs = acceptor.accept(); }

  tcp::socket connected() {
    tcp::socket s{io};
    s.connect(acceptor.local_endpoint());
    s.non_blocking(true);
    return s;
  }
  void say(const std::string& text) { asio::write(theirs, asio::buffer(text)); }
  /// Waits, as a stream does, and says how that ended.
  std::error_code wait() {
    std::error_code ended = asio::error::in_progress;
    ours.loud().async_wait(tcp::socket::wait_read, [&](std::error_code ec) { ended = ec; });
    io.restart();
    io.run();
    return ended;
  }
  std::string read(std::error_code& ec) {
    char text[100];
    return std::string(text, ours.read_some(text, sizeof text, ec));
  }

  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  quiet_socket ours;
  tcp::socket theirs{io};
};

}  // namespace

TEST_CASE("a socket is read while the event loop does not know it", "[quiet_socket]") {
  pair_of_sockets p;
  std::error_code ec;
  for (int round = 0; round < 3; ++round) {
    p.ours.hush();
    p.ours.hush();  // once is enough
    CHECK(p.read(ec).empty());
    CHECK(ec == asio::error::would_block);
    p.say("first");
    CHECK_FALSE(p.wait());
    p.ours.hush();
    CHECK(p.read(ec) == "first");
    CHECK_FALSE(ec);
    p.say("second");
    CHECK_FALSE(p.wait());
    CHECK(p.read(ec) == "second");
    CHECK(p.read(ec).empty());
    CHECK(ec == asio::error::would_block);  // and not a wait
  }
  p.ours.hush();
  p.theirs.close();
  CHECK_FALSE(p.wait());
  p.ours.hush();
  CHECK(p.read(ec).empty());
  CHECK(ec == asio::error::eof);
}

#ifdef __linux__
TEST_CASE("a worker waits for a socket itself, for enough of it and not for ever",
          "[quiet_socket]") {
  using namespace std::chrono_literals;
  pair_of_sockets p;
  std::error_code ec;
  CHECK_FALSE(p.ours.linger(60s));  // not while the event loop knows it
  p.ours.hush();
  CHECK_FALSE(p.ours.linger(1ms));
  p.say("few");
  CHECK(p.ours.linger(60s));
  p.ours.expect(100);
  CHECK_FALSE(p.ours.linger(1ms));
  CHECK(p.read(ec) == "few");
  p.say("many");
  p.ours.expect(4);
  CHECK(p.ours.linger(60s));
  CHECK(p.read(ec) == "many");
  // The event loop waits for less again, and a worker after it.
  p.ours.expect(1);
  p.say("x");
  CHECK_FALSE(p.wait());
  p.ours.hush();
  CHECK(p.ours.linger(60s));
  CHECK(p.read(ec) == "x");
  // What is expected outlives a change of who waits.
  p.ours.loud();
  p.ours.expect(1000);
  p.ours.hush();
  p.say("more");
  CHECK_FALSE(p.ours.linger(1ms));
  CHECK(p.read(ec) == "more");
  // An end is never too little.
  p.theirs.close();
  CHECK(p.ours.linger(60s));
  CHECK(p.read(ec).empty());
  CHECK(ec == asio::error::eof);
  p.ours.close();
  CHECK_FALSE(p.ours.linger(60s));
}
#endif

TEST_CASE("a quiet socket can be written to, and stays quiet", "[quiet_socket]") {
  pair_of_sockets p;
  std::error_code ec;
  p.ours.hush();
#ifdef __linux__
  CHECK(p.ours.quiet());
#endif
  CHECK(p.ours.write_some("said", 4, ec) == 4);
  CHECK_FALSE(ec);
  char text[4];
  CHECK(asio::read(p.theirs, asio::buffer(text)) == 4);
  CHECK(std::string(text, 4) == "said");
  const std::string much(1 << 20, 'x');
  while (!ec) p.ours.write_some(much.data(), much.size(), ec);
  CHECK(ec == asio::error::would_block);
#ifdef __linux__
  CHECK(p.ours.quiet());
#endif
  p.ours.loud();
  CHECK_FALSE(p.ours.quiet());
}

TEST_CASE("a quiet socket is closed like another", "[quiet_socket]") {
  pair_of_sockets p;
  std::error_code ec;
  p.ours.hush();
  p.ours.close();
  p.ours.close();
  char byte;
  CHECK(p.theirs.read_some(asio::buffer(&byte, 1), ec) == 0);
  CHECK(ec == asio::error::eof);
  CHECK(p.read(ec).empty());
  CHECK(ec == asio::error::bad_descriptor);
  p.ours.hush();  // nothing to be hushed
  CHECK(p.wait() == asio::error::bad_descriptor);
}

TEST_CASE("a quiet socket goes with its object", "[quiet_socket]") {
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  tcp::socket s{io};
  s.connect(acceptor.local_endpoint());
  tcp::socket theirs = acceptor.accept();
  {
    quiet_socket ours{std::move(s)};
    ours.hush();
  }
  std::error_code ec;
  char byte;
  CHECK(theirs.read_some(asio::buffer(&byte, 1), ec) == 0);
  CHECK(ec == asio::error::eof);
}

}  // namespace haul::system
