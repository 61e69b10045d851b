#include "tthsd/library.hpp"

#include "tthsd/downloader.hpp"
#include <haul/error.hpp>

#include <asio/error.hpp>
#include <boost/url/error.hpp>
#include <boost/url/grammar/error.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <thread>
#include <utility>

namespace tthsd {
namespace {

std::atomic<library*> current{nullptr};
std::atomic<library*> left_behind{nullptr};  // the parent's, in a child: not lost, only not used
std::atomic<int> last_id{0};
std::atomic<bool> is_exiting{false};
std::atomic<bool> hooked{false};

unsigned thread_count() { return std::clamp(std::thread::hardware_concurrency(), 2u, 16u); }

/// What is destroyed when the process ends and may be in use by a thread then has to be there
/// before the hook, so that it goes after it.
void make_singletons() {
  // OpenSSL's own clean-up would pull the ground from under a connection.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  haul::category();
  haul::condition_category();
  asio::system_category();
  asio::error::get_netdb_category();
  asio::error::get_addrinfo_category();
  asio::error::get_misc_category();
  boost::urls::make_error_code(boost::urls::error::success);
  boost::urls::grammar::make_error_code(boost::urls::grammar::error::mismatch);
  boost::urls::grammar::make_error_condition(boost::urls::grammar::condition::fatal);
}

}  // namespace

library::library() : io_(static_cast<int>(thread_count())), work_(io_.get_executor()) {}

library& library::get() {
  if (library* l = current.load(std::memory_order_acquire)) return *l;
  if (!hooked.exchange(true)) {
    make_singletons();
    ::pthread_atfork(nullptr, nullptr, &library::in_child);
    std::atexit(&library::at_exit);
  }
  // No lock, which a fork could leave locked in the child: whoever comes second throws his away.
  library* made = new library;
  library* expected = nullptr;
  if (current.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *expected;
}

bool library::exiting() noexcept { return is_exiting.load(std::memory_order_relaxed); }

void library::in_child() {
  if (library* parents = current.exchange(nullptr)) left_behind.store(parents);
}

/// The threads stop between two steps of what they do, so that they do not run into what is
/// destroyed next. Bounded: a thread that is held up is left alone.
void library::at_exit() {
  is_exiting.store(true);
  library* l = current.load(std::memory_order_acquire);
  if (!l) return;
  l->io_.stop();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (l->running_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

asio::any_io_executor library::executor() {
  const std::lock_guard lock{mutex_};
  start_threads();
  return io_.get_executor();
}

void library::start_threads() {
  const unsigned wanted = thread_count();
  // The host's signals are not for these threads, nor for those that they start.
  ::sigset_t all;
  ::sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    while (threads_ < wanted) {
      std::thread{[this] {
        ++running_;
        while (!exiting()) {
          try {
            io_.run();
            break;
          } catch (...) {
            // A handler's: it has cost that handler, and must not cost the host.
          }
        }
        --running_;
      }}.detach();
      ++threads_;
    }
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (threads_ == 0) throw;
    return;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

int library::add(std::shared_ptr<downloader> d) {
  const std::lock_guard lock{mutex_};
  const int id = ++last_id;
  downloaders_.emplace(id, std::move(d));
  return id;
}

std::shared_ptr<downloader> library::find(int id) {
  const std::lock_guard lock{mutex_};
  const auto at = downloaders_.find(id);
  return at == downloaders_.end() ? nullptr : at->second;
}

std::shared_ptr<downloader> library::take(int id) {
  const std::lock_guard lock{mutex_};
  const auto at = downloaders_.find(id);
  if (at == downloaders_.end()) return nullptr;
  auto d = std::move(at->second);
  downloaders_.erase(at);
  return d;
}

char* library::hand_out(std::string_view text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (!copy) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  const std::lock_guard lock{mutex_};
  try {
    texts_.insert(copy);
  } catch (...) {
    std::free(copy);
    return nullptr;
  }
  return copy;
}

void library::take_back(char* text) {
  {
    const std::lock_guard lock{mutex_};
    if (texts_.erase(text) == 0) return;
  }
  std::free(text);
}

}  // namespace tthsd
