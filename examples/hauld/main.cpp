// hauld: a download server. What it says is in include/haul/service, what it does in
// haul::batch_manager; here they are put together.

#include "options.hpp"
#include "page.hpp"
#include "server.hpp"
#include "sqlite_records.hpp"
#include <haul/engine/session_core.hpp>
#include <haul/haul.hpp>
#include <haul/http/client.hpp>
#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>
#include <haul/service/bbdown.hpp>
#include <haul/service/catalog.hpp>
#include <haul/service/downloads.hpp>
#include <haul/service/event_feed.hpp>
#include <haul/service/media.hpp>
#include <haul/service/panel.hpp>
#include <haul/store/sqlite_store.hpp>
#include <haul/system/system_environment.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <utility>
#include <vector>

namespace hauld {
namespace {

namespace fs = std::filesystem;

using client_type = haul::http::client<haul::system::system_environment>;
using manager_type = haul::batch_manager<haul::service::event_feed, haul::sqlite_store>;

/// The lists that outlive a download are kept beside the database: that one is locked by its store.
fs::path records_file(fs::path database) { return database += ".records"; }

fs::path made_folder(const fs::path& root) {
  fs::create_directories(root);
  return fs::canonical(root);
}

/// What the file of --catalog adds to what is known.
void read_catalog(const fs::path& file, haul::service::catalog& into) {
  if (file.empty()) return;
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error{file.string() + ": cannot be read"};
  const bool csv = haul::http::equals_ignore_case(file.extension().string(), ".csv");
  const haul::service::catalog_list list = csv ? haul::service::parse_catalog_csv(text.str())
                                               : haul::service::parse_catalog_json(text.str());
  if (!list.error.empty()) throw std::runtime_error{file.string() + ": " + list.error};
  for (const haul::service::catalog_entry& e : list.entries) into.put(e);
}

/// As many descriptors as may be had: for clients, and for what is downloaded.
void take_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

haul::manager_options manager_limits(const hauld_options& o) {
  haul::manager_options m;
  m.max_files = 1000;
  m.max_active = o.max_concurrent;
  return m;
}

/// One run of the program. All but the serving of clients happens on one thread.
class run {
 public:
  explicit run(const hauld_options& options)
      : options_(options),
        root_(made_folder(options.root)),
        feed_(root_),
        session_(io_.get_executor(), session_limits(options)),
        records_(records_file(options.database)),
        manager_(session_, feed_, haul::sqlite_store{options.database}, manager_limits(options)),
        direct_(manager_),
        downloads_(direct_, feed_),
        catalog_(records_),
        bbdown_(io_.get_executor(), downloads_, records_, bbdown_limits()),
        server_(describe(), feed_, io_.get_executor()) {
    read_catalog(options.catalog, catalog_);
    feed_.attach(downloads_, [this] { return manager_.batches(); });
  }
  ~run() { feed_.detach(); }

  int execute() {
    wait_for_signal();
    asio::co_spawn(io_, begin(this), [this](std::exception_ptr bug) {
      if (bug) fail(bug);
    });
    io_.run();
    if (bug_) std::rethrow_exception(bug_);
    return exit_ended;
  }

 private:
  static haul::session_options session_limits(const hauld_options& o) {
    haul::session_options s;
    s.user_agent = "hauld/" HAUL_VERSION_STRING;
    s.connections_per_host = std::max(s.connections_per_host, o.max_concurrent);
    s.implicit_strand = true;  // of io_: `run` is called once
    return s;
  }

  server_options describe() {
    server_options s;
    s.address = options_.address;
    s.port = options_.port;
    s.max_connections = options_.max_connections;
    s.access.loopback = options_.loopback;
    s.access.token = options_.token;
    s.access.origins = options_.origins;
    s.access.open = {"/ui"};
    s.access.closed = {"/ui/api/"};
    // The original removes by GET.
    s.access.changing = {"/remove-finished"};
    s.media = root_;
    s.private_files = {fs::weakly_canonical(options_.database)};
    s.page = page_files();

    haul::service::panel::options p;
    p.root = root_;
    s.routes.push_back({"/ui/api/", haul::service::panel{downloads_, feed_, std::move(p)}});

    haul::service::media_options m;
    m.root = root_;
    m.extended = options_.extended;
    s.routes.push_back({"/api/media", haul::service::media{downloads_, records_, catalog_, m}});
    // All other paths: what it does not know gets the empty 404 of the original.
    s.routes.push_back({"/", [this](haul::service::request r) { return bbdown_(std::move(r)); }});
    return s;
  }

