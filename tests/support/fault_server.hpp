#ifndef HAUL_TEST_FAULT_SERVER_HPP
#define HAUL_TEST_FAULT_SERVER_HPP

#include "test_ca.hpp"

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// An HTTP/1.1 origin that is honest until it is told not to be.
///
///     fault_server server;
///     server.add("/f", {.size = 1 << 20, .seed = 7, .etag = "\"v1\""});
///     server.behave("/f", [](const request_info& r) {
///       return r.path_number == 2 ? reply_plan().cut_body(1000, ending::reset) : reply_plan();
///     });
///     fetch(server.url("/f"));
///     CHECK(server.log("/f").size() == 3);
///
/// One thread of its own serves all connections. Every function here may be called from any thread,
/// and from inside a behaviour. The destructor ends everything at once, stalls and gates too.
namespace haul::test {

struct header_field {
  std::string name;
  std::string value;
};

/// How a connection ends.
enum class ending {
  graceful,  ///< TLS: close_notify, then FIN. Plain: FIN
  abrupt,    ///< FIN, without close_notify
  reset      ///< RST, after the peer's system has all the bytes sent before
};

enum class framing { content_length, chunked, until_close };

/// For ever, that is until the peer or the server goes away.
inline constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

/// Holds replies back until the test opens it.
class gate {
 public:
  gate();
  void open() const;
  bool is_open() const;
  /// How many replies have come to it, held or not.
  std::size_t arrivals() const;
  bool wait_for_arrivals(std::size_t n,
                         std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;

 private:
  friend class fault_server;
  struct state;
  void arrive() const;
  std::shared_ptr<state> state_;
};

/// What stands at a path.
struct resource {
  std::uint64_t size = 0;                ///< of the pattern
  std::uint64_t seed = 1;                ///< of the pattern, see pattern.hpp
  std::optional<std::string> body = {};  ///< instead of the pattern
  std::string etag = {};           ///< as in the field: "\"v1\"" strong, "W/\"v1\"" weak, none
  std::string last_modified = {};  ///< as in the field
  bool supports_ranges = true;     ///< answers a range with 206
  bool claims_ranges = true;       ///< says Accept-Ranges: bytes
  bool honours_if_range = true;    ///< false: If-Range is not looked at
  framing how = framing::content_length;
  bool http10 = false;  ///< answers as HTTP/1.0
  std::size_t chunk_size = 16 * 1024;
  std::string chunk_extension = {};         ///< with its semicolon
  std::vector<header_field> trailers = {};  ///< after the last chunk
  std::string content_type = "application/octet-stream";
  std::string content_disposition = {};
  std::vector<header_field> fields = {};  ///< any further ones
  std::string user = {};                  ///< with password: Basic authorization is needed
  std::string password = {};
  int status = 200;  ///< 3xx with location: a redirect; other than 200: a refusal
  std::string location = {};
  std::uint64_t rate = 0;  ///< bytes per second for each reply, 0 as fast as it goes

  std::uint64_t length() const { return body ? body->size() : size; }
};

/// The one range of a request: "first-last", "first-", or for "-n" only `last` = n.
struct asked_range {
  std::optional<std::uint64_t> first = {};
  std::optional<std::uint64_t> last = {};
};

struct request_info {
  std::uint64_t number = 0;         ///< 1, 2, ... over the whole server
  std::uint64_t path_number = 0;    ///< 1, 2, ... for this path
  std::uint64_t connection = 0;     ///< 1, 2, ... over the whole server
  std::uint64_t on_connection = 0;  ///< 1, 2, ... on this connection
  std::string method = {};
  std::string target = {};  ///< as sent
  std::string path = {};    ///< the target without scheme, authority and query
  std::string version = {};
  std::vector<header_field> fields = {};
  std::string body = {};
  std::optional<asked_range> range = {};  ///< none: no Range field, several ranges, or a bad one
  bool ipv6 = false;
  bool tls = false;
  bool tls_resumed = false;
  std::string tls_version = {};
  std::string sni = {};
  std::chrono::steady_clock::time_point arrived = {};

