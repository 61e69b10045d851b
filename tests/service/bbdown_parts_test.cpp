#include "catch.hpp"
#include "support/temp_dir.hpp"
#include <haul/service/aria2_args.hpp>
#include <haul/service/bbdown_json.hpp>
#include <haul/service/bbdown_plan.hpp>
#include <haul/service/bbdown_record.hpp>
#include <haul/service/bbdown_routes.hpp>
#include <haul/service/download_archive.hpp>
#include <haul/service/file_pattern.hpp>
#include <haul/service/page_selection.hpp>
#include <haul/service/serve_options.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace haul::test {
namespace {

namespace fs = std::filesystem;
using namespace service;

std::string text(std::string_view t) {
  std::string out;
  append_json_text(out, t);
  return out;
}
std::string number(double n) {
  std::string out;
  append_json_number(out, n);
  return out;
}

}  // namespace

TEST_CASE("texts are escaped as .NET does") {
  CHECK(text("\xe6\xa0\x87\xe9\xa2\x98 & <a>") == R"("\u6807\u9898 \u0026 \u003Ca\u003E")");
  CHECK(text("\"&'+<>`") == R"("\u0022\u0026\u0027\u002B\u003C\u003E\u0060")");
  CHECK(text("a/b\\c") == R"("a/b\\c")");
  CHECK(text(std::string_view{"\0\x01\b\t\n\f\r\x1f\x7f", 9}) ==
        R"("\u0000\u0001\b\t\n\f\r\u001F\u007F")");
  CHECK(text("\xf0\x9f\x98\x80 \xc3\xa9") == R"("\uD83D\uDE00 \u00E9")");
  CHECK(text("a\xff") == R"("a\uFFFD")");
  CHECK(text("") == "\"\"");
}

namespace {

/// What an earlier call may have left on the stack.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
void litter(char with) {
  volatile char stack[2048];
  for (volatile char& c : stack) c = with;
}

}  // namespace

TEST_CASE("numbers are written as .NET does, whatever the stack holds") {
  for (const char with : {'0', '7', 'e', '-'}) {
    for (const double n : {0.0, 1.0, 1234.0, 0.5, 1e15, 1e16, 1e-7}) {
      litter('\0');
      const std::string clean = number(n);
      litter(with);
      CHECK(number(n) == clean);
    }
  }
}

TEST_CASE("numbers are written as .NET does") {
  CHECK(number(0) == "0");
  CHECK(number(1) == "1");
  CHECK(number(1234) == "1234");
  CHECK(number(-2.5) == "-2.5");
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.25) == "0.25");
  CHECK(number(0.0001) == "0.0001");
  CHECK(number(0.00001) == "1E-05");
  CHECK(number(0.000012) == "1.2E-05");
  CHECK(number(1e-100) == "1E-100");
  CHECK(number(1.0 / 3) == "0.3333333333333333");
  CHECK(number(123456.75) == "123456.75");
  CHECK(number(1e15) == "1000000000000000");
  CHECK(number(9007199254740993.0) == "9007199254740992");
  CHECK(number(1e16) == "1E+16");
  CHECK(number(1.5e16) == "1.5E+16");
  CHECK(number(1e300) == "1E+300");
  CHECK(number(std::numeric_limits<double>::infinity()) == "0");
  CHECK(number(std::nan("")) == "0");
}

TEST_CASE("the keys of a task are in the original's order") {
  bbdown_task t;
  t.aid = "0123456789ab";
  t.url = "http://h/a?b&c";
  t.created = 1700000000;
  std::string strict;
  append_json(strict, t, false);
  CHECK(strict ==
        R"({"Aid":"0123456789ab","Url":"http://h/a?b\u0026c","TaskCreateTime":1700000000,)"
        R"("Title":null,"Pic":null,"VideoPubTime":null,"TaskFinishTime":null,"Progress":0,)"
        R"("DownloadSpeed":0,"TotalDownloadedBytes":0,"IsSuccessful":false,"SavePaths":[]})");
  t.title = "a";
  t.picture = "p";
  t.published = 1600000000;
  t.finished = 1700000002;
  t.progress = 1;
  t.speed = 2.5;
  t.downloaded = 5;
  t.successful = true;
  t.paths = {"x", "y"};
  t.id = "f";
  t.state = bbdown_state::succeeded;
  t.total = 5;
  std::string extended;
  append_json(extended, t, true);
  CHECK(extended ==
        R"({"Aid":"0123456789ab","Url":"http://h/a?b\u0026c","TaskCreateTime":1700000000,)"
        R"("Title":"a","Pic":"p","VideoPubTime":1600000000,"TaskFinishTime":1700000002,)"
        R"("Progress":1,"DownloadSpeed":2.5,"TotalDownloadedBytes":5,"IsSuccessful":true,)"
        R"("SavePaths":["x","y"],"TaskId":"f","Status":"Succeeded","ErrorMessage":null,)"
        R"("TotalBytes":5,"TimeLeft":null})");
  t.error = "why";
  std::string failed;
  append_json(failed, t, true);
  CHECK(failed.find(R"("ErrorMessage":"why")") != std::string::npos);
}

