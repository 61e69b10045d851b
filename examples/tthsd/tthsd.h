/* The TTHSD download library, as haul provides it. See docs/tthsd.md.
 *
 * Every function may be called from any thread, also from inside a callback. Texts are UTF-8 and are
 * copied before a function returns. */
#ifndef HAUL_TTHSD_H
#define HAUL_TTHSD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both texts are JSON and are valid only during the call. The calls for one downloader come one at
 * a time, in order, from a thread of the library. */
typedef void (*progress_callback_t)(const char* event_json, const char* msg_json);

/* Makes a downloader and starts it: an id above 0, or -1 when the tasks cannot be used.
 *
 * tasks                a JSON array of {"url","save_path","show_name","id","headers"} or of
 *                      {"URL","SavePath","ShowName","ID"}
 * task_count           above 0
 * thread_count         connections for one file; 0 or less: automatic
 * chunk_size_mb        0 or less: automatic
 * callback             NULL: none
 * user_agent           NULL or "": the library's own
 * remote_callback_url  used when use_callback_url is true and use_socket is not NULL
 * use_socket           true: lines of JSON over TCP; false: WebSocket text frames
 * is_multiple          true: parallel; false or NULL: one file after another
 * headers_json         NULL, or a JSON object of texts, for every request. May be left out by the
 *                      caller: an address that cannot be read, or anything else there, is ignored */
int start_download(const char* tasks, int task_count, int thread_count, int chunk_size_mb,
                   progress_callback_t callback, bool use_callback_url, const char* user_agent,
                   const char* remote_callback_url, const bool* use_socket,
                   const bool* is_multiple, const char* headers_json);
/* The same without starting it. */
int get_downloader(const char* tasks, int task_count, int thread_count, int chunk_size_mb,
                   progress_callback_t callback, bool use_callback_url, const char* user_agent,
                   const char* remote_callback_url, const bool* use_socket,
                   const char* headers_json);

/* 0, or -1 for an unknown id; the first two also when the downloader is running already. */
int start_download_id(int id);
int start_multiple_downloads_id(int id);
int pause_download(int id);
int resume_download(int id);
/* Frees the id. No callback comes once it has returned. What was fetched is kept beside the target
 * for a later download of the same file. */
int stop_download(int id);
int set_speed_limit(int id, uint64_t bytes_per_second);
int set_proxy(int id, const char* url);
int set_retry_config(int id, uint32_t max_retries, uint64_t retry_delay_ms,
                     uint64_t max_retry_delay_ms);
/* JSON, to be given to free_string; "{}" for an unknown id. NULL only for want of memory. */
char* get_performance_stats(int id);
/* Ignores what the library has not handed out. */
void free_string(char* text);

/* The names of the first generation. */
int startDownload(const char* tasks, int task_count, int thread_count, int chunk_size_mb,
                  progress_callback_t callback, bool use_callback_url, const char* user_agent,
                  const char* remote_callback_url, const bool* use_socket,
                  const bool* is_multiple);
int getDownloader(const char* tasks, int task_count, int thread_count, int chunk_size_mb,
                  progress_callback_t callback, bool use_callback_url, const char* user_agent,
                  const char* remote_callback_url, const bool* use_socket);
int startDownload_ID(int id);
int startMultipleDownloads_ID(int id);
int pauseDownload(int id);
int resumeDownload(int id);
int stopDownload(int id);

#ifdef __cplusplus
}
#endif

#endif