  /// The value of the first such field, or nothing.
  std::optional<std::string> field(std::string_view name) const;
};

/// What to do at a point of a reply; made by the setters of `reply_plan`.
struct reply_step {
  enum class kind { wait, hold, end, rate, rekey };
  std::uint64_t at = 0;
  kind what = kind::wait;
  std::chrono::milliseconds duration{0};
  std::optional<gate> until = {};
  ending how = ending::graceful;
  std::uint64_t rate = 0;
};

/// Bytes sent as they are.
struct raw_part {
  std::string bytes = {};
  std::chrono::milliseconds delay{0};  ///< before them
  std::optional<gate> until = {};      ///< before them
};

enum class bad_chunk {
  none,
  size_not_hex,
  size_overflow,  ///< more than 64 bits
  size_negative,
  size_empty,
  no_crlf_after_data,
  bare_lf,        ///< the lines end in LF only
  data_too_long,  ///< more data than the size says
  no_last_chunk   ///< the connection ends where the last chunk should be
};

enum class after_reply {
  automatic,        ///< as HTTP says
  close,            ///< says Connection: close and closes
  close_silently,   ///< says nothing and closes
  stay_though_said  ///< says Connection: close and keeps the connection open
};

/// What to do to one reply. A plan that says nothing is an honest reply. Offsets in a body count
/// the bytes of this reply's body, from 0, without chunk framing.
class reply_plan {
 public:
  // --- before the reply, and in its head (offsets count bytes of the head)
  reply_plan& delay_head(std::chrono::milliseconds d) { return stall_head(0, d); }
  reply_plan& stall_head(std::uint64_t at = 0, std::chrono::milliseconds d = forever);
  reply_plan& hold_head(gate g, std::uint64_t at = 0);
  reply_plan& cut_head(std::uint64_t at, ending how = ending::abrupt);
  /// Bytes before the head, such as "HTTP/1.1 103 Early Hints\r\n\r\n".
  reply_plan& with_interim(std::string bytes, std::chrono::milliseconds before = {});

  // --- the head
  /// 200 and 206 serve the resource under this status; others send a short text instead.
  reply_plan& with_status(int code, std::string reason = {});
  reply_plan& with_retry_after(std::string value) {
    return with_field("Retry-After", std::move(value));
  }
  reply_plan& redirect(int code, std::string location);
  reply_plan& unauthorized(std::string challenge = "Basic realm=\"test\"");
  reply_plan& with_body(std::string body, std::string content_type = "text/plain");
  reply_plan& with_field(std::string name, std::string value);  ///< in addition
  reply_plan& without_field(std::string name);
  reply_plan& replace_field(std::string name, std::string value);
  reply_plan& with_framing(framing f);
  reply_plan& with_http10();
  reply_plan& with_content_length(std::string value);  ///< whatever the body is
  reply_plan& lie_length(std::uint64_t n) { return with_content_length(std::to_string(n)); }
  reply_plan& with_content_range(std::string value);
  reply_plan& without_content_range() { return without_field("Content-Range"); }
  reply_plan& shift_content_range(std::int64_t by);  ///< the field lies, the bytes are as asked
  reply_plan& with_total(std::string total);         ///< in Content-Range: a number or "*"
  /// These bytes instead of the head; the body follows as planned, without framing.
  reply_plan& with_raw_head(std::string bytes);
  /// These bytes instead of everything; then the connection ends, unless told otherwise.
  reply_plan& with_raw(std::string bytes);
  reply_plan& with_raw(std::vector<raw_part> parts);

