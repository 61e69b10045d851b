/* The TTHSD library as a C program uses it: the header, every function, good and bad arguments.
 *
 * It ends with downloads under way. */
#include "tthsd/tthsd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what)                                                      \
  do {                                                                   \
    if (!(what)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
      _exit(1);                                                          \
    }                                                                    \
  } while (0)

static void rest(void) {
  const struct timespec t = {0, 2000000};
  nanosleep(&t, NULL);
}

/* Only what hangs comes near it. */
#define WAIT_FOR(what)                                  \
  do {                                                  \
    for (int i_ = 0; !(what) && i_ < 300 * 500; ++i_) { \
      rest();                                           \
    }                                                   \
    CHECK(what);                                        \
  } while (0)

/* --- a server: HTTP/1.0, one reply for each connection --- */

static int port;
static atomic_int in_a_hurry; /* /slow is not slow any more */

static unsigned char byte_at(long i) { return (unsigned char)((i * 2654435761u) >> 13); }

/* /N gives N bytes, /slow/N gives them slowly, all else is not found. */
static void* serve_one(void* argument) {
  const int peer = (int)(long)argument;
  char request[4096];
  size_t n = 0;
  while (n < sizeof request - 1) {
    const ssize_t got = recv(peer, request + n, sizeof request - 1 - n, 0);
    if (got <= 0) break;
    n += (size_t)got;
    request[n] = 0;
    if (strstr(request, "\r\n\r\n")) break;
  }
  request[n] = 0;
  const char* path = strchr(request, '/');
  const int slow = path && strncmp(path, "/slow/", 6) == 0;
  const long size = path ? strtol(path + (slow ? 6 : 1), NULL, 10) : 0;
  char head[200];
  if (size <= 0) {
    snprintf(head, sizeof head, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  } else {
    snprintf(head, sizeof head, "HTTP/1.0 200 OK\r\nContent-Length: %ld\r\n\r\n", size);
  }
  int good = send(peer, head, strlen(head), MSG_NOSIGNAL) > 0;
  unsigned char block[4096];
  for (long at = 0; good && at < size;) {
    long m = size - at < (long)sizeof block ? size - at : (long)sizeof block;
    for (long i = 0; i < m; ++i) block[i] = byte_at(at + i);
    for (long done = 0; good && done < m;) {
      const ssize_t k = send(peer, block + done, (size_t)(m - done), MSG_NOSIGNAL);
      good = k > 0;
      done += good ? k : 0;
    }
    at += m;
    if (slow && !atomic_load(&in_a_hurry)) rest();
  }
  shutdown(peer, SHUT_WR);
  while (recv(peer, block, sizeof block, 0) > 0) {
  }
  close(peer);
  return NULL;
}

static void* serve(void* argument) {
  const int listener = (int)(long)argument;
  for (;;) {
    const int peer = accept(listener, NULL, NULL);
    if (peer < 0) return NULL;
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_one, (void*)(long)peer) == 0) {
      pthread_detach(thread);
    } else {
      close(peer);
    }
  }
}

static void start_server(void) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(listener >= 0);
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(listen(listener, 64) == 0);
  CHECK(getsockname(listener, (struct sockaddr*)&address, &size) == 0);
  port = ntohs(address.sin_port);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, serve, (void*)(long)listener) == 0);
  pthread_detach(thread);
}

/* --- files and tasks --- */

static char folder[] = "/tmp/haul-tthsd-XXXXXX";

static const char* task(char* to, size_t n, const char* path, const char* name) {
  snprintf(to, n, "[{\"url\":\"http://127.0.0.1:%d%s\",\"save_path\":\"%s/%s\",\"id\":\"%s\"}]",
           port, path, folder, name, name);
  return to;
}

static int exact(const char* name, long size) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* f = fopen(path, "rb");
  if (!f) return 0;
  long at = 0;
  int c;
  int good = 1;
  while ((c = fgetc(f)) != EOF) {
    good = good && c == byte_at(at);
    ++at;
  }
  fclose(f);
  return good && at == size;
}

