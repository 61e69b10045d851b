#ifndef TTHSD_WEBSOCKET_HPP
#define TTHSD_WEBSOCKET_HPP

#include <haul/http/response_head.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The client's side of RFC 6455, as far as it is needed to send text: handshake and frames. Pure.
namespace tthsd::websocket {

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// The value of Sec-WebSocket-Key for 16 random bytes (4.1).
std::string key_of(const std::array<unsigned char, 16>& nonce);
/// What the server answers to a key (4.2.2).
std::string accept_of(std::string_view key);
/// The client's opening handshake.
std::string handshake(std::string_view authority, std::string_view path, std::string_view key);
/// Whether a reply completes the handshake. No extension and no subprotocol was asked for, so none
/// may be named.
bool accepts(const haul::http::response_head& reply, std::string_view key);

/// One whole message, or a control message, in one frame that is masked as a client's have to be
/// (5.3).
std::string frame(opcode what, std::string_view payload, std::array<unsigned char, 4> mask);

/// Reads what a server sends: control frames are given, the payload of others is passed over.
class frame_reader {
 public:
  struct control {
    opcode what = opcode::close;
    std::string payload;
  };

  /// Takes bytes as they come. False once a frame has broken the rules, for good.
  bool feed(std::string_view bytes, std::vector<control>& found);

 private:
  bool begin_payload();

  std::string head_;
  std::string payload_;
  std::uint64_t left_ = 0;
  bool in_payload_ = false;
  bool fragmented_ = false;
  bool failed_ = false;
};

}  // namespace tthsd::websocket

#endif
