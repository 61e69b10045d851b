#include <haul/http/content_disposition.hpp>
// The header under test comes first.
#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using haul::http::parse_content_disposition_filename;

TEST_CASE("names in Content-Disposition", "[http]") {
  struct row {
    std::string_view field;
    std::string_view name;  // empty: none
  };
  const row rows[] = {
      {"", ""},
      {"attachment", ""},
      {"inline;", ""},
      {"attachment; filename", ""},
      {"attachment; filename=", ""},
      {"attachment; filename=\"\"", ""},
      {"attachment; name=x", ""},
      {"attachment; xfilename=x", ""},
      {"filename", ""},
      {";;;", ""},
      {"=", ""},
      // filename
      {"attachment; filename=a.zip", "a.zip"},
      {"attachment;filename=a.zip", "a.zip"},
      {"attachment ; FileName = a.zip ", "a.zip"},
      {"inline; filename=\"a.zip\"", "a.zip"},
      {"attachment; filename=\"a b;c=d.zip\"; x=y", "a b;c=d.zip"},
      {"attachment; x=\"filename=no\"; filename=yes", "yes"},
      {"attachment; x=\"a\\\";filename=no\"; filename=yes", "yes"},
      {"attachment; filename=\"a\\\"b\\\\c\"", "a\"b\\c"},
      {"attachment; filename=\"open", "open"},
      {"attachment; filename=\"open\\", "open\\"},
      {"attachment; filename=\"a\"junk; filename=b", "a"},
      {"attachment; filename=a b.zip; x=y", "a b.zip"},
      {"filename=a.zip", "a.zip"},
      {"attachment; filename=a; filename=b", "a"},
      {"attachment; filename=a%20b", "a%20b"},
      {"attachment; filename='a'", "'a'"},
      {"attachment; filename=\"../../etc/passwd\"", "../../etc/passwd"},
      // raw bytes
      {"attachment; filename=\"\xc3\xa4.zip\"", "\xc3\xa4.zip"},
      {"attachment; filename=\"\xe4.zip\"", "\xc3\xa4.zip"},
      {"attachment; filename=\xe6\x96\x87.zip", "\xe6\x96\x87.zip"},
      // filename*
      {"attachment; filename*=UTF-8''a.zip", "a.zip"},
      {"attachment; filename*=utf-8'en'%e2%82%AC%20rates", "\xe2\x82\xac rates"},
      {"attachment; filename*=iso-8859-1''%E4%a3", "\xc3\xa4\xc2\xa3"},
      {"attachment; filename*=\"UTF-8''quoted\"", "quoted"},
      {"attachment; filename*=UTF-8''a'b", "a'b"},
      {"attachment; filename*=UTF-8''a+b", "a+b"},
      {"attachment; filename=no; filename*=UTF-8''yes", "yes"},
      {"attachment; filename*=UTF-8''yes; filename=no", "yes"},
      {"attachment; filename*=UTF-8''yes; filename*=UTF-8''no", "yes"},
      // a broken filename* gives way
      {"attachment; filename*=UTF-8''%ff; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''%c0%af; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''%2; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''%zz; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''50%; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''; filename=yes", "yes"},
      {"attachment; filename*=UTF-8'no; filename=yes", "yes"},
      {"attachment; filename*=no; filename=yes", "yes"},
      {"attachment; filename*=KOI8-R''%c1; filename=yes", "yes"},
      {"attachment; filename*=''no; filename=yes", "yes"},
      {"attachment; filename*=UTF-8''%ff; filename*=UTF-8''no", ""},
  };
  for (const row& r : rows) {
    INFO(r.field);
    const auto name = parse_content_disposition_filename(r.field);
    CHECK(name == (r.name.empty() ? std::nullopt : std::optional{std::string{r.name}}));
  }
}
