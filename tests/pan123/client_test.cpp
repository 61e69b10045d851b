#include "pan123/rig.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/thread_pool.hpp>

#include <filesystem>
#include <future>
#include <set>

namespace haul::test {
using pan123::errc;

namespace {

constexpr const char* info_path = "/api/v1/user/info";
constexpr const char* token_path = "/api/v1/access_token";

pan_platform::fault times(int n, std::function<reply_plan()> plan) {
  return [n, plan = std::move(plan)](const request_info&) mutable -> std::optional<reply_plan> {
    if (n-- > 0) return plan();
    return std::nullopt;
  };
}
reply_plan too_often() {
  return reply_plan().with_body(R"({"code":429,"message":"slow down","data":null})",
                                "application/json");
}

std::vector<std::chrono::steady_clock::time_point> arrivals(pan_platform& p, const char* path) {
  std::vector<std::chrono::steady_clock::time_point> all;
  for (const auto& e : p.api.log(path)) all.push_back(e.request.arrived);
  return all;
}

}  // namespace

TEST_CASE("a hundred calls at once get one token", "[pan123][token]") {
  pan_platform p;
  pan_rig r{p};
  int good = 0;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(r.io, r.client().user().info(),
                   [&](std::exception_ptr e, const pan123::account& a) {
                     if (!e && a.uid == 9007199254740995) ++good;
                   });
  }
  r.finish();
  CHECK(good == 100);
  CHECK(p.count(token_path) == 1);
  CHECK(p.count(info_path) == 100);
  CHECK(p.problems().empty());
  CHECK(r.seen<pan123::token_renewed>().size() == 1);
}

TEST_CASE("a hundred calls share one failure to get a token", "[pan123][token]") {
  pan_platform p;
  p.client_secret = "another";
  pan_rig r{p, pan123::credentials::client("client-id", "wrong-secret-of-mine")};
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    asio::co_spawn(r.io, r.client().user().info(),
                   [&](std::exception_ptr e, const pan123::account&) {
                     try {
                       if (e) std::rethrow_exception(e);
                     } catch (const pan123::error& why) {
                       CHECK(why.code() == errc::refused);
                       // The platform repeats the secret; the error does not.
                       CHECK(why.info().message == "client secret is wrong: ***");
                       CHECK(std::string{why.what()}.find("wrong-secret") == std::string::npos);
                       ++failed;
                     }
                   });
  }
  r.finish();
  CHECK(failed == 100);
  CHECK(p.count(token_path) == 1);
  CHECK(p.count(info_path) == 0);
}

TEST_CASE("a token that was kicked is renewed once for all", "[pan123][token]") {
  pan_platform p;
  pan_rig r{p};
  r.run(r.client().user().info());
  p.kick_tokens();
  int good = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(r.io, r.client().user().info(),
                   [&](std::exception_ptr e, const pan123::account&) { good += !e; });
  }
  r.finish();
  CHECK(good == 20);
  CHECK(p.count(token_path) == 2);
  CHECK(p.problems().empty());
}

TEST_CASE("a token that stays refused is renewed once, and never again", "[pan123][token]") {
  pan_platform p;
  pan_rig r{p};
  p.refuse_tokens(true);
  const bool by_status = GENERATE(false, true);
  if (by_status) {
    p.at(info_path, [](const request_info&) { return reply_plan().with_status(401); });
  }
  const auto e = r.fail(r.client().user().info());
  REQUIRE(e);
  CHECK(e->code() == errc::unauthorized);
  CHECK(e->info().endpoint == info_path);
  CHECK(p.count(token_path) == 2);  // the first, and one more
  CHECK(p.count(info_path) == 2);
  for (const std::string& token : p.tokens()) {
    CHECK(std::string{e->what()}.find(token) == std::string::npos);
  }
}

TEST_CASE("an access token alone is used, and cannot be renewed", "[pan123][token]") {
  pan_platform p;
  std::string token;
  {
    pan_rig r{p};
    r.run(r.client().user().info());
    token = p.tokens().front();
  }
  pan_rig r{p, pan123::credentials::access_token(token)};
  CHECK(r.run(r.client().user().info()).nickname == "tester");
  p.kick_tokens();
  const auto e = r.fail(r.client().user().info());
  REQUIRE(e);
  CHECK(e->code() == errc::unauthorized);
  CHECK(e->info().code == 401);
  CHECK(e->info().trace_id == "trace-401");
  CHECK(std::string{e->what()}.find(token) == std::string::npos);
  CHECK(p.count(token_path) == 1);
}