  haul::service::bbdown_options bbdown_limits() {
    haul::service::bbdown_options b;
    b.root = root_;
    b.extended = options_.extended;
    b.webhook = [this](std::string url, std::string body) {
      asio::co_spawn(io_, call_webhook(this, std::move(url), std::move(body)), asio::detached);
    };
    return b;
  }

  /// Once, as the original does; who is called has no say in anything, nor is a failure told.
  static haul::awaitable<void> call_webhook(run* self, std::string url, std::string body) {
    const haul::http::url_result to = haul::http::parse_url(url);
    if (to.error) co_return;
    haul::http::request r{to.value};
    r.method = "POST";
    r.once = true;
    r.fields.append("Content-Type", "application/json; charset=utf-8");
    r.body = std::move(body);
    const auto core = self->session_.core();
    const haul::timeouts limits{};
    haul::http::redirect_policy policy{};
    policy.max = 0;  // it would be sent on to somebody whom nobody has named
    const asio::any_io_executor executor = self->io_.get_executor();
    try {
      client_type::reply_type answer = co_await core->client.open(executor, r, limits, policy);
      answer.body.reset();
    } catch (const haul::detail::failure&) {
    }
  }

  static haul::awaitable<void> begin(run* self) {
    const std::error_code ec = co_await self->manager_.recover();
    if (ec) throw std::system_error{ec, self->options_.database.string()};
    self->bbdown_.recover();
    const std::uint16_t port = self->server_.start();
    const std::string& address = self->options_.address;
    const bool six = address.find(':') != std::string::npos;
    std::printf("http://%s%s%s:%u\n", six ? "[" : "", address.c_str(), six ? "]" : "",
                static_cast<unsigned>(port));
    std::fflush(stdout);
  }

  void wait_for_signal() {
    signals_.async_wait([this](const std::error_code& ec, int) {
      if (ec) return;
      // The next one ends the program at once, whatever it is doing.
      signals_.clear();
      for (const int s : {SIGINT, SIGTERM}) {
        std::signal(s, [](int) { std::_Exit(exit_forced); });
      }
      finish();
    });
  }

  /// Ends in order, or in what order there can be in a second and a half: what is on disk is good
  /// at any time.
  void finish() {
    server_.stop();
    asio::co_spawn(io_, close(this), [this](std::exception_ptr bug) {
      if (bug) fail(bug);
      io_.stop();
    });
    patience_.expires_after(std::chrono::milliseconds{1500});
    patience_.async_wait([this](const std::error_code& ec) {
      if (!ec) io_.stop();
    });
  }

  static haul::awaitable<void> close(run* self) {
    self->bbdown_.stop();
    co_await self->manager_.close();
    self->records_.flush();
  }

  void fail(std::exception_ptr bug) {
    if (!bug_) bug_ = bug;
    server_.stop();
    io_.stop();
  }

  const hauld_options& options_;
  const fs::path root_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer patience_{io_};
  haul::service::event_feed feed_;
  haul::session session_;
  sqlite_records records_;
  manager_type manager_;
  haul::service::downloads_of<manager_type> direct_;
  haul::service::watched_downloads downloads_;
  haul::service::recorded_catalog catalog_;
  haul::service::bbdown bbdown_;
  server server_;
  std::exception_ptr bug_;
};

int main(int argc, const char* const* argv) {
  hauld_options options;
  if (const auto code = parse_options(argc, argv, options)) return *code;
  // As errors of the write that is to blame, they can be told.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  take_descriptors();
  return run{options}.execute();
}

}  // namespace
}  // namespace hauld

int main(int argc, char** argv) {
  try {
    return hauld::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "hauld: %s\n", e.what());
  }
  return hauld::exit_failed;
}
