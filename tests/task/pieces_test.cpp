#include "catch.hpp"
#include "task/rig.hpp"
#include <haul/engine/piece_check.hpp>
#include <haul/system/digest.hpp>
#include <haul/system/file.hpp>

using namespace haul;
using namespace haul::test;

namespace {

constexpr std::uint64_t size = 200'000;
constexpr std::uint64_t piece = 16'384;

piece_hashes pieces_of(const std::string& bytes, std::uint64_t piece_size = piece) {
  piece_hashes p{hash_algorithm::sha256, piece_size};
  for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
    const std::string part = bytes.substr(at, piece_size);
    system::digest d{hash_algorithm::sha256};
    d.update(part.data(), part.size());
    p.add(d.finish());
  }
  return p;
}

std::string right_bytes() { return pattern_bytes(1, 0, size); }

// The file with wrong bytes in the pieces that are named.
std::string with_wrong(std::initializer_list<std::size_t> wrong) {
  std::string bytes = right_bytes();
  for (const std::size_t i : wrong) bytes[i * piece + 100] ^= 1;
  return bytes;
}

resource holding(std::string bytes, std::string etag) {
  resource r;
  r.body = std::move(bytes);
  r.etag = std::move(etag);
  return r;
}

download_request request(const std::string& url, const std::filesystem::path& path) {
  return download_request{url, path}.pieces(pieces_of(right_bytes())).size(size);
}

std::uint64_t fetched(const fault_server& server, const std::string& path) {
  std::uint64_t n = 0;
  for (const auto& e : server.log()) {
    if (e.request.path == path) n += e.body_sent;
  }
  return n;
}

}  // namespace

TEST_CASE("piece hashes are read and compared", "[pieces]") {
  piece_hashes p{hash_algorithm::md5, 10};
  CHECK_FALSE(p.usable());
  CHECK(p.add_hex("00112233445566778899aabbccddeeff"));
  CHECK_FALSE(p.add_hex("0011"));
  CHECK(p.size() == 1);
  CHECK(p[0].hex() == "00112233445566778899aabbccddeeff");
  CHECK(p.fits(1));
  CHECK(p.fits(10));
  CHECK_FALSE(p.fits(11));
  CHECK_FALSE(p.fits(0));
  CHECK(p.range(0, 7) == byte_range{0, 7});
  p.add(*checksum::from_hex(hash_algorithm::sha1, std::string(40, '0')));
  CHECK_FALSE(p.usable());
}

TEST_CASE("pieces become whole, right or wrong", "[pieces]") {
  auto hashes = std::make_shared<piece_hashes>(hash_algorithm::md5, 10);
  for (int i = 0; i < 3; ++i) hashes->add_hex(std::string(32, '0'));
  engine::piece_check c{hashes};
  range_set written;
  c.begin(25, written);
  const auto write = [&](byte_range r, std::size_t source) {
    written.add(r);
    c.note(r, source, written);
  };
  write({0, 9}, 0);
  CHECK_FALSE(c.has_work());
  write({9, 12}, 1);
  REQUIRE(c.has_work());
  CHECK(c.take(1).pieces == std::vector<std::size_t>{0});
  CHECK_FALSE(c.only_giver(0, 0));  // both gave of it
  c.right(0);
  CHECK(c.right_size() == 10);
  CHECK(c.right_end() == 10);
  write({20, 25}, 2);
  CHECK(c.take(100).pieces == std::vector<std::size_t>{2});
  CHECK(c.only_giver(2, 2));
  CHECK(c.wrong(2) == 1);
  CHECK_FALSE(c.only_giver(2, 2));
  written.erase({20, 25});
  write({12, 25}, 1);
  const auto w = c.take(15);
  CHECK(w.pieces == std::vector<std::size_t>{1, 2});
  CHECK(w.bytes == 15);
  c.right(2);
  CHECK(c.right_end() == 10);
  CHECK_FALSE(c.complete());
  c.right(1);
  CHECK(c.right_end() == 25);
  CHECK(c.complete());
  CHECK(c.right_bytes().size() == 25);
}