TEST_CASE("a token is renewed before it expires", "[pan123][token]") {
  pan_platform p;
  pan_rig r{p};
  p.live_for(std::chrono::seconds{2});  // so that it is renewed after one
  r.run(r.client().user().info());
  CHECK(p.count(token_path) == 1);
  p.live_for(std::chrono::hours{1});
  CHECK(wait_until([&] {
    r.run(r.client().user().info());
    return p.count(token_path) == 2;
  }));
  r.run(r.client().user().info());
  CHECK(p.count(token_path) == 2);
}

TEST_CASE("a token file keeps the token between runs, for its owner only", "[pan123][token]") {
  pan_platform p;
  temp_dir dir;
  const auto file = dir / "token.json";
  {
    pan_rig r{p};
    r.options.token_file = file;
    r.run(r.client().user().info());
  }
#ifndef _WIN32  // there it has a list of its own: tests/system/file_test.cpp
  using std::filesystem::perms;
  CHECK(std::filesystem::status(file).permissions() == (perms::owner_read | perms::owner_write));
#endif
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"token.json"});
  {
    pan_rig r{p};
    r.options.token_file = file;
    r.run(r.client().user().info());
    CHECK(p.count(token_path) == 1);

    // Another process has got a new token meanwhile: it is used, none is asked for.
    pan_rig other{p};
    other.options.token_file = file;
    p.kick_tokens();
    other.run(other.client().user().info());
    CHECK(p.count(token_path) == 2);
    r.run(r.client().user().info());
    CHECK(p.count(token_path) == 2);
  }
  SECTION("what is no token file is replaced") {
    write_file(file, "{\"accessToken\":");
    pan_rig r{p};
    r.options.token_file = file;
    r.run(r.client().user().info());
    CHECK(p.count(token_path) == 3);
    CHECK(read_file(file).find(p.tokens().back()) != std::string::npos);
  }
  SECTION("a file that cannot be written is said") {
    pan_rig r{p};
    r.options.token_file = dir / "no" / "folder";
    CHECK(r.code(r.client().user().info()) == errc::token_file_failed);
  }
}

TEST_CASE("tokens of OAuth, and refresh tokens for one use", "[pan123][token]") {
  pan_platform p;
  temp_dir dir;
  {
    pan_rig r{p, pan123::credentials::oauth_code(p.client_id, p.client_secret, "the-code",
                                                 "https://app.example/back")};
    r.options.token_file = dir / "t";
    r.run(r.client().user().info());
    p.kick_tokens();
    r.run(r.client().user().info());  // with the refresh token
  }
  CHECK(p.count("/api/v1/oauth2/access_token") == 2);
  p.kick_tokens();
  {
    // The one it was made with has been used; the one in the file is good.
    pan_rig r{p, pan123::credentials::oauth_refresh(p.client_id, p.client_secret, "refresh-1")};
    r.options.token_file = dir / "t";
    r.run(r.client().user().info());
  }
  CHECK(p.count("/api/v1/oauth2/access_token") == 3);
  pan_rig r{p, pan123::credentials::oauth_refresh(p.client_id, p.client_secret, "used-up-token")};
  const auto e = r.fail(r.client().user().info());
  REQUIRE(e);
  CHECK(e->code() == errc::refused);
  CHECK(e->info().http_status == 400);
  const std::string text = e->what();
  CHECK(text.find("used-up") == std::string::npos);
  CHECK(text.find("s3cret") == std::string::npos);
  CHECK(p.problems().empty());
}

TEST_CASE("too often twice, then fine: three requests with growing gaps", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  const bool by_status = GENERATE(false, true);
  p.at(info_path, times(
                      2, by_status ? [] { return reply_plan().with_status(429); }
                                   : [] { return too_often(); }));
  r.run(r.client().user().info());
  const auto at = arrivals(p, info_path);
  REQUIRE(at.size() == 3);
  const auto told = r.seen<pan123::call_retried>();
  REQUIRE(told.size() == 2);
  CHECK(told[0].endpoint == info_path);
  CHECK(told[0].error == errc::too_many_requests);
  CHECK(told[0].attempt == 1);
  CHECK(told[1].delay > told[0].delay);
  // A timer is never early.
  CHECK(at[1] - at[0] >= told[0].delay);
  CHECK(at[2] - at[1] >= told[1].delay);
}

