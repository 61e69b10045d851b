// Replies to ranges that are not what was asked for.

#include "hostile/stage.hpp"

#include <algorithm>

namespace haul::test::hostile {
namespace {

// So slow that several connections are worth while.
resource slow_file() {
  resource r = file_of(large);
  r.rate = 2'000'000;
  return r;
}

// A file that is had by its first stream alone, whatever others are told.
hostile_case middle(std::string name, std::string does, reply_plan p) {
  return {std::move(name), std::move(does), exact(slow_file(), in_the_middle(std::move(p)))};
}

hostile_case refused(std::string name, std::string does, reply_plan p) {
  return {std::move(name), std::move(does),
          fails("for another range", file_of(medium), to_ranges(std::move(p)))};
}

// The first reply is cut, so that a second is needed in the middle of the file.
stage::behaviour cut_then(reply_plan p, std::uint64_t n = 1'000'000) {
  return [p = std::move(p), n](const request_info& r) {
    if (r.path_number == 1) return reply_plan().cut_body(300'000);
    return r.path_number <= n ? p : reply_plan();
  };
}

}  // namespace

group range_cases() {
  resource lying = slow_file();
  lying.supports_ranges = false;
  resource silent = slow_file();
  silent.claims_ranges = false;
  resource weak = slow_file();
  weak.etag = "W/\"v1\"";
  resource bare = slow_file();
  bare.etag = "";
  std::vector<hostile_case> all{
      {"ranges-not-supported", "does no ranges and says so", exact(whole_only(medium), {})},
      {"ranges-claimed", "says it does ranges, and always sends the whole file", exact(lying, {})},
      {"ranges-unclaimed", "does ranges without saying so", exact(silent, {})},
      {"range-ignored-once-cut", "the whole file for a range in the middle, after a cut",
       exact(file_of(medium), cut_then(reply_plan().ignore_range()))},
      middle("range-ignored", "a part at the start, the whole file in the middle",
             reply_plan().ignore_range()),
      middle("range-shifted-up", "names a range 100 bytes further on, and sends the one asked for",
             reply_plan().shift_content_range(100)),
      middle("range-shifted-down", "names a range 100 bytes further back, and sends the one asked",
             reply_plan().shift_content_range(-100)),
      middle("range-unnamed", "206 without Content-Range", reply_plan().without_content_range()),
      middle("range-nonsense", "a Content-Range that is none",
             reply_plan().with_content_range("bytes what/ever")),
      middle("range-of-start", "the Content-Range of the file's start in the middle",
             reply_plan().with_content_range("bytes 0-99/3000000")),
      middle("range-unsatisfied-206", "206 with the Content-Range of a refusal",
             reply_plan().with_content_range("bytes */3000000")),
      middle("range-later", "starts 100 bytes later and says so", reply_plan().start_later(100)),
      {"range-earlier", "starts 5,000 bytes earlier and says so",
       exact(slow_file(),
             [](const request_info& r) {
               const std::uint64_t first = r.range ? r.range->first.value_or(0) : 0;
               return reply_plan().start_earlier(std::min<std::uint64_t>(5000, first));
             })},
      {"range-longer", "ends later than asked for and says so",
       exact(slow_file(), always(reply_plan().extend(50'000)))},
      {"range-shorter", "70,000 bytes at most for each request",
       exact(file_of(medium), always(reply_plan().shorten(70'000)))},
      {"range-one-byte", "one byte for each request",
       exact(file_of(200), always(reply_plan().shorten(1)))},
      {"range-backwards", "a Content-Range that ends before it starts",
       fails("for another range", file_of(medium),
             always(reply_plan().with_content_range("bytes 500-400/700000")))},
      {"range-beyond-total", "a Content-Range that ends beyond the total",
       fails("for another range", file_of(medium),
             always(reply_plan().with_content_range("bytes 0-700000/700000")))},
      refused("range-overflow", "numbers of 70 bits in Content-Range",
              reply_plan().with_content_range("bytes 0-699999/1180591620717411303424")),
      refused("range-other-unit", "a Content-Range in another unit",
              reply_plan().with_content_range("lines 0-699999/700000")),
      refused("range-twice", "two Content-Range fields",
              reply_plan().with_field("Content-Range", "bytes 0-699999/700000")),
      refused("multipart", "206 in several parts, though one range was asked for",
              reply_plan().without_content_range().replace_field(
                  "Content-Type", "multipart/byteranges; boundary=x")),
      {"range-total-unknown", "ranges of a file whose total it does not say",
       exact(file_of(medium), always(reply_plan().shorten(100'000).with_total("*")))},
      {"range-total-other-once", "another total in one reply",
       exact(file_of(medium), cut_then(reply_plan().with_total("700001"), 2))},
      {"range-length-other", "a part whose Content-Length is more than its range",
       fails("for another range", file_of(medium),
             to_ranges(reply_plan().lie_length(medium + 1000)))},
      {"range-more-bytes", "chunks with more bytes than their range, once",
       exact(file_of(medium), first(reply_plan()
                                        .with_framing(framing::chunked)
                                        .with_content_range("bytes 0-9999/700000")))},
      {"range-416-always", "416 for every range, the file without one",
       exact(file_of(medium),
             [](const request_info& r) {
               return r.range ? reply_plan().with_status(416) : reply_plan();
             })},
      {"range-416-in-the-middle", "416 with the right total in the middle, after a cut",
       fails(
           "refused the request", file_of(medium),
           cut_then(reply_plan().with_status(416).with_field("Content-Range", "bytes */700000")))},
      {"range-501", "501 for every range, the file without one",
       exact(file_of(medium),
             [](const request_info& r) {
               return r.range ? reply_plan().with_status(501) : reply_plan();
             })},
      {"range-empty-file", "416 for an empty file",
       [](stage& s) {
         s.serve().add("/f", file_of(0));
         s.exact(0);
       }},
      {"weak-etag", "a weak ETag, and cuts each reply once",
       exact(weak, first(reply_plan().cut_body(1'000'000)))},
      {"no-validator", "neither ETag nor Last-Modified, and a cut",
       exact(bare, first(reply_plan().cut_body(1'000'000)))},
      {"cut-every-part", "cuts each reply after 400,000 bytes",
       exact(file_of(large), always(reply_plan().cut_body(400'000)))},
      {"reset-every-part", "resets each reply after 400,000 bytes",
       exact(file_of(large), always(reply_plan().cut_body(400'000, ending::reset)))},
      {"wrong-bytes-with-checksum", "right heads and 1,000 wrong bytes; the hash is known",
       [](stage& s) {
         s.serve().add("/f", slow_file());
         s.server().behave("/f", always(reply_plan().corrupt(1'500'000, 1000)));
         content right;
         right.size = large;
         s.checksum = right.sha256();
         s.args = {"--retries", "1", "--checksum", "sha256:" + s.checksum};
         s.truth(large);
         s.fails("does not match the expected checksum");
       }},
  };
  return {"Ranges", std::move(all)};
}

}  // namespace haul::test::hostile
