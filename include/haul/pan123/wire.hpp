#ifndef HAUL_PAN123_WIRE_HPP
#define HAUL_PAN123_WIRE_HPP

#include <haul/config.hpp>

#include <haul/pan123/error.hpp>
#include <haul/pan123/types.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// What goes over the wire to the platform and comes back, as pure functions.
namespace haul::pan123::wire {

/// A call, as the platform wants it.
class call {
 public:
  call(std::string verb, std::string at) : method(std::move(verb)), path(std::move(at)) {}

  /// Adds to the query; percent-encodes.
  HAUL_DECL call& query(std::string_view name, std::string_view value) &;
  call& query(std::string_view name, std::int64_t value) & {
    return query(name, std::string_view{std::to_string(value)});
  }
  HAUL_DECL call& json(const boost::json::value& value) &;

  std::string method;
  std::string path;    ///< names the endpoint: for rates and errors
  std::string target;  ///< the query, with its question mark
  std::string body;
  std::string content_type = "application/json";
  std::string base;                   ///< another server than the platform's; empty: the platform's
  std::chrono::milliseconds head{0};  ///< more time than usual for sending it and for the answer
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool repeatable = true;    ///< may reach the platform twice
  bool authorized = true;    ///< carries the access token
  bool bare_answer = false;  ///< the answer has no envelope
};

/// What an answer says.
struct answer {
  std::error_code error;
  std::int64_t code = 0;
  std::string message;
  std::string trace_id;
  boost::json::value data;
};

/// Judges an answer. HTTP 401 and 429 and the same codes in the envelope mean the same. What is not
/// JSON is `unavailable` with HTTP 5xx, else `protocol_error`.
HAUL_DECL answer read_answer(int http_status, std::string_view body, bool bare);

/// Takes data apart. What is missing, or is of another type than the documents say, is remembered.
class reader {
 public:
  reader(const boost::json::value& v, std::string where) : where_(std::move(where)) {
    object_ = v.if_object();
    if (!object_) fail("");
  }

  /// A whole number, also as decimal digits in a text. The second name is another spelling.
  HAUL_DECL std::int64_t id(std::string_view name, std::string_view other = {});
  HAUL_DECL std::int64_t number(std::string_view name);
  HAUL_DECL std::uint64_t size(std::string_view name);
  HAUL_DECL double real(std::string_view name);
  HAUL_DECL bool flag(std::string_view name);  ///< true and false, or 1 and 0
  HAUL_DECL std::string text(std::string_view name);
  HAUL_DECL const boost::json::array& array(std::string_view name, std::string_view other = {});

  /// As above, with a value for what is missing or null; another type is still wrong.
  HAUL_DECL std::int64_t number_or(std::string_view name, std::int64_t otherwise);
  HAUL_DECL std::string text_or(std::string_view name, std::string otherwise);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// What was wrong first; empty when nothing was.
  const std::string& problem() const noexcept { return problem_; }
  void fail(std::string_view name) {
    if (problem_.empty()) problem_ = (name.empty() ? where_ : where_ + '.' + std::string{name});
  }
  std::string inside(std::string_view name, std::size_t i) const {
    return where_ + '.' + std::string{name} + '[' + std::to_string(i) + ']';
  }

 private:
  HAUL_DECL const boost::json::value* find(std::string_view name) const;

  const boost::json::object* object_ = nullptr;
  std::string where_;
  std::string problem_;
};

struct file_page {
  std::vector<file_entry> files;  ///< trashed ones too
  file_id next = -1;              ///< -1: the last page
};

struct upload_start {
  file_id id = 0;
  bool reused = false;
  std::string upload_id;
  std::uint64_t slice_size = 0;
  std::vector<std::string> servers;
};

struct upload_state {
  bool completed = false;
  file_id id = 0;
};

/// What an endpoint's data means. `problem` says what is wrong with it, and stays empty if nothing.
HAUL_DECL token read_token(const boost::json::value& data, std::string& problem);
HAUL_DECL token read_oauth_token(const boost::json::value& data, std::chrono::sys_seconds now,
                                 std::string& problem);
HAUL_DECL file_page read_page(const boost::json::value& data, std::string& problem);
HAUL_DECL file_entry read_detail(const boost::json::value& data, std::string& problem);
HAUL_DECL std::vector<file_entry> read_infos(const boost::json::value& data, std::string& problem);
HAUL_DECL offline_report read_report(const boost::json::value& data, std::string& problem);
HAUL_DECL account read_account(const boost::json::value& data, std::string& problem);
HAUL_DECL share_link read_share(const boost::json::value& data, std::string& problem);
HAUL_DECL share_page read_shares(const boost::json::value& data, std::string& problem);
HAUL_DECL upload_start read_upload_start(const boost::json::value& data, std::string& problem);
HAUL_DECL upload_state read_upload_state(const boost::json::value& data, std::string& problem);

/// A time as RFC 3339 writes it, with an offset.
HAUL_DECL std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);
HAUL_DECL std::string format_time(std::chrono::sys_seconds time);

/// The token file. Nothing when it cannot be read, or is for another client.
HAUL_DECL std::optional<token> parse_token_file(std::string_view text, std::string_view client_id);
HAUL_DECL std::string format_token_file(const token& t, std::string_view client_id);

/// Why the platform would not take this as the name of a file; empty when it would. Less than 256
/// characters, none of `" \ / : * ? | > <`, not all blank.
HAUL_DECL std::string problem_of_name(std::string_view name);

/// The message in an answer of the download host, if it is one: a JSON object, with what it says.
HAUL_DECL std::optional<std::string> download_message(std::string_view body);

/// The body of a multipart form.
class form {
 public:
  explicit form(std::string boundary) : boundary_(std::move(boundary)) {}

  HAUL_DECL void text(std::string_view name, std::string_view value);
  HAUL_DECL void file(std::string_view name, std::string_view file_name, std::string_view bytes);
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
  HAUL_DECL std::string finish() &&;

 private:
  std::string boundary_;
  std::string out_;
};

/// The text without any of the secrets in it, on one line, and not too long.
HAUL_DECL std::string redact(std::string text, const std::vector<std::string>& secrets);

}  // namespace haul::pan123::wire

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/wire.ipp>
#endif

#endif
