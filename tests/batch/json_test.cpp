#include "catch.hpp"
#include <haul/json/parse_tasks.hpp>
#include <haul/json/to_json.hpp>

#include <boost/json/parse.hpp>

#include <memory>
#include <string>
#include <vector>

namespace haul::test {
namespace {

// The name has a byte that is no UTF-8, and quotes.
task_ref a_task() {
  auto t = std::make_shared<task_info>();
  t->id = "7";
  t->name = "游戏\xff \"x\"";
  t->url = "http://h/f";
  t->path = "/d/f";
  t->index = 2;
  t->total = 3;
  return t;
}

std::string text(const event& e) {
  const auto j = to_json(e);
  return j ? j->event + ' ' + j->msg : std::string{"none"};
}

std::string quoted(std::string s) {
  for (char& c : s) {
    if (c == '\'') c = '"';
  }
  return s;
}

}  // namespace

TEST_CASE("the events of a batch in the TTHSD format, to the byte") {
  const std::string rest = quoted("','ShowName':'','ID':''} {}");
  CHECK(text(batch_started{"b", 3, false}) == quoted("{'Type':'start','Name':'开始下载") + rest);
  CHECK(text(batch_started{"b", 3, true}) == quoted("{'Type':'start','Name':'开始批量下载") + rest);
  batch_finished over;
  CHECK(text(over) == quoted("{'Type':'end','Name':'结束批量下载") + rest);
  over.parallel = false;
  CHECK(text(over) == quoted("{'Type':'end','Name':'结束所有下载") + rest);
}

TEST_CASE("the events of a task in the TTHSD format, to the byte") {
  const task_ref t = a_task();
  const std::string name = "游戏\xef\xbf\xbd \\'x\\'";
  const std::string who = "','ShowName':'" + name + "','ID':'7'} ";
  const std::string what =
      "{'URL':'http://h/f','SavePath':'/d/f','ShowName':'" + name + "','Index':2,'Total':3}";
  download_result r;
  r.error = errc::not_found;
  r.doing = operation::requesting;
  const std::string error =
      "{'Error':'下载文件失败: requesting: the server has no such file (404)'}";
  const auto is = [&](const event& e, const std::string& type, const std::string& msg) {
    return text(e) == quoted(type + who + msg);
  };
  CHECK(is(task_started{t}, "{'Type':'startOne','Name':'开始一个下载", what));
  CHECK(text(transfer_started{t, "x", 1, 0, true}) == "none");
  CHECK(is(paused{t}, "{'Type':'msg','Name':'暂停", "{'Text':'下载已暂停'}"));
  CHECK(is(resumed{t}, "{'Type':'msg','Name':'恢复", "{'Text':'下载已恢复'}"));
  CHECK(is(stopped{t}, "{'Type':'msg','Name':'停止", "{'Text':'下载已停止'}"));
  CHECK(is(failed{t, r}, "{'Type':'err','Name':'错误", error));
  CHECK(is(task_finished{t, r}, "{'Type':'endOne','Name':'结束一个下载", what));
  CHECK(text(retrying{t, errc::stalled, "why", 2, {}}).find("(why)") != std::string::npos);
}

TEST_CASE("an update never says more than the total, and 0 for one that is not known") {
  const task_ref t = a_task();
  const auto msg = [&](std::uint64_t downloaded, std::optional<std::uint64_t> total) {
    progress p;
    p.task = t;
    p.downloaded = downloaded;
    p.total = total;
    p.speed = 10;
    p.elapsed = std::chrono::milliseconds{500};
    const auto j = to_json(p);
    CHECK(j->event == R"({"Type":"update","Name":"","ShowName":"","ID":"7"})");
    CHECK(j->msg.starts_with(R"({"Total":)"));
    return boost::json::parse(j->msg).as_object();
  };
  CHECK(msg(5, 10).at("Downloaded").to_number<int>() == 5);
  CHECK(msg(11, 10).at("Downloaded").to_number<int>() == 10);
  CHECK(msg(11, std::nullopt).at("Total").to_number<int>() == 0);
  CHECK(msg(11, std::nullopt).at("Downloaded").to_number<int>() == 11);
  CHECK(msg(5, 10).at("average_speed_bps").to_number<double>() == 10.0);
}

TEST_CASE("tasks in both dialects") {
  const std::string go =
      R"({"URL":"http://h/a","SavePath":"/d/ä","ShowName":"A","ID":"1","more":[1]})";
  const std::string rust = R"({"url":"http://h/b","save_path":"b","headers":{"X":"y","Z":"w"}})";
  const auto p = parse_tasks("[" + go + "," + rust + "]");
  REQUIRE_FALSE(p.error);
  REQUIRE(p.requests.size() == 2);
  CHECK(p.requests[0].id() == "1");
  CHECK(p.requests[0].name() == "A");
  CHECK(p.requests[0].path() == std::filesystem::path{u8"/d/ä"});
  CHECK(p.requests[1].id().empty());
  REQUIRE(p.requests[1].headers().size() == 2);
  CHECK(p.requests[1].headers()[1].value == "w");
  CHECK(parse_tasks("[]").requests.empty());
  CHECK_FALSE(parse_tasks("[]").error);
}

TEST_CASE("tasks that are none") {
  const std::string no_utf8 = "[{\"URL\":\"\xff\",\"SavePath\":\"p\"}]";
  const std::vector<std::string> all = {"",
                                        "x",
                                        "{}",
                                        "[1]",
                                        "[null]",
                                        "[{}]",
                                        R"([{"URL":"u"}])",
                                        R"([{"SavePath":"p"}])",
                                        R"([{"URL":1,"SavePath":"p"}])",
                                        R"([{"URL":"u","SavePath":"p","headers":[]}])",
                                        R"([{"URL":"u","SavePath":"p","headers":{"a":1}}])",
                                        R"([{"URL":"u","SavePath":"p"}] x)",
                                        R"([{"URL":"","SavePath":"p"}])",
                                        no_utf8};
  for (const std::string& bad : all) {
    INFO(bad);
    const auto p = parse_tasks(bad);
    CHECK(p.error == errc::invalid_argument);
    CHECK_FALSE(p.message.empty());
    CHECK(p.requests.empty());
  }
  const std::string second = R"([{"URL":"u","SavePath":"p"},{"URL":"u"}])";
  CHECK(parse_tasks(second).message == "task 2 has no save path");
}

}  // namespace haul::test