  // --- which bytes
  reply_plan& ignore_range();                   ///< 200 and the whole
  reply_plan& ignore_if_range();                ///< 206 even if the validator is another one
  reply_plan& start_earlier(std::uint64_t by);  ///< the range starts earlier and says so
  reply_plan& start_later(std::uint64_t by);    ///< the range starts later and says so
  reply_plan& shorten(std::uint64_t to);        ///< the range is at most this long and says so
  reply_plan& extend(std::uint64_t by);         ///< the range ends later and says so
  /// Wrong bytes: `n` of them from this offset of the resource.
  reply_plan& corrupt(std::uint64_t offset, std::uint64_t n = 1);
  /// The bytes of another version, from this offset of the resource on.
  reply_plan& with_seed(std::uint64_t seed, std::uint64_t from = 0);
  reply_plan& without_body();  ///< the head only; the connection stays as it would

  // --- how the body goes
  reply_plan& cut_body(std::uint64_t at, ending how = ending::abrupt);
  reply_plan& stall_body(std::uint64_t at, std::chrono::milliseconds d = forever);
  reply_plan& hold_body(std::uint64_t at, gate g);
  reply_plan& throttle(std::uint64_t bytes_per_second, std::uint64_t from = 0);
  /// TLS 1.3: new keys, and the client is asked for new ones of its own.
  reply_plan& rekey(std::uint64_t at);
  /// Head and body in writes of one byte, with a pause after each.
  reply_plan& dribble(std::chrono::microseconds between = {});
  reply_plan& with_bad_chunk(bad_chunk b, std::uint64_t from = 0);

  // --- after the reply
  reply_plan& then_close(ending how = ending::graceful);
  reply_plan& then_close_silently(ending how = ending::graceful,
                                  std::chrono::milliseconds later = {});
  reply_plan& then_stay_open();  ///< though it says Connection: close, or was raw

 private:
  friend class fault_server;

  std::vector<reply_step> head_steps_;
  std::vector<reply_step> body_steps_;
  std::vector<raw_part> interim_;
  std::optional<int> status_;
  std::string reason_;
  std::optional<std::string> body_;
  std::string body_type_;
  std::vector<header_field> fields_;
  std::vector<std::string> removed_;
  std::optional<framing> framing_;
  bool http10_ = false;
  std::optional<std::string> content_length_;
  std::optional<std::string> content_range_;
  std::int64_t content_range_shift_ = 0;
  std::optional<std::string> total_;
  std::optional<std::string> raw_head_;
  std::optional<std::vector<raw_part>> raw_;
  bool ignore_range_ = false;
  bool ignore_if_range_ = false;
  std::int64_t start_shift_ = 0;
  std::optional<std::uint64_t> shorten_;
  std::uint64_t extend_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> corrupt_;
  std::optional<std::uint64_t> seed_;
  std::uint64_t seed_from_ = 0;
  bool without_body_ = false;
  bool dribble_ = false;
  std::chrono::microseconds dribble_pause_{0};
  bad_chunk bad_chunk_ = bad_chunk::none;
  std::uint64_t bad_chunk_from_ = 0;
  after_reply after_ = after_reply::automatic;
  ending after_how_ = ending::graceful;
  std::chrono::milliseconds after_delay_{0};
};

struct connection_info {
  std::uint64_t number = 0;  ///< 1, 2, ...
  bool ipv6 = false;
};

/// What to do with a connection before its first request, and before the TLS handshake.
struct connection_plan {
  enum class act { serve, end, silence };
  act what = act::serve;
  ending how = ending::abrupt;         ///< of `end`; the bytes of `say` go first
  std::chrono::milliseconds delay{0};  ///< before anything
  std::optional<gate> until = {};      ///< before anything
  std::string say = {};                ///< raw bytes, outside TLS
};

/// One request and what became of it.
struct exchange {
  request_info request = {};
  int status = 0;                 ///< 0: nothing, or raw bytes
  std::uint64_t body_first = 0;   ///< offset in the resource of the first byte of the body
  std::uint64_t body_length = 0;  ///< what the reply would have in all
  std::uint64_t body_sent = 0;    ///< handed to the system, though the peer may not have read them
  bool finished = false;          ///< the server is done with it
  bool complete = false;          ///< and sent all that was planned
  std::chrono::steady_clock::time_point head_sent = {};
  std::chrono::steady_clock::time_point ended = {};
};

struct server_counters {
  std::uint64_t connections = 0;       ///< accepted in all
  std::uint64_t connections_open = 0;  ///< now
  std::uint64_t connections_peak = 0;  ///< at one time
  std::uint64_t requests = 0;
  std::uint64_t requests_active = 0;  ///< request read, reply not done
  std::uint64_t requests_peak = 0;    ///< at one time, of those whose client had not given up
  std::uint64_t body_bytes = 0;       ///< of all replies
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_failed = 0;
  std::uint64_t tls_resumed = 0;
};

struct server_options {
  std::uint16_t port = 0;  ///< 0: a free one
  bool ipv4 = true;        ///< 127.0.0.1
  bool ipv6 = false;       ///< ::1, on the same port
  int backlog = 1024;
  std::optional<leaf_files> tls = {};
  std::function<void(SSL_CTX*)> tune_tls = {};
  std::chrono::milliseconds idle_timeout{0};  ///< closes a kept connection after it; 0: never
  int send_buffer = 0;  ///< SO_SNDBUF: bounds what is sent but not yet received; 0: the system's
  std::size_t block = 256 * 1024;  ///< bytes in one write of a body
};

class fault_server {
 public:
  using behaviour = std::function<reply_plan(const request_info&)>;
  using connection_behaviour = std::function<connection_plan(const connection_info&)>;
  using provider = std::function<std::optional<resource>(const std::string& path)>;

