// The C functions: nothing that is thrown leaves them.

#include "tthsd/arguments.hpp"
#include "tthsd/downloader.hpp"
#include "tthsd/foreign_memory.hpp"
#include "tthsd/library.hpp"
#include "tthsd/tthsd.h"
#include <haul/system/proxy.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace tthsd {
namespace {

constexpr int fine = 0;
constexpr int bad = -1;
constexpr std::size_t longest_url = 64 * 1024;
constexpr std::uint64_t longest_delay = 24ull * 3600 * 1000;  // ms

template <class F>
int guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    return bad;
  }
}

int make(const raw_arguments& raw) {
  auto o = read_arguments(raw);
  if (!o) return bad;
  return library::get().add(std::make_shared<downloader>(std::move(*o)));
}

int make_and_start(const raw_arguments& raw, const bool* is_multiple) {
  auto o = read_arguments(raw);
  if (!o) return bad;
  const auto d = std::make_shared<downloader>(std::move(*o));
  const int id = library::get().add(d);
  try {
    if (d->start(read_flag(is_multiple).value_or(false))) return id;
  } catch (...) {
  }
  library::get().take(id);
  return bad;
}

template <class F>
int with(int id, F&& f) noexcept {
  return guarded([&] {
    const auto d = library::get().find(id);
    return d && f(*d) ? fine : bad;
  });
}

int start(int id, bool parallel) {
  return with(id, [&](downloader& d) { return d.start(parallel); });
}

}  // namespace
}  // namespace tthsd

#define TTHSD_EXPORT __attribute__((visibility("default")))

extern "C" {

TTHSD_EXPORT int start_download(const char* tasks, int task_count, int thread_count,
                                int chunk_size_mb, progress_callback_t callback,
                                bool use_callback_url, const char* user_agent,
                                const char* remote_callback_url, const bool* use_socket,
                                const bool* is_multiple, const char* headers_json) {
  return tthsd::guarded([&] {
    return tthsd::make_and_start(
        {tasks, task_count, thread_count, chunk_size_mb, callback, use_callback_url, user_agent,
         remote_callback_url, use_socket, headers_json},
        is_multiple);
  });
}

TTHSD_EXPORT int get_downloader(const char* tasks, int task_count, int thread_count,
                                int chunk_size_mb, progress_callback_t callback,
                                bool use_callback_url, const char* user_agent,
                                const char* remote_callback_url, const bool* use_socket,
                                const char* headers_json) {
  return tthsd::guarded([&] {
    return tthsd::make({tasks, task_count, thread_count, chunk_size_mb, callback, use_callback_url,
                        user_agent, remote_callback_url, use_socket, headers_json});
  });
}

TTHSD_EXPORT int start_download_id(int id) { return tthsd::start(id, false); }

TTHSD_EXPORT int start_multiple_downloads_id(int id) { return tthsd::start(id, true); }

TTHSD_EXPORT int pause_download(int id) {
  return tthsd::with(id, [](tthsd::downloader& d) {
    d.pause();
    return true;
  });
}

TTHSD_EXPORT int resume_download(int id) {
  return tthsd::with(id, [](tthsd::downloader& d) {
    d.resume();
    return true;
  });
}

TTHSD_EXPORT int stop_download(int id) {
  return tthsd::guarded([&] {
    const auto d = tthsd::library::get().take(id);
    if (!d) return tthsd::bad;
    d->stop();
    return tthsd::fine;
  });
}

TTHSD_EXPORT int set_speed_limit(int id, uint64_t bytes_per_second) {
  return tthsd::with(id, [&](tthsd::downloader& d) {
    d.set_speed_limit(bytes_per_second);
    return true;
  });
}

TTHSD_EXPORT int set_proxy(int id, const char* url) {
  return tthsd::with(id, [&](tthsd::downloader& d) {
    std::string text;
    if (url) {
      auto given = tthsd::read_text(url, tthsd::longest_url);
      if (!given) return false;
      text = std::move(*given);
    }
    if (!text.empty() && haul::system::parse_proxy(text).error) return false;
    d.set_proxy(std::move(text));
    return true;
  });
}

TTHSD_EXPORT int set_retry_config(int id, uint32_t max_retries, uint64_t retry_delay_ms,
                                  uint64_t max_retry_delay_ms) {
  return tthsd::with(id, [&](tthsd::downloader& d) {
    const auto wait = [](std::uint64_t ms) {
      return std::chrono::milliseconds{
          static_cast<std::int64_t>(std::min(ms, tthsd::longest_delay))};
    };
    d.set_retries(max_retries, wait(retry_delay_ms), wait(max_retry_delay_ms));
    return true;
  });
}

TTHSD_EXPORT char* get_performance_stats(int id) {
  try {
    auto& all = tthsd::library::get();
    const auto d = all.find(id);
    return all.hand_out(d ? d->stats() : "{}");
  } catch (...) {
    return nullptr;
  }
}

TTHSD_EXPORT void free_string(char* text) {
  tthsd::guarded([&] {
    if (text) tthsd::library::get().take_back(text);
    return tthsd::fine;
  });
}

TTHSD_EXPORT int startDownload(const char* tasks, int task_count, int thread_count,
                               int chunk_size_mb, progress_callback_t callback,
                               bool use_callback_url, const char* user_agent,
                               const char* remote_callback_url, const bool* use_socket,
                               const bool* is_multiple) {
  return start_download(tasks, task_count, thread_count, chunk_size_mb, callback, use_callback_url,
                        user_agent, remote_callback_url, use_socket, is_multiple, nullptr);
}

TTHSD_EXPORT int getDownloader(const char* tasks, int task_count, int thread_count,
                               int chunk_size_mb, progress_callback_t callback,
                               bool use_callback_url, const char* user_agent,
                               const char* remote_callback_url, const bool* use_socket) {
  return get_downloader(tasks, task_count, thread_count, chunk_size_mb, callback, use_callback_url,
                        user_agent, remote_callback_url, use_socket, nullptr);
}

TTHSD_EXPORT int startDownload_ID(int id) { return start_download_id(id); }
TTHSD_EXPORT int startMultipleDownloads_ID(int id) { return start_multiple_downloads_id(id); }
TTHSD_EXPORT int pauseDownload(int id) { return pause_download(id); }
TTHSD_EXPORT int resumeDownload(int id) { return resume_download(id); }
TTHSD_EXPORT int stopDownload(int id) { return stop_download(id); }

}  // extern "C"