/* --- callbacks: they have no argument of their own, so each test that needs one resets these ---
 */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int calls, starts, ends, start_ones, end_ones, updates, errors, messages, inside, overlaps;
static char order[4096];

static void reset(void) {
  pthread_mutex_lock(&mutex);
  calls = starts = ends = start_ones = end_ones = updates = errors = messages = overlaps = 0;
  order[0] = 0;
  pthread_mutex_unlock(&mutex);
}

static int value(const int* of) {
  pthread_mutex_lock(&mutex);
  const int v = *of;
  pthread_mutex_unlock(&mutex);
  return v;
}

static int is(const char* event, const char* type) {
  char begin[40];
  snprintf(begin, sizeof begin, "{\"Type\":\"%s\",", type);
  return strncmp(event, begin, strlen(begin)) == 0;
}

static void note(const char* event, const char* msg) {
  pthread_mutex_lock(&mutex);
  if (++inside > 1) ++overlaps;
  ++calls;
  starts += is(event, "start");
  ends += is(event, "end");
  start_ones += is(event, "startOne");
  end_ones += is(event, "endOne");
  updates += is(event, "update");
  errors += is(event, "err");
  messages += is(event, "msg");
  const size_t used = strlen(order);
  const int repeated = is(event, "update") && used > 0 && order[used - 1] == 'u';
  if (!repeated && used + 2 < sizeof order) {
    order[used] = is(event, "start") ? 's' : is(event, "startOne") ? 'S' : event[9];
    if (is(event, "endOne")) order[used] = 'E';
    order[used + 1] = 0;
  }
  pthread_mutex_unlock(&mutex);
  CHECK(msg[0] == '{' && msg[strlen(msg) - 1] == '}');
  pthread_mutex_lock(&mutex);
  --inside;
  pthread_mutex_unlock(&mutex);
}

static void slow_note(const char* event, const char* msg) {
  note(event, msg);
  rest();
}

static void quiet(const char* event, const char* msg) {
  (void)event;
  (void)msg;
}

/* --- tests --- */

static void run_whole(void) {
  char text[500];
  const bool yes = true;
  const bool no = false;
  reset();
  int id = start_download(task(text, sizeof text, "/100000", "whole"), 1, 64, 10, note, false,
                          "agent", NULL, NULL, NULL, "{\"X-One\":\"1\"}");
  CHECK(id > 0);
  WAIT_FOR(value(&ends) == 1);
  CHECK(exact("whole", 100000));
  CHECK(strcmp(order, "sSuEe") == 0);
  CHECK(pause_download(id) == 0 && resume_download(id) == 0);
  CHECK(stop_download(id) == 0);
  CHECK(stop_download(id) == -1);

  reset();
  id = start_download(task(text, sizeof text, "/none", "none"), 1, 0, 0, note, false, NULL, NULL,
                      &no, &yes, NULL);
  CHECK(id > 0);
  WAIT_FOR(value(&ends) == 1);
  CHECK(strcmp(order, "sSueEe") == 0);
  CHECK(value(&errors) == 1);
  CHECK(stopDownload(id) == 0);

  reset();
  id = getDownloader(task(text, sizeof text, "/5000", "first"), 1, 1, 1, note, false, NULL, NULL,
                     NULL);
  CHECK(id > 0);
  CHECK(startMultipleDownloads_ID(id) == 0);
  WAIT_FOR(value(&ends) == 1);
  CHECK(exact("first", 5000));
  CHECK(startDownload_ID(id) == 0);
  WAIT_FOR(value(&ends) == 2);
  CHECK(pauseDownload(id) == 0 && resumeDownload(id) == 0 && stopDownload(id) == 0);
  id = startDownload(task(text, sizeof text, "/6000", "second"), 1, 1, 1, NULL, false, NULL, NULL,
                     NULL, &yes);
  CHECK(id > 0);
  WAIT_FOR(exact("second", 6000));
  CHECK(stop_download(id) == 0);
  CHECK(value(&overlaps) == 0);
}