TEST_CASE("every option that is known is read or at least checked") {
  const auto o = parse_serve_options(
      R"({"Url":"u","FilePattern":"f","MultiFilePattern":"m","WorkDir":"w","UserAgent":"a",)"
      R"("Cookie":"c","Aria2cArgs":"x","Aria2cProxy":"p","SelectPage":"1","DelayPerPage":"2",)"
      R"("CallBackWebHook":"h","MultiThread":false,"UseAria2c":true,"SaveArchivesToFile":true,)"
      R"("OnlyShowInfo":true,"Host":"x","Unknown":[{}]})");
  REQUIRE(o);
  CHECK(o->url == "u");
  CHECK(o->file_pattern == "f");
  CHECK(o->multi_file_pattern == "m");
  CHECK(o->work_dir == "w");
  CHECK(o->user_agent == "a");
  CHECK(o->cookie == "c");
  CHECK(o->aria2c_args == "x");
  CHECK(o->aria2c_proxy == "p");
  CHECK(o->select_page == "1");
  CHECK(o->delay_per_page == "2");
  CHECK(o->webhook == "h");
  CHECK_FALSE(o->multi_thread);
  CHECK(o->use_aria2c);
  CHECK(o->save_archives);
  CHECK(o->only_show_info);

  const auto none = parse_serve_options("{}");
  REQUIRE(none);
  CHECK(none->multi_thread);
  CHECK(none->delay_per_page == "0");
  CHECK(parse_serve_options(to_text(*o))->webhook == "h");
  CHECK(to_text(*parse_serve_options(to_text(*o))) == to_text(*o));
  CHECK(parse_serve_options("\xef\xbb\xbf{\"Url\":\"u\"}")->url == "u");

  for (const char* name :
       {"UseTvApi",    "UseAppApi",         "UseIntlApi",     "UseMP4box",         "ShowAll",
        "HideStreams", "SimplyMux",         "VideoOnly",      "AudioOnly",         "DanmakuOnly",
        "CoverOnly",   "SubOnly",           "SkipMux",        "SkipSubtitle",      "SkipCover",
        "SkipAi",      "DownloadDanmaku",   "VideoAscending", "AudioAscending",    "AllowPcdn",
        "OnlyHevc",    "ForceReplaceHost",  "OnlyAvc",        "OnlyAv1",           "AddDfnSubfix",
        "ForceHttp",   "NoPaddingPageNum",  "Debug",          "Interactive",       "MultiThread",
        "UseAria2c",   "BandwithAscending", "OnlyShowInfo",   "SaveArchivesToFile"}) {
    INFO(name);
    const std::string head = std::string{"{\""} + name + "\":";
    CHECK(parse_serve_options(head + "true}"));
    CHECK_FALSE(parse_serve_options(head + "\"true\"}"));
    CHECK_FALSE(parse_serve_options(head + "null}"));
    CHECK_FALSE(parse_serve_options(head + "0}"));
  }
  for (const char* name : {"Url",
                           "EncodingPriority",
                           "DfnPriority",
                           "DownloadDanmakuFormats",
                           "FilePattern",
                           "WorkDir",
                           "MultiFilePattern",
                           "SelectPage",
                           "Language",
                           "UserAgent",
                           "Cookie",
                           "AccessToken",
                           "Aria2cArgs",
                           "FFmpegPath",
                           "Mp4boxPath",
                           "Aria2cPath",
                           "UposHost",
                           "Host",
                           "DelayPerPage",
                           "EpHost",
                           "TvHost",
                           "Area",
                           "ConfigFile",
                           "Aria2cProxy",
                           "CallBackWebHook"}) {
    INFO(name);
    const std::string head = std::string{"{\""} + name + "\":";
    CHECK(parse_serve_options(head + "\"x\"}"));
    CHECK(parse_serve_options(head + "null}"));
    CHECK_FALSE(parse_serve_options(head + "true}"));
    CHECK_FALSE(parse_serve_options(head + "1}"));
  }
}

