#ifndef HAUL_SERVICE_MEDIA_CORE_HPP
#define HAUL_SERVICE_MEDIA_CORE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/download_request.hpp>
#include <haul/service/catalog.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/lax_json.hpp>
#include <haul/service/media_options.hpp>
#include <haul/service/media_status.hpp>
#include <haul/service/message.hpp>
#include <haul/service/records.hpp>
#include <haul/system/disk_workers.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// What becomes of one id that was asked for.
struct media_verdict {
  enum class outcome : std::uint8_t { start, already, active, failed };
  std::int64_t id = 0;
  outcome what = outcome::start;
  std::string reason;     ///< when failed
  std::size_t index = 0;  ///< of its file among those to be submitted
};

/// What comes of a request: an answer, or files to be submitted before there is one.
class media_step {
 public:
  enum class purpose : std::uint8_t { none, batch, single, concurrent };

  media_step() {}
  explicit media_step(response r) : answer(std::move(r)) {}

  response answer;
  purpose submits = purpose::none;
  std::vector<download_request> files;
  batch_options options;
  std::vector<media_verdict> verdicts;  ///< in the order of the request
};

/// What `media` does, without coroutines: all of it may look at the disk.
class media_core {
 public:
  HAUL_DECL media_core(downloads& to, records& kept, catalog& ids, media_options options);

  /// Does not throw.
  HAUL_DECL media_step begin(const request& r);
  /// The answer, now that it is known what has become of the files.
  HAUL_DECL response finish(const media_step& s, const submit_result& told);

  downloads& target() noexcept { return downloads_; }
  /// For what the coroutines on this executor hand out: its context ends only after that.
  system::disk_workers& workers(const asio::any_io_executor& executor);

 private:
  /// What is kept of an id that has been downloaded, or was to be.
  struct item {
    std::string file;     // its id in the manager; empty when the manager has nothing to say of it
    std::string path;     // below the root
    std::string error;    // of the last attempt
    bool done = false;    // the file was complete at the path
    bool settled = true;  // nothing is under way
  };
  struct row {
    std::int64_t id = 0;
    std::string file;
    std::string path;
  };
  struct batch {
    std::string manager;  // its id there
    std::vector<row> rows;
    std::uint64_t arrival = 0;
    std::chrono::sys_seconds created{};
    std::optional<std::chrono::sys_seconds> finished;
  };
  struct route;

  // impl/media.ipp
  void load();
  media_step dispatch(const request& r);
  media_step perform(const route& to, const request& r, const std::string& parameter);
  static const std::vector<route>& routes();
  const route* match(std::string_view path, std::string_view method, std::string& parameter,
                     std::string& allowed) const;
  std::chrono::sys_seconds now() const;
  void put_item(std::int64_t id, const item& it);
  void put_batch(const std::string& id, const batch& b);

  // impl/media_batches.ipp
  media_step start_batch(const request& r, bool concurrent);
  media_verdict classify(std::int64_t id, bool force, media_step& to);
  bool prepare(const catalog_entry& e, item& it, media_step& to, media_verdict& v);
  std::string choose_path(const catalog_entry& e);
  response finish_batch(const media_step& s, const std::vector<media_verdict>& verdicts,
                        const std::string& manager);
  response finish_concurrent(const media_step& s, const std::vector<media_verdict>& verdicts);
  std::vector<media_verdict> settle(const media_step& s, const submit_result& told);
  response batch_status(const std::string& id);
  response batch_cancel(const std::string& id);
  response batch_hold(const std::string& id, bool pause);
  response list_batches();
  json_value describe_rows(const batch& b, const haul::batch_status& s, bool look,
                           media_counts& counts);
  json_value describe_row(const row& r, const file_status* f, bool look, media_counts& counts);
  std::optional<batch> find_batch(const std::string& id);
  void sweep();
  std::string fresh_hex();

  // impl/media_files.ipp
  media_step start_download(std::int64_t id, const request& r);
  response finish_single(const media_step& s, const media_verdict& v);
  response download_status(std::int64_t id);
  response cancel_download(std::int64_t id, bool concurrent);
  response hold_download(std::int64_t id, bool pause);
  response serve_file(std::int64_t id);
  response delete_file(std::int64_t id);
  response download_stats();
  response put_catalog(const request& r);
  std::optional<file_status> refresh(std::int64_t id, item& it);
  std::size_t active_now();
  bool is_there(const std::string& path) const;
  std::optional<std::uint64_t> size_of(const std::string& path) const;
  std::string file_path(const std::string& path) const { return "." + download_url(path); }
  std::string download_url(const std::string& path) const { return options_.url_base + '/' + path; }

  downloads& downloads_;
  records& records_;
  catalog& catalog_;
  const media_options options_;

  std::mutex mutex_;
  std::map<std::int64_t, item> items_;
  std::map<std::string, std::int64_t> owners_;  // of paths
  std::set<std::int64_t> unsettled_;
  std::map<std::string, batch> batches_;
  std::uint64_t arrivals_ = 0;
  std::mt19937_64 random_{std::random_device{}()};

  std::once_flag bound_;  // the workers to the context of the calls
  system::disk_workers workers_{2};
};

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/media.ipp>
#include <haul/service/impl/media_batches.ipp>
#include <haul/service/impl/media_files.ipp>
#endif

#endif
