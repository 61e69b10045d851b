#include "tthsd/narrator.hpp"

#include "catch.hpp"
#include <haul/error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace haul::test {
namespace {

using namespace std::chrono_literals;
using tthsd::narrator;
using tthsd::told_task;
using tthsd::wire_event;

/// A narrator with a clock that is moved by hand.
class stage {
 public:
  explicit stage(std::size_t tasks, bool parallel = false) : stage(plain(tasks), parallel) {}
  stage(std::vector<told_task> tasks, bool parallel)
      : narrator_(std::move(tasks), parallel, [this](wire_event e) { hear(std::move(e)); }) {}

  static std::vector<told_task> plain(std::size_t n) {
    std::vector<told_task> tasks;
    for (std::size_t i = 0; i < n; ++i) {
      auto info = std::make_shared<task_info>();
      info->id = std::string(1, static_cast<char>('a' + i));
      told_task t;
      t.info = std::move(info);
      tasks.push_back(std::move(t));
    }
    return tasks;
  }

  narrator& operator*() { return narrator_; }
  narrator* operator->() { return &narrator_; }

  void start(std::size_t i) { tell(task_started{of(i)}); }
  void total(std::size_t i, std::uint64_t bytes) {
    transfer_started e;
    e.task = of(i);
    e.total = bytes;
    tell(e);
  }
  void bytes(std::size_t i, std::uint64_t done, std::uint64_t all) {
    progress e;
    e.task = of(i);
    e.downloaded = done;
    if (all > 0) e.total = all;
    e.speed = 10;
    tell(e);
  }
  void end(std::size_t i, std::uint64_t size, std::error_code why = {}) {
    download_result r;
    r.size = size;
    r.error = why;
    if (why && why != errc::stopped) tell(failed{of(i), r});
    tell(task_finished{of(i), r});
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  /// What has been told since the last time: "S" startOne, "E" endOne, "!" err, "s" start, "e" end,
  /// "m" msg, "D/T" update, each with the task.
  std::string told() { return std::exchange(text_, {}); }

 private:
  static task_ref of(std::size_t i) {
    auto info = std::make_shared<task_info>();
    info->id = std::to_string(i);
    return info;
  }
  void tell(const event& e) { narrator_.hear(e, now_); }
  void hear(wire_event e) {
    const auto event = boost::json::parse(e.event).as_object();
    const auto msg = boost::json::parse(e.msg).as_object();
    const std::string type{event.at("Type").as_string().c_str()};
    std::string what = type == "start"      ? "s"
                       : type == "end"      ? "e"
                       : type == "startOne" ? "S"
                       : type == "endOne"   ? "E"
                       : type == "err"      ? "!"
                                            : "m";
    if (type == "update") {
      what = boost::json::serialize(msg.at("Downloaded")) + '/' +
             boost::json::serialize(msg.at("Total"));
    }
    if (!text_.empty()) text_ += ' ';
    text_ += what + event.at("ID").as_string().c_str();
  }

  narrator::clock::time_point now_{1h};
  std::string text_;
  narrator narrator_;
};

}  // namespace

TEST_CASE("a sequence of files, from start to end") {
  stage s{2};
  s->begin();
  s.start(0);
  s.total(0, 100);
  s.bytes(0, 60, 100);
  s.end(0, 100);
  s.start(1);
  s.end(1, 0);
  s->finish();
  CHECK(s.told() == "s Sa 0/100a 100/100a Ea Sb 0/0b Eb e");
}

TEST_CASE("updates keep their distance, and the last one is told") {
  stage s{1};
  s->begin();
  s.start(0);
  s.total(0, 1000);
  CHECK(s.told() == "s Sa 0/1000a");
  std::string all;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    s.pass(10ms);
    s.bytes(0, i * 10, 1000);
  }
  // One second: eight times 125 ms.
  CHECK(s.told() == "130/1000a 260/1000a 390/1000a 520/1000a 650/1000a 780/1000a 910/1000a");
  s.end(0, 1000);
  CHECK(s.told() == "1000/1000a Ea");
}