  explicit fault_server(server_options options = {});
  ~fault_server();
  fault_server(const fault_server&) = delete;
  fault_server& operator=(const fault_server&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:PORT/path" or https; another host if wanted, with brackets if IPv6.
  std::string url(std::string_view path, std::string_view host = {}) const;

  void add(std::string path, resource r);
  /// A new version. A reply under way goes on with the old one.
  void replace(std::string path, resource r) { add(std::move(path), std::move(r)); }
  void remove(const std::string& path);
  /// Asked for paths that were not added.
  void provide(provider p);

  /// Runs on the server's thread before each reply for this path, or for all other paths. It must
  /// not block. What it changes by `replace` is seen by this reply already. If it throws, the reply
  /// is a 500, and `errors` tells.
  void behave(std::string path, behaviour b);
  void behave(behaviour b);
  void behave_on_connect(connection_behaviour b);

  /// Bytes per second that all replies share, as one narrow link; 0: no limit.
  void limit_total_rate(std::uint64_t bytes_per_second);

  void drop_connections(ending how = ending::reset);  ///< all that are open, in the midst of things
  void stop_accepting();  ///< connections wait in the backlog, and beyond it get no answer
  void resume_accepting();
  void stop_listening();  ///< connections are refused
  void listen_again();    ///< on the same port
  void stop();            ///< for good; the log stays

  // What a client has received whole is in the log and the counters.

  std::vector<exchange> log() const;
  std::vector<exchange> log(std::string_view path) const;
  server_counters counters() const;
  std::uint64_t body_bytes(std::string_view path) const;
  void clear_log();  ///< and the counters, but for what is open now
  /// What went wrong in the server itself; a test may check that it is empty.
  std::vector<std::string> errors() const;

  bool wait_for(const std::function<bool(const server_counters&)>& done,
                std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;

 private:
  class impl;
  class session;
  struct reply;
  std::unique_ptr<impl> impl_;
};

/// Looks every millisecond; false after the timeout.
bool wait_until(const std::function<bool()>& done,
                std::chrono::milliseconds timeout = std::chrono::seconds(60));

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::chrono::system_clock::time_point t);

}  // namespace haul::test

#endif
