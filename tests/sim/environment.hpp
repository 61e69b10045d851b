#ifndef HAUL_TEST_SIM_ENVIRONMENT_HPP
#define HAUL_TEST_SIM_ENVIRONMENT_HPP

#include <haul/detail/asio_compat.hpp>

#include "disk.hpp"
#include "network.hpp"
#include "world.hpp"
#include <haul/async/detail/waiter.hpp>
#include <haul/detail/failure.hpp>
#include <haul/system/environment.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace haul::sim {

/// All that is outside of a process.
struct universe {
  universe(std::uint64_t seed, bool verbose) : w(seed, verbose), d(w), n(w) {
    d.unnamed_files = seed % 4 != 0;
  }
  world w;
  disk d;
  network n;
};

/// As `asio::steady_timer`, in virtual time.
class sim_timer {
 public:
  sim_timer(world& w, unsigned owner, asio::any_io_executor executor)
      : state_(std::make_shared<state>(w, owner, std::move(executor))) {}
  sim_timer(sim_timer&&) noexcept = default;
  ~sim_timer() {
    if (state_) cancel();
  }

  void expires_at(time_point when) {
    cancel();
    state_->when = when;
  }
  void cancel() {
    ++state_->turn;
    auto all = std::exchange(state_->waiting, {});
    for (const auto& w : all) {
      if (w->claim()) w->complete(asio::error::operation_aborted);
    }
  }

  template <class Token>
  auto async_wait(Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [s = state_](auto handler) {
          s->waiting.push_back(haul::detail::make_waiter<>(std::move(handler), s->executor));
          s->w.at(s->when, s->owner, [weak = std::weak_ptr{s}, turn = s->turn] {
            const auto self = weak.lock();
            if (!self || self->turn != turn) return;
            auto all = std::exchange(self->waiting, {});
            for (const auto& w : all) {
              if (w->claim()) w->complete({});
            }
          });
        },
        token);
  }

 private:
  struct state {
    state(world& in, unsigned process, asio::any_io_executor ex)
        : w(in), owner(process), executor(std::move(ex)) {
      ++w.timers;
    }
    ~state() { --w.timers; }
    state(const state&) = delete;
    world& w;
    unsigned owner;
    asio::any_io_executor executor;
    time_point when{};
    std::uint64_t turn = 0;
    std::vector<std::shared_ptr<haul::detail::waiter<>>> waiting;
  };
  std::shared_ptr<state> state_;
};

class sim_stream {
 public:
  sim_stream(universe& u, wire_ptr w, asio::any_io_executor executor)
      : universe_(&u), wire_(std::move(w)), executor_(std::move(executor)) {
    ++u.w.streams;
  }
  sim_stream(sim_stream&& other) noexcept = default;
  sim_stream& operator=(sim_stream&& other) noexcept {
    let_go();
    universe_ = other.universe_;
    wire_ = std::move(other.wire_);
    executor_ = other.executor_;
    quiet_ = other.quiet_;
    return *this;
  }
  ~sim_stream() { let_go(); }

  std::size_t read_some(void* to, std::size_t n, std::error_code& ec);
  std::size_t write_some(const void* from, std::size_t n, std::error_code& ec);
  awaitable<std::error_code> wait(system::readiness what) {
    quiet_ = false;
    std::error_code ec = universe_->w.fault(call::wait);
    if (ec) co_return ec;
    const bool reading = what == system::readiness::read;
    wire_ptr w = wire_;
    const asio::any_io_executor executor = executor_;
    co_await wait_on(std::move(w), executor, reading, ec);
    co_return ec;
  }
  void expect(std::size_t n) {
    wire_->expected = n;
    if (wire_->ready()) wire_->wake();
  }
  void pace(std::uint64_t) {}
  void hush() { quiet_ = true; }
  bool quiet() const { return quiet_; }
  bool linger(std::size_t, std::chrono::milliseconds) { return false; }
  bool buffered() const { return false; }
  bool stale() const { return wire_->gone || wire_->over || wire_->readable() > 0; }
  void close();

 private:
  static awaitable<void> wait_on(wire_ptr w, asio::any_io_executor executor, bool reading,
                                 std::error_code& ec) {
    auto token = haul::detail::into(ec);
    auto start = [w, executor, reading](auto handler) {
      auto made = haul::detail::make_waiter<>(std::move(handler), executor);
      const bool ready = !reading || w->ready();
      if (ready || w->gone) {
        if (made->claim()) {
          made->complete(w->gone ? std::error_code{asio::error::operation_aborted}
                                 : std::error_code{});
        }
        return;
      }
      w->waiting = std::move(made);
    };
    co_await asio::async_initiate<decltype(token), void(std::error_code)>(start, token);
  }
  void let_go() {
    if (!wire_) return;
    close();
    --universe_->w.streams;
    wire_.reset();
  }

  universe* universe_;
  wire_ptr wire_;
  asio::any_io_executor executor_;
  bool quiet_ = false;
};

