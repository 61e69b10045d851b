#ifndef HAUL_DOWNLOAD_REQUEST_HPP
#define HAUL_DOWNLOAD_REQUEST_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/checksum.hpp>
#include <haul/piece_hashes.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace haul {

/// Asked for a fresh URL when the one in use was refused; see `download_request::refresh_url`.
using refresh_url_hook = std::function<awaitable<std::string>(std::error_code why)>;

/// The head of a reply, as `download_request::check_reply` is shown it.
struct reply_summary {
  int status = 0;                              ///< of the reply: 200, 206, ...
  std::string_view content_type;               ///< as sent; empty when there is none
  std::optional<std::uint64_t> length;         ///< of the body, where the head says so
  std::optional<std::uint64_t> expected_size;  ///< of the file, where it is known
};

/// Looks at a reply before haul does; see `download_request::check_reply`.
using check_reply_hook = std::function<std::error_code(const reply_summary&)>;

/// What to fetch, and to where.
///
/// A class with a constructor and setters that can be chained, so that it can be an argument of an
/// awaited call with every compiler (an aggregate with such members is miscompiled by g++ 12):
///
/// @code
/// haul::download_request{"https://example.com/a.pak", "a.pak"}.sha256(hex).mirror(other)
/// @endcode
///
/// Nothing is checked here; `download_task::run()` answers for what cannot be used.
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class download_request {
 public:
  /// A header field.
  struct field {
    std::string name;   ///< as it is to be sent
    std::string value;  ///< as it is to be sent
  };

  /// @param url   An absolute http or https URL. Credentials in it are used for basic
  ///              authentication with its origin.
  /// @param path  The file to make. An existing folder, or a path that ends in a separator, means a
  ///              file in it, whose name the server or the URL gives.
  HAUL_DECL explicit download_request(std::string url, const std::filesystem::path& path = "./");
  /// @{
  /// The one that is moved from may only be destroyed or assigned to.
  HAUL_DECL download_request(const download_request& other);
  HAUL_DECL download_request(download_request&& other) noexcept;
  HAUL_DECL download_request& operator=(const download_request& other);
  HAUL_DECL download_request& operator=(download_request&& other) noexcept;
  /// @}
  HAUL_DECL ~download_request();

  /// Another place with the same bytes; may be repeated.
  HAUL_DECL download_request& mirror(std::string url) &;
  /// A header field for every request to the origin of the URL and of the mirrors. `Authorization`
  /// and `Cookie` are not sent to another origin that a redirect names.
  HAUL_DECL download_request& header(std::string name, std::string value) &;
  /// Credentials for basic authentication, in place of those in the URL.
  HAUL_DECL download_request& credentials(std::string user, std::string password) &;
  /// What the whole file must hash to; may be repeated with other algorithms.
  HAUL_DECL download_request& checksum(const haul::checksum& value) &;
  /// As `checksum`, with SHA-256 in hexadecimal. A text that is not one makes the task fail.
  HAUL_DECL download_request& sha256(std::string_view hex) &;
  /// What the pieces of the file must hash to. Each piece is checked when it is there, and fetched
  /// again when it is wrong, from another mirror if there is one; mirrors may then name any
  /// version. With the size, a part file of an earlier run is used whatever the server says of its
  /// version.
  HAUL_DECL download_request& pieces(piece_hashes value) &;
  /// The size that the file must have, in bytes.
  download_request& size(std::uint64_t bytes) & {
    size_ = bytes;
    return *this;
  }
  /// What the program calls this download; events carry it. Made up when not given.
  HAUL_DECL download_request& id(std::string text) &;
  /// A name to show; the file's name when not given.
  HAUL_DECL download_request& name(std::string text) &;
  /// Higher goes first in a queue.
  download_request& priority(int value) & {
    priority_ = value;
    return *this;
  }
  /// A coroutine that gives a fresh URL for the same bytes when the server answers 401, 403 or 410.
  /// The download goes on where it was. It runs on the task's executor, at most once at a time.
  HAUL_DECL download_request& refresh_url(refresh_url_hook hook) &;

  /// Looks at the head of each reply before it is used; an error makes the reply count as a refusal
  /// with that error, and nothing of its body is taken. For servers that answer 200 with a message
  /// in place of the file: `errc::forbidden` then leads to `refresh_url`. Called from the session's
  /// threads, for several replies at once; must not throw.
  HAUL_DECL download_request& check_reply(check_reply_hook hook) &;

  /// @{
  /// As the setter above, for a request that is being made: chains in an argument.
  download_request&& mirror(std::string url) && { return std::move(mirror(std::move(url))); }
  download_request&& header(std::string name, std::string value) && {
    return std::move(header(std::move(name), std::move(value)));
  }
  download_request&& credentials(std::string user, std::string password) && {
    return std::move(credentials(std::move(user), std::move(password)));
  }
  download_request&& checksum(const haul::checksum& value) && { return std::move(checksum(value)); }
  download_request&& sha256(std::string_view hex) && { return std::move(sha256(hex)); }
  download_request&& pieces(piece_hashes value) && { return std::move(pieces(std::move(value))); }
  download_request&& size(std::uint64_t bytes) && { return std::move(size(bytes)); }
  download_request&& id(std::string text) && { return std::move(id(std::move(text))); }
  download_request&& name(std::string text) && { return std::move(name(std::move(text))); }
  download_request&& priority(int value) && { return std::move(priority(value)); }
  download_request&& refresh_url(refresh_url_hook hook) && {
    return std::move(refresh_url(std::move(hook)));
  }
  download_request&& check_reply(check_reply_hook hook) && {
    return std::move(check_reply(std::move(hook)));
  }
  /// @}

  /// @{
  /// What was given to the constructor or the setter of that name.
  const std::string& url() const noexcept { return url_; }
  HAUL_DECL std::filesystem::path path() const;
  /// The text of `path()`, which costs nothing.
  const std::filesystem::path::string_type& native_path() const noexcept { return path_; }
  const std::vector<std::string>& mirrors() const noexcept { return mirrors_; }
  const std::vector<field>& headers() const noexcept { return headers_; }
  bool has_credentials() const noexcept { return has_credentials_; }
  const std::string& user() const noexcept { return user_; }
  const std::string& password() const noexcept { return password_; }
  const std::vector<haul::checksum>& checksums() const noexcept { return checksums_; }
  const piece_hashes* pieces() const noexcept { return pieces_.get(); }
  const std::shared_ptr<const piece_hashes>& shared_pieces() const noexcept { return pieces_; }
  bool has_bad_checksum() const noexcept { return bad_checksum_; }
  std::optional<std::uint64_t> size() const noexcept { return size_; }
  const std::string& id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }
  int priority() const noexcept { return priority_; }
  const refresh_url_hook& refresh_url() const noexcept { return refresh_url_; }
  /// @}
  /// Null when there is none.
  const check_reply_hook* check_reply() const noexcept { return check_reply_.get(); }

 private:
  std::string url_;
  std::filesystem::path::string_type path_;  // a path object takes several times the memory
  std::vector<std::string> mirrors_;
  std::vector<field> headers_;
  std::string user_;
  std::string password_;
  std::vector<haul::checksum> checksums_;
  std::shared_ptr<const piece_hashes> pieces_;  // shared by copies: they can be many
  std::optional<std::uint64_t> size_;
  std::string id_;
  std::string name_;
  refresh_url_hook refresh_url_;
  std::shared_ptr<const check_reply_hook> check_reply_;  // seldom there: small when it is not
  int priority_ = 0;
  bool has_credentials_ = false;
  bool bad_checksum_ = false;
};

}  // namespace haul

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/impl/download_request.ipp>
#endif

#endif