TEST_CASE("a wrong piece is fetched again", "[task][pieces]") {
  fault_server server;
  temp_dir dir;
  recorder told;
  const unsigned connections = GENERATE(1u, 4u);
  // The first answer of the server is wrong in two places, the later ones are right.
  server.add("/f", holding(with_wrong({2, 7}), "\"v1\""));
  SECTION("from the only server") {
    server.behave("/f", [&](const request_info& r) {
      if (r.path_number > 1) server.add("/f", holding(right_bytes(), "\"v2\""));
      return reply_plan();
    });
    loop l;
    const auto r = l.run(request(server.url("/f"), dir / "f"), quick(connections), told);
    check_exact(r, dir / "f", 1, size);
    check_events(told, r);
    CHECK(r.received <= size + 6 * piece);
    const auto tries = told.of<retrying>();
    CHECK_FALSE(tries.empty());
    for (const auto& t : tries) CHECK(t.error == errc::checksum_mismatch);
  }
  SECTION("from the mirror, which names another version") {
    server.add("/mirror", holding(right_bytes(), "\"other\""));
    loop l;
    const auto r = l.run(request(server.url("/f"), dir / "f").mirror(server.url("/mirror")),
                         quick(connections), told);
    check_exact(r, dir / "f", 1, size);
    CHECK(fetched(server, "/mirror") > 0);
  }
  SECTION("again and again, in vain") {
    loop l;
    const auto r = l.run(request(server.url("/f"), dir / "f"), quick(connections), told);
    CHECK(r.error == errc::checksum_mismatch);
    CHECK(r.detail.find("piece ") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(dir / "f"));
    CHECK(r.received <= size + 12 * piece);
    check_events(told, r);
  }
  SECTION("from a server that does no ranges") {
    resource whole = holding(with_wrong({2, 7}), "\"v1\"");
    whole.supports_ranges = whole.claims_ranges = false;
    server.add("/f", whole);
    server.behave("/f", [&](const request_info& r) {
      whole.body = right_bytes();
      if (r.path_number > 1) server.add("/f", whole);
      return reply_plan();
    });
    const auto r = loop{}.run(request(server.url("/f"), dir / "f"), quick(connections));
    check_exact(r, dir / "f", 1, size);
  }
  SECTION("of a file whose length is known at its end") {
    resource chunked = holding(with_wrong({2, 7}), "\"v1\"");
    chunked.how = framing::chunked;
    chunked.supports_ranges = chunked.claims_ranges = false;
    server.add("/f", chunked);
    server.behave("/f", [&](const request_info& r) {
      chunked.body = right_bytes();
      if (r.path_number > 1) server.add("/f", chunked);
      return reply_plan();
    });
    const auto r =
        loop{}.run(download_request{server.url("/f"), dir / "f"}.pieces(pieces_of(right_bytes())),
                   quick(connections));
    check_exact(r, dir / "f", 1, size);
  }
}

TEST_CASE("piece hashes and other hashes hold together", "[task][pieces]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", holding(right_bytes(), "\"v1\""));
  const std::string sum = pattern_sha256(1, size);
  SECTION("both right") {
    const auto r = loop{}.run(request(server.url("/f"), dir / "f").sha256(sum));
    check_exact(r, dir / "f", 1, size);
  }
  SECTION("the whole is wrong") {
    const auto r = loop{}.run(request(server.url("/f"), dir / "f").sha256(pattern_sha256(2, size)));
    CHECK(r.error == errc::checksum_mismatch);
    CHECK_FALSE(std::filesystem::exists(dir / "f"));
  }
  SECTION("of another file's length") {
    const auto r = loop{}.run(
        download_request{server.url("/f"), dir / "f"}.pieces(pieces_of(std::string(1000, 'x'))));
    CHECK(r.error == errc::size_mismatch);
    const auto named =
        loop{}.run(download_request{server.url("/f"), dir / "f"}.pieces(pieces_of("x")).size(size));
    CHECK(named.error == errc::invalid_argument);
    CHECK(server.log().size() == 1);
  }
}

TEST_CASE("a part file is used for what its pieces are worth", "[task][pieces][resume]") {
  fault_server server;
  temp_dir dir;
  // No version is named by anybody, and there is no journal.
  server.add("/f", holding(right_bytes(), ""));
  write_file(engine::part_path(dir / "f"), with_wrong({0, 5, 12}));
  SECTION("some wrong") {
    recorder told;
    const auto r = loop{}.run(request(server.url("/f"), dir / "f"), quick(1), told);
    check_exact(r, dir / "f", 1, size);
    check_events(told, r);
    CHECK(r.resumed == size - 2 * piece - (size - 12 * piece));
    CHECK(r.received == size - r.resumed);
  }
  SECTION("none right") {
    write_file(engine::part_path(dir / "f"), std::string(size, 'x'));
    const auto r = loop{}.run(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.resumed == 0);
  }
  SECTION("all right: no request is needed") {
    write_file(engine::part_path(dir / "f"), right_bytes());
    const auto r = loop{}.run(request(server.url("/f"), dir / "f").sha256(pattern_sha256(1, size)));
    check_exact(r, dir / "f", 1, size);
    CHECK(server.log().empty());
  }
  SECTION("while nobody answers, it stays") {
    server.behave("/f", [](const request_info&) { return reply_plan().with_status(404); });
    const auto r = loop{}.run(request(server.url("/f"), dir / "f"));
    CHECK(r.error == errc::not_found);
    CHECK(std::filesystem::exists(engine::part_path(dir / "f")));
  }
  SECTION("another process is at it") {
    std::error_code ec;
    auto held = system::file::open(engine::part_path(dir / "f"), system::open_mode::update, ec);
    REQUIRE(held.try_lock(ec));
    const auto r = loop{}.run(request(server.url("/f"), dir / "f"));
    CHECK(r.error == errc::part_locked);
    CHECK(read_file(engine::part_path(dir / "f")) == with_wrong({0, 5, 12}));
  }
}

