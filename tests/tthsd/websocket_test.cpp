#include "tthsd/websocket.hpp"

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace haul::test {
namespace {

using namespace tthsd::websocket;
using namespace std::string_view_literals;

using controls = std::vector<frame_reader::control>;

/// What a reader makes of bytes, whole and one at a time: both must agree.
std::string read(std::string_view bytes) {
  const auto text = [](bool good, const controls& found) {
    std::string out;
    for (const auto& f : found) out += std::to_string(int(f.what)) + ':' + f.payload + ' ';
    return out + (good ? "good" : "bad");
  };
  frame_reader whole;
  controls found;
  const bool good = whole.feed(bytes, found);
  const std::string first = text(good, found);

  frame_reader split;
  controls pieces;
  bool still = true;
  for (const char c : bytes) still = split.feed(std::string_view{&c, 1}, pieces);
  CHECK(text(still, pieces) == first);
  return first;
}

}  // namespace

TEST_CASE("the handshake of RFC 6455, 1.3") {
  CHECK(accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  std::array<unsigned char, 16> nonce{};
  const std::string_view text = "the sample nonce";
  std::copy(text.begin(), text.end(), nonce.begin());
  CHECK(key_of(nonce) == "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(handshake("h:8080", "/websocket", "KEY") ==
        "GET /websocket HTTP/1.1\r\nHost: h:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: KEY\r\n\r\n");
}

TEST_CASE("which replies complete a handshake") {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  http::response_head good;
  good.status = 101;
  good.fields.append("upgrade", "WebSocket");
  good.fields.append("Connection", "keep-alive , upgrade");
  good.fields.append("Sec-WebSocket-Accept", accept_of(key));
  CHECK(accepts(good, key));
  CHECK(!accepts(good, "another"));
  auto with = [&](const char* name) {
    http::response_head h = good;
    h.fields.append(name, "x");
    return accepts(h, key);
  };
  CHECK(!with("Sec-WebSocket-Extensions"));
  CHECK(!with("Sec-WebSocket-Protocol"));
  CHECK(with("Server"));
  http::response_head other = good;
  other.status = 200;
  CHECK(!accepts(other, key));
  http::response_head bare;
  bare.status = 101;
  CHECK(!accepts(bare, key));
  bare.fields.append("Upgrade", "websocket");
  bare.fields.append("Sec-WebSocket-Accept", accept_of(key));
  CHECK(!accepts(bare, key));
  bare.fields.append("Connection", "close");
  CHECK(!accepts(bare, key));
}

TEST_CASE("frames are masked, with lengths of one, three and nine bytes") {
  // RFC 6455, 5.7.
  CHECK(frame(opcode::text, "Hello", {0x37, 0xfa, 0x21, 0x3d}) ==
        "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv);
  CHECK(frame(opcode::pong, "", {1, 2, 3, 4}) == "\x8a\x80\x01\x02\x03\x04"sv);
  const std::array<unsigned char, 4> none{};
  CHECK(frame(opcode::text, std::string(125, 'x'), none).substr(0, 6) == "\x81\xfd\0\0\0\0"sv);
  CHECK(frame(opcode::text, std::string(126, 'x'), none).substr(0, 8) ==
        "\x81\xfe\0\x7e\0\0\0\0"sv);
  CHECK(frame(opcode::text, std::string(65535, 'x'), none).substr(0, 4) == "\x81\xfe\xff\xff"sv);
  CHECK(frame(opcode::text, std::string(65536, 'x'), none).substr(0, 10) ==
        "\x81\xff\0\0\0\0\0\x01\0\0"sv);
}

TEST_CASE("what a server may send") {
  CHECK(read("") == "good");
  CHECK(read("\x81\x05Hello"sv) == "good");
  CHECK(read("\x89\x05Hello\x8a\x00"sv) == "9:Hello 10: good");
  CHECK(read("\x88\x02\x03\xe8"sv) == "8:\x03\xe8 good");
  // A ping between the parts of a message.
  CHECK(read("\x01\x01x\x89\x01p\x00\x01y\x80\x00\x82\x00"sv) == "9:p good");
  const std::string longer = std::string{"\x82\x7e\x00\x80", 4} + std::string(128, 'x');
  CHECK(read(longer + "\x89\x01q") == "9:q good");
  CHECK(read("\x89\x7d" + std::string(125, 'p')) == "9:" + std::string(125, 'p') + " good");
}

TEST_CASE("what a server may not send") {
  CHECK(read("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv) == "bad");  // masked
  CHECK(read("\xc1\x00"sv) == "bad");                                      // an extension's bit
  CHECK(read("\x83\x00"sv) == "bad");                                      // no such opcode
  CHECK(read("\x8b\x00"sv) == "bad");
  CHECK(read("\x09\x00"sv) == "bad");                    // a control frame in parts
  CHECK(read("\x89\x7e\x00\x7e"sv) == "bad");            // and one that is too long
  CHECK(read("\x80\x00"sv) == "bad");                    // goes on with nothing
  CHECK(read("\x01\x00\x81\x00"sv) == "bad");            // begins in the midst of another
  CHECK(read("\x82\x7f\x80\0\0\0\0\0\0\0"sv) == "bad");  // past 63 bits
}

}  // namespace haul::test
