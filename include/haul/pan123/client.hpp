#ifndef HAUL_PAN123_CLIENT_HPP
#define HAUL_PAN123_CLIENT_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_options.hpp>
#include <haul/download_result.hpp>
#include <haul/event_sink.hpp>
#include <haul/pan123/api.hpp>
#include <haul/pan123/callback.hpp>
#include <haul/pan123/core.hpp>
#include <haul/pan123/error.hpp>
#include <haul/pan123/event.hpp>
#include <haul/pan123/offline_state.hpp>
#include <haul/pan123/options.hpp>
#include <haul/pan123/requests.hpp>
#include <haul/pan123/types.hpp>
#include <haul/session.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace haul::pan123 {

/// The files of a folder, a page of at most a hundred at a time. Trashed ones are left out.
///
/// @code
/// pan123::file_cursor files = client.files().list(folder);
/// while (!files.done()) {
///   const std::vector<pan123::file_entry> page = co_await files.next();
/// }
/// @endcode
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
///
/// @par Lifetimes
/// The cursor must live until `next()` has completed.
class file_cursor {
 public:
  /// Made by `files_api::list`.
  file_cursor(core_ptr c, file_id folder) : core_(std::move(c)), folder_(folder) {}

  /// Whether the last page has been given.
  bool done() const noexcept { return done_; }

  /// The next page, which may be empty before the last.
  ///
  /// @throws pan123::error; the same page can be asked for again.
  awaitable<std::vector<file_entry>> next() {
    std::vector<file_entry> files;
    if (done_) co_return files;
    wire::file_page page = co_await api::list_page(core_, folder_, after_);
    // A page that leads to itself would never end.
    done_ = page.next <= after_;
    after_ = page.next;
    for (file_entry& e : page.files) {
      if (!e.trashed) files.push_back(std::move(e));
    }
    co_return files;
  }

 private:
  core_ptr core_;
  file_id folder_;
  file_id after_ = 0;
  bool done_ = false;
};

/// Files and folders in the cloud. Ids go in hundreds at most, unless said otherwise.
class files_api {
 public:
  /// Made by `client`.
  explicit files_api(core_ptr c) : core_(std::move(c)) {}

  /// What is in a folder, a page at a time.
  file_cursor list(file_id folder) const { return file_cursor{core_, folder}; }
  /// One file or folder; the size of a folder is that of all in it.
  awaitable<file_entry> detail(file_id id) const { return api::detail(core_, id); }
  /// Several files or folders at once.
  awaitable<std::vector<file_entry>> infos(file_ids ids) const {
    return api::infos(core_, std::move(ids));
  }
  /// The URL of a file's bytes. It holds for a while, for this machine's address.
  awaitable<std::string> download_info(file_id id) const { return api::download_url(core_, id); }
  /// Makes a folder; gives its id.
  awaitable<file_id> mkdir(file_id parent, std::string name) const {
    return api::mkdir(core_, parent, std::move(name));
  }
  /// The folder at a path below `parent`, such as `a/b`; makes what is missing of it.
  awaitable<file_id> ensure_dir(file_id parent, std::string path) const {
    return api::ensure_dir(core_, parent, std::move(path));
  }
  /// Moves files and folders into the folder `to`.
  awaitable<void> move(file_ids ids, file_id to) const {
    return api::move(core_, std::move(ids), to);
  }
  /// Gives a file another name, in the same folder.
  awaitable<void> rename(file_id id, std::string name) const {
    return api::rename(core_, id, std::move(name));
  }
  /// Copies one file into the folder `to`.
  awaitable<copied_file> copy(file_id id, file_id to) const { return api::copy(core_, id, to); }
  /// Copies up to 3000 files of one folder, and waits until that is done.
  ///
  /// @param ids    Of files in one folder.
  /// @param to     The folder that they are copied into.
  /// @param limit  How long to wait at most; zero: no limit.
  awaitable<void> copy(file_ids ids, file_id to,
                       std::chrono::milliseconds limit = std::chrono::milliseconds{0}) const {
    return api::copy_all(core_, std::move(ids), to, limit);
  }
  /// Puts files and folders into the trash.
  awaitable<void> trash(file_ids ids) const { return api::trash(core_, std::move(ids)); }
  /// Brings files back from the trash; gives those that could not be.
  awaitable<file_ids> recover(file_ids ids) const { return api::recover(core_, std::move(ids)); }
  /// As above, into the folder `to`.
  awaitable<void> recover(file_ids ids, file_id to) const {
    return api::recover_to(core_, std::move(ids), to);
  }
  /// Removes files for good. They must be in the trash.
  awaitable<void> remove(file_ids ids) const { return api::remove(core_, std::move(ids)); }

