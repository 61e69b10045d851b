#ifndef HAUL_ENGINE_DOWNLOAD_HPP
#define HAUL_ENGINE_DOWNLOAD_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/async/notifier.hpp>
#include <haul/async/rate_limiter.hpp>
#include <haul/async/watchdog.hpp>
#include <haul/detail/failure.hpp>
#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/engine/any_download.hpp>
#include <haul/engine/event_queue.hpp>
#include <haul/engine/governor.hpp>
#include <haul/engine/hash_chain.hpp>
#include <haul/engine/journal.hpp>
#include <haul/engine/paths.hpp>
#include <haul/engine/piece_check.hpp>
#include <haul/engine/planner.hpp>
#include <haul/engine/reply_check.hpp>
#include <haul/engine/session_core.hpp>
#include <haul/engine/sources.hpp>
#include <haul/engine/speed_meter.hpp>
#include <haul/engine/task_info.hpp>
#include <haul/error.hpp>
#include <haul/event.hpp>
#include <haul/http/client.hpp>
#include <haul/system/digest.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace haul::engine {

/// One file on its way: the conductor, which carries out what the pure parts decide (planner,
/// governor, sources, reply_check, journal), and its streams.
///
/// The conductor is a coroutine on a strand of its own; each stream is another one. They share the
/// state under one mutex, which is held for moments only and never across an await. Disk jobs run
/// on the environment's workers and report under the same mutex.
///
/// The object is kept alive by its coroutines and jobs.
template <system::environment Environment>
class download : public any_download, public std::enable_shared_from_this<download<Environment>> {
 public:
  using core_ptr = std::shared_ptr<session_core<Environment>>;

  download(core_ptr core, download_request request, const download_options& options,
           std::unique_ptr<any_sink> sink, delivery how, const task_place& place,
           const rate_limiter& above);
  ~download() override;