TEST_CASE("too often for ever is an error", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  r.options.retry_delay = 1ms;
  r.options.retries = 3;
  p.at(info_path, times(99, too_often));
  CHECK(r.code(r.client().user().info()) == errc::too_many_requests);
  CHECK(p.count(info_path) == 4);
}

TEST_CASE("Retry-After is gone along with, up to a limit", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  p.at(info_path, times(1, [] { return reply_plan().with_status(429).with_retry_after("1"); }));
  r.run(r.client().user().info());
  CHECK(r.seen<pan123::call_retried>().at(0).delay == 1s);
  p.at(info_path, times(1, [] { return reply_plan().with_status(429).with_retry_after("7200"); }));
  CHECK(r.code(r.client().user().info()) == errc::too_many_requests);
}

TEST_CASE("what may reach the platform twice is sent again, the rest is not", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  r.options.retry_delay = 1ms;
  r.run(r.client().user().info());
  const auto cut = [] { return reply_plan().cut_head(0, ending::reset); };
  const auto gateway = [] {
    return reply_plan().with_status(502).with_body("<html>Bad Gateway</html>", "text/html");
  };
  const bool lost = GENERATE(true, false);
  p.at("/api/v1/file/trash", times(3, lost ? std::function<reply_plan()>{cut} : gateway));
  p.at("/upload/v1/file/mkdir", times(3, lost ? std::function<reply_plan()>{cut} : gateway));
  const auto id = p.add_folder(0, "x");
  r.run(r.client().files().trash({id}));
  CHECK(p.find(id)->trashed);
  const auto e = r.fail(r.client().files().mkdir(0, "y"));
  REQUIRE(e);
  CHECK(p.count("/upload/v1/file/mkdir") == 1);
  if (!lost) CHECK(e->code() == errc::unavailable);
  if (!lost) CHECK(e->info().http_status == 502);
}

TEST_CASE("answers that are not of the protocol", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  struct row {
    const char* body;
    const char* says;
  };
  const row bad = GENERATE(values<row>({
      {"<html>Welcome to the hotel</html>", "not JSON"},
      {R"({"code":0,"message":"ok","data":{"uid":1,"nick)", "not JSON"},
      {R"({"code":0,"message":"ok","data":null})", "data is missing"},
      {R"({"code":0,"message":"ok","data":{"uid":1}})", "data.nickname is missing"},
  }));
  p.at(info_path, times(1, [&] { return reply_plan().with_body(bad.body, "text/html"); }));
  const auto e = r.fail(r.client().user().info());
  REQUIRE(e);
  CHECK(e->code() == errc::protocol_error);
  CHECK(std::string{e->what()}.find(bad.says) != std::string::npos);
  CHECK(p.count(info_path) == 1);
}

TEST_CASE("a redirect is not followed, with or without a token", "[pan123][retry]") {
  pan_platform p;
  pan_rig r{p};
  fault_server other;
  p.at(info_path, [&](const request_info&) { return reply_plan().redirect(307, other.url("/")); });
  CHECK(r.code(r.client().user().info()) == errc::protocol_error);
  CHECK(other.log().empty());
}

TEST_CASE("calls keep to the rates, all together", "[pan123][rates]") {
  pan_platform p;
  pan_rig r{p};
  r.options.rates.set(info_path, 20);
  r.options.retries = 0;  // the first 429 would be an error
  p.limit(info_path, 20, 25);
  int good = 0;
  for (int i = 0; i < 30; ++i) {
    asio::co_spawn(r.io, r.client().user().info(),
                   [&](std::exception_ptr e, const pan123::account&) { good += !e; });
  }
  r.finish();
  CHECK(good == 30);
}

TEST_CASE("a folder is listed to its end, without the trash", "[pan123][files]") {
  pan_platform p;
  pan_rig r{p};
  const auto folder = p.add_folder(0, "many");
  for (int i = 0; i < 230; ++i) {
    const auto id = p.add_file(folder, "f" + std::to_string(i), 1, 10);
    if (i % 10 == 0) p.change(id, [](pan_platform::node& n) { n.trashed = true; });
  }
  std::set<pan123::file_id> ids;
  pan123::file_cursor files = r.client().files().list(folder);
  int pages = 0;
  while (!files.done()) {
    ++pages;
    for (const auto& e : r.run(files.next())) {
      CHECK_FALSE(e.trashed);
      CHECK(e.parent == folder);
      ids.insert(e.id);
    }
  }
  CHECK(pages == 3);
  CHECK(ids.size() == 207);
  CHECK(*ids.begin() > (std::int64_t{1} << 53));
  CHECK(r.run(files.next()).empty());
  CHECK(p.count("/api/v2/file/list") == 3);

  // A page that leads to itself is the last.
  p.at("/api/v2/file/list", [](const request_info& q) -> std::optional<reply_plan> {
    if (q.target.find("lastFileId") == std::string::npos) return std::nullopt;
    return reply_plan().with_body(R"({"code":0,"data":{"lastFileId":5,"fileList":[]}})",
                                  "application/json");
  });
  pan123::file_cursor again = r.client().files().list(folder);
  for (int i = 0; i < 2; ++i) r.run(again.next());
  CHECK(again.done());
  CHECK(p.problems().empty());
}

