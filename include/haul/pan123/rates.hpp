#ifndef HAUL_PAN123_RATES_HPP
#define HAUL_PAN123_RATES_HPP

#include <haul/config.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace haul::pan123 {

/// How often each endpoint may be called, in calls per second. Made with what is safe for every
/// account; an account with a higher allowance sets its own.
class rate_table {
 public:
  rate_table()
      : rates_{{"/api/v1/access_token", 1},
               {"/api/v1/oauth2/access_token", 1},
               {"/api/v1/user/info", 1},
               {"/api/v2/file/list", 3},
               {"/api/v1/file/detail", 5},
               {"/api/v1/file/infos", 5},
               {"/api/v1/file/download_info", 5},
               {"/upload/v1/file/mkdir", 2},
               {"/api/v1/file/move", 1},
               {"/api/v1/file/name", 1},
               {"/api/v1/file/rename", 1},
               {"/api/v1/file/copy", 1},
               {"/api/v1/file/async/copy", 1},
               {"/api/v1/file/async/copy/process", 1},
               {"/api/v1/file/trash", 2},
               {"/api/v1/file/recover", 1},
               {"/api/v1/file/recover/by_path", 1},
               {"/api/v1/file/delete", 1},
               {"/api/v1/offline/download", 1},
               {"/api/v1/offline/download/process", 5},
               {"/api/v1/share/create", 1},
               {"/api/v1/share/list", 1},
               {"/api/v1/share/list/info", 1},
               {"/api/v1/direct-link/enable", 5},
               {"/api/v1/direct-link/disable", 5},
               {"/api/v1/direct-link/url", 5},
               {"/upload/v2/file/create", 2},
               {"/upload/v2/file/slice", 10},
               {"/upload/v2/file/upload_complete", 2}} {}

  /// Changes one endpoint; 0 is no limit.
  rate_table& set(std::string_view endpoint, double calls_per_second) & {
    rates_[std::string{endpoint}] = calls_per_second;
    return *this;
  }
  /// Changes all endpoints; 0 is no limit.
  rate_table& set_all(double calls_per_second) & {
    for (auto& [endpoint, rate] : rates_) rate = calls_per_second;
    return *this;
  }
  /// 0 when there is no limit.
  double find(std::string_view endpoint) const {
    const auto at = rates_.find(endpoint);
    return at == rates_.end() ? 0 : at->second;
  }

 private:
  std::map<std::string, double, std::less<>> rates_;
};

/// The token bucket of one endpoint. It holds one token, so that calls are spread evenly: a server
/// that counts in seconds never sees more than it allows. Pure: the time is an argument.
class call_bucket {
 public:
  using clock = std::chrono::steady_clock;

  explicit call_bucket(double calls_per_second = 0) {
    if (calls_per_second > 0) {
      apart_ =
          std::chrono::ceil<clock::duration>(std::chrono::duration<double>(1.0 / calls_per_second));
    }
  }

  /// Takes the next token: when the call may be made.
  clock::time_point take(clock::time_point now) {
    const clock::time_point at = (std::max)(now, next_);
    next_ = at + apart_;
    return at;
  }

 private:
  clock::duration apart_{0};
  clock::time_point next_{};
};

}  // namespace haul::pan123

#endif
