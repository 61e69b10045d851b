// Redirects.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

hostile_case bad_location(std::string name, std::string location,
                          std::string words = "a redirect without a usable location") {
  return {std::move(name), "Location: " + location.substr(0, 60), [=](stage& s) {
            s.serve().behave("/f", always(reply_plan().redirect(302, location)));
            s.args = {"--retries", "1"};
            s.fails(words);
          }};
}

// "/1" to "/n" lead on to each other, and the last to the file.
hostile_case chain(std::string name, std::string does, int n, bool works) {
  return {std::move(name), std::move(does), [=](stage& s) {
            fault_server& server = s.serve();
            server.add("/file", file_of(medium));
            for (int i = 1; i <= n; ++i) {
              const std::string next = i == n ? "/file" : "/" + std::to_string(i + 1);
              server.behave("/" + std::to_string(i), always(reply_plan().redirect(302, next)));
            }
            s.url = server.url("/1");
            s.args = {"--retries", "1"};
            if (works) {
              s.exact(medium);
            } else {
              s.truth(medium);
              s.fails("too many redirects");
            }
          }};
}

hostile_case followed(int code) {
  return {"redirect-" + std::to_string(code), "a redirect with " + std::to_string(code),
          [=](stage& s) {
            s.serve().add("/file", file_of(medium));
            s.server().behave("/f", always(reply_plan().redirect(code, "file")));
            s.exact(medium);
          }};
}

// What a request must not carry.
std::string carried(const fault_server& server, const std::string& field) {
  for (const exchange& e : server.log()) {
    if (e.request.field(field)) return field + " went to another origin";
  }
  return {};
}

}  // namespace

group redirect_cases() {
  const std::string endless = "too many redirects";
  std::vector<hostile_case> all{
      followed(301),
      followed(303),
      followed(308),
      {"redirect-to-itself", "a redirect to itself",
       [=](stage& s) {
         s.serve().behave("/f", always(reply_plan().redirect(302, "/f")));
         s.fails(endless);
       }},
      {"redirect-circle", "two redirects that lead to each other",
       [=](stage& s) {
         s.serve().behave("/f", always(reply_plan().redirect(301, "/g")));
         s.server().behave("/g", always(reply_plan().redirect(308, "/f")));
         s.fails(endless);
       }},
      {"redirect-endless", "a redirect to a new place each time",
       [=](stage& s) {
         s.serve().behave([](const request_info& r) {
           return reply_plan().redirect(307, "/f" + std::to_string(r.number));
         });
         s.fails(endless);
       }},
      chain("redirect-chain-10", "ten redirects, then the file", 10, true),
      chain("redirect-chain-11", "eleven redirects, then the file", 11, false),
      {"redirect-without-location", "302 without a Location",
       [](stage& s) {
         s.serve().behave("/f", always(reply_plan().with_status(302)));
         s.fails("a redirect without a usable location");
       }},
      {"redirect-two-locations", "two Locations that differ",
       [](stage& s) {
         s.serve().behave("/f",
                          always(reply_plan().redirect(302, "/a").with_field("Location", "/b")));
         s.server().add("/a", file_of(small));
         s.server().add("/b", file_of(medium));
         s.truth(small);
         s.truth(medium);
         s.fails("a redirect without a usable location");
       }},
      bad_location("redirect-empty", ""),
      bad_location("redirect-file", "file:///etc/passwd", "scheme is not http or https"),
      bad_location("redirect-ftp", "ftp://127.0.0.1/f", "scheme is not http or https"),
      bad_location("redirect-script", "javascript:alert(1)", "scheme is not http or https"),
      bad_location("redirect-data", "data:text/plain,hello", "scheme is not http or https"),
      bad_location("redirect-bad-port", "http://127.0.0.1:99999/f"),
      bad_location("redirect-no-host", "http:///f"),
      bad_location("redirect-spaces", "http://127.0.0.1 evil/f"),
      bad_location("redirect-huge", "/" + std::string(100'000, 'a'), "the reply head is too large"),
      {"redirect-to-closed-port", "a redirect to a port that refuses",
       [](stage& s) {
         const std::string there = "http://127.0.0.1:" + std::to_string(free_port()) + "/f";
         s.serve().behave("/f", always(reply_plan().redirect(302, there)));
         s.args = {"--retries", "1"};
         s.fails("Connection refused");
       }},
      {"redirect-to-nowhere", "a redirect to a host that does not exist",
       [](stage& s) {
         s.serve().behave("/f",
                          always(reply_plan().redirect(302, "http://no-such-host.invalid/f")));
         s.args = {"--retries", "1"};
         s.fails(": resolving: ");
       }},
      {"redirect-with-body", "a redirect with a large body of its own",
       [](stage& s) {
         s.serve().add("/g", file_of(medium));
         s.server().behave(
             "/f", always(reply_plan().redirect(302, "/g").with_body(std::string(2'000'000, 'x'))));
         s.exact(medium);
       }},
      {"redirect-with-endless-body", "a redirect whose body never comes",
       [](stage& s) {
         s.serve().add("/g", file_of(medium));
         s.server().behave(
             "/f", always(reply_plan().redirect(302, "/g").lie_length(1'000'000).then_stay_open()));
         s.exact(medium);
       }},
      {"redirect-fragment", "a redirect with a fragment and dots in its path",
       [](stage& s) {
         s.serve().add("/a/g", file_of(medium));
         s.server().behave("/f", always(reply_plan().redirect(302, "/a/b/../g#part?")));
         s.exact(medium);
       }},
      {"redirect-no-scheme", "a redirect to //HOST/",
       [](stage& s) {
         s.serve().add("/g", file_of(medium));
         const std::string where = "//127.0.0.1:" + std::to_string(s.server().port()) + "/g";
         s.server().behave("/f", always(reply_plan().redirect(302, where)));
         s.exact(medium);
       }},
      {"redirect-keeps-secrets", "a redirect to another origin, of a request with credentials",
       [](stage& s) {
         s.serve();
         s.kind = use::own;
         fault_server& other = s.serve();
         other.add("/g", file_of(medium));
         s.server().behave("/f", always(reply_plan().redirect(302, other.url("/g"))));
         s.args = {"-H", "Authorization: Bearer secret", "-H", "Cookie: secret=1"};
         s.also = [&other] {
           std::string wrong = carried(other, "Authorization");
           if (wrong.empty()) wrong = carried(other, "Cookie");
           return wrong;
         };
         s.exact(medium);
       }},
      {"redirect-from-tls", "a redirect from https to http",
       [](stage& s) {
         s.serve_tls(authority().valid());
         fault_server& open = s.serve();
         open.add("/f", file_of(medium));
         s.server().behave("/f", always(reply_plan().redirect(302, open.url("/f"))));
         s.also = [&open] {
           return std::string(open.counters().requests == 0 ? "" : "asked over http");
         };
         s.truth(medium);
         s.fails("a redirect from https to http");
       }},
      {"redirect-to-tls", "a redirect from http to https",
       [](stage& s) {
         s.serve();
         fault_server& safe = s.serve_tls(authority().valid());
         safe.add("/f", file_of(medium));
         s.server().behave("/f", always(reply_plan().redirect(302, safe.url("/f", "localhost"))));
         s.exact(medium);
       }},
  };
  return {"Redirects", std::move(all)};
}

}  // namespace haul::test::hostile
