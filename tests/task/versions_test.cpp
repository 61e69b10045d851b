#include "catch.hpp"
#include "task/rig.hpp"
#include <haul/engine/journal.hpp>
#include <haul/system/file.hpp>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

#ifdef _WIN32
#include <haul/system/windows.hpp>
#endif

using namespace haul;
using namespace haul::test;

namespace {

constexpr std::uint64_t size = 200'000;

resource version(std::uint64_t seed, std::string etag, std::string modified = {}) {
  return {.size = size,
          .seed = seed,
          .etag = std::move(etag),
          .last_modified = std::move(modified),
          .rate = 1'000'000};
}

// Runs until `bytes` are written, and stops there.
void leave_part(const download_request& r, std::uint64_t bytes, download_options o = quick()) {
  loop l;
  download_task task{l.session, r, null_sink{}, o};
  l.start(task);
  while (!l.done() && task.status().downloaded < bytes) {
    REQUIRE(l.io.run_one_for(too_long) == 1);
  }
  task.stop();
  CHECK(l.finish().error == errc::stopped);
}

std::uint64_t body_bytes(const fault_server& server) {
  std::uint64_t n = 0;
  for (const auto& e : server.log()) n += e.body_sent;
  return n;
}

}  // namespace

TEST_CASE("a stopped download is gone on with", "[task][resume]") {
  fault_server server;
  temp_dir dir;
  const bool dated = GENERATE(false, true);
  server.add("/f", dated ? version(1, "", "Mon, 01 Jan 2024 00:00:00 GMT") : version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  leave_part(request, size / 2);
  CHECK(std::filesystem::exists(engine::part_path(dir / "f")));
  CHECK(std::filesystem::exists(engine::journal_path(dir / "f")));
  CHECK(!std::filesystem::exists(dir / "f"));
  recorder told;
  loop l;
  const download_request checked =
      download_request{server.url("/f"), dir / "f"}.sha256(pattern_sha256(1, size));
  const auto r = l.run(checked, quick(), told);
  check_exact(r, dir / "f", 1, size);
  check_events(told, r);
  CHECK(r.resumed >= size / 2);
  CHECK(r.received <= size - r.resumed + 100'000);
  REQUIRE(!told.of<transfer_started>().empty());
  CHECK(told.of<transfer_started>()[0].resumed == r.resumed);
}

TEST_CASE("resume asked for off, and no durability", "[task][resume]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  download_options options = quick();
  SECTION("not resumed") {
    leave_part(request, size / 2);
    options.resume = false;
    const auto r = loop{}.run(request, options);
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed == 0);
  }
  SECTION("nothing kept") {
    options.durability = durability::none;
    leave_part(request, size / 2, options);
    CHECK(list_tree(dir.path()).empty());
  }
  SECTION("kept through a loss of power") {
    options.durability = durability::power;
    leave_part(request, size / 2, options);
    const auto r = loop{}.run(request, options);
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed >= size / 2);
  }
}