TEST_CASE("a path and a method name a route") {
  const auto at = [](std::string_view path, bool extended = false) {
    return find_bbdown_route("GET", path, extended);
  };
  CHECK(at("/get-tasks").action == bbdown_action::list);
  CHECK(at("/get-tasks/finished/").action == bbdown_action::list_finished);
  CHECK(at("/get-tasks/%72unning").action == bbdown_action::list_running);
  CHECK(at("/get-tasks/a%20b%2Fc%2f%e6").id == "a b%2Fc%2f\xe6");
  CHECK(at("/get-tasks/%").id == "%");
  CHECK(at("/get-tasks/failed").action == bbdown_action::show);
  CHECK(at("/remove-finished/running").action == bbdown_action::remove);
  for (const char* path : {"", "/", "//", "get-tasks", "/get-tasks//", "//get-tasks",
                           "/get-tasks/a/b", "/get-tasks%2Frunning", "/add-task/1", "/cancel/1"}) {
    INFO(path);
    CHECK(at(path).action == bbdown_action::none);
  }
  CHECK(at("/cancel/1", true).action == bbdown_action::cancel);
  CHECK_FALSE(at("/cancel/1", true).allowed);
  CHECK(at("/cancel", true).action == bbdown_action::none);
  CHECK(find_bbdown_route("POST", "/resume/x", true).allowed);
  CHECK_FALSE(find_bbdown_route("get", "/get-tasks", false).allowed);
}

TEST_CASE("a pattern gives a path that stays where it is") {
  pattern_values v;
  v.title = "A film";
  v.page_title = "Part";
  v.aid = "0123";
  v.page = 3;
  v.pages = 12;
  const auto path = [&](std::string_view pattern, std::string_view extension = ".mp4") {
    return expand_file_pattern(pattern, v, extension).value_or("(refused)");
  };
  CHECK(path("<videoTitle>") == "A film.mp4");
  CHECK(path("<videoTitle>/[P<pageNumberWithZero>]<pageTitle>") == "A film/[P03]Part.mp4");
  CHECK(path("<pageNumber>-<aid>-<dfn><fps>") == "3-0123-.mp4");
  CHECK(path("<ownerName>/<videoTitle>") == "A film.mp4");
  CHECK(path("<publishDate:yyyy-MM-dd> <videoTitle>") == "A film.mp4");
  CHECK(path("<unknown>x<") == "_unknown_x_.mp4");
  CHECK(path("a\\b") == "a/b.mp4");
  CHECK(path("film.MP4") == "film.MP4");
  CHECK(path("") == "A film.mp4");
  CHECK(path("./x//y/") == "x/y.mp4");
  CHECK(path("film", "") == "film");
  CHECK(path("x.haul", "") == "x.haul_");
  CHECK(path("x.HAUL-journal", "") == "x.HAUL-journal_");
  for (const char* p : {"../x", "a/../b", "a\\..\\b", "/x", "\\x", "C:x", ".."}) {
    INFO(p);
    CHECK(path(p) == "(refused)");
  }
  v.title = "../../etc/passwd";
  CHECK(path("<videoTitle>").find('/') == std::string::npos);
  CHECK(path("<videoTitle>").find("..") != 0);
  CHECK(path(std::string(500, 'x')).size() <= 255);
  CHECK(split_file_name("a.tar.gz").stem == "a.tar");
  CHECK(split_file_name(".hidden").extension == "");
  CHECK(split_file_name("1. a title").extension == "");
}