static void pause_and_resume(void) {
  char text[500];
  reset();
  const int id = get_downloader(task(text, sizeof text, "/slow/9000000", "paused"), 1, 4, 1, note,
                                false, NULL, NULL, NULL, NULL);
  CHECK(id > 0);
  CHECK(start_download_id(id) == 0);
  CHECK(start_multiple_downloads_id(id) == -1);
  WAIT_FOR(value(&updates) >= 2);
  CHECK(pause_download(id) == 0);
  WAIT_FOR(value(&messages) == 1);
  atomic_store(&in_a_hurry, 1);
  CHECK(resume_download(id) == 0);
  WAIT_FOR(value(&ends) == 1);
  atomic_store(&in_a_hurry, 0);
  CHECK(exact("paused", 9000000));
  CHECK(strcmp(order, "sSummuEe") == 0);
  char* stats = get_performance_stats(id);
  CHECK(stats && strstr(stats, "\"total_bytes\":9000000"));
  free_string(stats);
  CHECK(stop_download(id) == 0);
}

static void controls(void) {
  char text[500];
  const int id = get_downloader(task(text, sizeof text, "/700", "controls"), 1, 1, 1, quiet, false,
                                NULL, NULL, NULL, "{\"a\":1}");
  CHECK(id > 0);
  CHECK(set_speed_limit(id, 0) == 0 && set_speed_limit(id, UINT64_MAX) == 0);
  CHECK(set_proxy(id, "http://127.0.0.1:1") == 0 && set_proxy(id, "ftp://x") == -1);
  CHECK(set_proxy(id, "") == 0 && set_proxy(id, NULL) == 0);
  CHECK(set_retry_config(id, UINT32_MAX, UINT64_MAX, UINT64_MAX) == 0);
  char* stats = get_performance_stats(id);
  CHECK(stats && stats[0] == '{');
  free_string(stats);
  free_string(stats); /* a second time, and others' memory: nothing happens */
  char* mine = strdup("mine");
  free_string(mine);
  free_string(text + 1);
  CHECK(strcmp(mine, "mine") == 0);
  free(mine);
  CHECK(start_multiple_downloads_id(id) == 0);
  WAIT_FOR(exact("controls", 700));
  CHECK(stop_download(id) == 0);

  const int unknown[] = {0, -1, 1 << 30, INT32_MIN, id};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; ++i) {
    const int u = unknown[i];
    CHECK(start_download_id(u) == -1 && start_multiple_downloads_id(u) == -1);
    CHECK(pause_download(u) == -1 && resume_download(u) == -1 && stop_download(u) == -1);
    CHECK(set_speed_limit(u, 1) == -1 && set_proxy(u, NULL) == -1);
    CHECK(set_retry_config(u, 1, 1, 1) == -1);
    stats = get_performance_stats(u);
    CHECK(stats && strcmp(stats, "{}") == 0);
    free_string(stats);
  }
}