TEST_CASE("an update is held while the downloader is paused") {
  stage s{1};
  s->begin();
  s.start(0);
  s.total(0, 100);
  s.pass(1s);
  s.bytes(0, 10, 100);
  s->pause();
  s.pass(1s);
  s.bytes(0, 20, 100);
  CHECK(s.told() == "s Sa 0/100a 10/100a m");
  s->resume();
  CHECK(s.told() == "m 20/100a");
  s->pause();
  s.end(0, 100);
  CHECK(s.told() == "m 100/100a Ea");
}

TEST_CASE("a failure: the last bytes, then err, then endOne") {
  stage s{1};
  s->begin();
  s.start(0);
  s.total(0, 100);
  s.bytes(0, 10, 100);
  s.end(0, 10, errc::connection_closed);
  s->finish();
  CHECK(s.told() == "s Sa 0/100a 10/100a !a Ea e");
  CHECK(s->sum().failed == 1);
}

TEST_CASE("what has been told is not taken back when the file changes on the server") {
  stage s{1};
  s->begin();
  s.start(0);
  s.total(0, 100);
  s.pass(1s);
  s.bytes(0, 80, 100);
  s.total(0, 50);  // it is smaller now, and begins again
  s.pass(1s);
  s.bytes(0, 5, 50);
  s.end(0, 50);
  CHECK(s.told() == "s Sa 0/100a 80/100a 80/80a Ea");
}

TEST_CASE("an unknown size is 0 until the end") {
  stage s{1};
  s->begin();
  s.start(0);
  s.bytes(0, 20, 0);
  s.pass(1s);
  s.bytes(0, 30, 0);
  s.end(0, 44);
  CHECK(s.told() == "s Sa 0/0a 30/0a 44/44a Ea");
}

TEST_CASE("after a stop only ends are told") {
  stage s{3, true};
  s->begin();
  s.start(0);
  s.start(1);
  s.total(0, 100);
  s->stop();
  s.pass(1s);
  s.bytes(0, 10, 100);
  s.end(0, 10, errc::stopped);
  s->finish();
  CHECK(s.told() == "s Sa Sb 0/100a m Ea 0/0b Eb e");
  CHECK(s->sum().failed == 0);
}

TEST_CASE("tasks that the engine is not given have their turn") {
  auto tasks = stage::plain(5);
  tasks[0].refused = errc::invalid_url;
  tasks[2].refused = errc::invalid_url;
  tasks[3].twin = 1;
  const auto play = [](stage& s) {
    s->begin();
    s.start(1);
    s.end(1, 7);
    s.start(4);
    s.end(4, 9);
    s->finish();
    return s.told();
  };
  stage one{tasks, false};
  CHECK(play(one) ==
        "s Sa 0/0a !a Ea Sb 0/0b 7/7b Eb Sc 0/0c !c Ec Sd 0/7d 7/7d Ed Se 0/0e 9/9e Ee e");
  CHECK(one->sum().completed == 3);
  stage both{tasks, true};
  CHECK(play(both) ==
        "s Sa 0/0a !a Ea Sc 0/0c !c Ec Sb 0/0b 7/7b Eb Sd 0/7d 7/7d Ed Se 0/0e 9/9e Ee e");
}

TEST_CASE("a twin fails as its task does") {
  auto tasks = stage::plain(2);
  tasks[1].twin = 0;
  stage s{tasks, true};
  s->begin();
  s.start(0);
  s.end(0, 0, errc::not_found);
  s->finish();
  CHECK(s.told() == "s Sa 0/0a !a Ea Sb 0/0b !b Eb e");
}

TEST_CASE("a task that the engine refuses") {
  stage s{2};
  s->begin();
  s->refuse(0, errc::target_exists, narrator::clock::now());
  s->finish();
  CHECK(s.told() == "s Sa 0/0a !a Ea e");
}

TEST_CASE("events of unknown tasks are passed over") {
  stage s{1};
  s.start(1);
  s.start(999);
  CHECK(s.told().empty());
}

}  // namespace haul::test