TEST_CASE("a file is verified and repaired", "[task][pieces][repair]") {
  fault_server server;
  temp_dir dir;
  server.add("/f", holding(right_bytes(), "\"v1\""));
  recorder told;
  const auto repair = [&](download_request r) {
    loop l;
    std::optional<download_result> result;
    asio::co_spawn(l.io, verify_and_repair(l.session, std::move(r), told, quick(1)),
                   [&](std::exception_ptr bug, download_result done) {
                     CHECK(!bug);
                     result = std::move(done);
                   });
    l.io.run_for(too_long);
    REQUIRE(result);
    check_events(told, *result);
    return *result;
  };
  SECTION("nothing is wrong with it") {
    write_file(dir / "f", right_bytes());
    const auto before = std::filesystem::last_write_time(dir / "f");
    const auto r = repair(request(server.url("/f"), dir / "f").sha256(pattern_sha256(1, size)));
    check_exact(r, dir / "f", 1, size);
    CHECK(server.log().empty());
    CHECK(r.received == 0);
    CHECK(std::filesystem::last_write_time(dir / "f") == before);
  }
  SECTION("two pieces are wrong") {
    write_file(dir / "f", with_wrong({3, 9}));
    const auto r = repair(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received == 2 * piece);
    CHECK(r.resumed == size - 2 * piece);
  }
  SECTION("it is too short, or too long") {
    std::string bytes = right_bytes();
    bytes.resize(GENERATE(std::size_t{50'000}, std::size_t{250'000}), 'x');
    write_file(dir / "f", bytes);
    const auto r = repair(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received <= size - std::min<std::uint64_t>(bytes.size(), size) / piece * piece);
  }
  SECTION("it is not there") {
    const auto r = repair(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received == size);
  }
  SECTION("nothing of it is right") {
    write_file(dir / "f", std::string(size, 'x'));
    const auto r = repair(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
  }
  SECTION("by a checksum alone") {
    const bool right = GENERATE(true, false);
    write_file(dir / "f", right ? right_bytes() : with_wrong({1}));
    const auto r =
        repair(download_request{server.url("/f"), dir / "f"}.sha256(pattern_sha256(1, size)));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received == (right ? 0 : size));
  }
  SECTION("cut short, and again") {
    write_file(dir / "f", with_wrong({3, 9}));
    server.behave("/f", [](const request_info&) { return reply_plan().with_status(404); });
    const auto failed = repair(request(server.url("/f"), dir / "f"));
    CHECK(failed.error == errc::not_found);
    CHECK_FALSE(std::filesystem::exists(dir / "f"));
    server.behave("/f", [](const request_info&) { return reply_plan(); });
    told = recorder{};
    const auto r = repair(request(server.url("/f"), dir / "f"));
    check_exact(r, dir / "f", 1, size);
    CHECK(r.received == 2 * piece);
  }
  SECTION("without any hash it cannot be") {
    write_file(dir / "f", right_bytes());
    const auto r = repair(download_request{server.url("/f"), dir / "f"});
    CHECK(r.error == errc::invalid_argument);
    CHECK(read_file(dir / "f") == right_bytes());
  }
}

TEST_CASE("a file that is wrong as a whole is fetched from somebody else", "[task][checksum]") {
  fault_server server;
  temp_dir dir;
  const bool big = GENERATE(true, false);
  const std::uint64_t n = big ? size : 3'000;  // a small one goes through memory
  server.add("/f", {.size = n, .seed = 2, .etag = "\"v1\""});
  server.add("/mirror", {.size = n, .seed = 1, .etag = "\"v1\""});
  SECTION("who has the right one") {
    recorder told;
    const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"}
                                  .mirror(server.url("/mirror"))
                                  .sha256(pattern_sha256(1, n)),
                              quick(1), told);
    check_exact(r, dir / "f", 1, n);
    check_events(told, r);
    REQUIRE(told.count<retrying>() >= 1);
    CHECK(told.of<retrying>()[0].error == errc::checksum_mismatch);
  }
  SECTION("who has not") {
    const auto r = loop{}.run(download_request{server.url("/f"), dir / "f"}
                                  .mirror(server.url("/mirror"))
                                  .sha256(pattern_sha256(3, n)),
                              quick(1));
    CHECK(r.error == errc::checksum_mismatch);
    CHECK(list_tree(dir.path()).empty());
  }
}