static void bad_memory(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED);
  char* wall = pages + 2 * page;
  CHECK(mprotect(wall, page, PROT_NONE) == 0);
  memset(pages, ' ', 2 * page);

  char text[500];
  task(text, sizeof text, "/900", "wall");
  const size_t n = strlen(text) + 1;
  /* A text that ends where the readable memory ends, and one that does not end there. */
  memcpy(wall - n, text, n);
  reset();
  const int id = start_download(wall - n, 1, 1, 1, note, false, wall, wall, (const bool*)wall,
                                (const bool*)wall, wall);
  CHECK(id > 0);
  WAIT_FOR(value(&ends) == 1);
  CHECK(exact("wall", 900));
  CHECK(stop_download(id) == 0);
  wall[-1] = ' ';
  CHECK(start_download(wall - n, 1, 1, 1, note, false, NULL, NULL, NULL, NULL, NULL) == -1);

  const uintptr_t garbage[] = {1,
                               7,
                               4096,
                               UINTPTR_MAX,
                               UINTPTR_MAX / 2 + 1,
                               (uintptr_t)wall,
                               (uintptr_t)(wall - 1),
                               (uintptr_t)&exact};
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; ++i) {
    const char* p = (const char*)garbage[i];
    const bool* b = (const bool*)garbage[i];
    CHECK(start_download(p, 1, 1, 1, note, true, p, p, b, b, p) == -1);
    CHECK(get_downloader(p, 1, 1, 1, note, true, p, p, b, p) == -1);
    free_string((char*)garbage[i]);
    const int made = get_downloader(text, 1, 1, 1, note, true, p, p, b, p);
    CHECK(made > 0);
    CHECK(set_proxy(made, (char*)garbage[i]) == -1);
    CHECK(stop_download(made) == 0);
  }
  CHECK(start_download(NULL, 1, 1, 1, note, false, NULL, NULL, NULL, NULL, NULL) == -1);
  CHECK(start_download(text, 0, 1, 1, note, false, NULL, NULL, NULL, NULL, NULL) == -1);
  CHECK(start_download("{}", 1, 1, 1, note, false, NULL, NULL, NULL, NULL, NULL) == -1);
  CHECK(startDownload("[]", 1, 1, 1, note, false, NULL, NULL, NULL, NULL) == -1);
  CHECK(getDownloader("\xff", 1, INT32_MAX, INT32_MAX, NULL, false, NULL, NULL, NULL) == -1);
  CHECK(munmap(pages, 3 * page) == 0);
}

static int stopping_id, stopping_result;
static pthread_mutex_t id_known = PTHREAD_MUTEX_INITIALIZER;

static void stop_inside(const char* event, const char* msg) {
  note(event, msg);
  pthread_mutex_lock(&id_known);
  const int id = stopping_id;
  pthread_mutex_unlock(&id_known);
  if (!is(event, "update")) return;
  pause_download(id);
  resume_download(id);
  free_string(get_performance_stats(id));
  const int result = stop_download(id);
  pthread_mutex_lock(&mutex);
  stopping_result += result == 0 ? 1 : 100;
  pthread_mutex_unlock(&mutex);
}

static void leave_thread(const char* event, const char* msg) {
  note(event, msg);
  if (is(event, "startOne")) pthread_exit(NULL); /* what CPython does when it is finalising */
}

static void stops(void) {
  char text[500];
  for (int i = 0; i < 20; ++i) {
    reset();
    stopping_result = 0;
    task(text, sizeof text, "/slow/500000", "stopped");
    pthread_mutex_lock(&id_known);
    stopping_id = start_download(text, 1, 2, 1, stop_inside, false, NULL, NULL, NULL, NULL, NULL);
    CHECK(stopping_id > 0);
    pthread_mutex_unlock(&id_known);
    WAIT_FOR(value(&stopping_result) != 0);
    CHECK(value(&stopping_result) == 1);
    CHECK(value(&ends) == 0 && value(&updates) == 1);
  }
  for (int i = 0; i < 50; ++i) {
    reset();
    task(text, sizeof text, i % 2 ? "/20000" : "/slow/500000", "stopped");
    const int id = start_download(text, 1, 2, 1, slow_note, false, NULL, NULL, NULL, NULL, NULL);
    CHECK(id > 0);
    if (i % 3) WAIT_FOR(value(&calls) >= i % 5);
    CHECK(stop_download(id) == 0);
    const int seen = value(&calls);
    CHECK(value(&inside) == 0);
    CHECK(value(&ends) == 1);
    CHECK(value(&start_ones) == value(&end_ones));
    const int fence = start_download(task(text, sizeof text, "/10", "fence"), 1, 1, 1, NULL, false,
                                     NULL, NULL, NULL, NULL, NULL);
    WAIT_FOR(exact("fence", 10));
    CHECK(stop_download(fence) == 0);
    CHECK(value(&calls) == seen);
  }
  reset();
  task(text, sizeof text, "/slow/50000", "left");
  const int id = start_download(text, 1, 2, 1, leave_thread, false, NULL, NULL, NULL, NULL, NULL);
  CHECK(id > 0);
  WAIT_FOR(exact("left", 50000));
  CHECK(stop_download(id) == 0);
  CHECK(value(&start_ones) == 1 && value(&ends) == 0);
}

