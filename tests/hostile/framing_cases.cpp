// How a body says where it ends, and how it ends.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

const std::string no_length = "Content-Length is not valid";
const std::string ambiguous = "framing is ambiguous or not understood";
const std::string bad_chunks = "a chunk of the reply is not valid";
const std::string ended = "the connection ended before the reply did";

hostile_case bad_length(std::string name, std::string value) {
  return {std::move(name), "Content-Length: " + value,
          fails(no_length, whole_only(medium), always(reply_plan().with_content_length(value)))};
}

hostile_case bad_coding(std::string name, std::string value, std::string words) {
  return {std::move(name), "Transfer-Encoding: " + value,
          fails(std::move(words), whole_only(medium),
                always(reply_plan()
                           .with_framing(framing::chunked)
                           .replace_field("Transfer-Encoding", value)))};
}

hostile_case bad_chunking(std::string name, std::string does, bad_chunk b,
                          std::string words = bad_chunks) {
  return {
      std::move(name), std::move(does),
      fails(std::move(words), whole_only(medium, framing::chunked),
            always(reply_plan().with_bad_chunk(b, b == bad_chunk::no_last_chunk ? 0 : 100'000)))};
}

resource with_extension(std::string text) {
  resource r = whole_only(medium, framing::chunked);
  r.chunk_extension = std::move(text);
  return r;
}

resource with_trailers(std::vector<header_field> trailers) {
  resource r = whole_only(medium, framing::chunked);
  r.trailers = std::move(trailers);
  return r;
}

void compressed_archive(stage& s) {
  resource r = file_of(medium);
  r.fields.push_back({"Content-Encoding", "gzip"});
  s.serve().add("/f.tar.gz", r);
  s.url = s.server().url("/f.tar.gz");
  s.exact(medium);
}

}  // namespace

group framing_cases() {
  std::vector<hostile_case> all{
      bad_length("length-negative", "-700000"),
      bad_length("length-plus", "+700000"),
      bad_length("length-hex", "0xAAE60"),
      bad_length("length-overflow", "18446744073709551616"),
      bad_length("length-word", "all"),
      bad_length("length-empty", ""),
      bad_length("length-fraction", "700000.0"),
      bad_length("length-list-differs", "700000, 700001"),
      {"length-list-agrees", "Content-Length: 700000, 700000",
       exact(whole_only(medium), always(reply_plan().with_content_length("700000, 700000")))},
      {"length-twice-differs", "two Content-Length fields that differ",
       fails(no_length, whole_only(medium),
             always(reply_plan().with_field("Content-Length", "350000")))},
      {"length-twice-agrees", "the same Content-Length twice",
       exact(whole_only(medium), always(reply_plan().with_field("Content-Length", "700000")))},
      {"length-too-long", "says 1,000 bytes more than come, always",
       fails(ended, whole_only(medium), always(reply_plan().lie_length(medium + 1000)))},
      {"length-too-long-once", "says 1,000 bytes more than come, once",
       exact(whole_only(medium), first(reply_plan().lie_length(medium + 1000)))},
      {"length-too-long-small", "the same with a small file",
       fails(ended, whole_only(small), always(reply_plan().lie_length(small + 1000)))},
      {"length-too-short-of-part", "a part whose Content-Length is less than its range",
       fails("for another range", file_of(medium),
             to_ranges(reply_plan().lie_length(medium - 1000)))},
      {"length-and-chunked", "Content-Length beside Transfer-Encoding",
       fails(ambiguous, whole_only(medium, framing::chunked),
             always(reply_plan().lie_length(medium)))},
      bad_coding("coding-unknown", "xchunked", ambiguous),
      bad_coding("coding-identity", "identity", ambiguous),
      bad_coding("coding-twice", "chunked, chunked", ambiguous),
      bad_coding("coding-not-last", "chunked, gzip", ambiguous),
      bad_coding("coding-gzip", "gzip, chunked", "encoding that was not asked for"),
      {"coding-http10", "chunks in an HTTP/1.0 reply",
       fails(ambiguous, whole_only(medium, framing::chunked), always(reply_plan().with_http10()))},
      {"content-gzip", "Content-Encoding: gzip, though identity was asked for",
       fails("encoding that was not asked for", file_of(medium),
             always(reply_plan().with_field("Content-Encoding", "gzip")))},
      {"content-gzip-archive", "Content-Encoding: gzip for an archive that is gzip itself",
       compressed_archive},
      {"chunked", "honest chunks", exact(whole_only(medium, framing::chunked), {})},
      {"chunk-extensions", "an extension on each chunk",
       exact(with_extension(";name=\"a value\";other"), {})},
      {"chunk-trailers", "trailers that speak of another length and coding",
       exact(with_trailers({{"Content-Length", "5"},
                            {"Transfer-Encoding", "gzip"},
                            {"Content-Range", "bytes 0-4/5"},
                            {"X-Digest", "0"}}),
             {})},
      bad_chunking("chunk-size-word", "a chunk size that is no number", bad_chunk::size_not_hex),
      bad_chunking("chunk-size-overflow", "a chunk size of 65 bits", bad_chunk::size_overflow),
      bad_chunking("chunk-size-negative", "a negative chunk size", bad_chunk::size_negative),
      bad_chunking("chunk-size-empty", "no chunk size", bad_chunk::size_empty),
      bad_chunking("chunk-without-crlf", "a chunk without its line end",
                   bad_chunk::no_crlf_after_data),
      bad_chunking("chunk-bare-lf", "chunk lines that end in LF alone", bad_chunk::bare_lf),
      bad_chunking("chunk-too-long", "more data in a chunk than its size",
                   bad_chunk::data_too_long),
      bad_chunking("chunk-no-last", "no last chunk", bad_chunk::no_last_chunk, ended),
      {"chunked-cut", "chunks that end in the middle, always",
       fails(ended, whole_only(medium, framing::chunked), always(reply_plan().cut_body(300'000)))},
      {"chunked-cut-once", "chunks that end in the middle, once",
       exact(whole_only(medium, framing::chunked), first(reply_plan().cut_body(300'000)))},
      {"chunked-cut-at-border", "the connection ends between two chunks, always",
       fails(ended, whole_only(medium, framing::chunked),
             always(reply_plan().cut_body(std::uint64_t{16} * 16 * 1024)))},
      {"until-close", "neither length nor chunks: the end is the end",
       exact(whole_only(medium, framing::until_close), {})},
      {"until-close-small", "the same with a small file",
       exact(whole_only(small, framing::until_close), {})},
      {"until-close-reset", "neither length nor chunks, and a reset in the middle",
       fails("Connection reset", whole_only(medium, framing::until_close),
             always(reply_plan().cut_body(300'000, ending::reset)))},
      {"body-cut-once", "the connection ends in the middle, once",
       exact(file_of(medium), first(reply_plan().cut_body(300'000)))},
      {"body-cut-thrice", "the connection ends in the middle, three times",
       exact(file_of(medium), first(reply_plan().cut_body(100'000), 3))},
      {"body-reset-once", "a reset in the middle, once",
       exact(file_of(medium), first(reply_plan().cut_body(300'000, ending::reset)))},
      {"body-none", "the head, and then the connection ends",
       fails(ended, file_of(medium), always(reply_plan().cut_body(0)))},
      {"body-too-long", "1,000 bytes more than the length says, on a kept connection",
       [](stage& s) {
         s.serve().add("/f", whole_only(small));
         const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
         s.server().behave("/f", [=](const request_info&) {
           return reply_plan().with_raw(head + "some byte" + std::string(1000, 'x'));
         });
         s.exact_body("some byte");
       }},
      {"second-reply-unasked", "another reply at once behind the body, on a kept connection",
       [](stage& s) {
         s.serve().add("/f", file_of(large));
         const std::string lie =
             "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1000-1008/3000000\r\n"
             "Content-Length: 9\r\nETag: \"v1\"\r\n\r\nbad bytes";
         s.server().behave("/f", [=](const request_info& r) {
           reply_plan p;
           if (r.path_number > 1 || !r.range) return p;
           const std::string part =
               "HTTP/1.1 206 Partial Content\r\n"
               "Content-Range: bytes 0-999/3000000\r\n"
               "Content-Length: 1000\r\nETag: \"v1\"\r\n\r\n";
           std::string honest(1000, '\0');
           content_of_file(0, honest);
           return p.with_raw(part + honest + lie).then_stay_open();
         });
         s.exact(large);
       }},
      {"body-byte-by-byte", "every byte in a packet of its own",
       exact(file_of(3'000), always(reply_plan().dribble()))},
      {"closes-though-kept", "promises to keep the connection and closes it after each part",
       exact(file_of(medium),
             always(reply_plan().shorten(100'000).then_close_silently(ending::reset)))},
      {"stays-though-closed", "says Connection: close and keeps the connection open",
       exact(file_of(medium), always(reply_plan().shorten(200'000).then_stay_open()))},
  };
  return {"Framing", std::move(all)};
}

}  // namespace haul::test::hostile
