#include "catch.hpp"
#include <haul/engine/journal.hpp>

#include <string>

using namespace haul;
using engine::journal;
using engine::journal_header;

namespace {

journal_header header() {
  journal_header h;
  h.url = "https://example.com/a.pak";
  h.total = 1'000'000;
  h.validator.etag = "\"v1\"";
  h.validator.last_modified = "Mon, 01 Jan 2024 00:00:00 GMT";
  return h;
}

range_set set(std::initializer_list<byte_range> ranges) {
  range_set s;
  for (const auto& r : ranges) s.add(r);
  return s;
}

// Three records: header, {0,100}, {0,100} and {500,700}.
std::string sample(std::size_t* header_end = nullptr, std::size_t* first_end = nullptr) {
  std::string text = journal::begin(header());
  if (header_end) *header_end = text.size();
  text += journal::ranges(set({{0, 100}}));
  if (first_end) *first_end = text.size();
  return text + journal::ranges(set({{0, 100}, {500, 700}}));
}

}  // namespace

TEST_CASE("a journal says what was written into it", "[journal]") {
  const std::string text = sample();
  std::error_code ec;
  const auto state = journal::read(text, ec);
  REQUIRE(state);
  CHECK(!ec);
  CHECK(state->header == header());
  CHECK(state->written == set({{0, 100}, {500, 700}}));
  CHECK(state->length == text.size());

  journal_header odd = header();
  odd.validator.weak = odd.validator.young = true;
  odd.url.clear();
  odd.total = UINT64_MAX;
  const auto other = journal::read(journal::begin(odd), ec);
  REQUIRE(other);
  CHECK(other->header == odd);
  CHECK(other->written.empty());
}

TEST_CASE("a journal that is torn at any byte is read up to there", "[journal]") {
  std::size_t header_end = 0;
  std::size_t first_end = 0;
  const std::string text = sample(&header_end, &first_end);
  for (std::size_t n = 0; n < text.size(); ++n) {
    INFO(n);
    std::error_code ec;
    const auto state = journal::read(text.substr(0, n), ec);
    REQUIRE(state.has_value() == (n >= header_end));
    if (!state) {
      CHECK(ec == errc::journal_corrupt);
      continue;
    }
    CHECK(!ec);
    CHECK(state->written == (n < first_end ? range_set{} : set({{0, 100}})));
    CHECK(state->length == (n < first_end ? header_end : first_end));
    // What is appended there is found.
    const auto grown =
        journal::read(text.substr(0, state->length) + journal::ranges(set({{900, 901}})), ec);
    REQUIRE(grown);
    CHECK(grown->written.contains({900, 901}));
  }
}

TEST_CASE("no flipped bit makes a journal claim more", "[journal]") {
  const std::string text = sample();
  const range_set all = set({{0, 100}, {500, 700}});
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string bad = text;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    std::error_code ec;
    const auto state = journal::read(bad, ec);
    if (!state) continue;
    REQUIRE(state->header == header());
    for (const auto& r : state->written.ranges()) REQUIRE(all.contains(r));
    REQUIRE(state->length < text.size());
  }
}

TEST_CASE("a tail of zeros, as a crash may leave it, is no record", "[journal]") {
  const std::string text = sample();
  std::error_code ec;
  const auto state = journal::read(text + std::string(4096, '\0'), ec);
  REQUIRE(state);
  CHECK(state->length == text.size());
}

TEST_CASE("what is no journal of this version", "[journal]") {
  std::error_code ec;
  std::string foreign = sample();
  foreign.replace(foreign.find('1'), 1, "2");
  for (const std::string& text :
       {std::string{}, std::string{"haul journal 1\n"}, std::string(1000, '\0'), foreign,
        std::string{journal::magic} + journal::ranges(set({{0, 10}}))}) {
    CHECK(!journal::read(text, ec));
    CHECK(ec == errc::journal_corrupt);
  }
}

TEST_CASE("ranges that cannot be are not believed", "[journal]") {
  std::error_code ec;
  const std::string begin = journal::begin(header());
  const auto claims = [&](const range_set& s) {
    const auto state = journal::read(begin + journal::ranges(s), ec);
    REQUIRE(state);
    return state->written.size();
  };
  CHECK(claims(set({{0, 1'000'000}})) == 1'000'000);
  CHECK(claims(set({{0, 1'000'001}})) == 0);
  CHECK(claims(set({{0, 10}, {5'000'000, 5'000'001}})) == 0);
}

TEST_CASE("a journal of the first version of the format is read", "[journal]") {
  // Written by haul 0.1. This text never changes: whoever changes the format adds another one.
  static constexpr std::string_view hex =
      "6861756c206a6f75726e616c20310a4b000000b14092a20110000000000000000014000000687474"
      "703a2f2f6578616d706c652e636f6d2f6604000000227631221d0000004d6f6e2c203031204a616e"
      "20323032342030303a30303a303020474d54110000008d1f1f270200000000000000000800000000"
      "000000210000009a3a982402000000000000000008000000000000000c0000000000000010000000"
      "00000000";
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    text += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  }
  std::error_code ec;
  const auto state = journal::read(text, ec);
  REQUIRE(state);
  CHECK(!ec);
  CHECK(state->header.url == "http://example.com/f");
  CHECK(state->header.total == 16);
  CHECK(state->header.validator.etag == "\"v1\"");
  CHECK(state->header.validator.strong());
  CHECK(state->header.validator.last_modified == "Mon, 01 Jan 2024 00:00:00 GMT");
  CHECK(state->written == set({{0, 8}, {12, 16}}));
  CHECK(state->length == text.size());
}
