// What never ends, and what ends too slowly: nothing holds haul for ever, nor takes its memory.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

using std::chrono::milliseconds;

// Bytes in parts of 64 KiB, up to many megabytes: for what must be refused long before.
reply_plan flood(std::string start, const std::string& unit, std::string end = {}) {
  std::string block;
  while (block.size() < 65'536) block += unit;
  std::vector<raw_part> parts;
  const auto put = [&parts](std::string bytes) {
    raw_part p;
    p.bytes = std::move(bytes);
    parts.push_back(std::move(p));
  };
  put(std::move(start));
  for (int i = 0; i < 64; ++i) put(block);
  put(std::move(end));
  return reply_plan().with_raw(std::move(parts));
}

arguments stalling(const char* seconds = "0.6") {
  return {"--retries", "1", "--stall-timeout", seconds};
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

group bound_cases() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string bad_chunks = "a chunk of the reply is not valid";
  std::vector<hostile_case> all{
      {"head-endless-line", "a status line that does not end",
       fails("the reply head is too large", file_of(small), always(flood("HTTP/1.1 200 ", "OK ")))},
      {"head-endless-field", "a field that does not end",
       fails("the reply head is too large", file_of(small), always(flood(ok + "X: ", "a")))},
      {"head-endless-fields", "fields without end",
       fails("too many fields", file_of(small), always(flood(ok, "X: a\r\n")))},
      {"interim-endless", "interim replies without end",
       fails("not valid HTTP/1.1", file_of(small),
             always(flood("", "HTTP/1.1 100 Continue\r\n\r\n")))},
      {"chunk-endless-extension", "a chunk extension that does not end",
       fails(bad_chunks, file_of(small), always(flood(chunked_head + "5;", "a=b;")))},
      {"chunk-endless-size", "zeros of a chunk size without end",
       fails(bad_chunks, file_of(small), always(flood(chunked_head, "0")))},
      {"chunk-endless-trailers", "trailers without end",
       fails(bad_chunks, file_of(small),
             always(flood(chunked_head + "5\r\nhello\r\n0\r\n", "X: a\r\n")))},
      {"chunk-endless-trailer", "a trailer that does not end",
       fails(bad_chunks, file_of(small),
             always(flood(chunked_head + "5\r\nhello\r\n0\r\nX: ", "a")))},
      {"silent-head", "takes the request and says nothing",
       fails("no reply in time", file_of(small), always(reply_plan().stall_head()), stalling())},
      {"silent-in-head", "stops in the head",
       fails("no reply in time", file_of(small), always(reply_plan().stall_head(20)), stalling())},
      {"dripping-head", "a byte of the head each quarter of a second",
       fails("no reply in time", file_of(small),
             always(reply_plan().dribble(std::chrono::microseconds(250'000))), stalling("1"))},
      {"silent-body", "stops in the body",
       fails("no byte came for too long", whole_only(medium),
             always(reply_plan().stall_body(300'000)), stalling())},
      {"silent-body-once", "stops in the body, once",
       exact(file_of(medium), first(reply_plan().stall_body(300'000)), {"--stall-timeout", "1.5"})},
      {"silent-small-body", "stops in the body of a small file",
       fails("no byte came for too long", whole_only(small), always(reply_plan().stall_body(10)),
             stalling())},
      {"silent-before-body", "stops behind the head",
       fails("no byte came for too long", file_of(medium), always(reply_plan().stall_body(0)),
             stalling())},
      {"silent-chunk", "stops in a chunk",
       fails("no byte came for too long", whole_only(medium, framing::chunked),
             always(reply_plan().stall_body(300'000)), stalling())},
      {"silent-at-the-end", "all bytes, and never the last chunk",
       fails("no byte came for too long", whole_only(medium, framing::chunked),
             always(reply_plan().stall_body(medium)), stalling())},
      {"silent-until-close", "all bytes, no length, and never the end",
       fails("no byte came for too long", whole_only(medium, framing::until_close),
             always(reply_plan().stall_body(medium)), stalling())},
      {"byte-a-minute", "a byte a minute; the stall limit is a second",
       fails("no byte came for too long", whole_only(medium), always(reply_plan().stall_body(1)),
             stalling("1"))},
      {"byte-now-and-then", "ten bytes a second, never silent; there is a speed floor",
       fails("below the speed floor", whole_only(medium), always(reply_plan().throttle(10)),
             {"--retries", "1", "--stall-timeout", "1", "--min-speed", "1000"})},
      {"byte-now-and-then-small", "the same with a small file",
       fails("below the speed floor", whole_only(small), always(reply_plan().throttle(10)),
             {"--retries", "1", "--stall-timeout", "1", "--min-speed", "1000"})},
      {"byte-for-each-request", "a byte for each request, then silence; there is a speed floor",
       fails("haul: ", file_of(medium),
             [](const request_info&) { return reply_plan().stall_body(1); },
             {"--retries", "1", "--stall-timeout", "0.5", "--min-speed", "1000"})},
      {"not-accepting", "lets connections wait in its backlog",
       [](stage& s) {
         s.serve().add("/f", file_of(small));
         s.server().stop_accepting();
         s.args = stalling();
         s.fails("no reply in time");
       }},
      {"redirect-slow", "redirects without end, each after a wait",
       [](stage& s) {
         s.serve().behave([](const request_info& r) {
           return reply_plan()
               .redirect(302, "/f" + std::to_string(r.number))
               .delay_head(milliseconds(100));
         });
         s.fails("too many redirects");
       }},
  };
  return {"Bounds", std::move(all)};
}

}  // namespace haul::test::hostile