 private:
  core_ptr core_;
};

/// Downloads from links into the cloud, by the platform.
class offline_api {
 public:
  /// Made by `client`.
  explicit offline_api(core_ptr c) : core_(std::move(c)) {}

  /// Gives a link to the platform. When it cannot use the link, or has too many tasks, it is asked
  /// a few times more. When no answer comes, the task may be there or not: it is not made again.
  awaitable<task_id> create(offline_request r) const {
    return api::offline_create(core_, std::move(r));
  }
  /// Asks the platform once how a task stands.
  awaitable<offline_report> progress(task_id id) const {
    return api::offline_progress_of(core_, id, std::nullopt);
  }
  /// Waits until the task has succeeded. Each answer is an `offline_progress` event.
  ///
  /// @param id     As `create` has given it.
  /// @param limit  How long at most; zero: no limit.
  /// @throws pan123::error  offline_failed; timed_out; what else asking may fail with, but for what
  ///                        may heal: that is an `offline_poll_failed` event, up to a number in a
  ///                        row.
  awaitable<void> wait(task_id id,
                       std::chrono::milliseconds limit = std::chrono::milliseconds{0}) const {
    return api::offline_wait(core_, id, limit);
  }

 private:
  core_ptr core_;
};

/// The account.
class user_api {
 public:
  /// Made by `client`.
  explicit user_api(core_ptr c) : core_(std::move(c)) {}

  /// Who it belongs to, and how much room there is.
  awaitable<account> info() const { return api::user_info(core_); }

 private:
  core_ptr core_;
};

/// Links that others can use.
class share_api {
 public:
  /// Made by `client`.
  explicit share_api(core_ptr c) : core_(std::move(c)) {}

  /// Makes a link.
  awaitable<share_link> create(share_request r) const {
    return api::share_create(core_, std::move(r));
  }
  /// @param after  `next` of the page before; 0 for the first.
  awaitable<share_page> list(share_id after = 0) const { return api::share_list(core_, after); }
  /// Says whether shares use the account's traffic, and up to how many bytes.
  awaitable<void> update(std::vector<share_id> ids, bool traffic,
                         std::optional<std::uint64_t> limit = {}) const {
    return api::share_update(core_, std::move(ids), traffic, limit);
  }

 private:
  core_ptr core_;
};

/// Direct links to the files of a folder. They cost the account's direct traffic.
class direct_link_api {
 public:
  /// Made by `client`.
  explicit direct_link_api(core_ptr c) : core_(std::move(c)) {}

  /// Gives the folder's name.
  awaitable<std::string> enable(file_id folder) const {
    return api::direct_switch(core_, folder, true);
  }
  /// Gives the folder's name.
  awaitable<std::string> disable(file_id folder) const {
    return api::direct_switch(core_, folder, false);
  }
  /// The link to a file of such a folder.
  awaitable<std::string> url(file_id id) const { return api::direct_url(core_, id); }

 private:
  core_ptr core_;
};

