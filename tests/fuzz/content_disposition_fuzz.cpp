#include "fuzz.hpp"
#include <haul/http/content_disposition.hpp>
#include <haul/http/file_name.hpp>
#include <haul/http/utf8.hpp>

#include <string>
#include <string_view>

using namespace haul::http;

namespace {

// What has to hold of a name, said in another way than it is made.
void check_safe(const std::string& name) {
  if (name.empty()) return;
  HAUL_FUZZ_CHECK(is_utf8(name));
  HAUL_FUZZ_CHECK(name.size() <= max_file_name);
  HAUL_FUZZ_CHECK(name.find_first_of("/\\:<>\"|?*") == std::string::npos);
  for (const char c : name) HAUL_FUZZ_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  HAUL_FUZZ_CHECK(name.front() != '.' && name.front() != ' ');
  HAUL_FUZZ_CHECK(name.back() != '.' && name.back() != ' ');
  std::string stem = name.substr(0, name.find('.'));
  while (stem.ends_with(' ')) stem.pop_back();
  for (const std::string_view device : {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}) {
    HAUL_FUZZ_CHECK(!equals_ignore_case(stem, device));
  }
  for (const char digit : std::string_view{"0123456789"}) {
    HAUL_FUZZ_CHECK(!equals_ignore_case(stem, std::string{"COM"} + digit));
    HAUL_FUZZ_CHECK(!equals_ignore_case(stem, std::string{"LPT"} + digit));
  }
  for (const std::string_view hidden : {"\xe2\x80\xae", "\xe2\x80\x8f", "\xe2\x81\xa6",
                                        "\xe2\x80\xa8", "\xe2\x80\x8b", "\xef\xbb\xbf"}) {
    HAUL_FUZZ_CHECK(name.find(hidden) == std::string::npos);
  }
  HAUL_FUZZ_CHECK(safe_file_name(name) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const haul_fuzz::exact_copy text{haul_fuzz::input{data, size}.rest()};
  check_safe(safe_file_name(text.view()));

  const auto name = parse_content_disposition_filename(text.view());
  if (!name) return 0;
  HAUL_FUZZ_CHECK(!name->empty());
  HAUL_FUZZ_CHECK(is_utf8(*name));
  check_safe(safe_file_name(*name));

  // Quoted, it is read as it is.
  std::string quoted = "attachment; filename=\"";
  for (const char c : *name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  HAUL_FUZZ_CHECK(parse_content_disposition_filename(quoted + "\"; x=y") == name);
  return 0;
}