TEST_CASE("files are looked at, made, moved, renamed, copied, trashed and removed",
          "[pan123][files]") {
  pan_platform p;
  pan_rig r{p};
  const auto files = r.client().files();
  const auto a = r.run(files.mkdir(0, "a"));
  CHECK(a > (std::int64_t{1} << 53));
  const auto refused = r.fail(files.mkdir(0, "a"));
  REQUIRE(refused);
  CHECK(refused->code() == errc::refused);
  CHECK(refused->info().code == 1);
  CHECK(refused->info().message.find("同名文件夹") != std::string::npos);

  const auto deep = r.run(files.ensure_dir(0, "a/b//文"));
  CHECK(p.find(deep)->name == "文");
  CHECK(p.find(p.find(deep)->parent)->parent == a);
  CHECK(r.run(files.ensure_dir(0, "/a/b/文/")) == deep);
  CHECK(p.count("/upload/v1/file/mkdir") == 4);

  const auto f = p.add_file(a, "f.bin", 3, 1000);
  const auto entry = r.run(files.detail(f));
  CHECK(entry.id == f);
  CHECK(entry.parent == a);
  CHECK(entry.name == "f.bin");
  CHECK(entry.size == 1000);
  CHECK(entry.md5 == p.find(f)->md5);
  CHECK_FALSE(entry.folder);
  CHECK(r.run(files.detail(a)).folder);
  CHECK(r.code(files.detail(12345)) == errc::file_not_found);
  CHECK(r.run(files.infos({f, a})).size() == 2);
  CHECK(r.run(files.download_info(f)).rfind("https://localhost:", 0) == 0);

  r.run(files.move({f}, deep));
  CHECK(p.find(f)->parent == deep);
  r.run(files.rename(f, "g.bin"));
  CHECK(p.find(f)->name == "g.bin");
  const auto copied = r.run(files.copy(f, a));
  CHECK(copied.source == f);
  CHECK(p.find(copied.copy)->parent == a);
  r.run(files.copy({f, copied.copy}, deep));
  CHECK(p.count("/api/v1/file/async/copy/process") == 3);

  r.run(files.trash({f}));
  CHECK(p.find(f)->trashed);
  CHECK(r.run(files.recover({f, 77})) == pan123::file_ids{77});
  CHECK_FALSE(p.find(f)->trashed);
  r.run(files.trash({f}));
  r.run(files.recover({f}, a));
  CHECK(p.find(f)->parent == a);
  r.run(files.trash({f}));
  r.run(files.remove({f}));
  CHECK_FALSE(p.find(f));
  CHECK(p.problems().empty());
}

TEST_CASE("the account, shares and direct links", "[pan123][share]") {
  pan_platform p;
  pan_rig r{p};
  const auto who = r.run(r.client().user().info());
  CHECK(who.uid == 9007199254740995);
  CHECK(who.space_permanent == 2199023255552);
  CHECK(who.vip);
  CHECK(who.vip_periods.at(0).label == "VIP");
  CHECK(who.developer_until == "b");

  const auto share = r.client().share();
  pan123::share_request wanted{"mine", {9007199254740993, 9007199254740995}};
  wanted.days(7).password("pw").traffic(true, 1000);
  const auto link = r.run(share.create(wanted));
  CHECK(link.url() == "https://www.123pan.com/s/key-9007199254740993,9007199254740995");
  CHECK(link.id > (std::int64_t{1} << 53));
  const auto first = r.run(share.list());
  CHECK(first.shares.at(0).link.key == "one");
  const auto second = r.run(share.list(first.next));
  CHECK(second.shares.at(0).expired);
  CHECK(second.next == -1);
  r.run(share.update({first.shares[0].link.id}, true, 5));

  const auto folder = p.add_folder(0, "public");
  const auto direct = r.client().direct_link();
  CHECK(r.run(direct.enable(folder)) == "public");
  CHECK(r.run(direct.url(folder)) == "https://direct.example/" + std::to_string(folder));
  CHECK(r.run(direct.disable(folder)) == "public");
  CHECK(p.problems().empty());
}

