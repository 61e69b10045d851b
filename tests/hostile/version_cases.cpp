// The file on the server is replaced: two versions must never be joined.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

resource version(std::uint64_t with_seed, std::uint64_t size, std::string etag,
                 std::string modified = {}) {
  resource r;
  r.size = size;
  r.seed = with_seed;
  r.etag = std::move(etag);
  r.last_modified = std::move(modified);
  return r;
}

constexpr auto monday = "Mon, 02 Nov 2026 10:00:00 GMT";
constexpr auto tuesday = "Tue, 03 Nov 2026 10:00:00 GMT";

// Cut in the middle of one version; from then on there is another.
hostile_case cut_between(std::string name, std::string does, resource before, resource after) {
  return {std::move(name), std::move(does), [before, after](stage& s) {
            fault_server& server = s.serve();
            server.add("/f", before);
            server.behave("/f", [&server, after](const request_info& r) {
              if (r.path_number == 1) return reply_plan().cut_body(300'000);
              if (r.path_number == 2) server.replace("/f", after);
              return reply_plan();
            });
            s.exact(after.size, after.seed);
          }};
}

// haul is killed in the middle of one version; when it goes on there is another.
hostile_case killed_between(std::string name, std::string does, resource before, resource after) {
  return {std::move(name), std::move(does), [before, after](stage& s) {
            fault_server& server = s.serve();
            server.add("/f", before);
            // However many connections there are, the first run cannot come to its end.
            server.behave("/f", always(reply_plan().stall_body(100'000)));
            s.change = [&server, after] {
              server.replace("/f", after);
              server.behave("/f", always(reply_plan()));
            };
            server.behave("/switch", [change = s.change](const request_info&) {
              change();
              return reply_plan().with_body("switched\n");
            });
            s.kind = use::resume;
            s.exact(after.size, after.seed);
          }};
}

// Streams that run at the same time are told of different versions.
hostile_case torn(std::string name, std::string does, resource a, resource b) {
  return {std::move(name), std::move(does), [a, b](stage& s) {
            fault_server& server = s.serve();
            resource slow = a;
            slow.rate = 1'000'000;
            server.add("/f", slow);
            server.behave("/f", [&server, b](const request_info& r) {
              if (r.path_number == 3) server.replace("/f", b);
              return reply_plan();
            });
            s.exact(b.size, b.seed);
            s.exact(a.size, a.seed);  // all of it may have been sent already
          }};
}

}  // namespace

group version_cases() {
  const std::uint64_t grown = large + 500'000;
  const resource v1 = version(1, large, "\"1\"");
  resource ignores_if_range = version(2, large, "\"2\"");
  ignores_if_range.honours_if_range = false;
  std::vector<hostile_case> all{
      cut_between("replaced-after-cut", "another file of the same size after a cut", v1,
                  version(2, large, "\"2\"")),
      cut_between("grown-after-cut", "a longer file under the same ETag after a cut", v1,
                  version(2, grown, "\"1\"")),
      cut_between("shrunk-after-cut", "a shorter file than what is there already, after a cut", v1,
                  version(2, 100'000, "\"2\"")),
      cut_between("emptied-after-cut", "an empty file after a cut", v1, version(2, 0, "\"2\"")),
      cut_between("etag-lost-after-cut", "another file, without an ETag, after a cut", v1,
                  version(2, large, "")),
      cut_between("etag-weakened-after-cut", "another file, with a weak ETag, after a cut", v1,
                  version(2, large, "W/\"1\"")),
      cut_between("dated-after-cut", "another file of the same size, known by its date only",
                  version(1, large, "", monday), version(2, large, "", tuesday)),
      cut_between("unknown-after-cut", "another file of the same size without any validator",
                  version(1, large, ""), version(2, large, "")),
      torn("replaced-between-streams", "another file of the same size for the third request", v1,
           version(2, large, "\"2\"")),
      torn("grown-between-streams", "a longer file for the third request", v1,
           version(2, grown, "\"2\"")),
      killed_between("replaced-between-runs", "another file of the same size between two runs", v1,
                     version(2, large, "\"2\"")),
      killed_between("replaced-between-runs-plain",
                     "the same, by a server that does not look at If-Range", v1, ignores_if_range),
      killed_between("grown-between-runs", "a longer file between two runs", v1,
                     version(2, grown, "\"2\"")),
      killed_between("shrunk-between-runs", "a much shorter file between two runs", v1,
                     version(2, 100'000, "\"2\"")),
      killed_between("dated-between-runs", "another file, known by its date only, between two runs",
                     version(1, large, "", monday), version(2, large, "", tuesday)),
      killed_between("unknown-between-runs",
                     "another file of the same size without any validator, between two runs",
                     version(1, large, ""), version(2, large, "")),
      killed_between("same-between-runs", "the same file still, between two runs", v1, v1),
      {"etag-always-new", "an ETag of its own for each reply, and cuts each",
       [](stage& s) {
         s.serve().add("/f", version(seed, medium, ""));
         s.server().behave("/f", [](const request_info& r) {
           return reply_plan()
               .with_field("ETag", "\"" + std::to_string(r.path_number) + "\"")
               .cut_body(300'000);
         });
         s.args = {"--retries", "1"};
         s.truth(medium);
         s.fails("the file on the server has changed");
       }},
      {"size-always-new", "another size in each reply, and cuts each",
       [](stage& s) {
         fault_server& server = s.serve();
         server.behave("/f", [&server](const request_info& r) {
           server.replace("/f", version(seed, medium + r.path_number, "\"1\""));
           return reply_plan().cut_body(300'000);
         });
         s.args = {"--retries", "1"};
         s.fails("the file on the server has changed");
       }},
  };
  return {"Versions", std::move(all)};
}

}  // namespace haul::test::hostile