/// The 123pan open platform: https://open-api.123pan.com.
///
/// @code
/// haul::pan123::client client{session, haul::pan123::credentials::client(id, secret)};
/// const haul::pan123::account who = co_await client.user().info();
/// @endcode
///
/// All calls go over the session's connections. Each one gets a token if there is none, keeps to
/// the rates of `client_options`, and is made again when the platform was asked too often or, if it
/// may reach the platform twice, when the network failed. A refused token is renewed once for a
/// call.
///
/// @par Errors
/// Calls throw `pan123::error`, with a code of `pan123::errc`, of `haul::errc` or of the system.
/// Neither secrets nor tokens stand in it. `pull` and `offline_pull` do not throw; their results
/// tell.
///
/// @par Per-Operation Cancellation
/// Terminal; a call ends with `asio::error::operation_aborted`. Whether the platform has seen it is
/// not known then.
///
/// @par Thread Safety
/// Safe. Copies share everything.
///
/// @par Lifetimes
/// Calls keep what they need of a client; it may go before them.
class client {
 public:
  /// @param in       Whose connections, proxies and limits are used.
  /// @param who      What a token is got with.
  /// @param options  Deadlines, rates, where the token is kept.
  client(const session& in, credentials who, client_options options = client_options{})
      : core_(std::make_shared<core>(in, std::move(who), std::move(options))) {}

  /// @{
  /// The calls of that kind. It holds what it needs of the client.
  files_api files() const { return files_api{core_}; }
  offline_api offline() const { return offline_api{core_}; }
  user_api user() const { return user_api{core_}; }
  share_api share() const { return share_api{core_}; }
  direct_link_api direct_link() const { return direct_link_api{core_}; }
  /// @}

  /// Uploads a file: not a byte of it when the platform has the same bytes already. Progress comes
  /// as `upload_progress` events.
  ///
  /// @par Errors
  /// Also the system's errors of reading the file, and `upload_changed`.
  awaitable<uploaded_file> upload(upload_request r) const {
    return api::upload(core_, std::move(r));
  }

  /// Downloads a file from the cloud: a `download_task` whose size and MD5 are known, which asks
  /// for a fresh URL when the old one is refused or answered with a message.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal. Before the download has begun it ends with `asio::error::operation_aborted`, then
  /// with the result `errc::stopped`.
  awaitable<download_result> pull(file_id id, std::filesystem::path path) const {
    return api::pull(core_, id, std::move(path), api::task_sink{nullptr}, download_options{});
  }
  template <event_sink Sink>
  /// As above, with events.
  awaitable<download_result> pull(file_id id, std::filesystem::path path, Sink sink) const {
    return pull(id, std::move(path), std::move(sink), download_options{});
  }
  template <event_sink Sink>
  /// As above, with options.
  awaitable<download_result> pull(file_id id, std::filesystem::path path, Sink sink,
                                  download_options o) const {
    api::task_sink to{engine::erase_sink(std::move(sink))};
    return api::pull(core_, id, std::move(path), std::move(to), o);
  }

  /// Downloads a link through the cloud: the platform fetches it into a folder of its own, from
  /// where it is pulled to disk and verified.
  ///
  /// Cut short at any moment, with its state kept, the next one goes on. Only if it was cut while
  /// the platform was being told the link can there be a task that nobody knows of; its file will
  /// be in the same folder.
  ///
  /// @par Per-Operation Cancellation
  /// Terminal. Before the download to disk has begun it ends with
  /// `asio::error::operation_aborted`, then with the result `errc::stopped`; the state is kept.
  awaitable<offline_pull_result> offline_pull(offline_pull_request r) const {
    return api::offline_pull(core_, std::move(r), api::task_sink{nullptr});
  }
  template <event_sink Sink>
  /// As above, with the events of the download to disk.
  awaitable<offline_pull_result> offline_pull(offline_pull_request r, Sink sink) const {
    api::task_sink to{engine::erase_sink(std::move(sink))};
    return api::offline_pull(core_, std::move(r), std::move(to));
  }

 private:
  core_ptr core_;
};

}  // namespace haul::pan123

#endif