TEST_CASE("bad arguments are refused before any request", "[pan123][arguments]") {
  pan_platform p;
  pan_rig r{p};
  const auto& c = r.client();
  const auto files = c.files();
  using pan123::offline_request;
  const std::string good = "https://example.com/f";
  const auto bad = make_error_code(errc::invalid_argument);
  CHECK(r.code(c.offline().create(offline_request{"ftp://x/y"})) == bad);
  CHECK(r.code(c.offline().create(offline_request{"magnet:?xt=1"})) == bad);
  CHECK(r.code(c.offline().create(offline_request{good}.folder(0))) == bad);
  CHECK(r.code(c.offline().create(offline_request{good}.folder(-5))) == bad);
  CHECK(r.code(c.offline().create(offline_request{good}.name("a/b"))) == bad);
  CHECK(r.code(c.offline().create(offline_request{good}.callback("nonsense"))) == bad);
  CHECK(r.code(c.offline().wait(0)) == bad);
  CHECK(r.code(files.mkdir(0, "a\\b")) == bad);
  CHECK(r.code(files.mkdir(-1, "a")) == bad);
  CHECK(r.code(files.ensure_dir(0, "a/b?c")) == bad);
  CHECK(r.code(files.rename(5, std::string(256, 'x'))) == bad);
  CHECK(r.code(files.move({}, 0)) == bad);
  CHECK(r.code(files.trash(pan123::file_ids(101, 5))) == bad);
  CHECK(r.code(files.remove({0})) == bad);
  CHECK(r.code(files.detail(0)) == bad);
  CHECK(r.code(c.share().create({std::string(35, 'x'), {5}})) == bad);
  pan123::share_request two_days{"x", {5}};
  CHECK(r.code(c.share().create(two_days.days(2))) == bad);
  CHECK(r.code(c.direct_link().enable(0)) == bad);
  CHECK(p.calls().empty());

  pan_rig nowhere{p};
  nowhere.options.base_url = "open-api.123pan.com";
  CHECK(nowhere.code(nowhere.client().user().info()) == bad);
}

TEST_CASE("a call is cancelled wherever it is", "[pan123][cancel]") {
  pan_platform p;
  pan_rig r{p};
  const char* const where = GENERATE("/api/v1/access_token", "/api/v1/user/info");
  const bool in_backoff = GENERATE(false, true);
  gate held;
  r.options.retry_delay = 1h;
  r.options.max_retry_delay = 1h;
  p.at(where, [&](const request_info&) {
    return in_backoff ? too_often() : reply_plan().hold_head(held);
  });
  asio::cancellation_signal stop;
  std::exception_ptr ended;
  asio::co_spawn(
      r.io, r.client().user().info(),
      asio::bind_cancellation_slot(
          stop.slot(), [&](std::exception_ptr e, const pan123::account&) { ended = e; }));
  r.run_until(
      [&] { return in_backoff ? !r.seen<pan123::call_retried>().empty() : held.arrivals() > 0; });
  stop.emit(asio::cancellation_type::terminal);
  r.finish();
  REQUIRE(ended);
  try {
    std::rethrow_exception(ended);
  } catch (const std::system_error& e) {
    CHECK(e.code() == asio::error::operation_aborted);
  }
  // Nothing is held: the next call goes through.
  p.at(where, nullptr);
  r.run(r.client().user().info());
}

TEST_CASE("a client on a pool of threads", "[pan123][threads]") {
  pan_platform p;
  asio::thread_pool pool{3};
  session s{pool.get_executor(), pan_rig::trusting(p)};
  pan123::client_options options = pan_rig::quick(p);
  std::atomic<int> told{0};
  options.events = [&](const pan123::event&) { ++told; };
  pan123::client client{s, pan_rig::own(p), options};
  p.at(info_path, times(5, too_often));
  std::atomic<int> good{0};
  for (int i = 0; i < 40; ++i) {
    asio::co_spawn(pool, client.user().info(),
                   [&](std::exception_ptr e, const pan123::account&) { good += !e; });
  }
  pool.join();
  CHECK(good == 40);
  CHECK(told == 6);
  CHECK(p.count(token_path) == 1);
}

}  // namespace haul::test
