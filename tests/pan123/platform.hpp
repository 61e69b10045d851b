#ifndef HAUL_TEST_PAN123_PLATFORM_HPP
#define HAUL_TEST_PAN123_PLATFORM_HPP

#include "support/fault_server.hpp"
#include "support/test_ca.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace haul::test {

/// The 123pan open platform as its contract has it, over TLS, with its download host under another
/// name and port. It is strict: a header, method, field or type that the contract does not have is
/// refused, and remembered in `problems`. All ids are beyond 2^53.
class pan_platform {
 public:
  using id = std::int64_t;
  /// Answers in place of the platform, when it gives a plan.
  using fault = std::function<std::optional<reply_plan>(const request_info&)>;

  struct node {
    id parent = 0;
    std::string name;
    bool folder = false;
    bool trashed = false;
    int status = 0;
    std::uint64_t seed = 0;
    std::uint64_t size = 0;
    std::optional<std::string> bytes;  ///< uploaded, instead of the pattern
    std::string md5;
  };
  /// What becomes of an offline download.
  struct link {
    std::uint64_t seed = 1;
    std::uint64_t size = 0;
    unsigned polls = 2;  ///< answers of "running" before the outcome
    bool fails = false;
    std::string name = "file.bin";
    unsigned late = 0;  ///< lists of its folder that do not show the file yet
    int status = 0;     ///< of the file
  };
  struct upload {
    id parent = 0;
    std::string name;
    std::string md5;
    std::uint64_t size = 0;
    std::string bytes;
    unsigned asked = 0;  ///< how often it was asked to be completed
  };

  pan_platform();
  ~pan_platform();

  std::string base_url() const { return api.url(""); }
  std::string client_id = "client-id";
  std::string client_secret = "s3cret/+value";

  id add_folder(id parent, std::string name);
  id add_file(id parent, std::string name, std::uint64_t seed, std::uint64_t size);
  void add_link(const std::string& url, link l);
  void change(id which, const std::function<void(node&)>& how);
  std::optional<node> find(id which) const;
  std::size_t tasks() const;

  void at(const std::string& path, fault f);  ///< for the API
  void kick_tokens();                         ///< all that were given are refused
  void refuse_tokens(bool on);                ///< whatever token comes
  void live_for(std::chrono::seconds life);   ///< tokens given from now on
  void limit(const std::string& path, double per_second, double at_once);
  void expire_urls();  ///< download URLs that were given are refused
  std::vector<std::string> tokens() const;

  /// The calls that came, as `POST /api/...`.
  std::vector<std::string> calls() const;
  std::size_t count(std::string_view path) const;
  std::vector<std::string> problems() const;

  test_ca ca;
  fault_server api;
  fault_server cdn;

  static constexpr std::uint64_t slice_size = 40'000;

 private:
  struct bucket {
    double rate = 0;
    double most = 0;
    double have = 0;
    std::chrono::steady_clock::time_point last{};
  };
  struct allowed {
    const char* name;
    char type;  ///< s text, i whole number, a array of whole numbers
    bool required;
  };
  using fields = std::vector<allowed>;
  using query = std::map<std::string, std::string>;

  reply_plan serve(const request_info& r);
  reply_plan serve_cdn(const request_info& r);
  std::optional<resource> stored(const std::string& path);
  reply_plan route(const request_info& r);
  reply_plan token_call(const request_info& r);
  reply_plan oauth_call(const request_info& r);
  reply_plan files_call(const request_info& r);
  reply_plan change_call(const request_info& r);
  reply_plan offline_call(const request_info& r);
  reply_plan share_call(const request_info& r);
  reply_plan upload_call(const request_info& r);
  reply_plan slice_call(const request_info& r);

  static reply_plan ok(boost::json::value data);
  static reply_plan no(int code, const std::string& message);
  reply_plan broken(const request_info& r, const std::string& why);
  std::string need_query(const request_info& r, const std::set<std::string>& required,
                         const std::set<std::string>& optional, query& q);
  std::string need_body(const request_info& r, const fields& f, boost::json::object& o);
  boost::json::object row(id which, bool detail) const;
  id make(node n);
  bool within_rate(const std::string& path);

  mutable std::mutex mutex_;
  id next_ = (id{1} << 53) + 1;
  std::map<id, node> nodes_;
  std::map<std::string, link> links_;
  struct task {
    std::string url;
    id folder = 0;
    std::string name;
    unsigned polls = 0;
    bool made = false;
  };
  std::map<id, task> tasks_;
  std::map<id, unsigned> late_;
  std::map<std::string, upload> uploads_;
  std::map<std::string, fault> faults_;
  std::map<std::string, bucket> buckets_;
  std::vector<std::pair<std::string, std::chrono::system_clock::time_point>> live_;
  std::vector<std::string> given_;
  std::string refresh_ = "refresh-1";
  std::set<std::string> urls_;
  std::chrono::seconds life_{30 * 24 * 3600};
  bool refuse_tokens_ = false;
  unsigned serial_ = 0;
  std::vector<std::string> calls_;
  std::vector<std::string> problems_;
};

}  // namespace haul::test

#endif
