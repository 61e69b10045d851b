// What readers of events are told, without a socket and without downloads.

#include "catch.hpp"
#include <haul/error.hpp>
#include <haul/service/event_feed.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

using haul::file_state;
using haul::file_status;
using haul::service::event_feed;
namespace json = boost::json;

namespace {

/// Downloads that stand as the test says.
class told_downloads final : public haul::service::downloads {
 public:
  std::map<std::string, std::vector<file_status>> batches;

  haul::awaitable<haul::submit_result> submit(std::vector<haul::download_request>,
                                              const haul::batch_options&) override {
    throw std::logic_error{"nobody submits here"};
  }
  haul::awaitable<std::optional<haul::batch_status>> wait(std::string) override {
    throw std::logic_error{"nobody waits here"};
  }
  std::optional<haul::batch_status> status(const std::string& id) const override {
    const auto at = batches.find(id);
    if (at == batches.end()) return std::nullopt;
    haul::batch_status s;
    s.id = id;
    s.total = at->second.size();
    s.files = at->second;
    return s;
  }
  std::optional<haul::batch_status> counts(const std::string& id) const override {
    return status(id);
  }
  std::optional<file_status> file(const std::string& id) const override {
    for (const auto& [batch, files] : batches) {
      for (const file_status& f : files) {
        if (f.id == id) return f;
      }
    }
    return std::nullopt;
  }
  std::error_code pause(const std::string&) override { return {}; }
  std::error_code resume(const std::string&) override { return {}; }
  std::error_code cancel(const std::string&) override { return {}; }
  std::error_code pause_file(const std::string&) override { return {}; }
  std::error_code resume_file(const std::string&) override { return {}; }
  std::error_code cancel_file(const std::string&) override { return {}; }
};

file_status row(std::string id, file_state s = file_state::downloading) {
  file_status f;
  f.id = std::move(id);
  f.name = "name of " + f.id;
  f.path = "/root/sub/" + f.id;
  f.state = s;
  return f;
}

haul::event progress_of(const std::string& id) {
  auto task = std::make_shared<haul::task_info>();
  task->id = id;
  haul::progress p;
  p.task = task;
  return p;
}

haul::event end_of(const std::string& id) {
  auto task = std::make_shared<haul::task_info>();
  task->id = id;
  haul::task_finished f;
  f.task = task;
  return f;
}

/// The data of the only event in a text, which must have this name.
json::value data_of(const std::string& text, const std::string& name) {
  const std::string begin = "event: " + name + "\ndata: ";
  REQUIRE(text.starts_with(begin));
  REQUIRE(text.ends_with("\n\n"));
  const std::string data = text.substr(begin.size(), text.size() - begin.size() - 2);
  CHECK(data.find('\n') == std::string::npos);
  return json::parse(data);
}

struct fixture {
  told_downloads all;
  event_feed feed{"/root", {.rows = 5, .changes = 3, .readers = 2}};

  fixture() {
    all.batches["1"] = {row("a"), row("b")};
    all.batches["2"] = {row("c")};
    feed.attach(all, [] { return std::vector<std::string>{"1", "2"}; });
  }
};

}  // namespace

TEST_CASE("A reader gets a snapshot first, the newest batch on top") {
  fixture f;
  const auto reader = f.feed.open();
  REQUIRE(reader);
  const json::value v = data_of(reader->take(), "snapshot");
  CHECK(v.at("cut") == false);
  const json::array& files = v.at("files").as_array();
  REQUIRE(files.size() == 3);
  CHECK(files[0].at("id") == "c");
  CHECK(files[1].at("id") == "a");
  CHECK(files[1].at("name") == "name of a");
  CHECK(files[1].at("path") == "sub/a");
  CHECK(files[1].at("state") == "downloading");
  CHECK(files[1].at("total").is_null());
  CHECK(reader->take().empty());
}

TEST_CASE("Whatever has happened to a file in between is one row, of the latest state") {
  fixture f;
  const auto reader = f.feed.open();
  reader->take();
  for (int i = 0; i < 1000; ++i) {
    f.all.batches["1"][0].downloaded = static_cast<std::uint64_t>(i);
    f.feed(progress_of("a"));
  }
  const json::value v = data_of(reader->take(), "files");
  REQUIRE(v.as_array().size() == 1);
  CHECK(v.at(0).at("downloaded") == 999);
  CHECK(reader->take().empty());
}

TEST_CASE("Too many changes make a snapshot") {
  fixture f;
  f.all.batches["2"] = {row("c"), row("d"), row("e"), row("f")};
  const auto reader = f.feed.open();
  reader->take();
  for (const char* id : {"a", "b", "c"}) f.feed(progress_of(id));
  CHECK(data_of(reader->take(), "files").as_array().size() == 3);
  for (const char* id : {"a", "b", "c", "d"}) f.feed(progress_of(id));
  const json::value v = data_of(reader->take(), "snapshot");
  CHECK(v.at("files").as_array().size() == 5);
  CHECK(v.at("cut") == true);
}

TEST_CASE("The end of a file is told again until it is known to be final") {
  fixture f;
  const auto reader = f.feed.open();
  reader->take();
  f.feed(end_of("a"));
  CHECK(data_of(reader->take(), "files").at(0).at("state") == "downloading");
  f.all.batches["1"][0].state = file_state::completed;
  CHECK(data_of(reader->take(), "files").at(0).at("state") == "completed");
  CHECK(reader->take().empty());
}

TEST_CASE("Batches, and what a watched manager is told to do") {
  fixture f;
  const auto reader = f.feed.open();
  reader->take();
  haul::service::watched_downloads watched{f.all, f.feed};
  CHECK_FALSE(watched.pause("1"));
  CHECK(data_of(reader->take(), "files").as_array().size() == 2);
  CHECK_FALSE(watched.cancel_file("c"));
  CHECK(data_of(reader->take(), "files").at(0).at("id") == "c");
  haul::batch_finished over;
  over.batch = "2";
  f.feed(over);
  CHECK(data_of(reader->take(), "files").at(0).at("id") == "c");
  f.feed.file_changed("nobody");
  CHECK(reader->take().empty());
}

TEST_CASE("Readers are counted, and forgotten when they go") {
  fixture f;
  auto one = f.feed.open();
  const auto two = f.feed.open();
  CHECK(one);
  CHECK(two);
  CHECK_FALSE(f.feed.open());
  one.reset();
  CHECK(f.feed.open());
}

TEST_CASE("What was detached is not asked") {
  fixture f;
  const auto reader = f.feed.open();
  f.feed.detach();
  f.all.batches.clear();
  CHECK(data_of(reader->take(), "snapshot").at("files").as_array().empty());
  f.feed(progress_of("a"));
  CHECK(reader->take().empty());
}

TEST_CASE("Texts from elsewhere stay within their line and are UTF-8") {
  fixture f;
  f.all.batches["1"][0].name = "a\n\nevent: x\xff";
  f.all.batches["1"][0].message = "\r\ndata: y";
  const auto reader = f.feed.open();
  const json::value v = data_of(reader->take(), "snapshot");
  CHECK(std::string{v.at("files").at(1).at("name").as_string()}.starts_with("a\n\nevent: x"));
}