class sim_file {
 public:
  sim_file() = default;
  sim_file(universe& u, disk::node_ptr n) : universe_(&u), node_(std::move(n)) {
    ++u.w.handles;
    me_ = std::make_shared<int>();
  }
  sim_file(sim_file&& other) noexcept = default;
  sim_file& operator=(sim_file&& other) noexcept {
    if (this == &other) return *this;
    close();
    universe_ = other.universe_;
    node_ = std::move(other.node_);
    me_ = std::move(other.me_);
    return *this;
  }
  ~sim_file() { close(); }

  bool is_open() const noexcept { return node_ != nullptr; }
  void close() noexcept {
    if (!node_) return;
    --universe_->w.handles;
    if (node_->locked_by == me_.get()) node_->locked_by = nullptr;
    node_.reset();
  }
  std::size_t read_at(std::uint64_t offset, void* to, std::size_t n, std::error_code& ec) {
    return universe_->d.read(*node_, offset, to, n, ec);
  }
  void write_at(std::uint64_t offset, const void* from, std::size_t n, std::error_code& ec) {
    universe_->d.write(*node_, offset, from, n, ec);
  }
  void reserve(std::uint64_t n, std::error_code& ec) { universe_->d.reserve(*node_, n, ec); }
  void resize(std::uint64_t n, std::error_code& ec) { universe_->d.resize(*node_, n, ec); }
  std::uint64_t size(std::error_code& ec) { return universe_->d.size(*node_, ec); }
  void sync(std::error_code& ec) { universe_->d.sync(*node_, ec); }
  void name(const std::filesystem::path& path, std::error_code& ec) {
    universe_->d.name(node_, path.generic_string(), ec);
  }
  bool try_lock(std::error_code& ec) { return universe_->d.lock(*node_, me_.get(), ec); }

 private:
  universe* universe_ = nullptr;
  disk::node_ptr node_;
  std::shared_ptr<int> me_;  // whose lock it is
};

/// The outside world of one process, in virtual time, from a seed. Single-threaded.
class sim_environment {
 public:
  using timer = sim_timer;
  using stream = sim_stream;
  using file = sim_file;

  sim_environment(universe& u, unsigned process, duration slowest_job)
      : universe_(u), process_(process), slowest_job_(slowest_job) {}

  time_point now() const { return universe_.w.now(); }
  std::chrono::sys_seconds wall_clock() const { return universe_.w.wall_clock(); }
  std::uint64_t random() { return universe_.w.random.next(); }
  timer make_timer(const asio::any_io_executor& executor) {
    return timer{universe_.w, process_, executor};
  }
  std::optional<system::proxy> choose_proxy(const http::origin&) const { return std::nullopt; }
  awaitable<stream> connect(asio::any_io_executor executor, const system::route& to,
                            const timeouts& limits);
  void submit(std::function<void()> job) {
    const auto most = static_cast<std::uint64_t>(slowest_job_.count());
    const duration delay{static_cast<duration::rep>(universe_.w.random.below(most + 1))};
    universe_.w.after(delay, process_, std::move(job));
  }
  bool spare_worker() { return universe_.w.random.below(2) == 0; }

  file open(const std::filesystem::path& path, system::open_mode mode, std::error_code& ec) {
    disk::node_ptr n = universe_.d.open(path.generic_string(), mode, ec);
    return n ? file{universe_, std::move(n)} : file{};
  }
  file open_unnamed(const std::filesystem::path&, std::error_code& ec) {
    disk::node_ptr n = universe_.d.open_unnamed(ec);
    return n ? file{universe_, std::move(n)} : file{};
  }
  system::file_names names_in(const std::filesystem::path& folder, std::size_t most,
                              std::error_code& ec) {
    return universe_.d.names_in(folder.generic_string(), most, ec);
  }
  system::path_status status(const std::filesystem::path& path, std::error_code& ec) {
    return universe_.d.status(path.generic_string(), ec);
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to,
              std::error_code& ec) {
    universe_.d.rename(from.generic_string(), to.generic_string(), ec);
  }
  void rename_if_absent(const std::filesystem::path& from, const std::filesystem::path& to,
                        std::error_code& ec) {
    const system::path_status there = status(to, ec);
    if (!ec && there.exists) ec = std::make_error_code(std::errc::file_exists);
    if (!ec) rename(from, to, ec);
  }
  void remove(const std::filesystem::path& path, std::error_code& ec) {
    universe_.d.remove(path.generic_string(), ec);
  }
  void make_directories(const std::filesystem::path&, std::error_code& ec) {
    universe_.d.make_directories(ec);
  }
  void sync_directory(const std::filesystem::path& path, std::error_code& ec) {
    universe_.d.sync_directory(path.generic_string(), ec);
  }
  std::uint64_t free_space(const std::filesystem::path&, std::error_code& ec) {
    return universe_.d.free_space(ec);
  }

 private:
  universe& universe_;
  unsigned process_;
  duration slowest_job_;
};

static_assert(system::environment<sim_environment>);

}  // namespace haul::sim

#endif