TEST_CASE("a file that is replaced between stop and resume is had anew", "[task][version]") {
  fault_server server;
  temp_dir dir;
  const int how = GENERATE(range(0, 7));
  INFO("way " << how);
  server.add("/f", how == 2   ? version(1, "", "Mon, 01 Jan 2024 00:00:00 GMT")
                   : how == 6 ? version(1, "\"v1\"", "Mon, 01 Jan 2024 00:00:00 GMT")
                              : version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  leave_part(request, size / 2);
  std::uint64_t now = size;
  switch (how) {
    case 0:
      server.replace("/f", version(2, "\"v2\""));
      break;
    case 1:
      server.replace("/f", version(2, ""));
      break;
    case 2:
      server.replace("/f", version(2, "", "Mon, 01 Jan 2024 00:00:05 GMT"));
      break;
    case 3:
      server.replace("/f", version(2, "W/\"v1\""));
      break;
    case 4: {
      now = 1000;  // no range that is missing is there any more
      resource r = version(2, "\"v2\"");
      r.size = now;
      server.replace("/f", r);
      break;
    }
    case 5: {
      now = 1000;
      resource r = version(2, "\"v2\"");
      r.size = now;
      server.replace("/f", r);
      server.behave("/f", [](const request_info& q) {
        const bool beyond = q.range && q.range->first.value_or(0) >= 1000;
        return beyond ? reply_plan().with_status(416).without_field("Content-Range") : reply_plan();
      });
      break;
    }
    case 6:
      server.replace("/f", version(2, "\"v2\"", "Mon, 01 Jan 2024 00:00:00 GMT"));
      break;
  }
  recorder told;
  loop l;
  const auto r = l.run(request, quick(), told);
  check_exact(r, dir / "f", 2, now);
  check_events(told, r);
}

TEST_CASE("a file that is replaced during the download is one version", "[task][version]") {
  fault_server server;
  temp_dir dir;
  const std::string first = GENERATE("\"v1\"", "W/\"v1\"", "");
  INFO("tag " << first);
  const std::uint64_t turn = GENERATE(2u, 3u, 4u);
  server.add("/f", version(1, first));
  server.behave("/f", [&](const request_info& r) {
    if (r.path_number == turn) {
      server.replace("/f", version(2, first.empty()       ? ""
                                      : first == "\"v1\"" ? "\"v2\""
                                                          : "W/\"v2\""));
    }
    // So that there is another request in any case.
    return r.path_number < turn ? reply_plan().cut_body(60'000) : reply_plan();
  });
  loop l;
  recorder told;
  const auto r = l.run(download_request{server.url("/f"), dir / "f"}, quick(), told);
  INFO(r.message());
  REQUIRE(!r.error);
  check_events(told, r);
  CHECK(!mismatch(dir / "f", 2, size));
}

TEST_CASE("a file that changes with every reply is given up", "[task][version]") {
  fault_server server;
  temp_dir dir;
  std::atomic<int> n{0};
  server.add("/f", version(1, "\"v0\""));
  server.behave("/f", [&](const request_info&) {
    ++n;
    server.replace("/f",
                   version(static_cast<std::uint64_t>(n.load()), '"' + std::to_string(n) + '"'));
    return reply_plan().cut_body(40'000);
  });
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"});
  CHECK(r.error);
  CHECK(!std::filesystem::exists(dir / "f"));
}

TEST_CASE("with a weak validator there is one stream, which starts over", "[task][version]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "W/\"v1\""));
  server.behave("/f", [](const request_info& r) {
    return r.path_number <= 2 ? reply_plan().cut_body(150'000) : reply_plan();
  });
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"}, quick(16));
  check_exact(r, dir / "f", 1, size);
  CHECK(server.counters().requests_peak == 1);
  CHECK(r.received >= size + 250'000);
  // Nor is anything kept for another run.
  download_options options = quick();
  options.overwrite = true;
  server.behave("/f", [](const request_info&) { return reply_plan(); });
  leave_part(download_request{server.url("/f"), dir / "g"}, size / 2, options);
  CHECK(!std::filesystem::exists(engine::part_path(dir / "g")));
  CHECK(!std::filesystem::exists(engine::journal_path(dir / "g")));
}

TEST_CASE("where no reply names a version, what is there is compared before it is gone on with",
          "[task][version]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, ""));
  const download_request request{server.url("/f"), dir / "f"};
  SECTION("when a connection breaks") {
    server.behave("/f", [](const request_info& r) {
      return r.path_number <= 2 ? reply_plan().cut_body(90'000) : reply_plan();
    });
    const auto r = loop{}.run(request, quick(16));
    check_exact(r, dir / "f", 1, size);
    CHECK(server.counters().requests_peak == 1);
    CHECK(r.received <= size + 2 * 65'536);
    const auto log = server.log();
    REQUIRE(log.size() == 3);
    REQUIRE(log[1].request.range);
    CHECK(log[1].request.range->first == 90'000 - 65'536);
  }
  SECTION("in another run") {
    leave_part(request, size / 2);
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed >= size / 2);
    CHECK(r.received <= size - r.resumed + 65'536);
  }
  SECTION("in another run, of a file that has changed") {
    leave_part(request, size / 2);
    server.add("/f", version(2, ""));
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 2, size);
  }
  SECTION("in another run, of a file that has grown or shrunk") {
    leave_part(request, size / 2);
    const std::uint64_t now = GENERATE(size - 50'000, size + 50'000);
    server.add("/f", {.size = now, .seed = 1});
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 1, now);
  }
  SECTION("while it changes between two connections") {
    server.behave("/f", [&server](const request_info& r) {
      if (r.path_number > 1) return reply_plan();
      server.add("/f", version(2, ""));
      return reply_plan().cut_body(90'000);
    });
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 2, size);
  }
  SECTION("and not with another server's") {
    server.add("/mirror", version(1, ""));
    server.behave("/f", [](const request_info& r) {
      return r.path_number == 1 ? reply_plan().cut_body(90'000) : reply_plan().with_status(503);
    });
    const auto r =
        loop{}.run(download_request{server.url("/f"), dir / "f"}.mirror(server.url("/mirror")));
    check_exact(r, dir / "f", 1, size);
    for (const auto& e : server.log()) {
      if (e.request.path != "/mirror") continue;
      REQUIRE(e.request.range);
      CHECK(e.request.range->first == 0u);
    }
  }
}

TEST_CASE("a journal that is torn, foreign or nonsense costs bytes, never correctness",
          "[task][journal]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  server.add("/g", version(2, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  leave_part(request, size / 2);
  const auto journal = engine::journal_path(dir / "f");
  const auto part = engine::part_path(dir / "f");
  const std::string text = read_file(journal);
  SECTION("torn") {
    const std::size_t step = std::max<std::size_t>(1, text.size() / 10);
    const std::string bytes = read_file(part);
    for (std::size_t n = 0; n <= text.size(); n += step) {
      INFO("at " << n << " of " << text.size());
      std::filesystem::remove(dir / "f");
      write_file(part, bytes);
      write_file(journal, text.substr(0, n));
      check_exact(loop{}.run(request), dir / "f", 1, size);
    }
  }
  SECTION("garbage behind it") {
    write_file(journal, text + "garbage");
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed > 0);
  }
  SECTION("nonsense") {
    write_file(journal, std::string(1000, 'x'));
    check_exact(loop{}.run(request), dir / "f", 1, size);
  }
  SECTION("of another URL") {
    const auto r = loop{}.run(download_request{server.url("/g"), dir / "f"});
    check_exact(r, dir / "f", 2, size);
    CHECK(r.resumed == 0);
  }
  SECTION("of the same URL with another query") {
    const auto r = loop{}.run(download_request{server.url("/f?token=2"), dir / "f"});
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed > 0);
  }
  SECTION("the part file is gone, or of another size") {
    std::filesystem::remove(part);
    check_exact(loop{}.run(request), dir / "f", 1, size);
    leave_part(download_request{server.url("/f"), dir / "h"}, size / 2);
    std::filesystem::resize_file(engine::part_path(dir / "h"), 10);
    check_exact(loop{}.run(download_request{server.url("/f"), dir / "h"}), dir / "h", 1, size);
  }
  SECTION("beside a file that fits into memory") {
    server.add("/f", {.size = 100, .seed = 3, .etag = "\"v3\""});
    check_exact(loop{}.run(request), dir / "f", 3, 100);
  }
}

TEST_CASE("a file that is whole but for its name is asked about, and published", "[task][resume]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  leave_part(request, size / 2);
  std::error_code ec;
  auto state = engine::journal::read(read_file(engine::journal_path(dir / "f")), ec);
  REQUIRE(state);
  range_set all;
  all.add({0, size});
  write_file(engine::journal_path(dir / "f"),
             engine::journal::begin(state->header) + engine::journal::ranges(all));
  write_pattern_file(engine::part_path(dir / "f"), 1, size);
  SECTION("still the same") {
    const auto r = loop{}.run(request);
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received == 1);
  }
  SECTION("another by now") {
    server.replace("/f", version(2, "\"v2\""));
    check_exact(loop{}.run(request), dir / "f", 2, size);
  }
}

TEST_CASE("stopped again and again, a download comes to its end", "[task][resume]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  for (std::uint64_t part = 1; part < 5; ++part) leave_part(request, part * size / 5);
  check_exact(loop{}.run(request), dir / "f", 1, size);
  CHECK(body_bytes(server) > 0);
}

TEST_CASE("checksums", "[task][checksum]") {
  fault_server server;
  temp_dir dir;
  const std::uint64_t n = GENERATE(0u, 3'000u, 200'000u);
  server.add("/f", {.size = n, .seed = 8, .etag = "\"v1\"", .rate = 2'000'000});
  const auto sum = [&](const char* name) {
    return *checksum::parse(std::string{name} + ':' +
                            pattern_digest(name == std::string{"md5"}    ? "MD5"
                                           : name == std::string{"sha1"} ? "SHA1"
                                                                         : "SHA512",
                                           8, n));
  };
  download_request good{server.url("/f"), dir / "f"};
  good.sha256(pattern_sha256(8, n))
      .checksum(sum("md5"))
      .checksum(sum("sha1"))
      .checksum(sum("sha512"));
  check_exact(loop{}.run(good), dir / "f", 8, n);

  download_request bad{server.url("/f"), dir / "g"};
  bad.checksum(sum("md5")).sha256(std::string(64, '0'));
  const auto r = loop{}.run(bad);
  CHECK(r.error == errc::checksum_mismatch);
  CHECK(r.doing == operation::verifying);
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f"});

  download_request nonsense{server.url("/f"), dir / "g"};
  nonsense.sha256("12");
  CHECK(loop{}.run(nonsense).error == errc::invalid_argument);
}

TEST_CASE("corrupt bytes are found by the checksum", "[task][checksum]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  server.behave("/f", [](const request_info&) { return reply_plan().corrupt(150'000); });
  const auto r =
      loop{}.run(download_request{server.url("/f"), dir / "f"}.sha256(pattern_sha256(1, size)));
  CHECK(r.error == errc::checksum_mismatch);
  CHECK(list_tree(dir.path()).empty());
}

TEST_CASE("the size that was given must be the file's", "[task][checksum]") {
  fault_server server;
  temp_dir dir;
  const bool known = GENERATE(true, false);
  server.add("/f", {.size = 5'000,
                    .seed = 8,
                    .etag = "\"v1\"",
                    .supports_ranges = known,
                    .how = known ? framing::content_length : framing::chunked});
  check_exact(loop{}.run(download_request{server.url("/f"), dir / "f"}.size(5'000)), dir / "f", 8,
              5'000);
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "g"}.size(5'001));
  CHECK(r.error == errc::size_mismatch);
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"f"});
}

// --- mirrors

TEST_CASE("mirrors", "[task][mirror]") {
  fault_server a;
  fault_server b;
  temp_dir dir;
  a.add("/f", version(1, "\"v1\""));
  b.add("/m", version(1, "\"v1\""));
  const download_request request = download_request{a.url("/f"), dir / "f"}.mirror(b.url("/m"));
  SECTION("share the work") {
    const auto r = loop{}.run(request, quick(8));
    check_exact(r, dir / "f", 1, size);
    CHECK(!a.log().empty());
    CHECK(!b.log().empty());
  }
  SECTION("the first is down") {
    a.stop();
    check_exact(loop{}.run(request), dir / "f", 1, size);
  }
  SECTION("the first does not have it") {
    a.behave("/f", [](const request_info&) { return reply_plan().with_status(404); });
    check_exact(loop{}.run(request), dir / "f", 1, size);
  }
  SECTION("the first goes away in the middle") {
    a.behave("/f", [&](const request_info& r) {
      return r.path_number == 1 ? reply_plan().cut_body(50'000, ending::reset)
                                : reply_plan().with_status(404);
    });
    check_exact(loop{}.run(request, quick(1)), dir / "f", 1, size);
  }
  SECTION("one has another file") {
    b.add("/m", version(2, "\"v2\""));
    check_exact(loop{}.run(request, quick(8)), dir / "f", 1, size);
  }
  SECTION("one has a file of another size") {
    resource other = version(2, "\"v2\"");
    other.size = size + 1;
    b.add("/m", other);
    check_exact(loop{}.run(request, quick(8)), dir / "f", 1, size);
  }
  SECTION("one ignores ranges") {
    b.add("/m", {.size = size, .seed = 1, .etag = "\"v1\"", .supports_ranges = false});
    check_exact(loop{}.run(request, quick(8)), dir / "f", 1, size);
  }
  SECTION("none has it") {
    a.behave("/f", [](const request_info&) { return reply_plan().with_status(404); });
    b.stop();
    const auto r = loop{}.run(request);
    CHECK(r.error == errc::not_found);
    CHECK(r.http_status == 404);
  }
  SECTION("one is no URL") {
    const auto r = loop{}.run(download_request{a.url("/f"), dir / "f"}.mirror("nonsense"));
    CHECK(r.error == errc::invalid_url);
    CHECK(a.log().empty());
  }
}

// --- targets

TEST_CASE("a target that exists", "[task][target]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  write_file(dir / "f", "old");
  const download_request request{server.url("/f"), dir / "f"};
  const auto r = loop{}.run(request);
  CHECK(r.error == errc::target_exists);
  CHECK(server.log().empty());
  CHECK(read_file(dir / "f") == "old");
  download_options options = quick();
  options.overwrite = true;
  check_exact(loop{}.run(request, options), dir / "f", 1, size);
}

TEST_CASE("a target that appears during the download", "[task][target]") {
  fault_server server;
  temp_dir dir;
  const std::uint64_t n = GENERATE(1'000u, 200'000u);
  server.add("/f", {.size = n, .seed = 1, .etag = "\"v1\""});
  server.behave("/f", [&](const request_info&) {
    write_file(dir / "f", "somebody else's");
    return reply_plan();
  });
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"});
  CHECK(r.error == errc::target_exists);
  CHECK(r.doing == operation::publishing);
  CHECK(read_file(dir / "f") == "somebody else's");
}

TEST_CASE("targets that cannot be", "[task][target]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  write_file(dir / "file", "x");
  CHECK(loop{}.run(download_request{server.url("/f"), dir / "file" / "f"}).error);
  CHECK(loop{}.run(download_request{server.url("/f"), std::string("a\0b", 3)}).error ==
        errc::invalid_target);
  CHECK(loop{}.run(download_request{"ftp://x/f", dir / "f"}).error == errc::unsupported_scheme);
  CHECK(loop{}.run(download_request{"nonsense", dir / "f"}).error == errc::invalid_url);
  CHECK(loop{}
            .run(download_request{server.url("/f"), dir / "f"}.header("Range", "bytes=0-1"))
            .error == errc::invalid_argument);
  CHECK(loop{}.run(download_request{server.url("/f"), dir / "f"}.header("X", "a\r\nY: b")).error ==
        errc::invalid_argument);
  download_options options = quick();
  options.connections = 65;
  CHECK(loop{}.run(download_request{server.url("/f"), dir / "f"}, options).error ==
        errc::invalid_argument);
  options = quick();
  options.piece_size = 4095;
  CHECK(loop{}.run(download_request{server.url("/f"), dir / "f"}, options).error ==
        errc::invalid_argument);
  CHECK(list_tree(dir.path()) == std::vector<std::string>{"file"});
  // Parent folders are made.
  check_exact(loop{}.run(download_request{server.url("/f"), dir / "a/b/c"}), dir / "a/b/c", 1,
              size);
}

TEST_CASE("the name is the server's, or the URL's, and a name only", "[task][target]") {
  fault_server server;
  temp_dir dir;
  const auto named = [&](const std::string& disposition,
                         const std::string& path = "/dir/f%20g.bin") {
    server.add("/dir/f%20g.bin",
               {.size = 10'000, .seed = 1, .etag = "\"v1\"", .content_disposition = disposition});
    server.add("/",
               {.size = 10'000, .seed = 1, .etag = "\"v1\"", .content_disposition = disposition});
    const auto r = loop{}.run(download_request{server.url(path), dir.path()});
    INFO(r.message());
    CHECK(!r.error);
    CHECK(r.path.parent_path() == dir.path());
    CHECK(!mismatch(r.path, 1, 10'000));
    const std::string name = r.path.filename().string();
    std::filesystem::remove(r.path);
    CHECK(list_tree(dir.path()).empty());
    return name;
  };
  CHECK(named("") == "f g.bin");
  CHECK(named("", "/") == "download");
  CHECK(named("attachment; filename=\"x.pak\"") == "x.pak");
  CHECK(named("attachment; filename=\"../../etc/passwd\"") == "passwd");
  CHECK(named("attachment; filename=\"..\"") == "f g.bin");
  CHECK(named("attachment; filename=\"C:\\\\windows\\\\evil.exe\"") == "evil.exe");
  CHECK(named("attachment; filename*=UTF-8''%e2%82%ac.txt") == "\xe2\x82\xac.txt");
  // Devices of Windows, with and without what looks like an ending.
  CHECK(named("attachment; filename=NUL") == "_NUL");
  CHECK(named("attachment; filename=\"con.txt\"") == "_con.txt");
  CHECK(named("attachment; filename=\"COM1.tar.gz\"") == "_COM1.tar.gz");
  CHECK(named("nonsense") == "f g.bin");
}

TEST_CASE("a target in any script, deep in folders, and gone on with", "[task][target][names]") {
  fault_server server;
  temp_dir dir;
  const std::uint64_t n = GENERATE(1'000u, 200'000u);
  server.add("/f", {.size = n, .seed = 1, .etag = "\"v1\"", .rate = 1'000'000});
  const std::filesystem::path foreign{
      u8"d\u00e9p\u00F4t \u6587\u4EF6 \u0444\u0430\u0439\u043B \U0001F4BE"};
  std::filesystem::path target = dir / foreign;
  for (int i = 0; i < 8; ++i) target /= std::string(50, static_cast<char>('a' + i));
  target /= foreign;
  REQUIRE(target.native().size() > 400);
  const download_request request{server.url("/f"), target};
  if (n > 100'000) leave_part(request, n / 2);
  const auto r = loop{}.run(request);
  INFO(r.message());
  REQUIRE(!r.error);
  CHECK(r.path == target);
  CHECK((r.resumed > 0) == (n > 100'000));
  std::error_code ec;
  auto made = system::file::open(target, system::open_mode::read, ec);
  std::string bytes(static_cast<std::size_t>(n) + 1, '\0');
  bytes.resize(made.read_at(0, bytes.data(), bytes.size(), ec));
  CHECK(bytes == pattern_bytes(1, 0, static_cast<std::size_t>(n)));
  CHECK_FALSE(system::status_of(engine::part_path(target), ec).exists);
  CHECK_FALSE(system::status_of(engine::journal_path(target), ec).exists);
  made.close();
  // What tidies up after the test may know short paths only.
  system::rename_file(target, dir / "f", ec);
  CHECK_FALSE(ec);
#ifdef _WIN32
  for (auto p = target.parent_path(); p != dir.path(); p = p.parent_path()) {
    CHECK(::RemoveDirectoryW(
        (LR"(\\?\)" + std::filesystem::path{p}.make_preferred().native()).c_str()));
  }
#endif
}

#ifdef _WIN32
TEST_CASE("a target that is a device is refused", "[task][target][names]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  download_options options = quick();
  options.overwrite = GENERATE(false, true);
  for (const char* name : {"NUL", "nul", "CON", "COM1", "LPT1"}) {
    INFO(name);
    const auto r = loop{}.run(download_request{server.url("/f"), dir / name}, options);
    CHECK(r.error == errc::invalid_target);
    CHECK(list_tree(dir.path()).empty());
  }
}

TEST_CASE("a file that somebody looks at for a moment is replaced", "[task][target][names]") {
  fault_server server;
  temp_dir dir;
  const std::uint64_t n = GENERATE(1'000u, 200'000u);
  server.add("/f", {.size = n, .seed = 1, .etag = "\"v1\""});
  write_file(dir / "f", "old");
  HANDLE held = INVALID_HANDLE_VALUE;
  std::thread scanner;
  server.behave("/f", [&](const request_info& q) {
    if (q.path_number != 1) return reply_plan();
    held = ::CreateFileW((dir / "f").c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                         FILE_ATTRIBUTE_NORMAL, nullptr);
    scanner = std::thread{[held] {
      std::this_thread::sleep_for(600ms);
      ::CloseHandle(held);
    }};
    return reply_plan();
  });
  download_options options = quick();
  options.overwrite = true;
  const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"}, options);
  REQUIRE(scanner.joinable());
  scanner.join();
  CHECK(held != INVALID_HANDLE_VALUE);
  check_exact(r, dir / "f", 1, n);
}
#endif

TEST_CASE("a download into a folder is gone on with", "[task][target][resume]") {
  fault_server server;
  temp_dir dir;
  resource r = version(1, "\"v1\"");
  r.content_disposition = GENERATE("", "attachment; filename=other.bin");
  server.add("/f.bin", r);
  const download_request request{server.url("/f.bin"), dir.path()};
  leave_part(request, size / 2);
  const auto result = loop{}.run(request);
  check_exact(result, result.path, 1, size);
  CHECK(result.resumed >= size / 2);
  CHECK(list_tree(dir.path()).size() == 1);
}

TEST_CASE("two tasks for one target", "[task][target]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  const download_request request{server.url("/f"), dir / "f"};
  loop l;
  download_task first{l.session, request, null_sink{}, quick()};
  download_task second{l.session, request, null_sink{}, quick()};
  download_result other;
  l.start(first);
  asio::co_spawn(l.io, second.run(), [&](std::exception_ptr, download_result r) { other = r; });
  const auto r = l.finish();
  CHECK((r.error == errc::duplicate_target) != (other.error == errc::duplicate_target));
  check_exact(r.error ? other : r, dir / "f", 1, size);
  // The target is free again, though both objects are still there.
  download_options options = quick();
  options.overwrite = true;
  check_exact(l.run(request, options), dir / "f", 1, size);
}

TEST_CASE("a part file that another process works on", "[task][target]") {
  fault_server server;
  temp_dir dir;
  const std::uint64_t n = GENERATE(1'000u, 200'000u);
  server.add("/f", {.size = n, .seed = 1, .etag = "\"v1\""});
  std::error_code ec;
  {
    auto held = system::file::open(engine::part_path(dir / "f"), system::open_mode::update, ec);
    REQUIRE(held.try_lock(ec));
    held.write_at(0, "theirs", 6, ec);
    const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"});
    CHECK(r.error == errc::part_locked);
    CHECK(read_file(engine::part_path(dir / "f")) == "theirs");
    CHECK(!std::filesystem::exists(dir / "f"));
  }
  check_exact(loop{}.run(download_request{server.url("/f"), dir / "f"}), dir / "f", 1, n);
}

TEST_CASE("redirects are followed, and asked directly from then on", "[task][redirect]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  server.add("/old", {.status = 302, .location = "/older"});
  server.add("/older", {.status = 307, .location = server.url("/f")});
  server.add("/circle", {.status = 301, .location = "/circle"});
  const auto r = loop{}.run(download_request{server.url("/old"), dir / "f"});
  check_exact(r, dir / "f", 1, size);
  CHECK(r.url == server.url("/f"));
  CHECK(server.log("/old").size() == 1);
  CHECK(loop{}.run(download_request{server.url("/circle"), dir / "g"}).error ==
        errc::too_many_redirects);
}

// --- sinks

TEST_CASE("a sink that throws ends the task", "[task][sink]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  const int turn = GENERATE(0, 1, 2, 4);
  int calls = 0;
  loop l;
  const auto r = l.run(download_request{server.url("/f"), dir / "f"}, quick(), [&](const event&) {
    if (calls++ == turn) throw std::runtime_error("no");
  });
  CHECK(r.error == errc::sink_failed);
  CHECK(calls == turn + 1);
  CHECK(!std::filesystem::exists(dir / "f"));
  check_exact(loop{}.run(download_request{server.url("/f"), dir / "f"}), dir / "f", 1, size);
}

namespace {

awaitable<void> note_slowly(recorder to, event e) {
  const asio::any_io_executor ex = co_await asio::this_coro::executor;
  asio::steady_timer t{ex, 3ms};
  co_await t.async_wait(asio::use_awaitable);
  to(e);
}

}  // namespace

TEST_CASE("a sink that awaits gets every event, one at a time", "[task][sink]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  recorder told;
  loop l;
  const auto r = l.run(download_request{server.url("/f"), dir / "f"}, quick(),
                       [told](const event& e) { return note_slowly(told, e); });
  check_exact(r, dir / "f", 1, size);
  check_events(told, r);
}

TEST_CASE("a queue for a loop that polls", "[task][sink]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  queue_sink queue;
  loop l;
  const auto r = l.run(download_request{server.url("/f"), dir / "f"}, quick(), queue);
  check_exact(r, dir / "f", 1, size);
  recorder told;
  while (const auto e = queue.poll()) told(*e);
  check_events(told, r);
  CHECK(told.all().size() < 12);
}

TEST_CASE("a sink may ask the task", "[task][sink]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  server.behave("/f", [](const request_info& r) {
    return r.path_number == 1 ? reply_plan().cut_body(10'000) : reply_plan();
  });
  loop l;
  std::function<void()> ask = [] {};
  std::uint64_t seen = 0;
  download_task task{l.session, download_request{server.url("/f"), dir / "f"},
                     [&](const event&) { ask(); }, quick()};
  bool once = true;
  ask = [&] {
    seen = std::max(seen, task.status().downloaded);
    if (seen > size / 2 && std::exchange(once, false)) {
      task.pause();
      task.resume();
    }
    task.set_rate_limit(0);
  };
  l.start(task);
  check_exact(l.finish(), dir / "f", 1, size);
  CHECK(seen > 0);
}

TEST_CASE("fetch blocks until the file is there", "[task]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", version(1, "\"v1\""));
  session_options shared = small_buffers();
  const auto r = fetch(download_request{server.url("/f"), dir / "f"}, null_sink{}, quick(), shared);
  check_exact(r, dir / "f", 1, size);
}
