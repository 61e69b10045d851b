#include "catch.hpp"
#include <haul/bars.hpp>
#include <haul/text.hpp>

#include <string>

using namespace haul_command;
using namespace std::chrono_literals;

namespace {

transfer_view half() {
  transfer_view t;
  t.label = "a-file-with-a-long-name.tar.gz";
  t.done = 0.5;
  t.downloaded = 50u << 20;
  t.total = 100u << 20;
  t.speed = 10u << 20;
  t.time_left = 5s;
  return t;
}

}  // namespace

TEST_CASE("a bar fills its line at every width", "[cli][bars]") {
  transfer_view noted = half();
  noted.note = "again in 2 s: the server failed";
  transfer_view unknown = half();
  unknown.done.reset();
  unknown.total.reset();
  unknown.time_left.reset();
  for (std::size_t columns = 1; columns <= 200; ++columns) {
    CAPTURE(columns);
    CHECK(width_of(bar_line(half(), columns)) == columns);
    CHECK(width_of(bar_line(noted, columns)) == columns);
    CHECK(width_of(bar_line(unknown, columns)) == columns);
  }
}

TEST_CASE("a bar shows how far it is", "[cli][bars]") {
  const std::string line = bar_line(half(), 79);
  CAPTURE(line);
  CHECK(line.find("a-file-with") == 0);
  CHECK(line.find("====>") != std::string::npos);
  CHECK(line.find("50%") != std::string::npos);
  CHECK(line.find("100 MiB") != std::string::npos);
  CHECK(line.find("10.0 MiB/s") != std::string::npos);
  CHECK(line.find("5 s") != std::string::npos);
  transfer_view t = half();
  t.done = 0.9999;
  CHECK(bar_line(t, 79).find("99%") != std::string::npos);
  t.done = 1;
  CHECK(bar_line(t, 79).find("100%") != std::string::npos);
  CHECK(bar_line(t, 79).find("=]") != std::string::npos);
  CHECK(progress_text(half()) == "50% of 100 MiB, 10.0 MiB/s, 5 s left");
}
