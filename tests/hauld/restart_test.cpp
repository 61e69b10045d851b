// kill -9 in the midst of things, and on again: what is known is known still, and downloads go on.

#include "catch.hpp"
#include "hauld/rig.hpp"
#include "support/fault_server.hpp"
#include "support/pattern.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <filesystem>
#include <string>

using namespace haul::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

std::string overall(const hauld_run& h, const std::string& batch) {
  const raw_reply r = h.get("/api/media/batch-status/" + batch);
  if (r.status != 200) return std::to_string(r.status);
  return text_in(json::parse(r.body), "overall_status");
}

}  // namespace

TEST_CASE("Killed during a batch and a task, it goes on with both") {
  constexpr std::uint64_t size = 3 << 20;
  fault_server origin;
  for (int i = 1; i <= 4; ++i) {
    origin.add("/f" + std::to_string(i), resource{.size = size,
                                                  .seed = static_cast<std::uint64_t>(i),
                                                  .etag = "\"v\"",
                                                  .rate = 256 << 10});
  }
  hauld_run h{{"--extended"}};
  json::array entries;
  for (int i = 1; i <= 3; ++i) {
    entries.push_back(json::object{{"id", i},
                                   {"url", origin.url("/f" + std::to_string(i))},
                                   {"file_name", "f" + std::to_string(i) + ".bin"},
                                   {"type", "photo"}});
  }
  h.kill();
  const fs::path catalog = h.folder() / "catalog.json";
  write_file(catalog, json::serialize(entries));
  h.start({"--catalog", catalog.string()});

  const raw_reply begun =
      h.post_json("/api/media/batch-download", "{\"message_ids\":[1,2,3],\"max_concurrent\":3}");
  REQUIRE(begun.status == 200);
  const std::string batch = text_in(json::parse(begun.body), "batch_id");
  REQUIRE(h.post_json("/add-task", "{\"Url\":\"" + origin.url("/f4") + "\"}").status == 200);

  for (int kills = 0; kills < 3; ++kills) {
    // In the midst of it: so much has come of each file that the stores, which write behind what
    // happens, have long had the beginning.
    REQUIRE(wait_until(
        [&] {
          std::size_t growing = 0;
          const json::value all = json::parse(h.get("/ui/api/downloads").body);
          for (const json::value& f : all.at("files").as_array()) {
            growing += f.at("downloaded").to_number<std::uint64_t>() > (64u << 10);
          }
          return growing == 4;
        },
        60s));
    h.kill();
    h.start();
    CHECK(overall(h, batch) == "in_progress");
  }
  REQUIRE(wait_until([&] { return overall(h, batch) == "completed"; }, 120s));
  std::size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(h.root())) {
    if (!entry.is_regular_file() || entry.path().extension() != ".bin") continue;
    ++found;
    const auto seed = static_cast<std::uint64_t>(entry.path().stem().string().back() - '0');
    CHECK_FALSE(mismatch(entry.path(), seed, size));
    CHECK(h.get("/media/" + fs::relative(entry.path(), h.root()).generic_string()).body ==
          pattern_bytes(seed, 0, size));
  }
  CHECK(found == 3);
  REQUIRE(wait_until(
      [&] {
        const json::value v = json::parse(h.get("/get-tasks/finished").body);
        return v.as_array().size() == 1 && v.at(0).at("IsSuccessful").as_bool();
      },
      120s));
  // And after an end in order, all of it is there still.
  h.process().send_signal(SIGTERM);
  CHECK(h.process().wait_for(60s)->code == 0);
  h.start();
  CHECK(overall(h, batch) == "completed");
  CHECK(json::parse(h.get("/get-tasks/finished").body).as_array().size() == 1);
}