TEST_CASE("pages are selected") {
  using list = std::vector<std::size_t>;
  CHECK(select_pages("", 3) == list{1, 2, 3});
  CHECK(select_pages("ALL", 2) == list{1, 2});
  CHECK(select_pages("1,3-5", 9) == list{1, 3, 4, 5});
  CHECK(select_pages(" 3 - LAST , 1", 4) == list{1, 3, 4});
  CHECK(select_pages("latest", 4) == list{4});
  CHECK(select_pages("2,2,1-2", 4) == list{1, 2});
  CHECK(select_pages("3-99999999", 4) == list{3, 4});
  CHECK(select_pages("9", 4) == list{});
  for (const char* t : {"x", "0", "1-", "-1", "3-2", "1,,2", "1.5", "99999999999999999999999"}) {
    INFO(t);
    CHECK_FALSE(select_pages(t, 4));
  }
}

TEST_CASE("arguments for aria2c are read, not run") {
  const aria2_args a = parse_aria2_args(
      "-x16 -s 8 -j4 -k 5M --all-proxy=http://p:1 --continue "
      "--header 'X-A: b c' -m0 --retry-wait=3 -t 9 "
      "--max-download-limit 512K -U \"a b\" --file-allocation=none");
  CHECK(a.error.empty());
  CHECK(a.per_server == 16u);
  CHECK(a.split == 8u);
  CHECK(a.at_once == 4u);
  CHECK(a.min_split == 5u << 20);
  CHECK(a.proxy == "http://p:1");
  CHECK(a.headers == std::vector<std::string>{"X-A: b c"});
  CHECK(a.tries == 0u);
  CHECK(a.wait == std::chrono::seconds{3});
  CHECK(a.timeout == std::chrono::seconds{9});
  CHECK(a.limit == 512u << 10);
  CHECK(a.user_agent == "a b");
  CHECK(parse_aria2_args("").error.empty());
  CHECK(parse_aria2_args("; rm -rf / $(x) `y` | z").error.empty());
  CHECK_FALSE(parse_aria2_args("-x").error.empty());
  CHECK_FALSE(parse_aria2_args("-x 0").error.empty());
  CHECK_FALSE(parse_aria2_args("-xmany").error.empty());
  CHECK_FALSE(parse_aria2_args("-k 99999999999999M").error.empty());
}