static void* hammer(void* argument) {
  const int id = *(const int*)argument;
  for (unsigned i = 0; i < 200; ++i) {
    switch ((i + (unsigned)(uintptr_t)&i / 64) % 5) {
      case 0:
        pause_download(id);
        break;
      case 1:
        set_speed_limit(id, 20000000);
        break;
      case 2:
        free_string(get_performance_stats(id));
        break;
      case 3:
        set_retry_config(id, 3, 1, 2);
        break;
      default:
        resume_download(id);
    }
  }
  resume_download(id);
  return NULL;
}

static void many_threads(void) {
  char text[500];
  for (int stopping = 0; stopping < 2; ++stopping) {
    reset();
    task(text, sizeof text, "/slow/300000", "hammered");
    int id = start_download(text, 1, 4, 1, note, false, NULL, NULL, NULL, NULL, NULL);
    CHECK(id > 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, hammer, &id) == 0);
    if (stopping) CHECK(stop_download(id) == 0);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    if (stopping) continue;
    resume_download(id);
    WAIT_FOR(value(&ends) == 1);
    CHECK(exact("hammered", 300000));
    CHECK(stop_download(id) == 0);
  }
}

static void fork_while_running(void) {
  char text[500];
  reset();
  task(text, sizeof text, "/slow/500000", "parent");
  const int id = start_download(text, 1, 2, 1, note, false, NULL, NULL, NULL, NULL, NULL);
  CHECK(id > 0);
  WAIT_FOR(value(&updates) >= 1);
  char* stats = get_performance_stats(id);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    /* Nothing of the parent's is known here, and nothing of it is waited for. */
    CHECK(pause_download(id) == -1 && stop_download(id) == -1);
    free_string(stats);
    const int mine = get_downloader(text, 1, 1, 1, note, false, NULL, NULL, NULL, NULL);
    CHECK(mine > id);
    CHECK(stop_download(mine) == 0);
    _exit(7);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  free_string(stats);
  WAIT_FOR(value(&ends) == 1);
  CHECK(exact("parent", 500000));
  CHECK(stop_download(id) == 0);
}

static int run_all(void) {
  /* A host that hangs is ended, not waited for. */
  alarm(500);
  start_server();
  run_whole();
  pause_and_resume();
  controls();
  bad_memory();
  stops();
  many_threads();
  fork_while_running();
  /* The end of the process, with all kinds of things under way. */
  char text[500];
  for (int i = 0; i < 8; ++i) {
    char name[20];
    snprintf(name, sizeof name, "under-way-%d", i);
    const int id = start_download(task(text, sizeof text, "/slow/90000000", name), 1, 4, 1,
                                  i % 2 ? quiet : slow_note, false, NULL, NULL, NULL, NULL, NULL);
    CHECK(id > 0);
    if (i % 4 == 3) CHECK(pause_download(id) == 0);
  }
  rest();
  puts("all as it should be");
  return 0;
}

/* The tests are a process of their own, so that somebody sees how it ends, and tidies up. */
int main(void) {
  CHECK(mkdtemp(folder) != NULL);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) return run_all();
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  char command[200];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK(system(command) == 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return 0;
}