  /// Runs to the end: `void(std::error_code, download_result)`, where the error is none. To be
  /// called once.
  template <class Token>
  auto async_run(Token&& token) {
    return asio::async_initiate<Token, void(std::error_code, download_result)>(
        [self = this->shared_from_this()](auto handler) {
          using handler_type = decltype(handler);
          auto slot = asio::get_associated_cancellation_slot(handler);
          std::shared_ptr<haul::detail::waiter<download_result>> w =
              std::make_shared<haul::detail::waiter_impl<handler_type, download_result>>(
                  std::move(handler), self->strand_);
          if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr{self}](asio::cancellation_type) {
              if (const auto d = weak.lock()) d->stop();
            });
          }
          asio::co_spawn(self->strand_, self->conduct(), [self, w](std::exception_ptr bug) {
            if (bug) self->bug_ = bug;
            if (w->claim()) w->complete({}, std::move(self->result_));
          });
        },
        token);
  }

  awaitable<download_result> run() override;

  /// To be called before the run, by who has looked: nothing stands at the target, and no earlier
  /// run has left anything. A small file then goes without a look of its own, since publishing
  /// replaces nothing; a large one looks before it is opened.
  void assume_vacant() { vacant_ = true; }

  // From any thread.
  void pause() override;
  void resume() override;
  void stop() override;
  /// As `stop()`; nothing is kept on disk.
  void discard();
  void set_rate_limit(std::uint64_t bytes_per_second) override;
  /// In place of the options' `retries`, `retry_delay` and `max_retry_delay`, from the next failure
  /// on.
  void set_retries(unsigned most, std::chrono::milliseconds delay,
                   std::chrono::milliseconds longest);
  download_status status() const override;

 private:
  using clock = std::chrono::steady_clock;
  using failure = haul::detail::failure;
  using timer = typename Environment::timer;
  using file = typename Environment::file;
  using exchange = http::exchange<Environment>;
  using self_ptr = std::shared_ptr<download>;

  static constexpr std::chrono::milliseconds flush_interval{500};
  static constexpr std::chrono::milliseconds shortest_interval{5};  // between looks at progress
  static constexpr std::chrono::milliseconds planning_interval{100};
  static constexpr std::uint64_t flush_bytes = 32u << 20;
  static constexpr std::uint64_t catch_up_bytes = 8u << 20;
  static constexpr std::uint64_t credit_bytes = 64u << 10;  // progress that forgives failures
  static constexpr std::uint64_t compact_bytes = 256u << 10;
  static constexpr std::uint64_t hash_bytes = 64u << 20;    // in one disk job
  static constexpr std::uint64_t job_bytes = 16u << 20;     // moved to the file in one job
  static constexpr std::chrono::milliseconds job_time{10};  // after which others get the worker
  static constexpr std::chrono::seconds longest_job{1};     // where no others want it
  static constexpr std::uint64_t most_in_memory = 256u << 10;
  static constexpr std::uint64_t tail_bytes = 64u << 10;  // compared where no version is named
  static constexpr unsigned most_refreshes = 3;
  static constexpr unsigned most_restarts = 5;
  static constexpr unsigned most_wrong = 2;  // times that a piece is fetched again from each source

  /// One stream: a coroutine that makes requests, one after another.
  struct stream {
    stream(asio::any_io_executor ex, unsigned number, std::size_t from, clock::time_point now)
        : executor(std::move(ex)), id(number), source(from), started(now) {}

    const asio::any_io_executor executor;
    const unsigned id;
    const std::size_t source;          // its place in sources_
    asio::cancellation_signal signal;  // to be emitted on the executor
    clock::time_point started;         // of the current request
    unsigned edition = 0;              // of the URL that it went to
    bool answered = false;             // the current request has its reply head
    std::uint64_t reply_end = 0;       // how far that reply runs
    bool ended = false;
    std::atomic<bool> unwanted = false;  // its end has been asked for
  };
  using stream_ptr = std::shared_ptr<stream>;

  /// Ends a reply that comes more slowly than the options allow.
  class speed_floor {
   public:
    speed_floor(const download_options& o, clock::time_point now)
        : least_(o.min_speed),
          window_(o.timeouts.stall.count() > 0 ? o.timeouts.stall : timeouts{}.stall),
          since_(now) {}

    void check(std::size_t more, clock::time_point now) {
      bytes_ += more;
      if (least_ == 0 || now - since_ < window_) return;
      const std::chrono::duration<double> passed = now - since_;
      if (static_cast<double>(bytes_) < static_cast<double>(least_) * passed.count()) {
        throw failure{errc::too_slow, operation::receiving};
      }
      since_ = now;
      bytes_ = 0;
    }
    /// Time in which nothing was read on purpose does not count.
    void pause(clock::duration passed) noexcept { since_ += passed; }

   private:
    std::uint64_t least_;
    std::chrono::milliseconds window_;
    clock::time_point since_;
    std::uint64_t bytes_ = 0;
  };

  /// The body of a reply on its way to the part file: used by the stream's coroutine and by a job
  /// on a worker in turn.
  struct inflow {
    enum class step : std::uint8_t {
      read,   // there may be more to read at once
      wait,   // nothing has come yet
      end,    // the body is complete
      leave,  // the stream has nothing more to do with it
    };

    inflow(std::shared_ptr<exchange> reply, byte_range covered, std::uint64_t begin,
           std::shared_ptr<const std::string> before, speed_floor least)
        : body(std::move(reply)),
          range(covered),
          from(begin),
          tail(std::move(before)),
          at(covered.begin),
          floor(least) {}

    const std::shared_ptr<exchange> body;
    const byte_range range;    // that the head names; its end is 0 where it names none
    const std::uint64_t from;  // what stands before is on disk already, and compared
    const std::shared_ptr<const std::string> tail;
    std::uint64_t at;  // the offset of the next byte
    speed_floor floor;
    std::exception_ptr error;
  };
  using inflow_ptr = std::shared_ptr<inflow>;

  /// All of a small file.
  struct memory_body {
    explicit memory_body(std::size_t size)
        : memory(std::make_unique_for_overwrite<char[]>(size)), bytes(memory.get(), size) {}
    memory_body(std::unique_ptr<char[]> from, std::string_view in)
        : memory(std::move(from)), bytes(in) {}

    std::unique_ptr<char[]> memory;
    std::string_view bytes;
  };

  /// The part file and its journal. `part` and `log` are used on disk workers only.
  struct storage {
    native_text folder;            // when the server gives the name
    std::filesystem::path target;  // empty until it is known
    std::string free_name;         // under which nothing stands in the folder
    bool vacant = false;           // as `assume_vacant` says, and nobody has looked since
    file part;
    file log;
    std::uint64_t log_size = 0;
    bool has_journal = false;        // there is one, of use or not
    std::uint32_t journal_seen = 0;  // its checksum
    journal_state earlier;           // what the journal said
    bool resumable = false;          // `earlier` can be used
  };

  /// A file that was there before, while its hashes are computed. Used by one disk job at a time.
  struct survey_state {
    enum class kind : std::uint8_t { nothing, part, target };
    kind what = kind::nothing;
    typename Environment::file file;  // the target; the part file is in the storage
    std::uint64_t size = 0;           // of the target
    std::uint64_t total = 0;          // that it should have
    std::uint64_t at = 0;
    std::uint64_t end = 0;
    range_set claimed;  // what may be right
    range_set right;
    std::vector<system::digest> digests;  // of the whole target
    bool complete = false;                // the target is as it should be
  };

  /// What the conductor should do next.
  struct step {
    std::optional<std::pair<std::size_t, byte_range>> open;  // a stream: source and range
    unsigned stream_id = 0;
    std::optional<std::size_t> refresh;  // a source that wants a fresh URL
    stream_ptr drop;                     // a stream that lags; another takes its place
    bool over = false;                   // the streams' work is done, or useless
    bool flush = false;                  // the journal is due
    bool pause = false;
    bool report = false;    // progress is due
    bool catch_up = false;  // bytes can be hashed
    bool check = false;     // pieces can be
    clock::time_point look_again = (clock::time_point::max)();
  };

  // The conductor: impl/download_conductor.ipp
  static awaitable<download_result> run_kept(self_ptr self);
  awaitable<void> conduct();
  awaitable<void> work();
  awaitable<void> transfer();
  step next_step();
  void plan_streams(step& s, clock::time_point now);
  void shed_surplus(unsigned wanted, clock::time_point now);
  awaitable<void> quiesce();
  awaitable<void> stand_still();
  void spawn(std::size_t source, byte_range range, unsigned id);
  void spawn_refresh(std::size_t source);
  unsigned next_stream_id();
  stream_ptr add_stream(std::size_t source, unsigned id);
  void launch(const stream_ptr& st, awaitable<void> body);
  void end_stream(const stream_ptr& st);
  void stream_ended(const stream_ptr& st, std::exception_ptr error);
  void reunite();
  void note_failure(const stream_ptr& st, const failure& f);
  void note_refusal(source& src, const failure& f);
  void forgive(source& src);
  void count_failure(source& src, const failure& f, clock::time_point now);
  void begin_plan();
  void report_progress(bool last);
  void start_clock();
  void keep_bug(std::exception_ptr bug);
  void conclude(const std::optional<failure>& failed);
  void give_back_target();
  bool finish_round();
  void set_alarm(clock::time_point at);
  std::vector<stream_ptr> all_streams() const;
  bool busy() const;
  bool held() const;
  void set_paused(bool on);
  std::chrono::milliseconds delay_after(unsigned failures, const failure& f);
  void tell(event&& e) { events_->push(std::move(e)); }
  void wake() { wake_.notify(); }

  // One stream: impl/download_stream.ipp
  static awaitable<void> run_stream(self_ptr self, stream_ptr st, byte_range range);
  static awaitable<void> refresh(self_ptr self, stream_ptr st);
  awaitable<bool> fetch(stream_ptr st, byte_range range);
  http::request make_request(stream& st, byte_range range, bool& ranged);
  bool judge(stream& st, const asked_for& asked, const http::reply<Environment>& reply,
             reply_verdict& verdict);
  bool start_over(const stream& st, errc why);
  bool whole_in_part(stream& st);
  static bool whole(const reply_verdict& v) noexcept {
    return v.total && v.range.begin == 0 && v.range.end == *v.total;
  }
  void adopt(stream& st, const http::response_head& head, const reply_verdict& verdict);
  std::string name_from(const http::reply<Environment>& reply) const;
  bool is_given(const http::url& u) const;
  awaitable<bool> settle(stream_ptr st, std::string name, bool look, bool whole);
  enum class join : std::uint8_t { plain, by_tail, never };
  join how_to_join(const stream& st, byte_range range);
  static const std::shared_ptr<const std::string>& no_tail();
  awaitable<std::shared_ptr<const std::string>> read_tail(stream_ptr st, byte_range range);
  void tail_differs(const stream& st);
  std::optional<byte_range> next_range(stream& st);

  bool take_up_earlier();
  bool fits_memory(bool whole) const;
  bool choose_memory(bool whole);
  bool choose_name(const std::string& name);
  bool looks_first(bool whole) const;
  void settled();
  std::error_code refusal_of(std::size_t source) const;
  void refreshed(std::size_t source, bool threw, const std::string& fresh);
  bool is_opened() const;
  bool is_small() const;
  bool is_stopped() const;

  // From its connection to the file: impl/download_transfer.ipp
  awaitable<void> receive(stream_ptr st, inflow_ptr in);
  typename inflow::step move_job(const stream& st, inflow& in);
  typename inflow::step move_block(const stream& st, inflow& in, buffer_pool::buffer& memory);
  bool write_block(std::uint64_t offset, const char* data, std::size_t n, std::size_t source);
  awaitable<void> throttle(timer& t);
  static bool same_tail(const std::string& tail, std::uint64_t end, std::uint64_t at,
                        const char* seen, std::size_t n);
  bool goes_on(const stream& st) const;
  std::uint64_t pace_of_one();
  planner::share take_over(const stream& st, std::uint64_t read, std::uint64_t fresh,
                           clock::time_point now);
  void body_ended(stream& st, std::uint64_t at, std::uint64_t body_end);
  bool take_at_once(const stream& st, exchange& x);
  awaitable<void> receive_small(stream_ptr st, exchange& x);
  void take_small(const stream& st, memory_body body);
  void count_received(std::uint64_t n);

  // Disk: impl/download_disk.ipp
  using failure_ptr = std::shared_ptr<failure>;
  void check_request();
  awaitable<void> prepare();
  failure_ptr prepare_job();
  void prepare_vacant();
  failure_ptr check_target(const std::filesystem::path& target);
  failure_ptr claim(const std::filesystem::path& target);
  void retire_journal();
  static failure_ptr disk_failure(std::error_code ec, operation doing,
                                  const std::filesystem::path& path);
  std::string read_journal(const std::filesystem::path& target, std::error_code& ec);
  std::error_code load_journal(const std::filesystem::path& target, storage& into);
  bool take_free_name(const std::string& name);
  failure_ptr name_job(const std::string& name);
  failure_ptr open_part_job();
  awaitable<void> flush();
  bool snapshot(range_set& written, journal_header& header) const;
  std::error_code flush_job(const range_set& written, const journal_header& header);
  std::uint64_t hashable_end() const;
  void submit_catch_up();
  void check_size() const;
  awaitable<bool> verify();
  awaitable<void> publish();
  failure_ptr publish_job();
  bool write_unnamed(std::error_code& ec);
  void write_small(file& to, std::error_code& ec) const;
  awaitable<void> leave(std::error_code why);
  void leave_job(bool keep);
  void remove_journal();
  bool keepable() const;
  failure_ptr lock_part(const std::filesystem::path& path);

  // What hashes tell: impl/download_pieces.ipp
  awaitable<void> survey();
  failure_ptr find_existing_job(survey_state& s);
  failure_ptr survey_job(survey_state& s);
  failure_ptr take_over_job(survey_state& s);
  void target_is_complete(std::uint64_t total);
  void submit_piece_check();
  void piece_job(const piece_check::work& w);
  void note_wrong_piece(std::size_t i);
  bool fall_back(const failure& why);
  std::uint64_t proved() const;
  void check_pieces(std::uint64_t total) const;
  void begin_pieces(std::uint64_t total);

  bool replaces() const noexcept { return options_.overwrite || options_.repair; }
  bool journaled() const noexcept {
    return (joinable_ || blind_) && opened_ && !small_ && version_.total && options_.resume &&
           options_.durability != durability::none;
  }

  const core_ptr core_;
  const download_request request_;
  const download_options options_;
  task_ref task_;
  const asio::any_io_executor strand_;
  rate_limiter limiter_;
  notifier wake_;
  std::shared_ptr<event_queue> events_;
  hash_chain hashes_;

  // Used by the conductor only, or before and after it.
  std::optional<watchdog<timer>> alarm_;  // once there is something to be woken for
  clock::time_point begun_{};
  clock::time_point report_due_{};
  clock::time_point flush_due_{};
  std::optional<native_text> claimed_;  // the key of the target
  download_result result_;
  bool vacant_ = false;

  mutable std::mutex mutex_;  // for all below
  unsigned retries_;
  std::chrono::milliseconds retry_delay_;
  std::chrono::milliseconds max_retry_delay_;
  std::shared_ptr<storage> storage_;
  source_list sources_;
  http::origin home_;     // whose secrets the request carries
  std::string url_name_;  // the file name that the URL gives
  std::error_code bad_url_;
  planner plan_;
  piece_check pieces_;
  governor governor_;
  mutable speed_meter meter_;
  known_version version_;
  std::size_t version_source_ = 0;  // which source told the version
  std::map<unsigned, stream_ptr> streams_;
  unsigned next_stream_ = 0;
  std::size_t jobs_ = 0;  // disk jobs that report to this object
  std::optional<memory_body> small_body_;
  std::optional<failure> fatal_;
  std::exception_ptr bug_;   // a program's or memory's, to be thrown by run()
  std::error_code restart_;  // why the download must start over
  unsigned restarts_ = 0;
  std::uint64_t received_ = 0;  // of bodies, in this run
  std::uint64_t counted_ = 0;   // received_ when the last failure was counted
  std::uint64_t logged_ = 0;    // bytes written when the journal was last written
  std::uint64_t resumed_ = 0;
  clock::duration answer_time_{};
  unsigned attempts_ = 0;
  std::string last_url_;
  int last_status_ = 0;
  bool confirmed_ = false;  // a reply of this run agrees with version_
  bool joinable_ = false;   // replies can be joined
  bool blind_ = false;      // they can be when what is there is compared: no reply names a version
  bool no_ranges_ = false;  // the server does not do ranges
  bool opened_ = false;     // it is decided where the bytes go, and the file is open
  bool small_ = false;      // the body goes through memory in one piece
  bool checking_pieces_ = false;  // a disk job hashes pieces
  bool catching_up_ = false;      // a disk job reads back what has to be hashed
  bool doubtful_total_ = false;   // the last piece is never right
  bool published_ = false;
  bool stop_ = false;
  bool discard_ = false;
  bool pause_ = false;
  bool paused_ = false;
  bool finished_ = false;
};

}  // namespace haul::engine

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/engine/impl/download_conductor.ipp>
#include <haul/engine/impl/download_disk.ipp>
#include <haul/engine/impl/download_pieces.ipp>
#include <haul/engine/impl/download_stream.ipp>
#include <haul/engine/impl/download_transfer.ipp>
#else
namespace haul::engine {
extern template class download<system::system_environment>;
}
#endif

#endif
