// The head of a reply.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

const std::string not_http = "the reply is not valid HTTP/1.1";

// A reply whose head is these lines; a body of 9 bytes.
hostile_case raw(std::string name, std::string does, std::string words, std::string head) {
  return {std::move(name), std::move(does), [=](stage& s) {
            s.serve().behave("/f", always(reply_plan().with_raw(head + "some byte")));
            s.args = {"--retries", "1"};
            s.truth_body("some byte");
            s.fails(words);
          }};
}

hostile_case raw_good(std::string name, std::string does, std::string head) {
  return {std::move(name), std::move(does), [head = std::move(head)](stage& s) {
            s.serve().behave("/f", always(reply_plan().with_raw(head + "some byte")));
            s.exact_body("some byte");
          }};
}

}  // namespace

group head_cases() {
  const std::string fields = "Content-Length: 9\r\n\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::vector<hostile_case> all{
      raw("banner-of-mail", "talks as a mail server", not_http, "220 mail.example ESMTP\r\n"),
      raw("http-0.9", "sends the body without a head", not_http, ""),
      raw("icy", "says ICY 200 OK", not_http, "ICY 200 OK\r\n" + fields),
      raw("http-2", "says HTTP/2 200", not_http, "HTTP/2 200\r\n" + fields),
      raw("http-2.0", "says HTTP/2.0 200 OK", "the reply is not HTTP/1.x",
          "HTTP/2.0 200 OK\r\n" + fields),
      raw("status-two-digits", "a status of two digits", not_http, "HTTP/1.1 20 OK\r\n" + fields),
      raw("status-four-digits", "a status of four digits", not_http,
          "HTTP/1.1 2000 OK\r\n" + fields),
      raw("status-word", "a word for a status", not_http, "HTTP/1.1 abc OK\r\n" + fields),
      raw("head-bare-lf", "lines that end in LF alone", not_http,
          "HTTP/1.1 200 OK\nContent-Length: 9\n\n"),
      raw("head-leading-line", "an empty line before the status", not_http, "\r\n" + ok + fields),
      raw("field-folded", "a field that goes on in the next line", not_http,
          ok + "X-Long: a\r\n b\r\n" + fields),
      raw("field-space-before-colon", "a space before the colon of Content-Length", not_http,
          ok + "Content-Length : 9\r\n\r\n"),
      raw("field-without-colon", "a line without a colon", not_http, ok + "what\r\n" + fields),
      raw("field-empty-name", "a field without a name", not_http, ok + ": x\r\n" + fields),
      raw("field-null", "a null byte in a field", not_http,
          ok + "X: a" + std::string(1, '\0') + "b\r\n" + fields),
      raw("field-bare-cr", "a CR in a field", not_http,
          ok + "X: a\rContent-Length: 3\r\n" + fields),
      raw_good("status-without-reason", "no reason after the status", "HTTP/1.1 200\r\n" + fields),
      raw_good("field-latin1", "a field of bytes above 127",
               ok + "X: \xff\xfe\xe4\r\nContent-Length:9\r\n\r\n"),
      raw_good("field-case", "names of fields in odd cases", ok + "cOnTeNt-LeNgTh:\t9 \r\n\r\n"),
      {"interim-replies", "three interim replies first",
       exact(file_of(medium), always(reply_plan().with_interim(
                                  "HTTP/1.1 100 Continue\r\n\r\n"
                                  "HTTP/1.1 102 Processing\r\n\r\n"
                                  "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n")))},
      raw("switching-protocols", "101 Switching Protocols", "unexpected status",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
      {"head-cut-once", "a head that ends in the middle, once",
       exact(file_of(medium), first(reply_plan().cut_head(30)))},
      {"head-cut", "a head that ends in the middle, always",
       fails("the connection ended before the reply did", file_of(medium),
             always(reply_plan().cut_head(30)))},
      {"head-reset", "a reset in the head, always",
       fails("Connection reset", file_of(medium),
             always(reply_plan().cut_head(30, ending::reset)))},
      {"no-reply", "takes the request and closes",
       fails("the connection ended before the reply did", file_of(medium),
             always(reply_plan().cut_head(0)))},
      {"nonsense-once", "nonsense for a reply, once",
       exact(file_of(medium), first(reply_plan().with_raw("\x16\x03\x01 what is this?\r\n\r\n")))},
      {"head-byte-by-byte", "a head and a body in packets of one byte",
       exact(file_of(500), always(reply_plan().dribble(std::chrono::microseconds(100))))},
      {"reset-on-connect", "a reset for each connection",
       [](stage& s) {
         s.serve().behave_on_connect([](const connection_info&) {
           connection_plan p;
           p.what = connection_plan::act::end;
           p.how = ending::reset;
           return p;
         });
         s.args = {"--retries", "1"};
         s.fails(": Connection reset");
       }},
      {"reset-on-connect-twice", "a reset for the first two connections",
       [](stage& s) {
         s.serve().add("/f", file_of(medium));
         s.server().behave_on_connect([](const connection_info& c) {
           connection_plan p;
           if (c.number > 2) return p;
           p.what = connection_plan::act::end;
           p.how = ending::reset;
           return p;
         });
         s.exact(medium);
       }},
      {"talks-first", "sends a reply before the request",
       [](stage& s) {
         s.serve().behave_on_connect([](const connection_info&) {
           connection_plan p;
           p.what = connection_plan::act::end;
           p.say = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
           return p;
         });
         s.args = {"--retries", "1"};
         s.fails("haul: ");
       }},
  };
  return {"Heads", std::move(all)};
}

}  // namespace haul::test::hostile
