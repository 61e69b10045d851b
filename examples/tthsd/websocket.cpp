#include "tthsd/websocket.hpp"

#include <haul/http/base64.hpp>
#include <haul/http/grammar.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tthsd::websocket {

std::string key_of(const std::array<unsigned char, 16>& nonce) {
  return haul::http::encode_base64(
      std::string_view{reinterpret_cast<const char*>(nonce.data()), nonce.size()});
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) return {};
  return haul::http::encode_base64(std::string_view{reinterpret_cast<const char*>(digest), size});
}

std::string handshake(std::string_view authority, std::string_view path, std::string_view key) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(authority);
  text += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  text.append("Sec-WebSocket-Key: ").append(key).append("\r\n\r\n");
  return text;
}

bool accepts(const haul::http::response_head& reply, std::string_view key) {
  using haul::http::equals_ignore_case;
  using haul::http::trim_ows;
  if (reply.status != 101) return false;
  const auto upgrade = reply.fields.find("Upgrade");
  if (!upgrade || !equals_ignore_case(trim_ows(*upgrade), "websocket")) return false;
  bool upgrades = false;
  reply.fields.for_each_value("Connection", [&](std::string_view list) {
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      upgrades = upgrades || equals_ignore_case(trim_ows(list.substr(0, end)), "upgrade");
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  });
  const auto accept = reply.fields.find("Sec-WebSocket-Accept");
  return upgrades && accept && trim_ows(*accept) == accept_of(key) &&
         !reply.fields.find("Sec-WebSocket-Extensions") &&
         !reply.fields.find("Sec-WebSocket-Protocol");
}

std::string frame(opcode what, std::string_view payload, std::array<unsigned char, 4> mask) {
  std::string out;
  out.reserve(payload.size() + 14);
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte & 0xffU); };
  put(0x80U | static_cast<unsigned>(what));
  const std::uint64_t n = payload.size();
  const int bytes = n < 126 ? 0 : n <= 0xffff ? 2 : 8;
  put(0x80U | (bytes == 0 ? static_cast<unsigned>(n) : bytes == 2 ? 126U : 127U));
  for (int i = bytes - 1; i >= 0; --i) put(static_cast<unsigned>(n >> (8 * i) & 0xffU));
  for (const unsigned char m : mask) put(m);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    put(static_cast<unsigned char>(payload[i]) ^ static_cast<unsigned>(mask[i % 4]));
  }
  return out;
}

bool frame_reader::feed(std::string_view bytes, std::vector<control>& found) {
  while (!failed_) {
    if (in_payload_) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      const auto what = static_cast<opcode>(static_cast<unsigned char>(head_[0]) & 0xfU);
      const bool is_control = what >= opcode::close;
      if (is_control) payload_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      left_ -= n;
      if (left_ > 0) return true;
      in_payload_ = false;
      head_.clear();
      if (is_control) found.push_back(control{what, std::exchange(payload_, {})});
    }
    if (bytes.empty()) return true;
    head_ += bytes.front();
    bytes.remove_prefix(1);
    failed_ = !begin_payload();
  }
  return false;
}

/// Looks at the head as far as it is there; false if it cannot be one.
bool frame_reader::begin_payload() {
  const auto byte = [this](std::size_t i) -> std::uint64_t {
    return static_cast<unsigned char>(head_[i]);
  };
  const unsigned first = static_cast<unsigned>(byte(0));
  const bool last = (first & 0x80U) != 0;
  const auto what = static_cast<opcode>(first & 0xfU);
  if ((first & 0x70U) != 0) return false;  // bits of extensions that were not agreed on
  const bool is_control = what >= opcode::close;
  if (is_control ? (what > opcode::pong || !last) : what > opcode::binary) return false;
  if (head_.size() < 2) {
    if (is_control) return true;
    if ((what == opcode::continuation) != fragmented_) return false;
    fragmented_ = !last;
    return true;
  }
  if ((byte(1) & 0x80U) != 0) return false;  // a server does not mask
  const std::uint64_t size = byte(1) & 0x7fU;
  if (is_control && size > 125) return false;
  const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (head_.size() < 2 + more) return true;
  left_ = more == 0 ? size : 0;
  for (std::size_t i = 0; i < more; ++i) left_ = left_ << 8 | byte(2 + i);
  if (left_ >> 63 != 0) return false;
  in_payload_ = true;
  return true;
}

}  // namespace tthsd::websocket
