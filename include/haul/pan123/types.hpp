#ifndef HAUL_PAN123_TYPES_HPP
#define HAUL_PAN123_TYPES_HPP

#include <haul/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::pan123 {

/// Ids are 64 bits wide on the platform, more than a double can hold.
using file_id = std::int64_t;
using task_id = std::int64_t;
using share_id = std::int64_t;

inline constexpr file_id root_folder = 0;

/// A file or folder in the cloud.
struct file_entry {
  file_id id = 0;          ///< of the file or folder
  std::string name;        ///< without its folder
  file_id parent = 0;      ///< the folder that it is in
  bool folder = false;     ///< or a file
  std::string md5;         ///< in hexadecimal; empty for a folder
  std::uint64_t size = 0;  ///< bytes; of a folder, what `detail` sums up
  int category = 0;        ///< 0 unknown, 1 audio, 2 video, 3 image
  int status = 0;          ///< over 100: blocked by the platform
  bool trashed = false;    ///< in the trash
  std::string created;     ///< as the platform writes it, `YYYY-MM-DD HH:MM:SS` in UTC+8
  std::string updated;     ///< as the platform writes it

  /// Whether the platform has rejected it for what is in it.
  bool rejected() const noexcept { return status > 100; }
};

/// How an offline download stands. The numbers are those of the progress call; the callback has
/// others.
enum class offline_status : std::uint8_t { running = 0, failed = 1, succeeded = 2, retrying = 3 };

/// How a download by the platform stands.
struct offline_report {
  offline_status status = offline_status::running;  ///< as the platform says
  double percent = 0;                               ///< 0 to 100
};

/// What the platform posts to a callback URL.
struct offline_callback {
  std::string url;         ///< the link that was to be downloaded
  bool succeeded = false;  ///< the file is in the cloud
  std::string reason;      ///< why not
  file_id file = 0;        ///< 0 when it failed
};

/// A time in which the account has more rights.
struct vip_period {
  int level = 0;       ///< 1 VIP, 2 SVIP, 3 long-term
  std::string label;   ///< as the platform calls it
  std::string begins;  ///< as the platform writes it
  std::string ends;    ///< as the platform writes it
};

/// Who the account belongs to, and what it may use.
struct account {
  std::int64_t uid = 0;                 ///< of the user
  std::string nickname;                 ///< as the user chose it
  std::uint64_t space_used = 0;         ///< bytes
  std::uint64_t space_permanent = 0;    ///< bytes
  std::uint64_t space_temporary = 0;    ///< bytes
  bool vip = false;                     ///< whether any period runs now
  std::uint64_t direct_traffic = 0;     ///< bytes left for direct links
  std::vector<vip_period> vip_periods;  ///< those that the platform tells
  std::string developer_until;          ///< empty when the account has no developer pack
};

/// A link that others can use.
struct share_link {
  share_id id = 0;  ///< for `update`
  std::string key;  ///< the end of the URL

  /// What others open.
  std::string url() const { return "https://www.123pan.com/s/" + key; }
};

/// A link that was made earlier.
struct share_entry {
  share_link link;       ///< id and URL
  std::string name;      ///< as it is shown
  std::string password;  ///< empty: none
  std::string expires;   ///< as the platform writes it
  bool expired = false;  ///< nobody can use it any more
};

/// A page of shares.
struct share_page {
  std::vector<share_entry> shares;  ///< a page of them
  share_id next = -1;               ///< what to ask for the next page with; -1: this was the last
};

/// What `files().recover` could not bring back.
using file_ids = std::vector<file_id>;

/// A copy of one file.
struct copied_file {
  file_id source = 0;  ///< what was copied
  file_id copy = 0;    ///< what it became
};

/// What an upload has become.
struct uploaded_file {
  file_id id = 0;          ///< in the cloud
  bool reused = false;     ///< the platform had the bytes already: none were sent
  std::string md5;         ///< of its bytes, in hexadecimal
  std::uint64_t size = 0;  ///< in bytes
};

/// An access token and what belongs to it.
struct token {
  std::string value;                   ///< goes into the Authorization field
  std::chrono::sys_seconds expires{};  ///< the epoch when that is not known
  std::string refresh_token;           ///< of OAuth; each is good for one use
};

/// Who calls the platform. Made by one of the functions.
class credentials {
 public:
  /// How a token is got.
  enum class kind : std::uint8_t { client, access_token, oauth_code, oauth_refresh };

  /// The id and secret of a developer.
  static credentials client(std::string id, std::string secret) {
    credentials c{kind::client};
    c.id_ = std::move(id);
    c.secret_ = std::move(secret);
    return c;
  }
  /// A token that somebody else keeps fresh: a call that finds it refused fails.
  static credentials access_token(std::string value) {
    credentials c{kind::access_token};
    c.text_ = std::move(value);
    return c;
  }
  /// The code that an OAuth login came back with, for one use.
  static credentials oauth_code(std::string id, std::string secret, std::string code,
                                std::string redirect_uri) {
    credentials c{kind::oauth_code};
    c.id_ = std::move(id);
    c.secret_ = std::move(secret);
    c.text_ = std::move(code);
    c.redirect_ = std::move(redirect_uri);
    return c;
  }
  /// A refresh token of OAuth. Each is good for one use: keep the newest in a token file.
  static credentials oauth_refresh(std::string id, std::string secret, std::string refresh_token) {
    credentials c{kind::oauth_refresh};
    c.id_ = std::move(id);
    c.secret_ = std::move(secret);
    c.text_ = std::move(refresh_token);
    return c;
  }

  /// @{
  /// What they are, and what they were made of. `secret()` must not be shown.
  kind what() const noexcept { return kind_; }
  bool oauth() const noexcept { return kind_ == kind::oauth_code || kind_ == kind::oauth_refresh; }
  const std::string& id() const noexcept { return id_; }
  const std::string& secret() const noexcept { return secret_; }
  /// @}
  /// The access token, the code or the refresh token.
  const std::string& text() const noexcept { return text_; }
  /// What the platform was told for OAuth; empty otherwise.
  const std::string& redirect_uri() const noexcept { return redirect_; }

 private:
  explicit credentials(kind k) : kind_(k) {}

  kind kind_;
  std::string id_;
  std::string secret_;
  std::string text_;
  std::string redirect_;
};

}  // namespace haul::pan123

#endif