TEST_CASE("URLs are split, and have one Aid however they are written") {
  CHECK(split_urls(" http://h/a\n\thttps://h/b ").size() == 2);
  CHECK(split_urls("http://h/a nothing").empty());
  CHECK(split_urls(" ").empty());
  const std::string aid = aid_of({"http://h/a"});
  CHECK(aid.size() == 12);
  CHECK(aid.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(aid == aid_of({"HTTP://u:p@H:80/a#x"}));
  CHECK(aid != aid_of({"http://h/a?"}));
  CHECK(aid != aid_of({"http://h/a", "http://h/a"}));
}

TEST_CASE("a plan says what is downloaded and how", "[posix]") {
  const temp_dir dir;
  const fs::path root = fs::canonical(dir.path());
  bbdown_options o;
  o.root = root;
  const auto plan = [&](serve_options asked) {
    asked.url = asked.url.empty() ? "http://h/a.mp4" : asked.url;
    return plan_bbdown_task(asked, split_urls(asked.url), o);
  };
  serve_options asked;
  bbdown_plan p = plan(asked);
  CHECK(p.error.empty());
  REQUIRE(p.items.size() == 1);
  CHECK(p.items[0].target == root / "");
  CHECK(p.title == "a");
  CHECK(p.batch.download.connections == o.batch.download.connections);

  asked.user_agent = "agent";
  asked.cookie = "k=v";
  asked.multi_thread = false;
  asked.use_aria2c = true;
  asked.aria2c_args = "-x8 -s4 -j2 -k 2M --referer r";
  asked.work_dir = "sub//dir";
  asked.delay_per_page = "7";
  p = plan(asked);
  CHECK(p.error.empty());
  CHECK(p.batch.download.connections == 1);
  CHECK(p.batch.max_concurrent == 2);
  CHECK(p.batch.download.piece_size == 2u << 20);
  CHECK(p.delay == std::chrono::seconds{7});
  REQUIRE(p.headers.size() == 3);
  CHECK(p.headers[0].name == "User-Agent");
  CHECK(p.headers[1].value == "k=v");
  CHECK(p.headers[2].name == "Referer");
  CHECK(p.items[0].target == root / "sub/dir/");
  asked.multi_thread = true;
  CHECK(plan(asked).batch.download.connections == 4);
  asked.aria2c_args.clear();
  CHECK(plan(asked).batch.download.connections == 16);
  CHECK(plan(asked).batch.max_concurrent == 16);

  asked.work_dir = (root / "inside").string();
  CHECK(plan(asked).items.at(0).target == root / "inside/");
  for (const char* bad : {"/", "..", "a/../../b", "/etc", "C:/x"}) {
    INFO(bad);
    asked.work_dir = bad;
    CHECK(plan(asked).error.starts_with("WorkDir"));
    CHECK(plan(asked).items.empty());
  }
  fs::create_directory_symlink("/", root / "out");
  asked.work_dir = "out";
  CHECK(plan(asked).error.starts_with("WorkDir"));
  asked.work_dir.clear();
  asked.file_pattern = "out/x";
  CHECK(plan(asked).error.starts_with("FilePattern"));
  asked.file_pattern = "x/<aid>";
  CHECK(plan(asked).items.at(0).target == root / "x" / (aid_of({"http://h/a.mp4"}) + ".mp4"));

  asked.aria2c_proxy = "http://p:1";
  CHECK(plan(asked).error.starts_with("Aria2cProxy"));
  o.proxy = "http://p:1";
  CHECK(plan(asked).error.empty());
  asked.use_aria2c = false;
  asked.aria2c_proxy = "http://q:1";
  CHECK(plan(asked).error.empty());
  asked.cookie = "a\r\nb: c";
  CHECK(plan(asked).error.starts_with("Cookie"));
  asked.cookie.clear();
  asked.delay_per_page = "soon";
  CHECK(plan(asked).error.starts_with("DelayPerPage"));
  asked.delay_per_page.clear();

  asked.url = "http://h/a.mp4 http://h/b.mkv http://h/";
  p = plan(asked);
  REQUIRE(p.items.size() == 3);
  CHECK(p.items[0].target == root / "a/[P1]a.mp4");
  CHECK(p.items[1].target == root / "a/[P2]b.mkv");
  CHECK(p.items[2].target == root / "a/[P3]download");
  asked.select_page = "2";
  REQUIRE(plan(asked).items.size() == 1);
  CHECK(plan(asked).items[0].url == "http://h/b.mkv");
  asked.select_page = "4";
  CHECK(plan(asked).error.starts_with("SelectPage"));
  asked.select_page = "?";
  CHECK(plan(asked).error.starts_with("SelectPage"));
}

TEST_CASE("what is kept of a task reads back the same") {
  bbdown_record r;
  r.task.id = "id";
  r.task.aid = "aid";
  r.task.url = "u";
  r.task.title = "t";
  r.task.created = 12;
  r.task.progress = 0.1;
  r.task.paths = {"x"};
  r.task.state = bbdown_state::paused;
  r.task.total = 7;
  r.body = "{}";
  r.webhooks = {"h"};
  r.batch = "b";
  r.sent = {{1, "/p", true, false}};
  r.todo = {{2, "/q/", false, true}};
  r.next = 3;
  r.done = 1;
  r.paused = true;
  CHECK(parse_bbdown_record(to_text(r)) == r);
  CHECK(parse_bbdown_task(to_text(r.task)) == r.task);
  const std::string whole = to_text(r);
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK_FALSE(parse_bbdown_record(whole.substr(0, n)));
  for (const char* bad : {"null", "[]", "{}", "{\"task\":1}"}) {
    CHECK_FALSE(parse_bbdown_record(bad));
    CHECK_FALSE(parse_bbdown_task(bad));
  }
}

TEST_CASE("an archive remembers, also in another process") {
  const temp_dir dir;
  {
    download_archive a{dir / "archive"};
    CHECK_FALSE(a.contains("k"));
    a.add("k");
    a.add("k");
    a.add("l");
    CHECK(a.contains("k"));
  }
  CHECK(read_file(dir / "archive") == "k\nl\n");
  download_archive again{dir / "archive"};
  CHECK(again.contains("l"));
  CHECK_FALSE(again.contains("m"));
}

}  // namespace haul::test
