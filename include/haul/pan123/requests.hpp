#ifndef HAUL_PAN123_REQUESTS_HPP
#define HAUL_PAN123_REQUESTS_HPP

#include <haul/download_options.hpp>
#include <haul/download_result.hpp>
#include <haul/pan123/offline_state.hpp>
#include <haul/pan123/types.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace haul::pan123 {

/// A link for the platform to download.
class offline_request {
 public:
  /// @param url  http or https.
  explicit offline_request(std::string url) : url_(std::move(url)) {}

  /// Where to put the file: any folder but the root. Else the platform's own for such downloads.
  offline_request& folder(file_id id) & {
    folder_ = id;
    return *this;
  }
  /// What to call the file, with its extension.
  offline_request& name(std::string text) & {
    name_ = std::move(text);
    return *this;
  }
  /// Where the platform posts the outcome; see `parse_callback`.
  offline_request& callback(std::string url) & {
    callback_ = std::move(url);
    return *this;
  }
  /// @{
  /// As the setter of that name, or what it was given.
  offline_request&& folder(file_id id) && { return std::move(folder(id)); }
  offline_request&& name(std::string text) && { return std::move(name(std::move(text))); }
  offline_request&& callback(std::string url) && { return std::move(callback(std::move(url))); }

  const std::string& url() const noexcept { return url_; }
  const std::optional<file_id>& folder() const noexcept { return folder_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& callback() const noexcept { return callback_; }
  /// @}

 private:
  std::string url_;
  std::optional<file_id> folder_;
  std::string name_;
  std::string callback_;
};

/// A link to download through the cloud, and where to put the file.
class offline_pull_request {
 public:
  /// Called before each step that cannot be taken twice.
  using save_hook = std::function<void(const offline_state&)>;

  /// @param url   What the platform shall fetch.
  /// @param path  The file to make on disk.
  offline_pull_request(std::string url, std::filesystem::path path)
      : url_(std::move(url)), path_(std::move(path)) {}

  /// In which folder of the cloud to make the download's own folder; the root if not said.
  offline_pull_request& parent(file_id id) & {
    parent_ = id;
    return *this;
  }
  /// What to call the file in the cloud, with its extension.
  offline_pull_request& name(std::string text) & {
    name_ = std::move(text);
    return *this;
  }
  /// A file that keeps the state: an `offline_pull` that finds one goes on from there. Removed when
  /// everything is done.
  offline_pull_request& state_file(std::filesystem::path path) & {
    state_file_ = std::move(path);
    return *this;
  }
  /// Where to go on from, in place of a state file.
  offline_pull_request& resume(offline_state state) & {
    state_ = std::move(state);
    return *this;
  }
  /// Told of every new state, before the next request is made.
  offline_pull_request& on_state(save_hook hook) & {
    on_state_ = std::move(hook);
    return *this;
  }
  /// Removes the download's own folder from the cloud, for good, when the file is on disk.
  offline_pull_request& clean_up(bool wanted = true) & {
    clean_up_ = wanted;
    return *this;
  }
  /// How long the platform may take for its download.
  offline_pull_request& wait_limit(std::chrono::milliseconds most) & {
    wait_limit_ = most;
    return *this;
  }
  /// For the download to disk.
  offline_pull_request& options(const download_options& o) & {
    options_ = o;
    return *this;
  }

  /// @{
  /// What was given to the constructor or the setter of that name.
  const std::string& url() const noexcept { return url_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  file_id parent() const noexcept { return parent_; }
  const std::string& name() const noexcept { return name_; }
  const std::filesystem::path& state_file() const noexcept { return state_file_; }
  const std::optional<offline_state>& resume() const noexcept { return state_; }
  const save_hook& on_state() const noexcept { return on_state_; }
  bool wants_clean_up() const noexcept { return clean_up_; }
  std::chrono::milliseconds wait_limit() const noexcept { return wait_limit_; }
  const download_options& options() const noexcept { return options_; }
  /// @}

 private:
  std::string url_;
  std::filesystem::path path_;
  file_id parent_ = root_folder;
  std::string name_;
  std::filesystem::path state_file_;
  std::optional<offline_state> state_;
  save_hook on_state_;
  bool clean_up_ = false;
  std::chrono::milliseconds wait_limit_{0};
  download_options options_;
};

/// How a download through the cloud ended.
struct offline_pull_result {
  download_result download;  ///< also when it failed before anything was downloaded
  offline_state state;       ///< to go on from
  std::string left_behind;   ///< why the cloud could not be cleaned up; empty when it was

  /// Whether the file is on disk, complete and verified.
  explicit operator bool() const noexcept { return !download.error; }
};

/// What to do with a file of the same name in the folder of an upload.
enum class on_duplicate : std::uint8_t { refuse = 0, keep_both = 1, overwrite = 2 };

/// A file on disk that goes into the cloud.
class upload_request {
 public:
  /// @param path    The file on disk.
  /// @param parent  The folder in the cloud.
  upload_request(std::filesystem::path path, file_id parent)
      : path_(std::move(path)), parent_(parent) {}

  /// What to call it there; the file's own name if not said.
  upload_request& name(std::string text) & {
    name_ = std::move(text);
    return *this;
  }
  /// What to do where the folder has a file of that name.
  upload_request& duplicate(on_duplicate what) & {
    duplicate_ = what;
    return *this;
  }

  /// @{
  /// What was given to the constructor or the setter of that name.
  const std::filesystem::path& path() const noexcept { return path_; }
  file_id parent() const noexcept { return parent_; }
  const std::string& name() const noexcept { return name_; }
  on_duplicate duplicate() const noexcept { return duplicate_; }
  /// @}

 private:
  std::filesystem::path path_;
  file_id parent_;
  std::string name_;
  on_duplicate duplicate_ = on_duplicate::refuse;
};

/// A link to be made for files of the account.
class share_request {
 public:
  /// @param name   Less than 35 characters.
  /// @param files  1 to 100.
  share_request(std::string name, file_ids files)
      : name_(std::move(name)), files_(std::move(files)) {}

  /// How long it lasts: 1, 7 or 30 days; 0, as when not said, for ever.
  share_request& days(int n) & {
    days_ = n;
    return *this;
  }
  /// Who opens the link must give it.
  share_request& password(std::string text) & {
    password_ = std::move(text);
    return *this;
  }
  /// Lets those who are not logged in use the account's traffic, up to a limit if there is one.
  share_request& traffic(bool on, std::optional<std::uint64_t> limit = {}) & {
    traffic_ = on;
    limit_ = limit;
    return *this;
  }

  /// @{
  /// What was given to the constructor or the setter of that name.
  const std::string& name() const noexcept { return name_; }
  const file_ids& files() const noexcept { return files_; }
  int days() const noexcept { return days_; }
  const std::string& password() const noexcept { return password_; }
  bool traffic() const noexcept { return traffic_; }
  const std::optional<std::uint64_t>& traffic_limit() const noexcept { return limit_; }
  /// @}

 private:
  std::string name_;
  file_ids files_;
  int days_ = 0;
  std::string password_;
  bool traffic_ = false;
  std::optional<std::uint64_t> limit_;
};

}  // namespace haul::pan123

#endif
