// Statuses that are no file.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

hostile_case final_status(int code, std::string words) {
  return {"status-" + std::to_string(code), "answers " + std::to_string(code) + ", always",
          [=](stage& s) {
            s.serve().add("/f", file_of(medium));
            s.server().behave("/f", always(reply_plan().with_status(code)));
            s.args = {"--retries", "1"};
            // To whom every 2xx is a success, what came with it is the file.
            if (code == 204) s.truth(0);
            if (code < 300 && code != 204) s.truth_body(std::to_string(code) + " Status\n");
            s.fails(words);
          }};
}

hostile_case passing_status(int code) {
  return {"status-" + std::to_string(code) + "-once",
          "answers " + std::to_string(code) + " once, then the file",
          exact(file_of(medium), first(reply_plan().with_status(code)))};
}

}  // namespace

group status_cases() {
  std::vector<hostile_case> all{
      final_status(202, "unexpected status"),
      final_status(203, "unexpected status"),
      final_status(204, "unexpected status"),
      final_status(205, "unexpected status"),
      final_status(299, "unexpected status"),
      final_status(300, "unexpected status"),
      final_status(304, "unexpected status"),
      final_status(306, "unexpected status"),
      final_status(400, "refused the request (HTTP 400)"),
      final_status(401, "asks for other credentials (401)"),
      final_status(403, "forbids it (403)"),
      final_status(404, "no such file (404)"),
      final_status(407, "asks for other credentials"),
      final_status(410, "gone from the server (410)"),
      final_status(451, "refused the request (HTTP 451)"),
      final_status(501, "refused the request (HTTP 501)"),
      final_status(500, "the server failed (HTTP 500)"),
      final_status(503, "the server failed (HTTP 503)"),
      final_status(599, "refused the request (HTTP 599)"),
      final_status(999, "the server failed (HTTP 999)"),
      passing_status(408),
      passing_status(429),
      passing_status(500),
      passing_status(502),
      passing_status(503),
      passing_status(504),
      {"retry-after-seconds", "503 with Retry-After: 1, twice",
       exact(file_of(medium), first(reply_plan().with_status(503).with_retry_after("1"), 2))},
      {"retry-after-429", "429 with Retry-After: 1, twice",
       exact(file_of(medium), first(reply_plan().with_status(429).with_retry_after("1"), 2))},
      {"retry-after-nonsense", "503 with a Retry-After that is nothing, once",
       exact(file_of(medium), first(reply_plan().with_status(503).with_retry_after("-1e9 soon")))},
      {"retry-after-past", "503 with a Retry-After in 1994, once",
       exact(file_of(medium), first(reply_plan().with_status(503).with_retry_after(
                                  "Sun, 06 Nov 1994 08:49:37 GMT")))},
      {"error-page-as-file", "cuts the file, and gives an error page with 200 for the rest",
       [](stage& s) {
         s.serve().add("/f", file_of(medium));
         s.server().behave("/f", [](const request_info& r) {
           reply_plan p;
           if (!r.range || r.range->first.value_or(0) == 0) return p.cut_body(300'000);
           return p.with_status(200).with_body("<html>" + std::string(194, 'x'), "text/html");
         });
         s.args = {"--retries", "1"};
         s.truth(medium);
         s.fails("the file on the server has changed");
       }},
      {"busy-in-the-middle", "503 for each request but the first",
       [](stage& s) {
         resource slow = file_of(large);
         slow.rate = 2'000'000;
         s.serve().add("/f", slow);
         s.server().behave("/f", in_the_middle(reply_plan().with_status(503)));
         s.exact(large);
       }},
      {"forbidden-in-the-middle", "403 for each request but the first",
       [](stage& s) {
         resource slow = file_of(large);
         slow.rate = 2'000'000;
         s.serve().add("/f", slow);
         s.server().behave("/f", in_the_middle(reply_plan().with_status(403)));
         s.exact(large);
       }},
  };
  return {"Statuses", std::move(all)};
}

}  // namespace haul::test::hostile
